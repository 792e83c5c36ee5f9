// Guards the arithmetic of the score: regression, weights and measures on made-up data whose answer is known.
import { describe, expect, test } from 'vitest'
import { folds } from '../../src/engine/backtest/cross-validation.ts'
import { dayBlockInterval, deviance15, partialRankCorrelation } from '../../src/engine/backtest/measures.ts'
import { fitRidge } from '../../src/engine/backtest/ridge.ts'
import { fitWeights } from '../../src/engine/backtest/weights.ts'
import { rankCorrelation } from '../../src/model/rank-correlation.ts'
import { prng, seed } from '../reference/prng.ts'

describe(`measures (seed ${seed})`, () => {
  const random = prng(seed)

  test('folds cover every hour once and keep a day between training and test', () => {
    const all = folds(1_366)
    expect(all.flatMap(({ test }) => test)).toEqual(Array.from({ length: 1_366 }, (_, i) => i))
    for (const { test, train } of all) {
      for (const i of train) expect(i < test[0]! - 24 || i > test.at(-1)! + 23).toBe(true)
    }
  })

  test('ridge finds a line, and its density integrates to 1', () => {
    const rows = Array.from({ length: 2_000 }, () => [random(), random() * 5])
    const fit = fitRidge(
      rows,
      rows.map(([a, b]) => 2 + 3 * a! - b! + (random() - 0.5)),
    )
    expect(fit.mean([0.5, 2])).toBeCloseTo(1.5, 1)
    let mass = 0
    for (let y = -3; y < 6; y += 0.001) mass += 0.001 * 2 ** fit.density([0.5, 2], y)
    expect(mass).toBeCloseTo(1, 3)
  })

  test('weights are recovered from what they made', () => {
    const rows = Float64Array.from({ length: 3 * 4_000 }, () => random() ** 3 * 1e9)
    const truth = [3e-3, 1e-3, 2e-3]
    const realised = Float64Array.from({ length: 4_000 }, (_, i) =>
      truth.reduce((sum, w, k) => sum + w * rows[i * 3 + k]!, 0),
    )
    for (const [k, w] of fitWeights(rows, 3, realised, 1e-6).entries()) expect(w / truth[k]!).toBeCloseTo(1, 2)
    // A strong prior keeps them equal, at the right scale.
    const flat = fitWeights(rows, 3, realised, 1e6)
    for (const w of flat) expect(w / flat[0]!).toBeCloseTo(1, 2)
  })

  test('rank correlations', () => {
    const a = Float64Array.from({ length: 3_000 }, () => random())
    const noise = Float64Array.from(a, () => random())
    const both = a.map((value, i) => value + noise[i]!)
    expect(
      rankCorrelation(
        a,
        a.map((value) => value ** 3),
      ),
    ).toBeCloseTo(1, 9)
    expect(
      rankCorrelation(
        a,
        a.map((value) => -value),
      ),
    ).toBeCloseTo(-1, 9)
    expect(Math.abs(rankCorrelation(a, noise))).toBeLessThan(0.1)
    expect(partialRankCorrelation(both, a, noise)).toBeGreaterThan(0.9)
    expect(rankCorrelation(Float64Array.of(1, 1, 2, 2), Float64Array.of(1, 1, 2, 2))).toBeCloseTo(1, 9)
  })

  test('deviance is 1 for the truth and 0 for its mean', () => {
    const usd = Float64Array.from({ length: 500 }, () => 2_000 + random() * 1e6)
    const mean = usd.reduce((x, y) => x + y, 0) / usd.length
    expect(deviance15(usd, usd)).toBeCloseTo(1, 9)
    expect(
      deviance15(
        usd,
        usd.map(() => mean),
      ),
    ).toBeCloseTo(0, 9)
  })

  test('the interval holds the mean and widens where days differ', () => {
    const times = Array.from({ length: 24 * 60 }, (_, i) => i * 3_600_000)
    const values = (byDay: number) => {
      const days = Float64Array.from({ length: 60 }, () => (random() - 0.5) * byDay)
      const side = Float64Array.from(times, (_, i) => 0.2 + days[Math.floor(i / 24)]! + random() - 0.5)
      return dayBlockInterval([side, side.slice()], times, prng(seed + 1))
    }
    const narrow = values(0)
    const wide = values(2)
    for (const { mean, low, high } of [narrow, wide]) expect(low < mean && mean < high).toBe(true)
    expect(wide.high - wide.low).toBeGreaterThan(3 * (narrow.high - narrow.low))
  })
})
