// Guards how OKX is asked and understood: sockets within its limits, requests as documented, every kind of answer.
import { describe, expect, test } from 'vitest'
import type { VenueId } from '../../../src/model/units.ts'
import { venueId } from '../../../src/model/venues.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'
import { okxProtocol } from '../../../src/venues/okx/feed.ts'

const markets = marketsOf(venueId('okx') as VenueId)
const lanes = okxProtocol.lanes(markets)

describe('sockets', () => {
  test('stay below 30 books each and carry every book once', () => {
    const books = lanes.filter((lane) => lane.books.length > 0)
    expect(Math.max(...books.map((lane) => lane.books.length))).toBeLessThan(30)
    expect(books.flatMap((lane) => lane.books.map((book) => book.market.symbol)).sort()).toEqual(
      markets.map((market) => market.symbol).sort(),
    )
  })

  test('carry trades, marks and open interest of every market, and the liquidations of all', () => {
    const topics = lanes.filter((lane) => lane.books.length === 0).flatMap((lane) => lane.topics)
    for (const { symbol } of markets) {
      for (const channel of ['trades', 'mark-price', 'open-interest']) expect(topics).toContain(`${channel}:${symbol}`)
    }
    expect(topics.filter((topic) => topic.startsWith('liquidation-orders'))).toEqual(['liquidation-orders:SWAP'])
  })

  test('have pulses among their topics, patient where few books may be quiet', () => {
    for (const lane of lanes)
      for (const { topics } of lane.pulses) expect(lane.topics).toEqual(expect.arrayContaining([...topics]))
    const [few] = okxProtocol.lanes(markets.slice(0, 2))
    expect(few!.pulses[0]!.deadMs).toBeGreaterThan(60_000)
    expect(okxProtocol.lanes([])).toEqual([])
  })
})

test('requests name channel and instrument; liquidations a type and never an instrument', () => {
  expect(JSON.parse(okxProtocol.subscribe(['books:BTC-USDT-SWAP', 'liquidation-orders:SWAP'], 7))).toEqual({
    id: '7',
    op: 'subscribe',
    args: [
      { channel: 'books', instId: 'BTC-USDT-SWAP' },
      { channel: 'liquidation-orders', instType: 'SWAP' },
    ],
  })
  expect(JSON.parse(okxProtocol.unsubscribe(['books:BTC-USDT-SWAP'], 8)).op).toBe('unsubscribe')
})

test.each([
  ['pong', { kind: 'pong' }],
  [
    '{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[]}',
    { kind: 'data', topic: 'books:BTC-USDT-SWAP' },
  ],
  [
    '{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"instId":"BTC-USDT-SWAP"}]}',
    { kind: 'data', topic: 'liquidation-orders:SWAP' },
  ],
  [
    '{"id":"1","event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"connId":"a4d3ae55"}',
    { kind: 'ack', id: undefined, topic: 'trades:BTC-USDT-SWAP' },
  ],
  [
    '{"id":"4","event":"error","code":"60018","msg":"Wrong URL or channel:books,instId:NO-USDT-SWAP doesn\'t exist.","connId":"x"}',
    {
      kind: 'refused',
      id: undefined,
      topic: 'books:NO-USDT-SWAP',
      reason: "Wrong URL or channel:books,instId:NO-USDT-SWAP doesn't exist. (60018)",
    },
  ],
  [
    '{"id":"5","event":"error","code":"60012","msg":"Invalid request","connId":"x"}',
    { kind: 'refused', id: 5, topic: undefined, reason: 'Invalid request (60012)' },
  ],
  [
    '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade.","connId":"x"}',
    { kind: 'closing', reason: 'The connection will soon be closed for a service upgrade. (64008)' },
  ],
  ['{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"x"}', { kind: 'other' }],
  ['{"data":[', { kind: 'data', topic: undefined }],
])('understands %s', (frame, meaning) => {
  expect(okxProtocol.classify(frame)).toEqual(meaning)
})
