import { HOUR_MS, type HourBar, type OpenInterest } from './inputs.ts'

/** The ledger has no map before it has seen so much of a market. */
const WARM_MS = 5 * 24 * HOUR_MS

/** What the ledger is fed, one row a step; prices in USD. */
export interface Steps {
  readonly count: number
  /** End of the step, Unix ms. */
  readonly timeMs: Float64Array
  /** Start of the hour that the step belongs to. */
  readonly hourMs: Float64Array
  readonly open: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
  readonly close: Float64Array
  readonly coins: Float64Array
  /** USD traded in the hour before, for the length of this step; NaN where unknown. Of the hour before: no look-ahead. */
  readonly volumeUsd: Float64Array
  readonly dtMs: Float64Array
}

/** A bar's extreme further than this from what the marks reached is a bad print. */
const HIGH_OFF_MAX = 0.1
const LOW_OFF_MAX = 0.2

/**
 * Steps between marks (open interest in USD over coins), with the hour's true high and low placed in the step that
 * reached furthest. The first row only says where price was.
 */
export function prepareSteps(marks: OpenInterest, bars: ReadonlyMap<number, HourBar>): Steps {
  const count = marks.timeMs.length
  const close = marks.price
  const open = close.map((price, i) => (i === 0 ? price : close[i - 1]!))
  const low = close.map((price, i) => Math.min(price, open[i]!))
  const high = close.map((price, i) => Math.max(price, open[i]!))
  const dtMs = marks.timeMs.map((time, i) => (i === 0 ? marks.timeMs[1]! - time : time - marks.timeMs[i - 1]!))
  const hourMs = marks.timeMs.map((time) => Math.floor((time - 1) / HOUR_MS) * HOUR_MS)
  const volumeUsd = hourMs.map((hour, i) => ((bars.get(hour - HOUR_MS)?.volumeUsd ?? Number.NaN) * dtMs[i]!) / HOUR_MS)
  for (let from = 0; from < count; ) {
    let to = from
    while (to < count && hourMs[to] === hourMs[from]) to++
    const bar = bars.get(hourMs[from]!)
    if (bar !== undefined) placeExtremes(bar, low, high, from, to)
    from = to
  }
  return { count, timeMs: marks.timeMs, hourMs, open, low, high, close, coins: marks.coins, volumeUsd, dtMs }
}

function placeExtremes(bar: HourBar, low: Float64Array, high: Float64Array, from: number, to: number): void {
  let highest = from
  let lowest = from
  for (let i = from; i < to; i++) {
    if (high[i]! > high[highest]!) highest = i
    if (low[i]! < low[lowest]!) lowest = i
  }
  if (bar.high / high[highest]! - 1 <= HIGH_OFF_MAX) high[highest] = Math.max(high[highest]!, bar.high)
  if (1 - bar.low / low[lowest]! <= LOW_OFF_MAX) low[lowest] = Math.min(low[lowest]!, bar.low)
}

/** An hour of the steps: `from` to `to` are step indexes. */
export interface Hour {
  readonly timeMs: number
  readonly from: number
  readonly to: number
  readonly open: number
  readonly low: number
  readonly high: number
  readonly close: number
}

export function hoursOf(steps: Steps): Hour[] {
  const hours: Hour[] = []
  for (let from = 0; from < steps.count; ) {
    let to = from
    let low = Number.POSITIVE_INFINITY
    let high = 0
    for (; to < steps.count && steps.hourMs[to] === steps.hourMs[from]; to++) {
      low = Math.min(low, steps.low[to]!)
      high = Math.max(high, steps.high[to]!)
    }
    hours.push({
      timeMs: steps.hourMs[from]!,
      from,
      to,
      open: steps.open[from]!,
      low,
      high,
      close: steps.close[to - 1]!,
    })
    from = to
  }
  return hours
}

/** From this hour on there is a map, and hours are scored. */
export function warmUntilMs(hours: readonly Hour[]): number {
  return hours[0]!.timeMs + WARM_MS
}
