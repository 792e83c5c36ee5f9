// Guards how Hyperliquid is asked and understood: one topic to a message, both cadences of a book, every kind of answer.
import { describe, expect, test } from 'vitest'
import type { VenueId } from '../../../src/model/units.ts'
import { venueId } from '../../../src/model/venues.ts'
import { hyperliquidProtocol } from '../../../src/venues/hyperliquid/feed.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'

const markets = marketsOf(venueId('hyperliquid') as VenueId)
const lanes = hyperliquidProtocol.lanes(markets)

describe('sockets', () => {
  test('are two and stay far below 1,000 topics', () => {
    expect(lanes.map((lane) => lane.name)).toEqual(['books 1', 'trades 1'])
    expect(lanes.reduce((sum, lane) => sum + lane.topics.length, 0)).toBeLessThan(300)
  })

  test('carry both cadences of a book together', () => {
    const [books] = lanes
    for (const { symbol } of markets) {
      expect(books!.topics).toContain(`fast:${symbol}`)
      expect(books!.topics).toContain(`slow:${symbol}`)
    }
  })

  test('have their pulse also where its market is not wanted', () => {
    const others = markets.filter((market) => market.symbol !== 'BTC')
    const [books] = hyperliquidProtocol.lanes(others)
    expect(books!.pulseOnly).toEqual(['fast:BTC', 'slow:BTC'])
    expect(hyperliquidProtocol.lanes([])).toEqual([])
  })
})

test.each([
  ['fast:BTC', { type: 'l2Book', coin: 'BTC', fast: true }],
  ['slow:kPEPE', { type: 'l2Book', coin: 'kPEPE' }],
  ['trades:ETH', { type: 'trades', coin: 'ETH' }],
  ['activeAssetCtx:SOL', { type: 'activeAssetCtx', coin: 'SOL' }],
])('%s is asked for as documented', (topic, subscription) => {
  expect(JSON.parse(hyperliquidProtocol.subscribe([topic], 1))).toEqual({ method: 'subscribe', subscription })
  expect(JSON.parse(hyperliquidProtocol.unsubscribe([topic], 2))).toEqual({ method: 'unsubscribe', subscription })
})

test.each([
  ['Websocket connection established.', { kind: 'other' }],
  ['{"channel":"pong"}', { kind: 'pong' }],
  [
    '{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[],[]],"fast":true}}',
    { kind: 'data', topic: 'fast:BTC' },
  ],
  ['{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[],[]]}}', { kind: 'data', topic: 'slow:BTC' }],
  ['{"channel":"trades","data":[{"coin":"ETH","side":"A"}]}', { kind: 'data', topic: 'trades:ETH' }],
  ['{"channel":"trades","data":[]}', { kind: 'data', topic: undefined }],
  [
    '{"channel":"activeAssetCtx","data":{"coin":"SOL","ctx":{"markPx":"1"}}}',
    { kind: 'data', topic: 'activeAssetCtx:SOL' },
  ],
  [
    '{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":true}}}',
    { kind: 'ack', id: undefined, topic: 'fast:BTC' },
  ],
  [
    '{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"activeAssetCtx","coin":"SOL"}}}',
    { kind: 'ack', id: undefined, topic: 'activeAssetCtx:SOL' },
  ],
  [
    '{"channel":"error","data":"Invalid subscription {\\"type\\":\\"l2Book\\",\\"coin\\":\\"NO\\"}"}',
    { kind: 'refused', id: undefined, topic: 'slow:NO', reason: 'Invalid subscription {"type":"l2Book","coin":"NO"}' },
  ],
  [
    '{"channel":"error","data":"Already subscribed: {\\"type\\":\\"trades\\",\\"coin\\":\\"BTC\\"}"}',
    { kind: 'ack', id: undefined, topic: 'trades:BTC' },
  ],
  ['{"channel":"user","data":{}}', { kind: 'other' }],
  ['{"chan', { kind: 'data', topic: undefined }],
])('understands %s', (frame, meaning) => {
  expect(hyperliquidProtocol.classify(frame)).toEqual(meaning)
})
