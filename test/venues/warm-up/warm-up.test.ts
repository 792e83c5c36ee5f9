// Guards the past that is sent at a start: five days of bars in order behind a mark price, asked for within bounds, kept,
// and not asked for again; venues that fail leave a word and no hole. Real HTTP on loopback, all five venues' REST.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assetByName } from '../../../src/model/assets.ts'
import { BarField, EventKind } from '../../../src/model/events.ts'
import type { AssetId, VenueId } from '../../../src/model/units.ts'
import { type VenueName, venues } from '../../../src/model/venues.ts'
import type { Log } from '../../../src/telemetry/log.ts'
import { createRest } from '../../../src/venues/instruments/rest.ts'
import { restVenues } from '../../../src/venues/instruments/rest-venues.ts'
import { createAgents } from '../../../src/venues/live/agents.ts'
import { type Market, marketsOf } from '../../../src/venues/mapper-market.ts'
import { BatchOut } from '../../../src/venues/mapper-out.ts'
import { WarmGate } from '../../../src/venues/warm-up/warm-gate.ts'
import { type WarmUpProgress, warmUp } from '../../../src/venues/warm-up/warm-up.ts'
import { type Decoded, decode } from '../decode.ts'
import { threeCoins } from '../instruments/contracts.ts'
import { type RestExchange, startRestExchange } from '../instruments/rest-exchange.ts'

const START = Date.UTC(2026, 10, 23, 6, 2)
const BAR_MS = 300_000
const BARS = 1_440
const agents = createAgents({})
let exchange: RestExchange
let folder: string
let lines: string[]
let nowMs: number

const note = (_fields: object, message: string): void => void lines.push(message)
const log: Log = { debug: note, info: note, warn: note, error: note }

beforeEach(async () => {
  exchange = await startRestExchange(threeCoins())
  folder = mkdtempSync(join(tmpdir(), 'lmap-warm-'))
  lines = []
  nowMs = START
})
afterEach(async () => {
  await exchange.close()
  rmSync(folder, { recursive: true })
})

function marketsFor(...names: string[]): Market[] {
  const ids = new Set(names.map((name) => assetByName(name)!.id))
  return venues.flatMap((_, venue) => marketsOf(venue as VenueId)).filter((market) => ids.has(market.asset))
}

interface Run {
  progress: WarmUpProgress
  records: Decoded[]
  warm: AssetId[]
}

async function run(markets: readonly Market[], stopped = new AbortController().signal): Promise<Run> {
  // The budgets are for the real venues: a test need not wait for them.
  const fast = { default: { perMinute: 6e6, burst: 1e4 } }
  const rests = new Map(
    venues.map(({ name }) => {
      const budgets = { ...fast, data: fast.default, statistics: fast.default }
      const spec = { ...restVenues[name], base: exchange.bases[name]!, budgets }
      return [name as VenueName, createRest(spec, { agents, now: () => performance.now(), prng: () => 0, tries: 2 })]
    }),
  )
  const parts: Uint8Array[] = []
  const warm: AssetId[] = []
  const sink = {
    write(batches: Uint8Array): true {
      parts.push(batches.slice())
      return true
    },
  }
  const options = { markets, rests, folder, now: () => nowMs, log, warm: (asset: AssetId) => void warm.push(asset) }
  const progress = await warmUp(options, sink, stopped)
  return { progress, records: parts.flatMap((part) => decode(part)), warm }
}

/** Bars of one asset, field by field. */
function barsOf(records: readonly Decoded[], asset: AssetId): number[][] {
  const values = records.filter((record) => record.kind === 'bar' && record.asset === asset)
  const bars: number[][] = []
  for (const [index, { flags, value }] of values.entries()) {
    expect(flags).toBe(index % 5)
    if (flags === BarField.low) bars.push([])
    bars.at(-1)!.push(value)
  }
  return bars
}

describe('at the first start', () => {
  test('five days of bars follow a mark price, in whole batches', async () => {
    const { records, progress, warm } = await run(marketsFor('BTC', 'PEPE'))
    const btc = assetByName('BTC')!.id
    const pepe = assetByName('PEPE')!.id
    expect(progress).toEqual({ assets: 2, assetsDone: 2, bars: 2 * BARS, cold: 0 })
    expect(warm.toSorted()).toEqual([btc, pepe].toSorted())
    for (const asset of [btc, pepe]) {
      const own = records.filter((record) => record.asset === asset)
      expect(own[0]!.kind).toBe('markPrice')
      expect(own.slice(1).every((record) => record.kind === 'bar')).toBe(true)
      expect(barsOf(records, asset)).toHaveLength(BARS)
      const sequences = [...new Set(own.map((record) => record.sequence))]
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    }
    // Prices of one coin from the first venue, volumes summed, open interest in coins summed over the venues' units.
    const [low, high, close, volume, coins] = barsOf(records, btc).at(-1)!
    expect([low, high, close]).toEqual([80_000 * 0.999, 80_000 * 1.001, 80_000])
    expect(volume).toBeCloseTo(5_000)
    expect(coins).toBeCloseTo(90_000 + 50_000 + 3e6 * 0.01 + 20_000 + 30_000)
    const last = barsOf(records, pepe).at(-1)!
    expect(last[2]).toBeCloseTo(0.000004, 12)
    expect(last[4]! / (5e9 * 1000 + 2e9 * 1000 + 1e6 * 1e7 + 1e12 + 1e9 * 1000)).toBeCloseTo(1)
  })

  test('a venue that fails is told of and made up for', async () => {
    exchange.fault = (venue) => (venue === 'bybit' ? { status: 451 } : undefined)
    const { records } = await run(marketsFor('BTC'))
    const bars = barsOf(records, assetByName('BTC')!.id)
    expect(bars).toHaveLength(BARS)
    expect(bars.at(-1)![3]).toBeCloseTo(4_000)
    expect(lines.join('\n')).toMatch(/bybit: a part of its past is missing: the venue does not serve this region/)
  })

  test('an asset of which nobody tells anything is let go', async () => {
    exchange.fault = () => ({ status: 451 })
    const { records, progress, warm } = await run(marketsFor('XMR'))
    expect(records).toEqual([])
    expect(progress).toMatchObject({ assetsDone: 1, bars: 0, cold: 1 })
    expect(warm).toHaveLength(1)
  })

  test('candles that contradict themselves are refused, not sent', async () => {
    exchange.candle = (venue, _symbol, openMs) => ({
      close: venue === 'okx' && openMs % 7 === 0 ? -1 : 80_000,
      volumeUsd: 1,
    })
    const { records } = await run(marketsFor('BTC'))
    expect(barsOf(records, assetByName('BTC')!.id)).toHaveLength(BARS)
    expect(lines.join('\n')).toMatch(/okx: a part of its past is missing: its answer is not as documented/)
  })
})

describe('at the next start', () => {
  const candles = (): string[] =>
    exchange.asked.filter((line) =>
      /kline|candle|openInterestHist|open-interest-history|market\/open-interest/.test(line),
    )

  test('nothing is asked again, and the same is sent', async () => {
    const first = await run(marketsFor('BTC'))
    expect(readdirSync(join(folder, 'warm-up'))).toEqual(['BTC.bars.gz'])
    exchange.asked.length = 0
    const second = await run(marketsFor('BTC'))
    expect(candles()).toEqual([])
    expect(barsOf(second.records, assetByName('BTC')!.id)).toEqual(barsOf(first.records, assetByName('BTC')!.id))
  })

  test('only the missing end is asked for', async () => {
    await run(marketsFor('BTC'))
    exchange.asked.length = 0
    nowMs += 2 * 3_600_000
    const { records } = await run(marketsFor('BTC'))
    expect(barsOf(records, assetByName('BTC')!.id)).toHaveLength(BARS)
    const [kline] = candles().filter((line) => line.startsWith('binance /fapi/v1/klines'))
    const query = new URLSearchParams(kline!.split('?')[1])
    expect((Number(query.get('endTime')) + 1 - Number(query.get('startTime'))) / BAR_MS).toBe(24)
    // One request of each venue for bars, one of three venues for open interest.
    expect(candles()).toHaveLength(8)
  })

  test('a short end is not asked of the venue where it costs most', async () => {
    await run(marketsFor('BTC'))
    exchange.asked.length = 0
    nowMs += 6 * BAR_MS
    const { records } = await run(marketsFor('BTC'))
    const bars = barsOf(records, assetByName('BTC')!.id)
    expect(bars).toHaveLength(BARS)
    expect(candles().map((line) => line.split(' ')[0])).not.toContain('hyperliquid')
    // Its volume is made up for.
    expect(bars.at(-1)![3]).toBeCloseTo(5_000)
  })

  test('a venue that failed is asked for the whole of it', async () => {
    exchange.fault = (venue) => (venue === 'binance' ? { status: 451 } : undefined)
    await run(marketsFor('BTC'))
    exchange.fault = undefined
    exchange.asked.length = 0
    await run(marketsFor('BTC'))
    expect(candles().every((line) => line.startsWith('binance '))).toBe(true)
    expect(candles().filter((line) => line.includes('klines'))).toHaveLength(3)
  })

  test('a past that is too old is asked for anew', async () => {
    await run(marketsFor('BTC'))
    nowMs += 6 * 86_400_000
    const { records } = await run(marketsFor('BTC'))
    expect(barsOf(records, assetByName('BTC')!.id)).toHaveLength(BARS)
  })
})

test('a stop ends it at once', async () => {
  exchange.fault = () => ({ status: 429, headers: { 'retry-after': '60' } })
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('stopped')), 100)
  const begun = performance.now()
  const { warm } = await run(marketsFor('BTC', 'XMR'), stop.signal)
  expect(performance.now() - begun).toBeLessThan(1_000)
  expect(warm.length).toBeGreaterThan(0)
})

test('the gate holds an asset back until it is warm, and the others not', async () => {
  const [btc, eth] = marketsFor('BTC', 'ETH').filter((market) => market.venue === 0)
  const out = new BatchOut()
  for (const market of [btc!, eth!, btc!]) {
    out.begin(market, START, START)
    out.add(EventKind.heartbeat, 0, 0, 0)
    out.end()
  }
  const batches = out.take().slice()
  const passed: number[] = []
  const gate = new WarmGate(
    {
      write(part) {
        passed.push(...decode(part.slice()).map((record) => record.asset))
        return Promise.resolve(true)
      },
    },
    [btc!.asset],
  )
  expect(await gate.write(batches)).toBe(true)
  expect(passed).toEqual([eth!.asset])
  expect(gate.held).toBe(2)
  gate.open(btc!.asset)
  await gate.write(batches)
  expect(passed.slice(1)).toEqual([btc!.asset, eth!.asset, btc!.asset])
})

test('a book of which a part was held back waits until it is told as a whole', () => {
  const [btc] = marketsFor('BTC').filter((market) => market.venue === 0)
  const passed: string[] = []
  const gate = new WarmGate(
    {
      write(part): true {
        passed.push(...decode(part.slice()).map((record) => record.kind))
        return true
      },
    },
    [btc!.asset],
  )
  const say = (...kinds: number[]): void => {
    const out = new BatchOut()
    out.begin(btc!, START, START)
    for (const kind of kinds) out.add(kind, 0, 1, 1)
    out.end()
    gate.write(out.take())
  }
  say(EventKind.bookReset, EventKind.bookLevel)
  gate.open(btc!.asset)
  say(EventKind.bookLevel)
  say(EventKind.trade)
  expect(passed).toEqual(['trade'])
  say(EventKind.bookReset, EventKind.bookLevel)
  say(EventKind.bookLevel)
  expect(passed.slice(1)).toEqual(['bookReset', 'bookLevel', 'bookLevel'])
})
