import type { ClusterLayer } from './clusters.ts'
import { BUCKETS, Layer, usdOfUnitCode } from './layers.ts'
import { type AssetLiquidity, REALISED_HALF_LIFE_MS, REALISED_MS_MAX } from './liquidity.ts'
import type { MapColumn } from './map-column.ts'

/** Where the USD of clusters comes from: predicted levels of the newest column, realised ones of the core or of columns. */

/** A level is as old as the run of columns up to now in which it held at least this part of what it holds. */
const AGE_SHARE = 0.5

const sides = ['long', 'short'] as const

/**
 * Predicted levels, long and short, of the newest column. `earlier` are the columns before it, oldest first: they tell
 * how long a level has stood. Venues share it by their open interest, and it is as fresh as their newest news.
 */
export function modelledLayers(
  column: MapColumn,
  earlier: readonly MapColumn[],
  liquidity: AssetLiquidity | undefined,
): ClusterLayer[] {
  const shares = liquidity?.venues.map((venue) => venue.openInterestUsd)
  const ages = liquidity?.venues.flatMap(({ ageMs }) => (ageMs === undefined ? [] : [ageMs])) ?? []
  const lastMs = liquidity === undefined || ages.length === 0 ? 0 : liquidity.clockMs - Math.min(...ages)
  return sides.map((side) => {
    const layer = side === 'long' ? Layer.longLevel : Layer.shortLevel
    return {
      kind: 'modelled',
      side,
      step: column.step,
      baseBucket: column.baseBucket,
      usd: usdOf(column, layer),
      venueUsd: shares === undefined ? undefined : () => shares,
      times: (_first, _last, peak) => ({ firstMs: standsSince(column, earlier, layer, peak), lastMs }),
    }
  })
}

/** Realised liquidations of the last day as the core keeps them, in the window of `column`; none of another grid. */
export function realisedLayers(column: MapColumn, liquidity: AssetLiquidity): ClusterLayer[] {
  if (liquidity.step !== column.step) return []
  return sides.map((side) => {
    const cells = liquidity.realised.filter(
      ({ side: of, bucket }) => of === side && bucket >= column.baseBucket && bucket < column.baseBucket + BUCKETS,
    )
    const usd = new Float64Array(BUCKETS)
    for (const { bucket, venueUsd } of cells) usd[bucket - column.baseBucket] = venueUsd.reduce((sum, v) => sum + v, 0)
    const within = (first: number, last: number) =>
      cells.filter(({ bucket }) => bucket - column.baseBucket >= first && bucket - column.baseBucket <= last)
    return {
      kind: 'realised',
      side,
      step: column.step,
      baseBucket: column.baseBucket,
      usd,
      venueUsd: (first, last) =>
        liquidity.venues.map((_, venue) =>
          within(first, last).reduce((sum, { venueUsd }) => sum + (venueUsd[venue] ?? 0), 0),
        ),
      times: (first, last) => {
        const found = within(first, last)
        return {
          firstMs: Math.min(...found.map(({ firstMs }) => firstMs)),
          lastMs: Math.max(...found.map(({ lastMs }) => lastMs)),
        }
      },
    }
  })
}

/**
 * The same from the columns of a map, for those who have nothing else: oldest first, the newest last, each `columnMs`
 * long. It reaches back as far as they do, and times are those of columns.
 */
export function realisedLayersOfColumns(
  columns: readonly MapColumn[],
  columnMs: number,
  clockMs: number,
): ClusterLayer[] {
  const newest = columns.at(-1)
  if (newest === undefined) return []
  const { step, baseBucket } = newest
  const recent = columns.filter(({ openMs, step: of }) => clockMs - openMs < REALISED_MS_MAX && of === step)
  return sides.map((side) => {
    const usd = new Float64Array(BUCKETS)
    const firstMs = new Float64Array(BUCKETS)
    const lastMs = new Float64Array(BUCKETS)
    for (const column of recent) {
      const fade = 0.5 ** Math.max(0, (clockMs - column.openMs - columnMs) / REALISED_HALF_LIFE_MS)
      const from = (side === 'long' ? Layer.longLiq : Layer.shortLiq) * BUCKETS
      for (let cell = 0; cell < BUCKETS; cell++) {
        const to = column.baseBucket + cell - baseBucket
        const code = column.cells[from + cell]!
        if (code === 0 || to < 0 || to >= BUCKETS) continue
        usd[to]! += usdOfUnitCode[code]! * column.quantumUsd * fade
        firstMs[to] ||= column.openMs
        lastMs[to] = Math.min(clockMs, column.openMs + columnMs)
      }
    }
    return {
      kind: 'realised',
      side,
      step,
      baseBucket,
      usd,
      venueUsd: undefined,
      times: (first, last) => ({
        firstMs: Math.min(...firstMs.subarray(first, last + 1)),
        lastMs: Math.max(...lastMs.subarray(first, last + 1)),
      }),
    }
  })
}

function usdOf(column: MapColumn, layer: number): Float64Array {
  const usd = new Float64Array(BUCKETS)
  for (let cell = 0; cell < BUCKETS; cell++) {
    usd[cell] = usdOfUnitCode[column.cells[layer * BUCKETS + cell]!]! * column.quantumUsd
  }
  return usd
}

function standsSince(column: MapColumn, earlier: readonly MapColumn[], layer: number, peak: number): number {
  const bucket = column.baseBucket + peak
  const held = ({ cells, quantumUsd, baseBucket }: MapColumn): number => {
    const cell = bucket - baseBucket
    return cell < 0 || cell >= BUCKETS ? 0 : usdOfUnitCode[cells[layer * BUCKETS + cell]!]! * quantumUsd
  }
  const least = AGE_SHARE * held(column)
  let since = column.openMs
  for (let index = earlier.length - 1; index >= 0; index--) {
    const before = earlier[index]!
    if (before.step !== column.step || held(before) < least) break
    since = before.openMs
  }
  return since
}
