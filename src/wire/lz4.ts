import { assert } from '../model/errors.ts'

/* LZ4 block: sequences of  token u8 | more literal lengths | literals | offset u16 | more match lengths
   token: high nibble literals, low nibble match length - 4; 15 goes on in bytes that are added up, 255 meaning more.
   The last sequence is literals alone. Written here because a snapshot must open in any browser, at once. */
const MATCH_MIN = 4
const LENGTH_MORE = 15
const BYTE_MORE = 255
const OFFSET_MAX = 65_535
/** The format's own rules: the last five bytes are literals, no match begins in the last twelve. */
const LITERALS_LAST = 5
const MATCH_START_LAST = 12
const HASH_BITS = 13
const HASH_FACTOR = 2_654_435_761
/** After so many misses in a row the search takes longer steps. */
const SKIP_SHIFT = 6

/** Bytes that `size` bytes never exceed when packed. */
export function packedBytesMax(size: number): number {
  return size + Math.ceil(size / BYTE_MORE) + 16
}

/** Packs `source` into `target` from `at` on, with room for packedBytesMax, and answers where it ends. */
export function pack(source: Uint8Array, target: Uint8Array, at: number): number {
  assert(target.length - at >= packedBytesMax(source.length), 'the target has room for bytes that do not shrink')
  const view = new DataView(source.buffer, source.byteOffset, source.length)
  // Places are kept one higher, so that 0 stands for none.
  const places = new Int32Array(1 << HASH_BITS)
  const last = source.length - MATCH_START_LAST
  const matchEnd = source.length - LITERALS_LAST
  let out = at
  let anchor = 0
  let misses = 0
  for (let place = 0; place <= last; ) {
    const word = view.getUint32(place, true)
    const hash = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS)
    const earlier = places[hash]! - 1
    places[hash] = place + 1
    if (earlier < 0 || place - earlier > OFFSET_MAX || view.getUint32(earlier, true) !== word) {
      place += 1 + (misses++ >> SKIP_SHIFT)
      continue
    }
    misses = 0
    let length = MATCH_MIN
    while (place + length < matchEnd && source[earlier + length] === source[place + length]) length++
    out = putSequence(source, anchor, place, target, out, length - MATCH_MIN)
    const offset = place - earlier
    target[out++] = offset & 255
    target[out++] = offset >> 8
    if (length - MATCH_MIN >= LENGTH_MORE) out = putMore(target, out, length - MATCH_MIN - LENGTH_MORE)
    place += length
    anchor = place
  }
  return putSequence(source, anchor, source.length, target, out, 0)
}

/** Token, literal lengths and literals; a match's own lengths come behind its offset. */
function putSequence(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
  match: number,
): number {
  const literals = to - from
  let out = at
  target[out++] = (Math.min(literals, LENGTH_MORE) << 4) | Math.min(match, LENGTH_MORE)
  if (literals >= LENGTH_MORE) out = putMore(target, out, literals - LENGTH_MORE)
  target.set(source.subarray(from, to), out)
  return out + literals
}

function putMore(target: Uint8Array, at: number, length: number): number {
  let out = at
  let left = length
  for (; left >= BYTE_MORE; left -= BYTE_MORE) target[out++] = BYTE_MORE
  target[out++] = left
  return out
}

/**
 * Unpacks the bytes from `at` to `end` of `source` so that they fill `target` exactly; false where they do not.
 * Every turn of each loop consumes input or fills output, and both are checked before they are touched.
 */
export function unpack(source: Uint8Array, at: number, end: number, target: Uint8Array): boolean {
  assert(end <= source.length, 'the packed bytes are inside the source')
  let place = at
  let out = 0
  while (place < end) {
    const token = source[place++]!
    let literals = token >> 4
    if (literals === LENGTH_MORE) {
      let more = BYTE_MORE
      while (more === BYTE_MORE) {
        if (place >= end) return false
        more = source[place++]!
        literals += more
      }
    }
    if (literals > end - place || literals > target.length - out) return false
    target.set(source.subarray(place, place + literals), out)
    place += literals
    out += literals
    if (place === end) return out === target.length
    if (end - place < 2) return false
    const offset = source[place]! | (source[place + 1]! << 8)
    place += 2
    let length = (token & LENGTH_MORE) + MATCH_MIN
    if ((token & LENGTH_MORE) === LENGTH_MORE) {
      let more = BYTE_MORE
      while (more === BYTE_MORE) {
        if (place >= end) return false
        more = source[place++]!
        length += more
      }
    }
    if (offset === 0 || offset > out || length > target.length - out) return false
    out = repeat(target, out, offset, length)
  }
  return false
}

function repeat(target: Uint8Array, at: number, offset: number, length: number): number {
  const end = at + length
  if (offset === 1) target.fill(target[at - 1]!, at, end)
  else if (offset >= length) target.copyWithin(at, at - offset, at - offset + length)
  // A match may reach into what it writes itself: byte by byte.
  else for (let place = at; place < end; place++) target[place] = target[place - offset]!
  return end
}
