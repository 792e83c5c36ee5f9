import { FrameFault, listOf, numberOf } from '../mapper-fields.ts'
import type { Market } from '../mapper-market.ts'
import type { Bar } from './history.ts'

/** Where a venue's row of a candle keeps what we need; prices are as quoted, for `multiplier` coins. */
export interface CandleKeys {
  readonly time: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** Volume in the quote coin. */
  readonly volumeUsd: number
}

export function barOf(row: unknown, keys: CandleKeys, market: Market): Bar {
  const fields = listOf(row)
  return checkedBar(
    {
      openMs: numberOf(fields[keys.time]),
      low: numberOf(fields[keys.low]),
      high: numberOf(fields[keys.high]),
      close: numberOf(fields[keys.close]),
      volumeUsd: numberOf(fields[keys.volumeUsd]),
    },
    market,
  )
}

/** Prices of one coin, and in an order that prices can have. */
export function checkedBar(quoted: Bar, market: Market): Bar {
  const { openMs, low, high, close, volumeUsd } = quoted
  if (!(low > 0 && low <= close && close <= high)) throw new FrameFault('a candle whose prices contradict each other')
  const { multiplier } = market
  return { openMs, low: low / multiplier, high: high / multiplier, close: close / multiplier, volumeUsd }
}
