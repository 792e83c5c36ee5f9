// Guards the way from events to predicted levels and to the published score: what the core makes of a market of trades,
// open interest and liquidations must be what the plain twins make of it, hour by hour; bars of the past included.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BarField, BatchWriter, EventKind, PriceKind } from '../../src/model/events.ts'
import { BUCKETS, codeOfUsd, Layer, QUANTUM_RATIO } from '../../src/model/layers.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import { ReferenceEstimator } from '../reference/estimator.ts'
import { referenceMap } from '../reference/estimator-map.ts'
import { referenceScore, type ScoredHour } from '../reference/estimator-score.ts'
import { prng, seed } from '../reference/prng.ts'
import { ReferenceWhere } from '../reference/where.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'

const asset = assetByName('BTC')!
/** The one venue whose liquidation feed is complete. */
const BYBIT = 1
const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 2, 1) + 60_000
const HOURS = 230
const STEP_MS = 20_000

const barFields = Object.keys(BarField) as (keyof typeof BarField)[]

/** The glue of assembly/levels.ts once more, plainly: what is done when, with the twin of the estimator. */
class Twin {
  readonly estimator: ReferenceEstimator
  readonly hours: ScoredHour[] = []
  readonly history: [number, number][] = []
  price: number
  coins = 0
  turnoverUsd = 0
  realised: [number, number] = [0, 0]
  readonly where = new ReferenceWhere()
  /** USD of this hour by bucket, long and short. */
  readonly #places = [new Map<number, number>(), new Map<number, number>()]
  #map: Float64Array[] | undefined
  readonly #step: number
  #swept = START_MS
  #turned = START_MS
  #range: [number, number]
  #turnoverRange: [number, number]
  #hour: [number, number, number]
  #bars: [number, number][] = []

  constructor(price: number, distanceMin: number, step: number) {
    this.#step = step
    this.estimator = new ReferenceEstimator(price)
    this.estimator.tiers(distanceMin)
    this.price = price
    this.#range = [price, price]
    this.#turnoverRange = [price, price]
    this.#hour = [price, price, price]
  }

  bar(low: number, high: number, close: number, volumeUsd: number, coins: number): void {
    this.estimator.sweep(low, high, close)
    this.#turnover(low, high, close, volumeUsd, coins, 300_000)
    this.#bars.push([low, high])
    if (this.#bars.length === 12) {
      this.history.push([Math.min(...this.#bars.map(([l]) => l)), Math.max(...this.#bars.map(([, h]) => h))])
      this.#bars = []
    }
    this.price = close
    this.#range = [close, close]
    this.#turnoverRange = [close, close]
    this.#hour = [close, close, close]
  }

  clock(timeMs: number): void {
    const passed = (from: number, every: number): boolean => Math.floor(timeMs / every) > Math.floor(from / every)
    if (passed(this.#swept, 1_000)) {
      const [low, high] = this.#range
      this.estimator.sweep(low, high, this.price)
      this.#turnoverRange = [Math.min(this.#turnoverRange[0], low), Math.max(this.#turnoverRange[1], high)]
      this.#hour = [this.#hour[0], Math.min(this.#hour[1], low), Math.max(this.#hour[2], high)]
      this.#range = [this.price, this.price]
      this.#swept = timeMs
    }
    const before = this.#turned
    if (!passed(before, 300_000)) return
    this.#turnover(...this.#turnoverRange, this.price, this.turnoverUsd, this.coins, timeMs - before)
    this.turnoverUsd = 0
    this.#turnoverRange = [this.price, this.price]
    this.#turned = timeMs
    if (!passed(before, HOUR_MS)) return
    this.estimator.hour(...this.realised)
    const [open, low, high] = this.#hour
    this.hours.push({ open, low, high, predicted: [...this.estimator.predicted], realised: this.realised })
    this.#scorePlaces(open, low, high)
    this.realised = [0, 0]
    this.#hour = [this.price, this.price, this.price]
  }

  liquidation(side: 0 | 1, price: number, usd: number): void {
    this.realised[side] += usd
    const bucket = this.#bucketOf(price)
    this.#places[side]!.set(bucket, (this.#places[side]!.get(bucket) ?? 0) + Math.round(usd * 100))
  }

  /** The hour against the map of its start; then the map of the next start, which has learned from this hour. */
  #scorePlaces(open: number, low: number, high: number): void {
    const buckets = { open: this.#bucketOf(open), low: this.#bucketOf(low), high: this.#bucketOf(high) }
    const map = this.#map
    if (map !== undefined) {
      this.where.hour(
        buckets,
        map.map((row) => (bucket) => row[bucket] ?? 0),
        this.#places.map((row) => (bucket) => row.get(bucket) ?? 0),
      )
    }
    for (const row of this.#places) row.clear()
    this.#map = referenceMap(this.estimator, 0, this.#step, 8192)
  }

  #bucketOf(price: number): number {
    return Math.floor(price / this.#step + 1e-9)
  }

  trade(price: number, usd: number): void {
    this.turnoverUsd += usd
    this.price = price
    this.#range = [Math.min(this.#range[0], price), Math.max(this.#range[1], price)]
  }

  #turnover(low: number, high: number, close: number, volumeUsd: number, coins: number, dtMs: number): void {
    this.estimator.hazard(low, high, coins, dtMs)
    const openInterestUsd = coins * close
    const hazard = Math.min(0.05, (0.3 * volumeUsd) / openInterestUsd)
    this.estimator.turnover(low, high, close, hazard, openInterestUsd)
  }
}

function expectLevels(column: ClosedColumn, twin: Twin): void {
  const map = referenceMap(twin.estimator, column.baseBucket, column.step, BUCKETS)
  for (const [side, layer] of [Layer.longLevel, Layer.shortLevel].entries()) {
    for (let cell = 0; cell < BUCKETS; cell++) {
      const usd = map[side]![cell]!
      const code = column.cells[layer * BUCKETS + cell]!
      if (code === codeOfUsd(usd, column.quantumUsd)) continue
      const exact = Math.log(usd / column.quantumUsd) / Math.log(QUANTUM_RATIO) + 1
      // The ledger is float32: a value near the border of two codes may fall to the other side.
      expect(Math.abs(exact - code), `side ${side} cell ${cell}: ${usd} USD`).toBeLessThan(0.51)
    }
  }
}

describe.each(Object.keys(builds) as Build[])('levels, %s build', (build) => {
  test(`map and score equal the twins' (seed ${seed})`, () => {
    const random = prng(seed)
    const core = new CoreUnderTest(build, asset)
    const writer = new BatchWriter()
    let sequence = 0
    let price = 77_000
    const begin = (timeMs: number): void => writer.begin(BYBIT, asset.id, ++sequence, timeMs, timeMs, 0.1)
    const distances = asset.instruments.flatMap((i) =>
      i?.leverageMax ? 1 / i.leverageMax - (i.maintenanceRate ?? 0) : [],
    )
    const bars = Array.from({ length: 288 }, () => {
      const close = price * (1 + (random() - 0.5) * 0.003)
      const [low, high] = [Math.min(price, close) * 0.9995, Math.max(price, close) * 1.0004]
      price = close
      return { low, high, close, volume: 2e7 * random(), openInterest: 90_000 }
    })
    // The past ends at the price of now.
    const twin = new Twin(price, Math.min(...distances), core.gridStep(price, asset.gridTick))
    begin(START_MS)
    writer.add(EventKind.markPrice, 0, 0, price)
    for (const bar of bars) {
      for (const name of barFields) writer.add(EventKind.bar, BarField[name], 0, bar[name])
      twin.bar(bar.low, bar.high, bar.close, bar.volume, bar.openInterest)
    }
    core.apply(writer.take())

    let checked = 0
    for (let timeMs = START_MS + STEP_MS; timeMs < START_MS + HOURS * HOUR_MS; timeMs += STEP_MS) {
      price *= 1 + (random() - 0.5) * (random() < 0.01 ? 0.01 : 0.0008)
      const tick = Math.round(price * 10)
      const coins = Math.ceil(random() * 40_000) / 1_000
      begin(timeMs)
      writer.add(EventKind.trade, 0, tick, coins)
      twin.clock(timeMs)
      // What closed the minute has been swept and seeded, and nothing of the new time has been applied.
      const columns = core.columns.length
      if (timeMs % 60_000 === 0) {
        const openInterest = 90_000 + random() * 1_000
        writer.add(EventKind.openInterest, 0, 0, openInterest)
        if (random() < 0.1) {
          const side = random() < 0.5 ? 0 : 1
          const usd = 10 ** (3 + random() * 3)
          writer.add(EventKind.liquidation, side | (PriceKind.fill << 1), tick, usd / (tick * 0.1))
          twin.liquidation(side, tick * 0.1, usd)
        }
        twin.coins = openInterest
      }
      core.apply(writer.take())
      const column = core.columns.slice(columns).find(({ timeframe }) => timeframe === 0)
      if (column !== undefined && checked < 12 && random() < 0.002) {
        checked++
        expectLevels(column, twin)
      }
      twin.trade(tick * 0.1, tick * 0.1 * coins)
    }

    expect(checked).toBeGreaterThan(3)
    expect(core.scores.length).toBe(twin.hours.length)
    const bits = referenceScore(twin.history, twin.hours)
    core.scores.forEach((row, i) => {
      const hour = twin.hours[i]!
      for (const side of [0, 1] as const) {
        expect(row.predicted[side] / hour.predicted[side]).toBeCloseTo(1, 4)
        expect(row.realised[side]).toBeCloseTo(hour.realised[side], 1)
        if (i >= 200) expect(row.bits[side]).toBeCloseTo(bits[i]![side], 3)
        else expect(row.bits[side]).toBe(0)
      }
      expect(row.hourMs).toBe((Math.floor(START_MS / HOUR_MS) + 1 + i) * HOUR_MS)
      expect(row.state).toBe(1)
    })
    const { where, ...model } = core.memory.model()
    expect(model).toMatchObject({ state: 1, hours: core.scores.length })
    const { result } = twin.where
    expect(where.bits).toBeCloseTo(result.bits, 3)
    expect(where.baselineBits).toBeCloseTo(result.usualBits, 6)
    expect(where.lift).toBeCloseTo(result.lift, 2)
    expect(where.baselineLift).toBeCloseTo(result.usualLift, 6)
    expect(Math.abs(where.bits), 'the score is about something').toBeGreaterThan(0.001)
  })
})
