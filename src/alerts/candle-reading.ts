import type { Candles } from '../model/alert-history.ts'

/* What price did after a moment, from one-minute candles. All of it is of full minutes: docs/alerts.md says what that costs. */

const MINUTE_MS = 60_000
/** A price of then may be so old: beyond it nothing was known. */
const PRICE_MS_MAX = 10 * MINUTE_MS
/** Minutes that the usual range is taken from, and how many of them there must be. */
const RANGE_MINUTES = 60
const RANGE_MINUTES_MIN = 20
/** A level is its bucket of about 3 bp, broken four of them behind it; reached and held as docs/reports.md has it for lift. */
const EDGE_PART = 1.5e-4
const BREAK_PART = 12e-4
/** Price may take so long to come to the level, and then to hold or break it. */
const REACH_MS = 3_600_000
const HOLD_MS = 900_000
/** Everything is over so long after a moment. */
export const OUTCOME_MS = REACH_MS + HOLD_MS

export type Outcome = 'held' | 'broken' | 'neither' | 'unreached'

/** Close of the newest full minute at `ms`; undefined where none is near. */
export function priceAt(candles: Candles, ms: number): number | undefined {
  const at = firstAfter(candles.openMs, ms - MINUTE_MS) - 1
  const isNear = at >= 0 && ms - candles.openMs[at]! <= PRICE_MS_MAX
  return isNear ? candles.close[at] : undefined
}

/** Change of price over so many minutes as a part of it; undefined where either end is not known. */
export function changeAfter(candles: Candles, ms: number, minutes: number): number | undefined {
  const before = priceAt(candles, ms)
  const after = priceAt(candles, ms + minutes * MINUTE_MS)
  return before === undefined || after === undefined ? undefined : after / before - 1
}

/**
 * Whether a level held once price came to it: within an hour a minute comes to half a usual minute's range from the edge
 * of its bucket; then, within 15 minutes, price goes a whole range away from that edge before it goes four buckets beyond. A minute
 * that does both has broken it. Undefined where the candles do not tell.
 */
export function outcomeOf(candles: Candles, ms: number, level: number, isSupport: boolean): Outcome | undefined {
  const { openMs } = candles
  const start = firstAfter(openMs, ms - 1)
  const range = usualRange(candles, start)
  const last = openMs.at(-1)
  if (range === undefined || last === undefined || last < ms + OUTCOME_MS - MINUTE_MS) return undefined
  // Seen from the side that price comes from, so that both sides are one case.
  const sign = isSupport ? 1 : -1
  const near = (at: number): number => sign * ((isSupport ? candles.low[at]! : candles.high[at]!) - level)
  const away = (at: number): number => sign * ((isSupport ? candles.high[at]! : candles.low[at]!) - level)
  const edge = level * EDGE_PART
  const beyond = level * -BREAK_PART
  let at = start
  while (at < openMs.length && openMs[at]! < ms + REACH_MS && near(at) > edge + range / 2) at++
  const reachedMs = openMs[at]
  if (reachedMs === undefined || reachedMs >= ms + REACH_MS) return 'unreached'
  if (near(at) < beyond) return 'broken'
  for (at++; at < openMs.length && openMs[at]! < reachedMs + HOLD_MS; at++) {
    if (near(at) < beyond) return 'broken'
    if (away(at) - edge >= range) return 'held'
  }
  return 'neither'
}

/** Mean range of the hour before; undefined where too little of it is known. */
function usualRange({ openMs, high, low }: Candles, start: number): number | undefined {
  const endMs = openMs[start]
  if (endMs === undefined) return undefined
  let sum = 0
  let count = 0
  for (let at = start - 1; at >= 0 && endMs - openMs[at]! <= RANGE_MINUTES * MINUTE_MS; at--) {
    sum += high[at]! - low[at]!
    count++
  }
  return count >= RANGE_MINUTES_MIN && sum > 0 ? sum / count : undefined
}

/** Index of the first time above `ms`. */
function firstAfter(times: readonly number[], ms: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! > ms) high = middle
    else low = middle + 1
  }
  return low
}
