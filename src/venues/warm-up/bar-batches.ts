import { BarField, EventKind, RECORDS_MAX } from '../../model/events.ts'
import type { Market } from '../mapper-market.ts'
import { BatchOut } from '../mapper-out.ts'
import type { PooledBar } from './pool.ts'

const RECORDS_PER_BAR = 5
/** A bar is never spread over two batches. */
const BARS_PER_BATCH = Math.floor(RECORDS_MAX / RECORDS_PER_BAR)

/**
 * The past of one asset as event batches: a mark price, which chooses the grid, then the bars, oldest first. `receiveMs`
 * must lie before anything that the feeds receive, since their sequences grow with it.
 */
export function barBatches(market: Market, bars: readonly PooledBar[], receiveMs: number): Uint8Array {
  const out = new BatchOut()
  const last = bars.at(-1)
  if (last === undefined) return out.take()
  out.begin(market, receiveMs, receiveMs)
  out.add(EventKind.markPrice, 0, 0, last.close)
  out.end()
  for (let at = 0; at < bars.length; at += BARS_PER_BATCH) {
    out.begin(market, receiveMs, receiveMs)
    for (const { low, high, close, volumeUsd, coins } of bars.slice(at, at + BARS_PER_BATCH)) {
      out.add(EventKind.bar, BarField.low, 0, low)
      out.add(EventKind.bar, BarField.high, 0, high)
      out.add(EventKind.bar, BarField.close, 0, close)
      out.add(EventKind.bar, BarField.volume, 0, volumeUsd)
      out.add(EventKind.bar, BarField.openInterest, 0, coins)
    }
    out.end()
  }
  return out.take()
}
