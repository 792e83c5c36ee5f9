// Guards what we ask of Binance and how its answers are told apart: streams on the path that carries them, sockets within
// the venue's limits, a pulse on each of them, and every control frame of the documents recognised.
import { describe, expect, test } from 'vitest'
import type { VenueId } from '../../../src/model/units.ts'
import { binanceProtocol as protocol } from '../../../src/venues/binance/feed.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'

const markets = marketsOf(0 as VenueId)
const lanes = protocol.lanes(markets)

describe('sockets for all assets', () => {
  test('are four', () => {
    expect(lanes.map(({ name }) => name)).toEqual(['books 1', 'books 2', 'trades', 'liquidations and marks'])
    expect(protocol.lanes([])).toEqual([])
  })

  test('carry every book once, and trades of every symbol', () => {
    const books = lanes.flatMap((lane) => lane.books.map(({ market }) => market.symbol))
    expect(books.sort()).toEqual(markets.map(({ symbol }) => symbol).sort())
    const trades = lanes.flatMap(({ topics }) => topics).filter((topic) => topic.endsWith('@aggTrade'))
    expect(trades.length).toBe(markets.length)
  })

  test('ask for each stream on its path: elsewhere it is silent', () => {
    for (const { path, topics } of lanes) {
      for (const topic of topics) expect(path).toBe(topic.includes('@depth') ? '/public/stream' : '/market/stream')
    }
  })

  test('have names in lower case, a pulse, and stay below 200 streams', () => {
    for (const { topics, pulses, pulseOnly } of lanes) {
      expect(topics.length).toBeLessThanOrEqual(200)
      for (const topic of topics) expect(topic).toMatch(/^(![A-Za-z]+|[a-z0-9]+)@/)
      expect(pulses.length).toBe(1)
      for (const topic of [...pulses[0]!.topics, ...pulseOnly]) expect(topics).toContain(topic)
    }
  })

  test('of one quiet asset have the pulse of the busiest', () => {
    const quiet = markets.filter(({ symbol }) => symbol !== 'BTCUSDT').slice(-1)
    for (const { topics, pulses } of protocol.lanes(quiet)) {
      expect(pulses[0]!.topics[0]).toMatch(/^btcusdt@|^!markPrice/)
      expect(topics).toContain(pulses[0]!.topics[0])
    }
  })
})

test('messages stay below ten a second, requests below the weight of a minute', () => {
  expect(1_000 / protocol.pace.frameGapMs).toBeLessThan(10)
  const { weightMax } = protocol.rest
  const polls = protocol.polls(markets).reduce((sum, { ask, everyMs }) => sum + (ask.weight * 60_000) / everyMs, 0)
  if (protocol.resync.by !== 'rest') throw new Error('books come back by REST')
  const snapshot = protocol.resync.snapshot(markets[0]!)
  expect(snapshot).toEqual({ path: '/fapi/v1/depth?symbol=BTCUSDT&limit=1000', weight: 20 })
  expect(polls + markets.length * snapshot.weight).toBeLessThan(weightMax)
  expect(weightMax).toBeLessThan(2_400)
})

test.each([
  [
    'data',
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate"}}',
    { kind: 'data', topic: 'btcusdt@depth@100ms' },
  ],
  ['data, the other way round', '{"data":{"e":"x"},"stream":"a@b"}', { kind: 'data', topic: 'a@b' }],
  ['data without an envelope', '{"e":"aggTrade","s":"BTCUSDT"}', { kind: 'data', topic: undefined }],
  ['long data', `{"data":{"x":"${'y'.repeat(2_000)}"},"stream":"a@b"}`, { kind: 'data', topic: 'a@b' }],
  ['an acknowledgement', '{"result":null,"id":3}', { kind: 'ack', id: 3, topic: undefined }],
  [
    'a refusal',
    '{"error":{"code":2,"msg":"Invalid request"},"id":4}',
    { kind: 'refused', id: 4, topic: undefined, reason: 'Invalid request' },
  ],
  [
    'a refusal of the old form',
    '{"code":3,"msg":"Invalid JSON"}',
    { kind: 'refused', id: undefined, topic: undefined, reason: 'Invalid JSON' },
  ],
  ['half a frame', '{"result":nu', { kind: 'data', topic: undefined }],
  ['nothing of meaning', 'null', { kind: 'data', topic: undefined }],
])('%s is recognised', (_, frame, incoming) => {
  expect(protocol.classify(frame)).toEqual(incoming)
})

test('requests are written as documented', () => {
  const params = ['btcusdt@depth@100ms']
  expect(JSON.parse(protocol.subscribe(params, 1))).toEqual({ method: 'SUBSCRIBE', params, id: 1 })
  expect(JSON.parse(protocol.unsubscribe(params, 2))).toEqual({ method: 'UNSUBSCRIBE', params, id: 2 })
})
