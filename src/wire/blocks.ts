import { assert } from '../model/errors.ts'
import { BUCKETS, LAYERS } from '../model/layers.ts'
import { decodeCells, encodeCells, LAYER_BYTES_MAX } from './cells.ts'
import { corrupt } from './frame.ts'

/* Column block (closed, key), little-endian, see docs/wire.md
     0 u8 type | 1 u8 layer mask | 2 u16 0 | 4 u32 bytes of layers | 8 f64 openMs | 16 f64 open high low close
    48 f64 volume | 56 f64 step | 64 i32 base bucket | 68 f32 quantum | 72 u32 observed ms | 76 u32 0 | 80 layers
   Delta block: 0 u8 type | 1 u8 layer mask | 2 u16 bytes of layers | 4 f32 high low close volume | 20 layers
   Group block: see groups.ts */
export const COLUMN_HEADER_BYTES = 80
export const DELTA_HEADER_BYTES = 20
/** A column alone, whatever is in it. */
export const COLUMN_BLOCK_BYTES_MAX = COLUMN_HEADER_BYTES + LAYERS * LAYER_BYTES_MAX
export const GROUP_HEADER_BYTES = 16
/** Where the facts of a column begin in its block: 72 bytes from the open time on. */
const FACTS_AT = 8
export const BlockType = { closed: 1, key: 2, delta: 3, group: 4 } as const

/** One column of the map as the wire carries it. */
export interface Column {
  /** Unix ms. */
  openMs: number
  /** USD per coin; all four are 0 as long as no price is known. */
  open: number
  high: number
  low: number
  close: number
  volumeUsd: number
  /** USD per bucket. */
  step: number
  /** Cell i covers the prices from (baseBucket + i) * step to the next bucket's. */
  baseBucket: number
  /** USD of code 1. */
  quantumUsd: number
  /** Milliseconds of the column in which the book was known. */
  observedMs: number
  /** LAYERS x BUCKETS codes, layer by layer. */
  cells: Uint8Array
}

export interface DeltaPrices {
  high: number
  low: number
  close: number
  volumeUsd: number
}

export function emptyColumn(): Column {
  return {
    openMs: 0,
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    volumeUsd: 0,
    step: 0,
    baseBucket: 0,
    quantumUsd: 0,
    observedMs: 0,
    cells: new Uint8Array(LAYERS * BUCKETS),
  }
}

/** A `closed` or `key` block of its own bytes. */
export function encodeColumn(type: typeof BlockType.closed | typeof BlockType.key, column: Column): Uint8Array {
  const bytes = new Uint8Array(COLUMN_BLOCK_BYTES_MAX)
  const view = new DataView(bytes.buffer)
  const { end, mask } = encodeLayers(column.cells, undefined, bytes, COLUMN_HEADER_BYTES)
  view.setUint8(0, type)
  view.setUint8(1, mask)
  view.setUint32(4, end - COLUMN_HEADER_BYTES, true)
  writeFacts(view, FACTS_AT, column)
  return bytes.slice(0, end)
}

/** Writes all of a column but its cells: 72 bytes. */
export function writeFacts(view: DataView, at: number, column: Column): void {
  view.setFloat64(at, column.openMs, true)
  view.setFloat64(at + 8, column.open, true)
  view.setFloat64(at + 16, column.high, true)
  view.setFloat64(at + 24, column.low, true)
  view.setFloat64(at + 32, column.close, true)
  view.setFloat64(at + 40, column.volumeUsd, true)
  view.setFloat64(at + 48, column.step, true)
  view.setInt32(at + 56, column.baseBucket, true)
  view.setFloat32(at + 60, column.quantumUsd, true)
  view.setUint32(at + 64, column.observedMs, true)
}

/** Reads what writeFacts wrote; throws LMAP_FRAME_CORRUPT where it cannot be a column's. */
export function readFacts(view: DataView, at: number, column: Column): void {
  column.openMs = view.getFloat64(at, true)
  column.open = view.getFloat64(at + 8, true)
  column.high = view.getFloat64(at + 16, true)
  column.low = view.getFloat64(at + 24, true)
  column.close = view.getFloat64(at + 32, true)
  column.volumeUsd = view.getFloat64(at + 40, true)
  column.step = view.getFloat64(at + 48, true)
  column.baseBucket = view.getInt32(at + 56, true)
  column.quantumUsd = view.getFloat32(at + 60, true)
  column.observedMs = view.getUint32(at + 64, true)
  if (!Number.isFinite(column.openMs)) throw corrupt('a column opens at no time')
  if (!(column.step > 0 && column.quantumUsd > 0)) throw corrupt('a column without a step or a quantum')
  if (!pricesHold(column)) throw corrupt('prices of a column are not numbers')
}

/** A `delta` block: what turns `before` into `after`. */
export function encodeDelta(before: Uint8Array, after: Uint8Array, prices: DeltaPrices): Uint8Array {
  const bytes = new Uint8Array(DELTA_HEADER_BYTES + LAYERS * LAYER_BYTES_MAX)
  const view = new DataView(bytes.buffer)
  const { end, mask } = encodeLayers(after, before, bytes, DELTA_HEADER_BYTES)
  view.setUint8(0, BlockType.delta)
  view.setUint8(1, mask)
  view.setUint16(2, end - DELTA_HEADER_BYTES, true)
  view.setFloat32(4, prices.high, true)
  view.setFloat32(8, prices.low, true)
  view.setFloat32(12, prices.close, true)
  view.setFloat32(16, prices.volumeUsd, true)
  return bytes.slice(0, end)
}

/** Layers that equal their reference are left out of the mask and of the bytes. */
function encodeLayers(cells: Uint8Array, before: Uint8Array | undefined, target: Uint8Array, at: number) {
  assert(cells.length === LAYERS * BUCKETS, 'a column has all its cells')
  let mask = 0
  let end = at
  for (let layer = 0; layer < LAYERS; layer++) {
    const from = layer * BUCKETS
    const layerCells = cells.subarray(from, from + BUCKETS)
    const next = encodeCells(layerCells, before?.subarray(from, from + BUCKETS), target, end)
    if ((target[end]! | target[end + 1]!) === 0) continue
    mask |= 1 << layer
    end = next
  }
  return { end, mask }
}

/** Where the block at `at` ends. Throws LMAP_FRAME_CORRUPT for an unknown type or one that does not fit. */
export function blockEnd(frame: Uint8Array, at: number): number {
  const view = viewOf(frame)
  const type = frame[at]
  let end = Number.POSITIVE_INFINITY
  if (type === BlockType.delta) {
    if (at + DELTA_HEADER_BYTES <= frame.length) end = at + DELTA_HEADER_BYTES + view.getUint16(at + 2, true)
  } else if (type === BlockType.closed || type === BlockType.key) {
    if (at + COLUMN_HEADER_BYTES <= frame.length) end = at + COLUMN_HEADER_BYTES + view.getUint32(at + 4, true)
  } else if (type === BlockType.group) {
    if (at + GROUP_HEADER_BYTES <= frame.length) end = at + GROUP_HEADER_BYTES + view.getUint32(at + 4, true)
  } else throw corrupt(`block type ${type}`)
  if (end > frame.length) throw corrupt('a block is longer than the frame')
  return end
}

/** Reads the closed or key block at `at` into `column`, whose arrays are reused. Answers where the block ends. */
export function decodeColumn(frame: Uint8Array, at: number, column: Column): number {
  const end = blockEnd(frame, at)
  if (frame[at] !== BlockType.closed && frame[at] !== BlockType.key) {
    throw corrupt(`a block of type ${frame[at]} stands where a column should`)
  }
  readFacts(viewOf(frame), at + FACTS_AT, column)
  column.cells.fill(0)
  decodeLayers(frame, at + COLUMN_HEADER_BYTES, end, frame[at + 1]!, column.cells)
  return end
}

/** Applies the delta block at `at` to `column`. Answers where the block ends. After a throw the column is unusable. */
export function decodeDelta(frame: Uint8Array, at: number, column: Column): number {
  const end = blockEnd(frame, at)
  if (frame[at] !== BlockType.delta) throw corrupt(`a block of type ${frame[at]} stands where a delta should`)
  const view = viewOf(frame)
  column.high = view.getFloat32(at + 4, true)
  column.low = view.getFloat32(at + 8, true)
  column.close = view.getFloat32(at + 12, true)
  column.volumeUsd = view.getFloat32(at + 16, true)
  if (!pricesHold(column)) throw corrupt('prices of a delta are not numbers')
  // The first price of a column can arrive in a delta, which carries no open.
  if (column.open === 0) column.open = column.close
  decodeLayers(frame, at + DELTA_HEADER_BYTES, end, frame[at + 1]!, column.cells)
  return end
}

function decodeLayers(frame: Uint8Array, at: number, end: number, mask: number, cells: Uint8Array): void {
  let next = at
  for (let layer = 0; layer < LAYERS; layer++) {
    if ((mask & (1 << layer)) === 0) continue
    next = decodeCells(frame, next, end, cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS))
    if (next < 0) throw corrupt(`layer ${layer}`)
  }
  if (next !== end) throw corrupt('bytes behind the last layer of a block')
}

function pricesHold({ open, high, low, close, volumeUsd }: Column): boolean {
  // A sum is finite only where each part is.
  return (
    open >= 0 &&
    high >= 0 &&
    low >= 0 &&
    close >= 0 &&
    volumeUsd >= 0 &&
    Number.isFinite(open + high + low + close + volumeUsd)
  )
}

function viewOf(frame: Uint8Array): DataView {
  return new DataView(frame.buffer, frame.byteOffset, frame.length)
}
