import type { RealisedCell } from '../model/liquidity.ts'
import { venues } from '../model/venues.ts'
import { type CoreMap, HeadField } from './core.ts'

const USD_PER_CENT = 0.01
const sides = ['long', 'short'] as const

/** The core's realised liquidations of the last day (assembly/realised.ts): the buckets that hold any. */
export function readRealised(view: DataView, map: CoreMap): RealisedCell[] {
  const first = view.getInt32(map.head + HeadField.bucketFirst, true)
  const last = view.getInt32(map.head + HeadField.bucketLast, true)
  const cells: RealisedCell[] = []
  for (const [sideId, side] of sides.entries()) {
    for (let bucket = first; bucket <= last; bucket++) {
      const at = (array: number, row: number) => view.getFloat64(array + 8 * (row * map.gridBuckets + bucket), true)
      const lastMs = at(map.realisedLast, sideId)
      if (lastMs === 0) continue
      const venueUsd = venues.map((_, venue) => at(map.realised, venue * 2 + sideId) * USD_PER_CENT)
      cells.push({ side, bucket, firstMs: at(map.realisedFirst, sideId), lastMs, venueUsd })
    }
  }
  return cells
}
