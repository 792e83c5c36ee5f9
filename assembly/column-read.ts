import { quantise } from "./codec";
import { levelsFresh, levelsTo } from "./levels";
import {
  BUCKETS,
  C_BASE,
  C_KEYED,
  C_LIQUIDATED,
  C_OBSERVED_MS,
  DEPTH_PAIR_BYTES,
  D_INTEGRAL,
  D_NOW,
  D_SINCE,
  GRID_BUCKETS,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  HEAD_OBSERVED_FROM,
  LIQ,
  MEAN,
  SCRATCH_CODES,
  SCRATCH_LEVELS,
  SCRATCH_VALUES,
  SETTING_QUANTUM,
  cell,
  codesAt,
  depthAt,
  levelsSentAt,
  sentAt,
} from "./layout";

/* A live column as codes. Layers: 0 bid, 1 ask (mean), 2 bid, 3 ask (now), 4 long, 5 short (realised), 6 long,
   7 short (predicted). */

const USD_PER_CENT: f64 = 0.01;

/** Quantises all layers of a live column into SCRATCH_CODES. */
export function columnRead(timeframe: i32, c: usize): void {
  const base = load<i32>(c + C_BASE);
  const quantum = <f32>load<f64>(SETTING_QUANTUM);
  const clock = load<f64>(HEAD_CLOCK_MS);
  const live = clock - load<f64>(HEAD_OBSERVED_FROM);
  const observed = load<f64>(c + C_OBSERVED_MS) + live;
  for (let side = 0; side < 2; side++) {
    meanTo(timeframe, side, base, clock, observed);
    quantise(SCRATCH_VALUES, codesAt(side), quantum);
    depthTo(side, base);
    quantise(SCRATCH_VALUES, codesAt(2 + side), quantum);
    if (load<u32>(c + C_LIQUIDATED) !== 0) {
      centsTo(LIQ, timeframe * 2 + side, base);
      quantise(SCRATCH_VALUES, codesAt(4 + side), quantum);
    } else {
      memory.fill(codesAt(4 + side), 0, <usize>BUCKETS);
    }
  }
  const version = levelsFresh();
  if (load<u32>(c + C_KEYED) !== 0 && load<u32>(levelsSentAt(timeframe)) === version) {
    // The predicted map is that of the last turn: its codes were sent then.
    memory.copy(codesAt(6), sentAt(timeframe) + 6 * <usize>BUCKETS, 2 * <usize>BUCKETS);
    return;
  }
  store<u32>(levelsSentAt(timeframe), version);
  levelsTo(SCRATCH_LEVELS, base);
  quantise(SCRATCH_LEVELS, codesAt(6), quantum);
  quantise(SCRATCH_LEVELS + 4 * <usize>BUCKETS, codesAt(7), quantum);
}

/** Mean depth in USD over the observed part of the column; what rests now where nothing was observed yet. */
function meanTo(timeframe: i32, side: i32, base: i32, clock: f64, observed: f64): void {
  if (!(observed > 0)) {
    depthTo(side, base);
    return;
  }
  const scale = f64x2.splat(USD_PER_CENT / observed);
  const from = load<f64>(HEAD_OBSERVED_FROM);
  const start = f64x2.splat(from);
  const now = f64x2.splat(clock);
  // The minute that is closing has its integral in the longer ones already.
  const closing = timeframe > 0 && !(clock > from);
  const first = evenFirst(base);
  const end = evenEnd(base);
  clearValues(base, first, end);
  let at = depthAt(side, first);
  let longer: usize = MEAN + (<usize>((timeframe - 1) * 2 + side) * <usize>GRID_BUCKETS << 3) + (<usize>first << 3);
  for (let bucket = first; bucket < end; bucket += 2) {
    const since = f64x2.pmax(start, v128.load(at + D_SINCE));
    const rested = f64x2.mul(v128.load(at + D_NOW), f64x2.sub(now, since));
    let sum = f64x2.add(v128.load(at + D_INTEGRAL), rested);
    if (timeframe > 0) sum = closing ? v128.load(longer) : f64x2.add(v128.load(longer), sum);
    putPair(bucket - base, f64x2.mul(sum, scale));
    at += DEPTH_PAIR_BYTES;
    longer += 16;
  }
}

/** What rests now, in USD. */
function depthTo(side: i32, base: i32): void {
  const scale = f64x2.splat(USD_PER_CENT);
  const first = evenFirst(base);
  const end = evenEnd(base);
  clearValues(base, first, end);
  let at = depthAt(side, first) + D_NOW;
  for (let bucket = first; bucket < end; bucket += 2) {
    putPair(bucket - base, f64x2.mul(v128.load(at), scale));
    at += DEPTH_PAIR_BYTES;
  }
}

/** Copies BUCKETS cells of a [row][bucket] array of cents to SCRATCH_VALUES, in USD. */
function centsTo(array: usize, row: i32, base: i32): void {
  const scale = f64x2.splat(USD_PER_CENT);
  const first = evenFirst(base);
  const end = evenEnd(base);
  clearValues(base, first, end);
  let at = cell(array, row, first);
  for (let bucket = first; bucket < end; bucket += 2) {
    putPair(bucket - base, f64x2.mul(v128.load(at), scale));
    at += 16;
  }
}

/** Two values as f32 at a cell of SCRATCH_VALUES. */
// @ts-ignore: decorator
@inline
function putPair(index: i32, pair: v128): void {
  v128.store64_lane(SCRATCH_VALUES + (<usize>index << 2), f32x4.demote_f64x2_zero(pair), 0);
}

/** Empties the cells outside [first, end): the rest is about to be written. */
function clearValues(base: i32, first: i32, end: i32): void {
  if (first >= end) {
    memory.fill(SCRATCH_VALUES, 0, 4 * <usize>BUCKETS);
    return;
  }
  memory.fill(SCRATCH_VALUES, 0, <usize>(first - base) << 2);
  memory.fill(SCRATCH_VALUES + (<usize>(end - base) << 2), 0, <usize>(base + BUCKETS - end) << 2);
}

/** The used part of a column's window, in whole pairs: windows start at even buckets, and so does the grid. */
function evenFirst(base: i32): i32 {
  const first = load<i32>(HEAD_BUCKET_FIRST) & ~1;
  return base > first ? base : first;
}

function evenEnd(base: i32): i32 {
  const end = (load<i32>(HEAD_BUCKET_LAST) + 2) & ~1;
  return base + BUCKETS < end ? base + BUCKETS : end;
}
