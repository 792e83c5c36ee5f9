import { BUCKETS, LAYERS } from '../model/layers.ts'
import { BlockType, type Column, decodeColumn, emptyColumn, encodeColumn } from './blocks.ts'
import { decodeGroup, encodeGroup } from './groups.ts'

/** Percent of price to either side that a client may ask for instead of the whole window: few, for each is encoded apart. */
export const ranges = [2, 5, 10] as const
/** 0: all of it. */
export type Range = 0 | (typeof ranges)[number]

/** Cells of a layer, both ends included. */
export interface Span {
  readonly first: number
  readonly last: number
}

/** Cells from `range` percent below `low` to as much above `high`; all where no price is known. */
export function spanOf(
  { step, baseBucket }: Pick<Column, 'step' | 'baseBucket'>,
  low: number,
  high: number,
  range: number,
): Span {
  if (!(low > 0 && high >= low)) return { first: 0, last: BUCKETS - 1 }
  const first = Math.floor((low * (1 - range / 100)) / step) - baseBucket
  const last = Math.floor((high * (1 + range / 100)) / step) - baseBucket
  return { first: Math.max(0, Math.min(BUCKETS, first)), last: Math.max(-1, Math.min(BUCKETS - 1, last)) }
}

/** Empties all cells outside of the span, in place. */
export function keepSpan(cells: Uint8Array, { first, last }: Span): void {
  for (let layer = 0; layer < LAYERS; layer++) {
    cells.fill(0, layer * BUCKETS, layer * BUCKETS + first)
    cells.fill(0, layer * BUCKETS + last + 1, (layer + 1) * BUCKETS)
  }
}

/** A block of closed columns with no more than the range around the prices that each of them traded at. */
export function keepRange(block: Uint8Array, range: Range): Uint8Array {
  if (range === 0) return block
  if (block[0] === BlockType.group) return encodeGroup(decodeGroup(block, 0).map((column) => cut(column, range)))
  const column = emptyColumn()
  decodeColumn(block, 0, column)
  return encodeColumn(BlockType.closed, cut(column, range))
}

function cut(column: Column, range: Range): Column {
  keepSpan(column.cells, spanOf(column, column.low, column.high, range))
  return column
}
