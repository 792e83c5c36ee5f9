import { rankCorrelation } from '../../model/rank-correlation.ts'
import type { Sides } from './cross-validation.ts'

/** Both sides, one after the other. */
export function joined(sides: Sides<Float64Array>): Float64Array {
  const all = new Float64Array(sides[0].length + sides[1].length)
  all.set(sides[0])
  all.set(sides[1], sides[0].length)
  return all
}

/** Rank correlation of a and b at equal c. */
export function partialRankCorrelation(a: Float64Array, b: Float64Array, c: Float64Array): number {
  const ab = rankCorrelation(a, b)
  const ac = rankCorrelation(a, c)
  const bc = rankCorrelation(b, c)
  return (ab - ac * bc) / Math.sqrt((1 - ac * ac) * (1 - bc * bc))
}

/** 1 - Tweedie(1.5) deviance over that of a constant: how well the USD itself is met. */
export function deviance15(realised: Float64Array, predicted: Float64Array): number {
  const mean = realised.reduce((a, b) => a + b, 0) / realised.length
  let own = 0
  let constant = 0
  realised.forEach((usd, i) => {
    own += tweedie15(usd, Math.max(PREDICTED_MIN_USD, predicted[i]!))
    constant += tweedie15(usd, mean)
  })
  return 1 - own / constant
}

/** A prediction of nothing is as wrong as one of a thousand dollars. */
const PREDICTED_MIN_USD = 1e3

function tweedie15(usd: number, predicted: number): number {
  return (4 * (Math.sqrt(predicted) - Math.sqrt(usd)) ** 2) / Math.sqrt(predicted)
}

/** Mean and 95 % interval of hourly values, by drawing whole days: the hours of one day are not independent. */
export function dayBlockInterval(
  values: Sides<Float64Array>,
  timesMs: readonly number[],
  prng: () => number,
): { mean: number; low: number; high: number } {
  const days = new Map<number, { sum: number; count: number }>()
  timesMs.forEach((timeMs, hour) => {
    const day = Math.floor(timeMs / DAY_MS)
    const block = days.get(day) ?? { sum: 0, count: 0 }
    block.sum += values[0][hour]! + values[1][hour]!
    block.count += 2
    days.set(day, block)
  })
  const blocks = [...days.values()]
  const draws = Float64Array.from({ length: DRAWS }, () => {
    let sum = 0
    let count = 0
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[Math.floor(prng() * blocks.length)]!
      sum += block.sum
      count += block.count
    }
    return sum / count
  }).sort()
  const sum = blocks.reduce((total, block) => total + block.sum, 0)
  const count = blocks.reduce((total, block) => total + block.count, 0)
  return { mean: sum / count, low: draws[Math.floor(0.025 * DRAWS)]!, high: draws[Math.floor(0.975 * DRAWS)]! }
}

const DAY_MS = 86_400_000
const DRAWS = 2_000
