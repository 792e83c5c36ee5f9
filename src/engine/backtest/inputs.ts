import { LmapError } from '../../model/errors.ts'
import type { Columns } from './columns.ts'

export const HOUR_MS = 3_600_000

/** What the bars say of one hour. */
export interface HourBar {
  high: number
  low: number
  /** USD traded, NaN where the file has no volume. */
  volumeUsd: number
}

/** Open interest, rising in time. */
export interface OpenInterest {
  readonly timeMs: Float64Array
  readonly coins: Float64Array
  readonly price: Float64Array
}

/** Realised liquidation USD of an hour, by side of the position closed. */
export type Realised = readonly [longUsd: number, shortUsd: number]

/** Bars of any length up to an hour, put together by hour. */
export function hourBars(table: Columns, asset: string, venue: string | undefined): Map<number, HourBar> {
  const own = ofAsset(table, asset, venue)
  const times = own.times()
  const high = own.required(['high', 'h', 'price_high'], 'the high')
  const low = own.required(['low', 'l', 'price_low'], 'the low')
  const close = own.required(['close', 'c', 'price_close'], 'the close')
  const usd = own.numbers(['quote_volume', 'volume_usd', 'turnover'])
  const coins = own.numbers(['volume', 'v'])
  const hours = new Map<number, HourBar>()
  for (let row = 0; row < own.rows; row++) {
    if (!(low[row]! > 0 && high[row]! >= low[row]!)) continue
    const hour = Math.floor(times[row]! / HOUR_MS) * HOUR_MS
    // A file that counts coins leaves the price they traded at open: the typical price of the bar stands in.
    const volumeUsd = usd?.[row] ?? (coins?.[row] ?? Number.NaN) * ((high[row]! + low[row]! + close[row]!) / 3)
    const bar = hours.get(hour)
    if (bar === undefined) hours.set(hour, { high: high[row]!, low: low[row]!, volumeUsd })
    else {
      bar.high = Math.max(bar.high, high[row]!)
      bar.low = Math.min(bar.low, low[row]!)
      bar.volumeUsd += volumeUsd
    }
  }
  return hours
}

/** The close of each hour, where the file has one: tells whose prices a file was made at. */
export function hourCloses(table: Columns, asset: string): Map<number, number> {
  const own = ofAsset(table, asset, undefined)
  const close = own.numbers(['close', 'c', 'price_close'])
  if (close === undefined) return new Map()
  return new Map(Array.from(own.times(), (timeMs, row) => [Math.floor(timeMs / HOUR_MS) * HOUR_MS, close[row]!]))
}

export function openInterest(table: Columns, asset: string): OpenInterest {
  const own = ofAsset(table, asset, undefined)
  const times = own.times()
  const coins = own.required(['oi', 'open_interest', 'sum_open_interest'], 'open interest in coins')
  const usd = own.required(['oi_usd', 'open_interest_usd', 'sum_open_interest_value'], 'open interest in USD')
  const rows = Array.from({ length: own.rows }, (_, row) => row)
    .filter((row) => coins[row]! > 0 && usd[row]! > 0)
    .sort((a, b) => times[a]! - times[b]!)
  const stepMs = typicalStep(rows.map((row) => times[row]!))
  const rounded = (row: number) => Math.round(times[row]! / stepMs) * stepMs
  // Two rows of one step: the later one knows more.
  const kept = rows.filter((row, i) => i + 1 === rows.length || rounded(rows[i + 1]!) !== rounded(row))
  if (kept.length < 2)
    throw new LmapError('LMAP_FILE_FORMAT', `${table.source} has fewer than two rows of open interest.`)
  return {
    timeMs: Float64Array.from(kept, rounded),
    coins: Float64Array.from(kept, (row) => coins[row]!),
    price: Float64Array.from(kept, (row) => usd[row]! / coins[row]!),
  }
}

export function realisedByHour(table: Columns, asset: string): Map<number, Realised> {
  const own = ofAsset(table, asset, undefined)
  const times = own.times()
  const long = own.required(['liquidation_long_usd', 'long_usd', 'longLiqUsd'], 'liquidated longs in USD')
  const short = own.required(['liquidation_short_usd', 'short_usd', 'shortLiqUsd'], 'liquidated shorts in USD')
  const hours = new Map<number, Realised>()
  for (let row = 0; row < own.rows; row++) {
    if (!(long[row]! >= 0 && short[row]! >= 0)) continue
    const hour = Math.floor(times[row]! / HOUR_MS) * HOUR_MS
    const before = hours.get(hour) ?? [0, 0]
    hours.set(hour, [before[0] + long[row]!, before[1] + short[row]!])
  }
  return hours
}

/** Rows of the asset, and of one venue: the one asked for, else Binance, else the one with the most rows. */
export function ofAsset(table: Columns, asset: string, venue: string | undefined): Columns {
  const coins = table.text(['coin', 'asset', 'symbol'])
  const own = coins === undefined ? table : table.filter((row) => isOf(coins[row]!, asset))
  if (own.rows === 0) {
    const others = [...new Set(coins)].slice(0, NAMES_TOLD).join(', ')
    throw new LmapError('LMAP_FILE_FORMAT', `${table.source} has no rows of ${asset}.`, {
      hint: others === '' ? 'It has no rows at all.' : `It has ${others}.`,
    })
  }
  const names = own.text(['venue', 'exchange'])
  if (names === undefined) return own
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  const most = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0]
  const wanted = venue ?? (counts.has('binance') ? 'binance' : most)
  if (!counts.has(wanted)) {
    throw new LmapError('LMAP_FILE_FORMAT', `${table.source} has no rows of ${wanted} for ${asset}.`, {
      hint: `It has ${[...counts.keys()].join(', ')}.`,
    })
  }
  return own.filter((row) => names[row] === wanted)
}

const NAMES_TOLD = 20

function isOf(name: string, asset: string): boolean {
  const upper = name.toUpperCase()
  return upper === asset || upper === `${asset}USDT` || upper === `${asset}USDC`
}

/** The most frequent distance between neighbours. */
function typicalStep(times: readonly number[]): number {
  const sorted = times.slice(1).map((time, i) => time - times[i]!)
  sorted.sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? MINUTE_MS
  return Math.max(MINUTE_MS, Math.round(median / MINUTE_MS) * MINUTE_MS)
}

const MINUTE_MS = 60_000
