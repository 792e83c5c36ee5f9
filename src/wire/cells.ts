import { assert } from '../model/errors.ts'
import { BUCKETS } from '../model/layers.ts'

/* One layer: u16 cells changed | u16 bytes | nibbles, low nibble first, the last one padded with 0.
   Per changed cell:
     gap   0-13 the gap | 14, lo, hi: 14 + value | 15, lo, mid, hi: value
     code  0-14 prediction + nibble - 7 | 15, lo, hi: the code itself
   The prediction is the reference's code, or where that is 0 the code written before it in this layer (0 at first). */
export const LAYER_HEADER_BYTES = 4
/** A changed cell costs 4 nibbles at most when its gap is short, and a long gap costs less than the cells it skips. */
export const LAYER_BYTES_MAX = LAYER_HEADER_BYTES + BUCKETS * 2

const GAP_SHORT = 14
const GAP_MIDDLE = 14
const GAP_LONG = 15
const GAP_MIDDLE_END = GAP_MIDDLE + 256
const STEP_BIAS = 7
const STEP_ABSOLUTE = 15
const CODES = 256

/**
 * Writes the layer at `at` of `target` (LAYER_BYTES_MAX of room) and answers where it ends.
 * `reference` undefined stands for an empty layer.
 */
export function encodeCells(
  cells: Uint8Array,
  reference: Uint8Array | undefined,
  target: Uint8Array,
  at: number,
): number {
  assert(cells.length === BUCKETS && (reference === undefined || reference.length === BUCKETS), 'a layer is whole')
  assert(target.length - at >= LAYER_BYTES_MAX, 'the target has room for the largest layer')
  const start = (at + LAYER_HEADER_BYTES) * 2
  let nibble = start
  let changed = 0
  let next = 0
  let last = 0
  for (let cell = 0; cell < BUCKETS; cell++) {
    const code = cells[cell]!
    const before = reference === undefined ? 0 : reference[cell]!
    if (code === before) continue
    const gap = cell - next
    if (gap < GAP_SHORT) nibble = put(target, nibble, gap)
    else if (gap < GAP_MIDDLE_END) {
      nibble = put(target, nibble, GAP_MIDDLE)
      nibble = put(target, nibble, (gap - GAP_MIDDLE) & 15)
      nibble = put(target, nibble, (gap - GAP_MIDDLE) >> 4)
    } else {
      nibble = put(target, nibble, GAP_LONG)
      nibble = put(target, nibble, gap & 15)
      nibble = put(target, nibble, (gap >> 4) & 15)
      nibble = put(target, nibble, gap >> 8)
    }
    const step = code - (before === 0 ? last : before) + STEP_BIAS
    if (step >= 0 && step < STEP_ABSOLUTE) nibble = put(target, nibble, step)
    else {
      nibble = put(target, nibble, STEP_ABSOLUTE)
      nibble = put(target, nibble, code & 15)
      nibble = put(target, nibble, code >> 4)
    }
    last = code
    next = cell + 1
    changed++
  }
  const end = (nibble + 1) >> 1
  const bytes = end - at - LAYER_HEADER_BYTES
  target[at] = changed & 255
  target[at + 1] = changed >> 8
  target[at + 2] = bytes & 255
  target[at + 3] = bytes >> 8
  return end
}

function put(target: Uint8Array, nibble: number, value: number): number {
  // The low nibble comes first, so writing it also clears the high one: that is the padding of the last byte.
  if ((nibble & 1) === 0) target[nibble >> 1] = value
  else target[nibble >> 1]! |= value << 4
  return nibble + 1
}

/**
 * Reads the layer at `at`, which ends at or before `end`, over `cells`: on entry the reference, on return the layer.
 * Answers where the layer ends, or -1 where the bytes cannot be a layer; then `cells` is partly overwritten.
 * Every turn of the loop consumes a changed cell of its own, so it runs at most BUCKETS times.
 */
export function decodeCells(source: Uint8Array, at: number, end: number, cells: Uint8Array): number {
  assert(cells.length === BUCKETS && end <= source.length, 'a layer is whole and its source is inside the frame')
  if (at + LAYER_HEADER_BYTES > end) return -1
  const changed = source[at]! | (source[at + 1]! << 8)
  const stop = at + LAYER_HEADER_BYTES + (source[at + 2]! | (source[at + 3]! << 8))
  if (changed > BUCKETS || stop > end) return -1
  const limit = stop * 2
  let nibble = (at + LAYER_HEADER_BYTES) * 2
  let cell = 0
  let last = 0
  for (let left = changed; left > 0; left--) {
    // The shortest cell has two nibbles; what longer forms need is checked where they are met.
    if (nibble + 2 > limit) return -1
    let gap = get(source, nibble++)
    if (gap === GAP_MIDDLE) {
      if (nibble + 3 > limit) return -1
      gap = GAP_MIDDLE + get(source, nibble) + (get(source, nibble + 1) << 4)
      nibble += 2
    } else if (gap === GAP_LONG) {
      if (nibble + 4 > limit) return -1
      gap = get(source, nibble) | (get(source, nibble + 1) << 4) | (get(source, nibble + 2) << 8)
      nibble += 3
    }
    cell += gap
    if (cell >= BUCKETS) return -1
    const step = get(source, nibble++)
    let code: number
    if (step === STEP_ABSOLUTE) {
      if (nibble + 2 > limit) return -1
      code = get(source, nibble) | (get(source, nibble + 1) << 4)
      nibble += 2
    } else {
      const before = cells[cell]!
      code = (before === 0 ? last : before) + step - STEP_BIAS
      if (code < 0 || code >= CODES) return -1
    }
    cells[cell] = code
    last = code
    cell++
  }
  // Nothing may be hidden behind the last cell: at most the one nibble of padding, and that is 0.
  if (limit - nibble > 1 || (limit > nibble && get(source, nibble) !== 0)) return -1
  return stop
}

function get(source: Uint8Array, nibble: number): number {
  const byte = source[nibble >> 1]!
  return (nibble & 1) === 0 ? byte & 15 : byte >> 4
}
