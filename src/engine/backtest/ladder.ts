import type { Steps } from './steps.ts'

/** The baseline that public maps are made of: five fixed leverages, seeded by rising open interest, swept by whole buckets. */
const LEVERAGES = [5, 10, 25, 50, 100]
const MAINTENANCE = 0.004
const WIDTH = 5e-4
const BUCKETS = 2802

/** Swept USD by step and side, weights equal: `step * 2 + side`. */
export function runLadder(steps: Steps): Float64Array {
  const longs = new Float64Array(BUCKETS)
  const shorts = new Float64Array(BUCKETS)
  const toLong = LEVERAGES.map((leverage) => Math.log((1 - 1 / leverage) / (1 - MAINTENANCE)))
  const toShort = LEVERAGES.map((leverage) => Math.log((1 + 1 / leverage) / (1 + MAINTENANCE)))
  const origin = gridOrigin(steps)
  const bucketOf = (ln: number): number => Math.floor((ln - origin) / WIDTH)
  const swept = new Float64Array(steps.count * 2)
  for (let i = 0; i < steps.count; i++) {
    const at = bucketOf(Math.log(steps.open[i]!))
    swept[i * 2] = take(longs, bucketOf(Math.log(steps.low[i]!)), at)
    swept[i * 2 + 1] = take(shorts, at, bucketOf(Math.log(steps.high[i]!)))
    if (i === 0) continue
    const before = steps.coins[i - 1]!
    const change = steps.coins[i]! - before
    if (change < 0) shrink(longs, shorts, steps.coins[i]! / before)
    if (change <= 0) continue
    const usd = change * steps.close[i]!
    const entry = Math.log(steps.close[i]!)
    LEVERAGES.forEach((_, k) => {
      put(longs, bucketOf(entry + toLong[k]!), usd)
      put(shorts, bucketOf(entry + toShort[k]!), usd)
    })
  }
  return swept
}

/** The grid is centred on the first price and aligned to the lowest: whole-bucket sweeps notice where edges lie. */
function gridOrigin(steps: Steps): number {
  const lowest = Math.log(steps.low.reduce((a, b) => Math.min(a, b)))
  const centre = Math.log(steps.close[0]!) - (BUCKETS / 2) * WIDTH
  return lowest - Math.round((lowest - centre) / WIDTH) * WIDTH
}

function take(row: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let bucket = Math.max(0, from); bucket <= Math.min(BUCKETS - 1, to); bucket++) {
    sum += row[bucket]!
    row[bucket] = 0
  }
  return sum
}

function put(row: Float64Array, bucket: number, usd: number): void {
  if (bucket >= 0 && bucket < BUCKETS) row[bucket]! += usd
}

function shrink(longs: Float64Array, shorts: Float64Array, factor: number): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    longs[bucket]! *= factor
    shorts[bucket]! *= factor
  }
}
