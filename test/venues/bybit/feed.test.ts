// Guards what we ask of Bybit and how its answers are told apart: sockets within the venue's limits with a pulse on each,
// and every control frame of the documents recognised.
import { describe, expect, test } from 'vitest'
import type { VenueId } from '../../../src/model/units.ts'
import { bybitProtocol as protocol } from '../../../src/venues/bybit/feed.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'

const markets = marketsOf(1 as VenueId)
const lanes = protocol.lanes(markets)

describe('sockets for all assets', () => {
  test('are three, each within the characters that one may ask for', () => {
    expect(lanes.map(({ name }) => name)).toEqual(['books 1', 'books 2', 'trades 1'])
    for (const { topics } of lanes) expect(topics.join(',').length).toBeLessThan(21_000)
    expect(protocol.lanes([])).toEqual([])
  })

  test('carry every book once; trades, liquidations and tickers of every symbol', () => {
    const books = lanes.flatMap((lane) => lane.books.map(({ market }) => market.symbol))
    expect(books.sort()).toEqual(markets.map(({ symbol }) => symbol).sort())
    const topics = lanes.flatMap((lane) => lane.topics)
    for (const { symbol } of markets) {
      for (const name of ['orderbook.200', 'publicTrade', 'allLiquidation', 'tickers']) {
        expect(topics).toContain(`${name}.${symbol}`)
      }
    }
  })

  test('have a pulse; where it is asked for only as such it is not mapped twice', () => {
    for (const { name, topics, pulses, pulseOnly } of lanes) {
      expect(pulses).toEqual([{ topics: ['tickers.BTCUSDT'], deadMs: 5_000 }])
      expect(topics.filter((topic) => topic === 'tickers.BTCUSDT').length).toBe(1)
      expect(pulseOnly).toEqual(name.startsWith('books') ? ['tickers.BTCUSDT'] : [])
    }
  })
})

const ack = '{"success":true,"ret_msg":"","conn_id":"2324d924","req_id":"7","op":"subscribe"}'
test.each([
  ['data', '{"topic":"orderbook.200.BTCUSDT","type":"delta"}', { kind: 'data', topic: 'orderbook.200.BTCUSDT' }],
  ['data, the other way round', '{"type":"delta","topic":"tickers.A"}', { kind: 'data', topic: 'tickers.A' }],
  ['an acknowledgement', ack, { kind: 'ack', id: 7, topic: undefined }],
  [
    'a refusal',
    ack.replace('true', 'false').replace('""', '"error:handler not found,topic:x"'),
    { kind: 'refused', id: 7, topic: undefined, reason: 'error:handler not found,topic:x' },
  ],
  ['a pong', '{"success":true,"ret_msg":"pong","conn_id":"0","op":"ping"}', { kind: 'pong' }],
  ['half a frame', '{"top', { kind: 'data', topic: undefined }],
])('%s is recognised', (_, frame, incoming) => {
  expect(protocol.classify(frame)).toEqual(incoming)
})

test('requests are written as documented', () => {
  const args = ['orderbook.200.BTCUSDT']
  expect(JSON.parse(protocol.subscribe(args, 1))).toEqual({ req_id: '1', op: 'subscribe', args })
  expect(JSON.parse(protocol.unsubscribe(args, 2))).toEqual({ req_id: '2', op: 'unsubscribe', args })
  expect(JSON.parse(protocol.ping!.frame)).toEqual({ op: 'ping' })
  expect(protocol.ping!.everyMs).toBeLessThanOrEqual(20_000)
})
