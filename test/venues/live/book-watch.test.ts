// Guards how lost books come back: a snapshot only where the stream is there, a dead topic by a new subscription, and a
// market that never answers asked for more and more rarely. The mapper is Binance's, the answers come over real HTTP.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { limits } from '../../../src/model/limits.ts'
import { binanceProtocol } from '../../../src/venues/binance/feed.ts'
import { createBinanceMapper } from '../../../src/venues/binance/mapper.ts'
import { createAgents } from '../../../src/venues/live/agents.ts'
import { BookWatch } from '../../../src/venues/live/book-watch.ts'
import { RequestQueue } from '../../../src/venues/live/request-queue.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'
import { BatchOut } from '../../../src/venues/mapper-out.ts'

const SYMBOL = 'BTCUSDT'
const TOPIC = 'btcusdt@depth@100ms'
const T = 1_763_800_000_000
/** What a request over loopback takes, with room. */
const ANSWER_MS = 150

let server: Server | undefined
let watch: BookWatch | undefined
let requests: RequestQueue | undefined
afterEach(() => {
  watch?.stop()
  requests?.close()
  server?.closeAllConnections()
  server?.close()
})

async function open() {
  let asked = 0
  let nowMs = T
  server = createServer((_request, response) => {
    asked++
    response.end(JSON.stringify({ lastUpdateId: 100, bids: [['86000.1', '1']], asks: [['86000.2', '1']] }))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const bounds = { ...limits, liveBookGapMs: 0, liveSilentMs: 5_000, liveSilentIntervals: 0 }
  const now = () => nowMs
  const { rest: rules, resync } = binanceProtocol
  requests = new RequestQueue({
    venue: 'binance',
    base,
    rules: { ...rules, gapMs: 0 },
    agents: createAgents({}),
    now,
    limits: bounds,
  })
  const out = new BatchOut()
  const renewed: string[] = []
  const market = marketsOf(0 as never).find(({ symbol }) => symbol === SYMBOL)!
  const mapper = createBinanceMapper({ resync: (symbol) => watch!.ask(symbol) })
  watch = new BookWatch({
    books: [{ market, topics: [TOPIC] }],
    resync,
    requests,
    now,
    chance: () => 0.5,
    limits: bounds,
    renew: (topics) => renewed.push(...topics),
    snapshot: (symbol, body) => mapper.rest('book', symbol, body, nowMs, out),
  })
  watch.start()
  const diff = (first: number, previous: number) => {
    watch!.heard(TOPIC)
    const data = { e: 'depthUpdate', E: nowMs, T: nowMs, s: SYMBOL, U: first, u: first + 9, pu: previous, b: [], a: [] }
    mapper.frame(JSON.stringify({ stream: TOPIC, data }), nowMs, out)
  }
  const check = () => watch!.check(mapper, out)
  return { mapper, renewed, diff, check, asked: () => asked, pass: (ms: number) => (nowMs += ms) }
}

test('the first update asks for a snapshot, and the book is there', async () => {
  const { mapper, renewed, diff, asked } = await open()
  diff(95, 94)
  await sleep(ANSWER_MS)
  expect(asked()).toBe(1)
  expect(mapper.book(SYMBOL)).toBe('live')
  expect(renewed).toEqual([])
})

test('a stream that never came is asked for again, more and more rarely, and no snapshot hides it', async () => {
  const { mapper, renewed, check, asked, pass } = await open()
  let renewals = 0
  const waits: number[] = []
  let sinceMs = 0
  for (let second = 0; second < 160; second++) {
    pass(1_000)
    sinceMs += 1_000
    check()
    await sleep(2)
    if (renewed.length === renewals) continue
    renewals = renewed.length
    waits.push(sinceMs)
    sinceMs = 0
  }
  expect(waits.slice(0, 3).map((ms) => Math.round(ms / 10_000))).toEqual([1, 2, 4])
  expect(asked()).toBe(0)
  expect(mapper.book(SYMBOL)).toBe('lost')
  expect(watch!.isGone(SYMBOL)).toBe(true)
})

test('a stream that dies is emptied at once and put on anew; its next update brings the book back', async () => {
  const { mapper, renewed, diff, check, asked, pass } = await open()
  diff(95, 94)
  await sleep(ANSWER_MS)
  pass(4_999)
  check()
  expect(mapper.book(SYMBOL)).toBe('live')
  pass(1)
  check()
  expect(mapper.book(SYMBOL)).toBe('lost')
  await sleep(ANSWER_MS)
  expect(renewed).toEqual([TOPIC])
  expect(asked()).toBe(1)
  diff(95, 94)
  // The renewal was a first ask: the next one keeps its distance.
  await sleep(limits.restRetryMs + ANSWER_MS)
  expect(asked()).toBe(2)
  expect(mapper.book(SYMBOL)).toBe('live')
})
