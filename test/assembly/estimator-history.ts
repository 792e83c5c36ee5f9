import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'

/** Two months of Binance, and what the reference makes of them. */
export const recorded = requirement('recorded BTC', sharedMissing('history/reference/btc_hours.csv.gz'))

export type Columns = Record<string, Float64Array>

export function readColumns(name: string): Columns {
  const [head, ...rows] = gunzipSync(readFileSync(sharedPath(`history/${name}`)))
    .toString()
    .trim()
    .split('\n')
  const names = head!.split(',')
  const columns: Columns = Object.fromEntries(names.map((key) => [key, new Float64Array(rows.length)]))
  rows.forEach((row, i) => {
    row.split(',').forEach((text, k) => {
      columns[names[k]!]![i] = text === '' ? Number.NaN : Number(text)
    })
  })
  return columns
}

export interface Step {
  readonly hour: number
  /** The close before. */
  readonly open: number
  readonly low: number
  readonly high: number
  readonly close: number
  readonly coins: number
  readonly hazard: number
  readonly slowHazard: number
}

/** The reference's steps; closes at full precision from the raw file, since they decide into which bucket a seed falls. */
export function readSteps(): Step[] {
  const steps = readColumns('reference/btc_steps_5m.csv.gz')
  const raw = readColumns('binance_BTCUSDT_oi_5m_20251201_20260131.csv.gz')
  const close = raw.oi!.map((oi, i) => raw.oi_usd![i]! / oi)
  const exact = (value: number, i: number) => {
    const candidates = [close[i]!, close[Math.max(0, i - 1)]!]
    return candidates.find((price) => Math.abs(value / price - 1) < 1e-9) ?? value
  }
  return Array.from(close, (price, i) => ({
    hour: Math.floor((steps.t![i]! - 1) / 3_600_000) * 3_600_000,
    open: close[Math.max(0, i - 1)]!,
    low: exact(steps.lo![i]!, i),
    high: exact(steps.hi![i]!, i),
    close: price,
    coins: steps.oi![i]!,
    hazard: steps.hVolume![i]!,
    slowHazard: steps.hNoVolume![i]!,
  }))
}
