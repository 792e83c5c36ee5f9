// Guards the back-test's claim: from the raw files of two months of BTC it must prepare the reference's steps and
// features, and print the reference's scores.
import { beforeAll, describe, expect, test } from 'vitest'
import { type BacktestResult, runBacktest } from '../../src/engine/backtest/backtest.ts'
import { densities, type Target } from '../../src/engine/backtest/cross-validation.ts'
import { priceFeatures } from '../../src/engine/backtest/features.ts'
import { hourBars, openInterest, realisedByHour } from '../../src/engine/backtest/inputs.ts'
import { predictions, scoreSummary, scoreTable } from '../../src/engine/backtest/report.ts'
import { hoursOf } from '../../src/engine/backtest/steps.ts'
import { readTable } from '../../src/engine/backtest/table-file.ts'
import { loadCore } from '../../src/engine/core.ts'
import { type Columns, readColumns, recorded } from '../assembly/estimator-history.ts'
import { prng } from '../reference/prng.ts'
import { requirement, sharedPath } from '../requirements.ts'
import { chdbMissing } from './chdb.ts'

const file = (name: string) => sharedPath(`history/${name}`)
const BARS = 'candles_1h_by_venue_202512_202601.parquet'
const MARKS = 'binance_BTCUSDT_oi_5m_20251201_20260131.csv.gz'
const LIQUIDATIONS = 'coinglass_btc_1h_20251204_20260131.csv.gz'

const parquet = requirement('back-test of recorded BTC', chdbMissing)

describe.skipIf(recorded.skip || parquet.skip)(recorded.skip ? `back-test of ${recorded.title}` : parquet.title, () => {
  let core: WebAssembly.Module
  let result: BacktestResult
  let hours: Columns
  let tookMs = 0

  async function inputsWith(bars: string) {
    return {
      bars: hourBars(await readTable(file(bars)), 'BTC', undefined),
      openInterest: openInterest(await readTable(file(MARKS)), 'BTC'),
      liquidations: realisedByHour(await readTable(file(LIQUIDATIONS)), 'BTC'),
    }
  }
  const run = (inputs: Awaited<ReturnType<typeof inputsWith>>) =>
    runBacktest(
      core,
      inputs,
      prng(1),
      () => performance.now(),
      () => undefined,
    )

  beforeAll(async () => {
    core = await loadCore()
    hours = readColumns('reference/btc_hours.csv.gz')
    const inputs = await inputsWith(BARS)
    const from = performance.now()
    result = run(inputs)
    tookMs = performance.now() - from
  })

  test('steps are the reference steps', () => {
    const steps = readColumns('reference/btc_steps_5m.csv.gz')
    expect(result.steps.count).toBe(steps.t!.length)
    for (let i = 0; i < result.steps.count; i++) {
      expect(result.steps.timeMs[i]).toBe(steps.t![i])
      expect(result.steps.low[i]! / steps.lo![i]!).toBeCloseTo(1, 8)
      expect(result.steps.high[i]! / steps.hi![i]!).toBeCloseTo(1, 8)
    }
  })

  test('features of price are the reference features', () => {
    const features = readColumns('reference/btc_features.csv.gz')
    const all = hoursOf(result.steps)
    const rows = priceFeatures(all)
    const index = new Map(all.map(({ timeMs }, i) => [timeMs, i]))
    features.hour!.forEach((hour, i) => {
      for (const [side, name] of ['Long', 'Short'].entries()) {
        rows[side]![index.get(hour)!]!.forEach((value, k) => {
          expect(Math.abs(value - features[`f${k + 1}${name}`]![i]!)).toBeLessThan(1e-4)
        })
      }
    })
  })

  test('hourly scores: price alone, climatology and ladder within .005 bits', () => {
    expect(result.hours.length).toBe(hours.hour!.length)
    const all = hoursOf(result.steps)
    const index = new Map(all.map(({ timeMs }, i) => [timeMs, i]))
    const rows = priceFeatures(all)
    const target: Target = {
      count: result.hours.length,
      realised: result.realised,
      features: [0, 1].map((side) => result.hours.map(({ timeMs }) => rows[side]![index.get(timeMs)!]!)) as [
        number[][],
        number[][],
      ],
    }
    const compare = (log2: Float64Array, name: string) =>
      log2.forEach((value, i) => {
        // The last hour is cut short by the file; the reference divides its open interest by twelve all the same.
        if (i < log2.length - 1) expect(Math.abs(value - hours[name]![i]!)).toBeLessThan(0.005)
      })
    for (const [side, name] of ['Long', 'Short'].entries()) {
      compare(densities(target).log2[side]!, `log2Base${name}`)
      for (const model of ['climatology', 'ladder'] as const) {
        compare(densities(target, result.predicted[model]).log2[side]!, `log2Full_${model}_${name}`)
      }
    }
  })

  test('means are the published ones, and the reference within .002', () => {
    const bits = (model: 'climatology' | 'ladder' | 'noVolume' | 'recommended') => result.scores[model].bits.mean
    for (const [model, published, reference] of [
      ['climatology', 0.069, 0.069],
      ['ladder', 0.038, 0.038],
      ['noVolume', 0.217, undefined],
      ['recommended', 0.211, 0.214],
    ] as const) {
      expect(Math.abs(bits(model) - published)).toBeLessThan(0.01)
      if (reference !== undefined) expect(Math.abs(bits(model) - reference)).toBeLessThan(0.002)
    }
    expect(result.scores.recommended.rho).toBeCloseTo(0.845, 2)
    expect(result.scores.recommended.partial).toBeCloseTo(0.431, 2)
    expect(result.scores.recommended.deviance15).toBeCloseTo(0.85, 1)
    expect(result.priceRho).toBeCloseTo(0.809, 2)
  })

  test('bars without volume: the recommended model falls back and says so', async () => {
    const without = run(await inputsWith(LIQUIDATIONS))
    expect(without.volumeShare).toBe(0)
    expect(without.scores.recommended.bits.mean).toBe(without.scores.noVolume.bits.mean)
    expect(scoreTable('BTC', without, { read: 0, all: 0, cpu: 0 })).toContain('Volume is known for 0.0 % of the steps')
  })

  test('no look-ahead: without the last days the predictions of the ledger before are the same', async () => {
    const inputs = await inputsWith(BARS)
    const cut = inputs.openInterest.timeMs.findIndex((timeMs) => timeMs > result.hours[900]!.timeMs)
    const { timeMs, coins, price } = inputs.openInterest
    const shorter = run({
      ...inputs,
      openInterest: { timeMs: timeMs.slice(0, cut), coins: coins.slice(0, cut), price: price.slice(0, cut) },
    })
    for (const side of [0, 1] as const) {
      const last = shorter.hours.length - 1
      expect([...shorter.predicted.online[side].slice(0, last)]).toEqual([
        ...result.predicted.online[side].slice(0, last),
      ])
    }
  })

  test('two months take less than two seconds in the core', () => {
    expect(result.coreMs).toBeLessThan(2_000)
    expect(tookMs).toBeLessThan(20_000)
  })

  test('predictions of steps add up to those of their hours, beside what was realised', () => {
    const lines = [...predictions(result, () => undefined)].join('').trim().split('\n')
    const sums = { long: 0, short: 0 }
    let hour = 0
    for (const line of lines.slice(0, 2_000)) {
      const [, side, predicted, realised] = line.split(',')
      const name = side as 'long' | 'short'
      sums[name] += Number(predicted)
      if (realised === '') continue
      const i = name === 'long' ? 0 : 1
      expect(sums[name]).toBeCloseTo(result.predicted.recommended[i][hour]!, 0)
      expect(Number(realised)).toBeCloseTo(result.realised[i][hour]!, 1)
      sums[name] = 0
      hour += i
    }
    expect(hour).toBeGreaterThan(50)
    expect(Object.keys(scoreSummary('BTC', result, { read: 0, all: 0, cpu: 0 }).bits as object)).toEqual(
      expect.arrayContaining(['climatology', 'ladder', 'noVolume', 'recommended']),
    )
  })
})
