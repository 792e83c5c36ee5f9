// Guards how Bitget is asked and understood: sockets within its limits, requests as documented, every kind of answer.
import { describe, expect, test } from 'vitest'
import type { VenueId } from '../../../src/model/units.ts'
import { venueId } from '../../../src/model/venues.ts'
import { bitgetProtocol } from '../../../src/venues/bitget/feed.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'

const markets = marketsOf(venueId('bitget') as VenueId)
const lanes = bitgetProtocol.lanes(markets)

describe('sockets', () => {
  test('are six, each below 50 topics, with every topic of every market', () => {
    expect(lanes.map((lane) => lane.name)).toEqual([
      'books 1',
      'books 2',
      'trades 1',
      'trades 2',
      'tickers 1',
      'tickers 2',
    ])
    for (const lane of lanes) expect(lane.topics.length).toBeLessThan(50)
    const mapped = lanes.flatMap((lane) => lane.topics.filter((topic) => !lane.pulseOnly.includes(topic)))
    const wanted = markets.flatMap(({ symbol }) => [`books:${symbol}`, `publicTrade:${symbol}`, `ticker:${symbol}`])
    expect(mapped.filter((topic) => topic !== 'liquidation').sort()).toEqual(wanted.sort())
    expect(lanes.filter((lane) => lane.topics.includes('liquidation')).map((lane) => lane.name)).toEqual([
      'tickers 1',
      'tickers 2',
    ])
  })

  test('all hear the same pulse, once', () => {
    for (const lane of lanes) expect(lane.topics.filter((topic) => topic === 'ticker:BTCUSDT')).toHaveLength(1)
    expect(bitgetProtocol.lanes([])).toEqual([])
  })

  test('never ask for more than one frame may hold', () => {
    const { topicsPerFrame, frameBytesMax } = bitgetProtocol.pace
    const longest = lanes.flatMap((lane) => lane.topics).sort((a, b) => b.length - a.length)
    expect(bitgetProtocol.subscribe(longest.slice(0, topicsPerFrame), 1).length).toBeLessThan(frameBytesMax)
  })
})

test('requests name product, topic and symbol; the liquidations of all name none', () => {
  expect(JSON.parse(bitgetProtocol.subscribe(['books:BTCUSDT', 'liquidation'], 3))).toEqual({
    op: 'subscribe',
    args: [
      { instType: 'usdt-futures', topic: 'books', symbol: 'BTCUSDT' },
      { instType: 'usdt-futures', topic: 'liquidation' },
    ],
  })
  expect(JSON.parse(bitgetProtocol.unsubscribe(['books:BTCUSDT'], 4)).op).toBe('unsubscribe')
})

test.each([
  ['pong', { kind: 'pong' }],
  [
    '{"action":"snapshot","arg":{"instType":"usdt-futures","topic":"books","symbol":"BTCUSDT"},"data":[],"ts":1}',
    { kind: 'data', topic: 'books:BTCUSDT' },
  ],
  [
    '{"action":"update","arg":{"instType":"usdt-futures","topic":"liquidation"},"data":[{"symbol":"BTCUSDT"}],"ts":1}',
    { kind: 'data', topic: 'liquidation' },
  ],
  [
    '{"action":"update","arg":{"instType":"usdt-futures","symbol":"ETHUSDT","topic":"liquidation"},"data":[]}',
    { kind: 'data', topic: 'liquidation' },
  ],
  [
    '{"event":"subscribe","arg":{"instType":"usdt-futures","topic":"ticker","symbol":"BTCUSDT"},"connId":"x"}',
    { kind: 'ack', id: undefined, topic: 'ticker:BTCUSDT' },
  ],
  [
    '{"event":"error","code":30001,"msg":"instType:usdt-futures,topic:books,symbol:NO doesn\'t exist","arg":{"instType":"usdt-futures","topic":"books","symbol":"NO"}}',
    {
      kind: 'refused',
      id: undefined,
      topic: 'books:NO',
      reason: "instType:usdt-futures,topic:books,symbol:NO doesn't exist (30001)",
    },
  ],
  [
    '{"event":"error","code":30006,"msg":"request too many"}',
    { kind: 'refused', id: undefined, topic: undefined, reason: 'request too many (30006)' },
  ],
  ['{"event":"login","code":0}', { kind: 'other' }],
  ['{"action":"upd', { kind: 'data', topic: undefined }],
])('understands %s', (frame, meaning) => {
  expect(bitgetProtocol.classify(frame)).toEqual(meaning)
})
