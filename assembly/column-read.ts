import { quantise } from "./codec";
import {
  BUCKETS,
  C_BASE,
  C_LIQUIDATED,
  C_OBSERVED_MS,
  C_OPEN_MS,
  DEPTH_PAIR_BYTES,
  D_INTEGRAL,
  D_NOW,
  D_SINCE,
  GRID_BUCKETS,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  HEAD_OBSERVED_FROM,
  LAYERS,
  LIQ,
  MEAN,
  SCRATCH_VALUES,
  SENT,
  SETTING_QUANTUM,
  cell,
  columnAt,
  depthAt,
  levelsSentAt,
  sentAt,
} from "./layout";
import { levelsFresh, levelsTo } from "./levels";

/* A live column as codes. Layers: 0 bid, 1 ask (mean), 2 bid, 3 ask (now), 4 long, 5 short (realised), 6 long,
   7 short (predicted). */

const LAST: i32 = 2;
const REALISED: i32 = 4;
const PREDICTED: i32 = 6;
const USD_PER_CENT: f64 = 0.01;
const MINUTE_MS: f64 = 60_000;

/** All layers of a live column into SENT: what listeners have, or are about to get. */
export function columnRead(timeframe: i32, c: usize): void {
  for (let layer = 0; layer < LAYERS; layer++) layerRead(timeframe, c, layer, sentAt(timeframe) + <usize>(layer * BUCKETS));
  store<u32>(levelsSentAt(timeframe), levelsFresh());
}

/** One layer of a live column as BUCKETS codes. */
export function layerRead(timeframe: i32, c: usize, layer: i32, codes: usize): void {
  const base = load<i32>(c + C_BASE);
  const side = layer & 1;
  if (layer >= PREDICTED) {
    levelsFresh();
    levelsTo(SCRATCH_VALUES, side, base);
    quantise(SCRATCH_VALUES, codes, 0, BUCKETS, <f32>load<f64>(SETTING_QUANTUM));
    return;
  }
  const first = usedFirst(base);
  const end = usedEnd(base);
  memory.fill(codes, 0, <usize>BUCKETS);
  if (first >= end) return;
  if (layer < LAST) meanTo(timeframe, c, side, base, first, end);
  else if (layer < REALISED) depthTo(side, base, first, end);
  else if (load<u32>(c + C_LIQUIDATED) !== 0) centsTo(LIQ, timeframe * 2 + side, base, first, end);
  else return;
  quantise(SCRATCH_VALUES, codes, first - base, end - base, <f32>load<f64>(SETTING_QUANTUM));
}

/** False: the predicted layers are those that listeners of this timeframe have. */
export function levelsChanged(timeframe: i32): bool {
  const version = levelsFresh();
  if (load<u32>(levelsSentAt(timeframe)) === version) return false;
  store<u32>(levelsSentAt(timeframe), version);
  return true;
}

/** Mean depth in USD over the observed part of the column; what rests now where nothing was observed yet. */
function meanTo(timeframe: i32, c: usize, side: i32, base: i32, first: i32, end: i32): void {
  const clock = load<f64>(HEAD_CLOCK_MS);
  const from = load<f64>(HEAD_OBSERVED_FROM);
  const observed = load<f64>(c + C_OBSERVED_MS) + clock - from;
  if (!(observed > 0)) {
    depthTo(side, base, first, end);
    return;
  }
  const scale = f64x2.splat(USD_PER_CENT / observed);
  const start = f64x2.splat(from);
  const now = f64x2.splat(clock);
  // The clock stands at the end of the minute only while it closes: then the longer ones have its integral already.
  const closing = timeframe > 0 && clock === load<f64>(columnAt(0) + C_OPEN_MS) + MINUTE_MS;
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
function depthTo(side: i32, base: i32, first: i32, end: i32): void {
  const scale = f64x2.splat(USD_PER_CENT);
  let at = depthAt(side, first) + D_NOW;
  for (let bucket = first; bucket < end; bucket += 2) {
    putPair(bucket - base, f64x2.mul(v128.load(at), scale));
    at += DEPTH_PAIR_BYTES;
  }
}

/** Cells of a [row][bucket] array of cents, in USD. */
function centsTo(array: usize, row: i32, base: i32, first: i32, end: i32): void {
  const scale = f64x2.splat(USD_PER_CENT);
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

/** The used part of a column's window, in whole steps of the quantiser: windows and grid start at multiples of 16. */
function usedFirst(base: i32): i32 {
  const first = load<i32>(HEAD_BUCKET_FIRST) & ~15;
  return base > first ? base : first;
}

function usedEnd(base: i32): i32 {
  const end = (load<i32>(HEAD_BUCKET_LAST) + 16) & ~15;
  return base + BUCKETS < end ? base + BUCKETS : end;
}
