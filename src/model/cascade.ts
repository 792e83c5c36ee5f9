import { BUCKETS, Layer, usdOfUnitCode } from './layers.ts'
import type { MapColumn } from './map-column.ts'

/** What a move from a column's close to one level would meet: orders that it would force, and orders that would take them. */
export interface Cascade {
  /** Modelled forced orders on the way: longs below price, shorts above. */
  readonly predictedUsd: number
  /** Resting at the column's end on the way: bids below price, asks above. */
  readonly depthUsd: number
  /** False: no venue tells of its book as far as that, so the depth is a floor and the ratio a ceiling. */
  readonly isCovered: boolean
}

/** Distances from price at which columns are summarised, as parts of it. */
export const CASCADE_DISTANCES = [0.0025, 0.005, 0.01, 0.02, 0.04, 0.06] as const

/** Predicted USD for each USD that rests on the way; undefined where nothing rests there. */
export function cascadeRatio({ predictedUsd, depthUsd }: Cascade): number | undefined {
  return depthUsd > 0 ? predictedUsd / depthUsd : undefined
}

/** From the column's close to `level`, both buckets included; undefined where the column has no price. */
export function cascadeTo(column: MapColumn, level: number): Cascade | undefined {
  const { close, step, baseBucket, cells, quantumUsd } = column
  if (!(close > 0 && level > 0)) return undefined
  const isBelow = level < close
  const from = clampCell(Math.floor(Math.min(level, close) / step) - baseBucket)
  const to = clampCell(Math.floor(Math.max(level, close) / step) - baseBucket)
  const depth = (isBelow ? Layer.bidLast : Layer.askLast) * BUCKETS
  const sum = (layer: number): number => {
    let usd = 0
    for (let cell = from; cell <= to; cell++) usd += usdOfUnitCode[cells[layer + cell]!]!
    return usd * quantumUsd
  }
  return {
    predictedUsd: sum((isBelow ? Layer.longLevel : Layer.shortLevel) * BUCKETS),
    depthUsd: sum(depth),
    isCovered: isBelow ? hasCodes(cells, depth, 0, from) : hasCodes(cells, depth, to, BUCKETS - 1),
  }
}

function clampCell(cell: number): number {
  return Math.max(0, Math.min(BUCKETS - 1, cell))
}

/** Whether anything rests in the cells `from` to `to`: a book that is known further out covers all that is nearer. */
function hasCodes(cells: Uint8Array, layer: number, from: number, to: number): boolean {
  for (let cell = from; cell <= to; cell++) if (cells[layer + cell] !== 0) return true
  return false
}
