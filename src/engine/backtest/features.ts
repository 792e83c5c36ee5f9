import type { Hour } from './steps.ts'

/** What price alone says about an hour's liquidations; the score is what a map adds to this. */
export const FEATURES = 23
const WINDOWS_HOURS = [1, 3, 8, 24, 72]
const GAP_MAX = 0.03
const HALF_LIVES_HOURS = [12, 72]

/** Rows of FEATURES numbers for every hour, for longs and for shorts. The first hour has no past and gets zeros. */
export function priceFeatures(hours: readonly Hour[]): [longs: number[][], shorts: number[][]] {
  const ranges = HALF_LIVES_HOURS.map((halfLife) => meanRanges(hours, halfLife))
  const rows = ([0, 1] as const).map((side) =>
    hours.map((hour, i) => {
      if (i === 0) return new Array<number>(FEATURES).fill(0)
      const down = Math.max(0, Math.log(hour.open / hour.low))
      const up = Math.max(0, Math.log(hour.high / hour.open))
      const [excursion, opposite] = side === 0 ? [down, up] : [up, down]
      const back = (side === 0 ? 1 : -1) * Math.log(hour.close / hour.open)
      const row = [
        Math.log(excursion + 2e-4),
        Math.sqrt(excursion),
        excursion,
        Math.log(opposite + 2e-4),
        back,
        Math.sign(back) * Math.sqrt(Math.abs(back)),
      ]
      for (const window of WINDOWS_HOURS) {
        const gap = gapTo(hours, i, window, side)
        const fresh = Math.max(0, -gap)
        row.push(Math.sqrt(fresh), Math.log(fresh + 3e-4), Math.max(-GAP_MAX, Math.min(GAP_MAX, gap)))
      }
      for (const mean of ranges) row.push(Math.log(mean[i]!))
      return row
    }),
  )
  return [rows[0]!, rows[1]!]
}

/** How far the hour's extreme stayed from the extreme of the hours before; negative: it went beyond. */
function gapTo(hours: readonly Hour[], i: number, window: number, side: 0 | 1): number {
  let extreme = side === 0 ? Number.POSITIVE_INFINITY : 0
  for (let j = Math.max(0, i - window); j < i; j++) {
    extreme = side === 0 ? Math.min(extreme, hours[j]!.low) : Math.max(extreme, hours[j]!.high)
  }
  return side === 0 ? Math.log(hours[i]!.low / extreme) : Math.log(extreme / hours[i]!.high)
}

/** Exponentially weighted mean of the log range up to the hour before. */
function meanRanges(hours: readonly Hour[], halfLifeHours: number): Float64Array {
  const keep = 2 ** (-1 / halfLifeHours)
  const means = new Float64Array(hours.length)
  let sum = 0
  let weight = 0
  hours.forEach((hour, i) => {
    means[i] = Math.max(RANGE_MIN, sum / weight)
    sum = sum * keep + Math.log(hour.high / hour.low)
    weight = weight * keep + 1
  })
  return means
}

const RANGE_MIN = 1e-6
