import { assert } from '../model/errors.ts'
import { BUCKETS, LAYERS } from '../model/layers.ts'
import { COLUMNS } from '../model/timeframes.ts'
import {
  BlockType,
  blockEnd,
  COLUMN_BLOCK_BYTES_MAX,
  COLUMN_HEADER_BYTES,
  type Column,
  emptyColumn,
  GROUP_HEADER_BYTES,
  readFacts,
  writeFacts,
} from './blocks.ts'
import { corrupt, HEADER_BYTES } from './frame.ts'
import { pack, packedBytesMax, unpack } from './lz4.ts'

/* Group block: closed columns that follow each other, each coded against the one before, packed together.
     0 u8 type | 1 u8 columns | 2 u8 layer mask | 3 u8 0 | 4 u32 bytes packed | 8 u32 bytes unpacked | 12 u32 0 | 16 LZ4
   Unpacked: the facts of each column (72 bytes, as from byte 8 of a column block), then for each layer of the mask
     masks    256 bytes a column, bit i of byte i >> 3: cell i has another code than its reference
     steps    a nibble for each such cell, low nibble first, each column's padded with 0 to whole bytes
     escapes  a byte for each step of 15: the code itself
   The reference is the column before, moved so that absolute buckets line up; empty for the first column and where
   the step is another. A step is code - prediction + 7, the prediction the same as for a layer (cells.ts). */
/** Columns that share a group: the more, the smaller, but a reader unpacks and a server makes anew whole groups only. */
export const GROUP_COLUMNS = 30

/** A stream with all its columns, whatever is in them: one of a group takes less than one alone. */
export const SNAPSHOT_BYTES_MAX = HEADER_BYTES + COLUMNS * COLUMN_BLOCK_BYTES_MAX

const FACT_BYTES = COLUMN_HEADER_BYTES - 8
const MASK_BYTES = BUCKETS / 8
const LAYER_BYTES_MAX = MASK_BYTES + BUCKETS / 2 + BUCKETS
const COLUMN_BYTES_MAX = FACT_BYTES + LAYERS * LAYER_BYTES_MAX
const STEP_BIAS = 7
const STEP_ESCAPE = 15
const CODES = 256

/** One block of one to GROUP_COLUMNS closed columns, oldest first. */
export function encodeGroup(columns: readonly Column[]): Uint8Array {
  assert(columns.length > 0 && columns.length <= GROUP_COLUMNS, 'a group has 1 to GROUP_COLUMNS columns')
  const plain = new Uint8Array(columns.length * COLUMN_BYTES_MAX)
  const view = new DataView(plain.buffer)
  for (const [index, column] of columns.entries()) writeFacts(view, index * FACT_BYTES, column)
  let end = columns.length * FACT_BYTES
  let mask = 0
  for (let layer = 0; layer < LAYERS; layer++) {
    if (columns.every((column) => isEmpty(column.cells, layer))) continue
    mask |= 1 << layer
    end = putLayer(columns, layer, plain, end)
  }
  const block = new Uint8Array(GROUP_HEADER_BYTES + packedBytesMax(end))
  const blockEnd = pack(plain.subarray(0, end), block, GROUP_HEADER_BYTES)
  const header = new DataView(block.buffer)
  header.setUint8(0, BlockType.group)
  header.setUint8(1, columns.length)
  header.setUint8(2, mask)
  header.setUint32(4, blockEnd - GROUP_HEADER_BYTES, true)
  header.setUint32(8, end, true)
  return block.slice(0, blockEnd)
}

function putLayer(columns: readonly Column[], layer: number, target: Uint8Array, at: number): number {
  const reference = new Uint8Array(BUCKETS)
  const escapes: number[] = []
  let steps = at + columns.length * MASK_BYTES
  for (const [index, column] of columns.entries()) {
    const cells = column.cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS)
    align(columns[index - 1], column, layer, reference)
    const mask = at + index * MASK_BYTES
    let nibble = steps * 2
    let last = 0
    for (let cell = 0; cell < BUCKETS; cell++) {
      const code = cells[cell]!
      const before = reference[cell]!
      if (code === before) continue
      target[mask + (cell >> 3)]! |= 1 << (cell & 7)
      let step = code - (before === 0 ? last : before) + STEP_BIAS
      if (step < 0 || step >= STEP_ESCAPE) {
        step = STEP_ESCAPE
        escapes.push(code)
      }
      target[nibble >> 1]! |= step << ((nibble & 1) * 4)
      nibble++
      last = code
    }
    steps = (nibble + 1) >> 1
  }
  target.set(escapes, steps)
  return steps + escapes.length
}

/** The layer of `before` in the cells of `column`; empty where they cannot be compared. */
function align(before: Column | undefined, column: Column, layer: number, target: Uint8Array): void {
  target.fill(0)
  if (before === undefined || before.step !== column.step) return
  const moved = column.baseBucket - before.baseBucket
  const first = Math.max(0, moved)
  const end = Math.min(BUCKETS, BUCKETS + moved)
  if (first < end) target.set(before.cells.subarray(layer * BUCKETS + first, layer * BUCKETS + end), first - moved)
}

/**
 * Reads the group at `at` into new columns, oldest first. Throws LMAP_FRAME_CORRUPT; it never takes more memory or time
 * than a full group does. blockEnd tells where it ends.
 */
export function decodeGroup(frame: Uint8Array, at: number): Column[] {
  const end = blockEnd(frame, at)
  if (frame[at] !== BlockType.group) throw corrupt(`a block of type ${frame[at]} stands where a group should`)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const count = view.getUint8(at + 1)
  const mask = view.getUint8(at + 2)
  const size = view.getUint32(at + 8, true)
  if (count === 0 || count > GROUP_COLUMNS) throw corrupt(`a group of ${count} columns`)
  // Checked before anything is allocated: a length is no reason to take memory.
  if (size < count * FACT_BYTES || size > count * COLUMN_BYTES_MAX) throw corrupt('the size of a group')
  const plain = new Uint8Array(size)
  if (!unpack(frame, at + GROUP_HEADER_BYTES, end, plain)) throw corrupt('a group does not unpack')
  const facts = new DataView(plain.buffer)
  const columns: Column[] = []
  for (let index = 0; index < count; index++) {
    const column = emptyColumn()
    readFacts(facts, index * FACT_BYTES, column)
    const before = columns.at(-1)
    if (before !== undefined && before.openMs >= column.openMs) throw corrupt('columns of a group are out of order')
    columns.push(column)
  }
  let next = count * FACT_BYTES
  for (let layer = 0; layer < LAYERS; layer++) {
    if ((mask & (1 << layer)) !== 0) next = takeLayer(plain, next, columns, layer)
  }
  if (next !== size) throw corrupt('bytes behind the last layer of a group')
  return columns
}

/** Answers where the layer ends. All reads are bounded by the counts that the masks give, checked once. */
function takeLayer(plain: Uint8Array, at: number, columns: readonly Column[], layer: number): number {
  let steps = at + columns.length * MASK_BYTES
  if (steps > plain.length) throw corrupt(`masks of layer ${layer}`)
  let next = steps
  for (let index = 0; index < columns.length; index++) {
    next += (ones(plain, at + index * MASK_BYTES) + 1) >> 1
  }
  if (next > plain.length) throw corrupt(`steps of layer ${layer}`)
  for (const [index, column] of columns.entries()) {
    const cells = column.cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS)
    align(columns[index - 1], column, layer, cells)
    const mask = at + index * MASK_BYTES
    let nibble = steps * 2
    let last = 0
    for (let byte = 0; byte < MASK_BYTES; byte++) {
      for (let bits = plain[mask + byte]!; bits !== 0; bits &= bits - 1) {
        const cell = byte * 8 + 31 - Math.clz32(bits & -bits)
        const step = (plain[nibble >> 1]! >> ((nibble & 1) * 4)) & 15
        nibble++
        const before = cells[cell]!
        let code = (before === 0 ? last : before) + step - STEP_BIAS
        if (step === STEP_ESCAPE) {
          if (next >= plain.length) throw corrupt(`escapes of layer ${layer}`)
          code = plain[next++]!
        } else if (code < 0 || code >= CODES) throw corrupt(`a code of layer ${layer}`)
        cells[cell] = code
        last = code
      }
    }
    steps = (nibble + 1) >> 1
  }
  return next
}

/** Set bits of every byte. */
const onesOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let bits = byte; bits !== 0; bits &= bits - 1) count++
  return count
})

function ones(plain: Uint8Array, mask: number): number {
  let count = 0
  for (let byte = mask; byte < mask + MASK_BYTES; byte++) count += onesOf[plain[byte]!]!
  return count
}

function isEmpty(cells: Uint8Array, layer: number): boolean {
  return cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS).every((code) => code === 0)
}
