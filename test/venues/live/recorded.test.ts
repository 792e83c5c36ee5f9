// Guards the whole way of real frames over a real socket: a recorded Binance stream, served by the test venue, must leave
// the book that a plain rebuild leaves, whole or with one frame in twenty lost on the way. No batch may end with a crossed
// book, and every gap must be followed by a reset before anything else is told of the book.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { binanceProtocol } from '../../../src/venues/binance/feed.ts'
import { createLive } from '../../../src/venues/live/live.ts'
import { prng, seed } from '../../reference/prng.ts'
import { requirement, sharedMissing, sharedPath } from '../../requirements.ts'
import { bookOf, type Decoded, decode } from '../decode.ts'
import { Exchange } from '../exchange/exchange.ts'
import { SampleMarket } from '../exchange/market.ts'
import { quickened, quickLimits } from '../exchange/quick.ts'
import { RecordedBinance } from '../exchange/recorded-binance.ts'

const file = 'recordings/hftbacktest/usdm_btcusdt_20240808.gz'
const recorded = requirement('recorded Binance stream', sharedMissing(file))
const MINUTE_MS = 60_000
/** Frames sent before the network gets its turn: about a tenth of a second of the recording. */
const FRAMES_AT_ONCE = 4
/** Every loss asks for the whole book again: less of the recording is enough. */
const FRAMES_LOSSY = 3_000

describe.skipIf(recorded.skip)(recorded.title, () => {
  test('over a socket: the same book, every trade', { timeout: MINUTE_MS }, async () => {
    const { book, expected, trades, sent, status } = await playOver(() => false, Number.POSITIVE_INFINITY)
    expect(expected.size).toBeGreaterThan(2_000)
    expect(book).toEqual(expected)
    expect(trades).toBe(sent)
    expect(status).toMatchObject({ gaps: 0, rejected: 0, reconnects: 0, resyncs: 1 })
  })

  test(`one frame in twenty is lost (seed ${seed}): the same book`, { timeout: MINUTE_MS }, async () => {
    const random = prng(seed)
    const { book, expected, status, lost } = await playOver(() => random() < 0.05, FRAMES_LOSSY)
    expect(book).toEqual(expected)
    expect(lost).toBeGreaterThan(100)
    // What is lost while the book is away anyway makes no gap of its own.
    expect(status.gaps).toBeGreaterThan(lost / 10)
    expect(status.gaps).toBeLessThanOrEqual(lost)
    expect(status.reconnects).toBe(0)
  })
})

async function playOver(isLost: () => boolean, framesMax: number) {
  const stream = new RecordedBinance(sharedPath(file))
  const exchange = new Exchange(stream.script(), new SampleMarket([], () => 0))
  await exchange.open()
  const stop = new AbortController()
  const records: Decoded[] = []
  const checker = crossingChecker()
  const feed = createLive(
    { venues: ['binance'], assets: ['BTC'], urls: { binance: exchange.urls } },
    {
      now: () => Date.now(),
      chance: () => 0.5,
      // The clock of the recording is of another year; whole books are told in the other tests.
      limits: { ...quickLimits, bookRefreshMs: MINUTE_MS },
      protocols: { binance: async () => spedUp(quickened(binanceProtocol)) },
    },
  )
  const ended = feed.run(
    {
      write(batches) {
        const fresh = decode(batches)
        checker(fresh)
        for (const record of fresh) records.push(record)
        return true
      },
    },
    stop.signal,
  )
  const state = () => feed.status().venues?.[0]
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(5)
  }
  let lost = 0
  let isOver = false
  exchange.faults.data = (text, topic) => {
    if (isOver || !topic.includes('@depth') || !isLost()) return [text]
    lost++
    return []
  }
  await until(() => exchange.clients === 3 && (state()?.socketsLive ?? 0) === 3)
  for (let frames = 0; !stream.isOver && frames < framesMax; frames += FRAMES_AT_ONCE) {
    for (let i = 0; i < FRAMES_AT_ONCE; i++) exchange.send(stream.next())
    await sleep(1)
  }
  isOver = true
  await sleep(500)
  const status = state()!
  stop.abort()
  await ended
  await exchange.close()
  const book = new Map<string, number>()
  const { tickSize } = records[0]!
  for (const [key, coins] of bookOf(records)) {
    const [side, tick] = key.split(':')
    book.set(`${side}:${Number((Number(tick) * tickSize).toFixed(2))}`, coins)
  }
  const trades = records.filter(({ kind }) => kind === 'trade').length
  return { book, expected: stream.book(), trades, sent: stream.trades, status, lost }
}

/** Six minutes pass in some ten seconds, so the budget of a minute is larger; no recorded stream is a pulse everywhere. */
function spedUp(protocol: ReturnType<typeof quickened>): ReturnType<typeof quickened> {
  const { lanes, rest } = protocol
  return {
    ...protocol,
    rest: { ...rest, weightMax: 40 * rest.weightMax },
    lanes: (markets) => lanes(markets).map((plan) => ({ ...plan, pulses: [] })),
  }
}

/** Fails where a batch leaves the best bid at or above the best ask. */
function crossingChecker(): (records: readonly Decoded[]) => void {
  const book = new Map<string, number>()
  let best: [number, number] = [0, Number.POSITIVE_INFINITY]
  let sequence = 0
  const check = () => {
    if (best[0] < best[1]) return
    best = [0, Number.POSITIVE_INFINITY]
    for (const key of book.keys()) {
      const [side, tick] = key.split(':').map(Number) as [number, number]
      best[side] = side === 0 ? Math.max(best[0], tick) : Math.min(best[1], tick)
    }
    expect(best[0]).toBeLessThan(best[1])
  }
  return (records) => {
    for (const record of records) {
      if (record.sequence !== sequence) check()
      sequence = record.sequence
      bookOf([record], book)
      if (record.kind !== 'bookLevel' || record.value === 0) continue
      const side = record.flags & 1
      best[side] = side === 0 ? Math.max(best[0], record.tick) : Math.min(best[1], record.tick)
    }
    check()
  }
}
