import { LmapError } from '../../model/errors.ts'
import type { Columns } from './columns.ts'
import { ofAsset } from './inputs.ts'
import { aligned } from './text-table.ts'

/** An open position with a known liquidation price. */
export interface Position {
  readonly timeMs: number
  readonly side: 0 | 1
  readonly usd: number
  readonly liquidationPrice: number
}

/** Positions of an asset whose liquidation price is known, oldest snapshot first. */
export function knownPositions(table: Columns, asset: string): Position[] {
  const own = ofAsset(table, asset, undefined)
  const side = own.text(['direction', 'side'])
  if (side === undefined) {
    throw new LmapError('LMAP_FILE_FORMAT', `${table.source} has no column for the side.`, {
      hint: `Name it direction or side; it has: ${table.names.join(', ')}.`,
    })
  }
  const times = own.times()
  const usd = own.required(['position_value_usd', 'value_usd', 'usd'], 'the size in USD')
  const price = own.required(['liq_px', 'liq_price', 'liquidation_price'], 'the liquidation price')
  return Array.from({ length: own.rows }, (_, row): Position => {
    const short = side[row]!.toLowerCase().startsWith('s')
    return { timeMs: times[row]!, side: short ? 1 : 0, usd: usd[row]!, liquidationPrice: price[row]! }
  })
    .filter(({ usd, liquidationPrice }) => usd > 0 && liquidationPrice > 0)
    .sort((a, b) => a.timeMs - b.timeMs)
}

/** USD by distance from price, summed over the snapshots: `side * BINS + bin`. */
export interface ByDistance {
  readonly snapshots: number
  readonly measured: Float64Array
  readonly predicted: Float64Array
}

export const BINS = 15
export const BIN = 0.02

/** Bin of a liquidation price; -1 beyond the last, or on the wrong side of price. */
export function binOf(side: 0 | 1, liquidationPrice: number, price: number): number {
  const distance = side === 0 ? 1 - liquidationPrice / price : liquidationPrice / price - 1
  const bin = Math.floor(distance / BIN)
  return distance >= 0 && bin < BINS ? bin : -1
}

/** Shares by distance, measured beside predicted. Positions are a sample: only the shape can be compared. */
export function distanceTable({ snapshots, measured, predicted }: ByDistance): string {
  const rows = [['distance', 'long measured', 'predicted', 'short measured', 'predicted']]
  const totals = [0, 1].map((side) => [sum(measured, side), sum(predicted, side)])
  for (let bin = 0; bin < BINS; bin++) {
    const share = (of: Float64Array, side: number, total: number) =>
      `${((100 * of[side * BINS + bin]!) / Math.max(1, total)).toFixed(1)} %`
    rows.push([
      `${(100 * bin * BIN).toFixed(0)}-${(100 * (bin + 1) * BIN).toFixed(0)} %`,
      share(measured, 0, totals[0]![0]!),
      share(predicted, 0, totals[0]![1]!),
      share(measured, 1, totals[1]![0]!),
      share(predicted, 1, totals[1]![1]!),
    ])
  }
  const usd = totals.map(([real, map], side) => {
    return `${side === 0 ? 'longs' : 'shorts'}: measured ${million(real! / snapshots)}, predicted ${million(map! / snapshots)}`
  })
  return `${aligned(rows)}\n\nMean of ${snapshots} snapshots within ${100 * BINS * BIN} % of price; ${usd.join('; ')}.\n`
}

function sum(values: Float64Array, side: number): number {
  return values.subarray(side * BINS, (side + 1) * BINS).reduce((a, b) => a + b, 0)
}

function million(usd: number): string {
  return `${(usd / 1e6).toFixed(1)} M USD`
}
