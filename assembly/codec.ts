import { BUCKETS } from "./layout";

/* One layer (docs/wire.md, "Layers"): u16 cells | u16 bytes | nibbles, low first.
   Codes are compared with a reference 16 at a time; most of them are equal. */

const LAYER_HEADER_BYTES: usize = 4;
const GAP_BYTE: i32 = 14;
const GAP_LONG: i32 = 15;
const CODE_PLAIN: i32 = 15;

/** Encodes BUCKETS codes against a reference of the same length; returns the bytes written to `out`. */
export function encodeLayer(codes: usize, reference: usize, out: usize): usize {
  let cells = 0;
  let previous = -1;
  let last = 0;
  let at = out + LAYER_HEADER_BYTES;
  let pending: u64 = 0; // nibbles that are not written yet, the first one lowest
  let bits: u64 = 0;
  for (let block = 0; block < BUCKETS; block += 16) {
    const a = v128.load(codes + <usize>block);
    const b = v128.load(reference + <usize>block);
    let changed = i8x16.bitmask(i8x16.ne(a, b));
    while (changed !== 0) {
      const index = block + ctz(changed);
      changed &= changed - 1;
      const code = <i32>load<u8>(codes + <usize>index);
      const before = <i32>load<u8>(reference + <usize>index);
      const gap = index - previous - 1;
      if (gap < GAP_BYTE) {
        pending |= <u64>gap << bits;
        bits += 4;
      } else if (gap < GAP_BYTE + 256) {
        pending |= <u64>(GAP_BYTE | ((gap - GAP_BYTE) << 4)) << bits;
        bits += 12;
      } else {
        pending |= <u64>(GAP_LONG | (gap << 4)) << bits;
        bits += 16;
      }
      const step = code - (before !== 0 ? before : last) + 7;
      if (<u32>step < <u32>CODE_PLAIN) {
        pending |= <u64>step << bits;
        bits += 4;
      } else {
        pending |= <u64>(CODE_PLAIN | (code << 4)) << bits;
        bits += 12;
      }
      last = code;
      previous = index;
      cells++;
      // At most 4 bits stay behind, and a cell adds at most 28.
      while (bits >= 8) {
        store<u8>(at, <u8>pending);
        at++;
        pending >>= 8;
        bits -= 8;
      }
    }
  }
  if (bits > 0) {
    store<u8>(at, <u8>pending);
    at++;
  }
  store<u16>(out, <u16>cells);
  store<u16>(out + 2, <u16>(at - out - LAYER_HEADER_BYTES));
  return at - out;
}

/** 1 / log2(1.06): codes of a doubling. */
const CODES_PER_OCTAVE: f32 = 11.895661;
/** log2(1 + m) = m (LOG_1 + m (LOG_2 + ...)) on [0, 1): near-minimax with both ends exact, error below 1.6e-5. */
const LOG_1: f32 = 1.44191699;
const LOG_2: f32 = -0.709096024;
const LOG_3: f32 = 0.415604847;
const LOG_4: f32 = -0.193574322;
const LOG_5: f32 = 0.045148506;

/**
 * Quantises f32 values to u8 codes from cell `first` to before `end`, multiples of 16, see model/layers.ts: code = round(log(value / quantum) / log 1.06) + 1,
 * 0 below half a code, 255 at most. The logarithm is a polynomial, right to 0.0002 codes.
 */
export function quantise(values: usize, codes: usize, first: i32, end: i32, quantum: f32): void {
  const inverse = f32x4.splat(1 / quantum);
  for (let i = <usize>first; i < <usize>end; i += 16) {
    const from = values + (i << 2);
    const a = codesOf(f32x4.mul(v128.load(from), inverse));
    const b = codesOf(f32x4.mul(v128.load(from + 16), inverse));
    const c = codesOf(f32x4.mul(v128.load(from + 32), inverse));
    const d = codesOf(f32x4.mul(v128.load(from + 48), inverse));
    v128.store(codes + i, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
}

/** Four codes, not yet capped at 255 (narrowing does that). Zero, negative and tiny values give 0 or less. */
// @ts-ignore: decorator
@inline
function codesOf(x: v128): v128 {
  const bits = x;
  const exponent = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(127)));
  const m = f32x4.sub(
    v128.or(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f800000)),
    f32x4.splat(1),
  );
  let log = f32x4.splat(LOG_5);
  log = f32x4.add(f32x4.mul(log, m), f32x4.splat(LOG_4));
  log = f32x4.add(f32x4.mul(log, m), f32x4.splat(LOG_3));
  log = f32x4.add(f32x4.mul(log, m), f32x4.splat(LOG_2));
  log = f32x4.add(f32x4.mul(log, m), f32x4.splat(LOG_1));
  log = f32x4.add(f32x4.mul(log, m), exponent);
  const code = f32x4.add(f32x4.mul(log, f32x4.splat(CODES_PER_OCTAVE)), f32x4.splat(1.5));
  // A value of zero or less has no logarithm: its lanes are cleared.
  const positive = f32x4.gt(x, f32x4.splat(0));
  return v128.and(i32x4.trunc_sat_f32x4_s(f32x4.floor(code)), positive);
}
