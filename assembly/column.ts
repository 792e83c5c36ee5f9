import { encodeLayer, quantise } from "./codec";
import { bucketOfPrice, gridUse, settledFrom } from "./grid";
import { levelsFresh, levelsTo } from "./levels";
import {
  ACTIVE_MASK,
  BLOCK_BYTES_MAX,
  BLOCK_HEADER_BYTES,
  BUCKETS,
  COLUMN_CODES,
  C_BASE,
  C_CLOSE,
  C_HIGH,
  C_KEYED,
  C_LIQUIDATED,
  C_LOW,
  C_OBSERVED_MS,
  C_OPEN,
  C_OPEN_MS,
  C_VOLUME,
  EMPTY_CODES,
  GRID_BUCKETS,
  GRID_INTEGRAL,
  GRID_NOW,
  GRID_SINCE,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  HEAD_COLUMNS,
  HEAD_OBSERVED_FROM,
  HEAD_PRICE,
  HEAD_STEP,
  KEY_MASK,
  LAYERS,
  LEVELS_SENT,
  LIQ,
  MEAN,
  MESSAGE_BYTES,
  OUT,
  OUT_BYTES,
  OUT_USED,
  SCRATCH_CODES,
  SCRATCH_LEVELS,
  SCRATCH_VALUES,
  SENT,
  SETTING_QUANTUM,
  TIMEFRAMES,
  cell,
  columnAt,
} from "./layout";

/* A live column, from its opening to the bytes of its closing. Layers: 0 bid, 1 ask (mean), 2 bid, 3 ask (now),
   4 long, 5 short (realised), 6 long, 7 short (predicted). */

const MESSAGE_CLOSED: i32 = 1;
const MESSAGE_KEY: i32 = 2;
const MESSAGE_DELTA: i32 = 3;
const MESSAGE_REFRESH: i32 = 5;
const ALL_LAYERS: i32 = 255;
const DELTA_HEADER_BYTES: usize = 20;
const USD_PER_CENT: f64 = 0.01;

export function timeframeMs(timeframe: i32): f64 {
  switch (timeframe) {
    case 0: return 60_000;
    case 1: return 300_000;
    case 2: return 900_000;
    case 3: return 3_600_000;
    case 4: return 14_400_000;
    default: return 86_400_000;
  }
}

/** Opens every column at the clock; prices start where the last one ended. */
export function columnsOpen(): void {
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) openColumn(timeframe);
  store<f64>(HEAD_OBSERVED_FROM, load<f64>(HEAD_CLOCK_MS));
}

function openColumn(timeframe: i32): void {
  const c = columnAt(timeframe);
  const length = timeframeMs(timeframe);
  const price = load<f64>(HEAD_PRICE);
  store<f64>(c + C_OPEN_MS, Math.floor(load<f64>(HEAD_CLOCK_MS) / length) * length);
  store<f64>(c + C_OPEN, price);
  store<f64>(c + C_HIGH, price);
  store<f64>(c + C_LOW, price);
  store<f64>(c + C_CLOSE, price);
  store<f64>(c + C_VOLUME, 0);
  store<f64>(c + C_OBSERVED_MS, 0);
  // Even, so that pairs of buckets never straddle the window.
  store<i32>(c + C_BASE, (bucketOfPrice(price, load<f64>(HEAD_STEP)) & ~1) - BUCKETS / 2);
  store<u32>(c + C_KEYED, 0);
}

/** A trade (or, without trades, a mark) of the leading venue. */
export function columnsPrice(price: f64): void {
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    if (price > load<f64>(c + C_HIGH)) store<f64>(c + C_HIGH, price);
    if (price < load<f64>(c + C_LOW)) store<f64>(c + C_LOW, price);
    store<f64>(c + C_CLOSE, price);
  }
}

export function columnsVolume(usd: f64): void {
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    store<f64>(c + C_VOLUME, load<f64>(c + C_VOLUME) + usd);
  }
}

/** Adds whole cents to the realised layer of every live column. side: 0 long closed, 1 short closed. */
export function columnsLiquidation(side: i32, bucket: i32, cents: f64): void {
  if (<u32>bucket >= <u32>GRID_BUCKETS) return;
  gridUse(bucket);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const at = cell(LIQ, timeframe * 2 + side, bucket);
    store<f64>(at, load<f64>(at) + cents);
    store<u32>(columnAt(timeframe) + C_LIQUIDATED, 1);
  }
}

/**
 * Closes what ends at or before `clock` and opens its successor. The live minute is settled up to its own end, which
 * is why the clock stands there while it closes; a longer jump leaves a gap in time, not columns without data.
 */
export function columnsRoll(clock: f64): void {
  const end = load<f64>(columnAt(0) + C_OPEN_MS) + timeframeMs(0);
  if (clock < end) return;
  store<f64>(HEAD_CLOCK_MS, end);
  settleMinute(end);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    if (clock >= load<f64>(c + C_OPEN_MS) + timeframeMs(timeframe)) emitClosed(timeframe, c);
  }
  store<f64>(HEAD_CLOCK_MS, clock);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    if (clock < load<f64>(c + C_OPEN_MS) + timeframeMs(timeframe)) continue;
    for (let side = 0; side < 2; side++) {
      if (timeframe > 0) clearUsed(MEAN, (timeframe - 1) * 2 + side);
      if (load<u32>(c + C_LIQUIDATED) !== 0) clearUsed(LIQ, timeframe * 2 + side);
    }
    store<u32>(c + C_LIQUIDATED, 0);
    openColumn(timeframe);
  }
  for (let side = 0; side < 2; side++) clearUsed(GRID_INTEGRAL, side);
  store<f64>(HEAD_OBSERVED_FROM, clock);
}

/** Brings the live minute's integrals up to `end` and adds them to the longer timeframes. */
function settleMinute(end: f64): void {
  const first = load<i32>(HEAD_BUCKET_FIRST);
  const last = load<i32>(HEAD_BUCKET_LAST);
  for (let side = 0; side < 2; side++) {
    for (let bucket = first; bucket <= last; bucket++) {
      const integral = cell(GRID_INTEGRAL, side, bucket);
      const total = load<f64>(integral) + load<f64>(cell(GRID_NOW, side, bucket)) * (end - settledFrom(load<f64>(cell(GRID_SINCE, side, bucket))));
      store<f64>(integral, total);
      store<f64>(cell(GRID_SINCE, side, bucket), end);
      if (total === 0) continue;
      for (let longer = 0; longer < TIMEFRAMES - 1; longer++) {
        const mean = cell(MEAN, longer * 2 + side, bucket);
        store<f64>(mean, load<f64>(mean) + total);
      }
    }
  }
  const observed = end - load<f64>(HEAD_OBSERVED_FROM);
  for (let timeframe = 1; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    store<f64>(c + C_OBSERVED_MS, load<f64>(c + C_OBSERVED_MS) + observed);
  }
  // The minute's own integral is complete; the longer ones count it already.
  store<f64>(HEAD_OBSERVED_FROM, end);
  store<f64>(columnAt(0) + C_OBSERVED_MS, observed);
}

/** Clears a row of a [row][bucket] array where anything can be: the rest of its pages stays unused. */
function clearUsed(array: usize, row: i32): void {
  const first = load<i32>(HEAD_BUCKET_FIRST);
  const last = load<i32>(HEAD_BUCKET_LAST);
  if (first <= last) memory.fill(cell(array, row, first), 0, <usize>(last - first + 1) << 3);
}

/** Quantises all layers of a live column into SCRATCH_CODES. */
function readColumn(timeframe: i32, c: usize): void {
  const base = load<i32>(c + C_BASE);
  const quantum = <f32>load<f64>(SETTING_QUANTUM);
  const clock = load<f64>(HEAD_CLOCK_MS);
  const live = clock - load<f64>(HEAD_OBSERVED_FROM);
  const observed = load<f64>(c + C_OBSERVED_MS) + live;
  for (let side = 0; side < 2; side++) {
    meanTo(timeframe, side, base, clock, observed);
    quantise(SCRATCH_VALUES, codesAt(side), quantum);
    centsTo(GRID_NOW, side, base);
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

/** Version of the predicted map in SENT; beside SENT, so that it goes with it. */
// @ts-ignore: decorator
@inline
function levelsSentAt(timeframe: i32): usize {
  return LEVELS_SENT + (<usize>timeframe << 2);
}

// @ts-ignore: decorator
@inline
function codesAt(layer: i32): usize {
  return SCRATCH_CODES + <usize>(layer * BUCKETS);
}

/** Mean depth in USD over the observed part of the column; what rests now where nothing was observed yet. */
function meanTo(timeframe: i32, side: i32, base: i32, clock: f64, observed: f64): void {
  if (!(observed > 0)) {
    centsTo(GRID_NOW, side, base);
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
  let at: usize = <usize>(side * GRID_BUCKETS + first) << 3;
  let longer: usize = MEAN + (<usize>((timeframe - 1) * 2 + side) * <usize>GRID_BUCKETS << 3) + (<usize>first << 3);
  for (let bucket = first; bucket < end; bucket += 2) {
    const since = f64x2.pmax(start, v128.load(GRID_SINCE + at));
    const resting = f64x2.mul(v128.load(GRID_NOW + at), f64x2.sub(now, since));
    let sum = f64x2.add(v128.load(GRID_INTEGRAL + at), resting);
    if (timeframe > 0) sum = closing ? v128.load(longer) : f64x2.add(v128.load(longer), sum);
    putPair(bucket - base, f64x2.mul(sum, scale));
    at += 16;
    longer += 16;
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

/** Closed column: its block, then its codes as they are (for the store). */
function emitClosed(timeframe: i32, c: usize): void {
  readColumn(timeframe, c);
  const message = openMessage();
  const block = message + MESSAGE_BYTES;
  const bytes = writeBlock(block, MESSAGE_CLOSED, c);
  const codes = (block + bytes + 15) & ~15;
  memory.copy(codes, SCRATCH_CODES, COLUMN_CODES);
  closeMessage(message, MESSAGE_CLOSED, timeframe, codes + COLUMN_CODES);
  store<f64>(HEAD_COLUMNS, load<f64>(HEAD_COLUMNS) + 1);
}

/** Whole column against empty layers; returns its bytes. */
function writeBlock(block: usize, type: i32, c: usize): usize {
  let at = block + BLOCK_HEADER_BYTES;
  for (let layer = 0; layer < LAYERS; layer++) at += encodeLayer(codesAt(layer), EMPTY_CODES, at);
  memory.fill(block, 0, BLOCK_HEADER_BYTES);
  store<u8>(block, <u8>type);
  store<u8>(block + 1, <u8>ALL_LAYERS);
  store<u32>(block + 4, <u32>(at - block - BLOCK_HEADER_BYTES));
  store<f64>(block + 8, load<f64>(c + C_OPEN_MS));
  store<f64>(block + 16, load<f64>(c + C_OPEN));
  store<f64>(block + 24, load<f64>(c + C_HIGH));
  store<f64>(block + 32, load<f64>(c + C_LOW));
  store<f64>(block + 40, load<f64>(c + C_CLOSE));
  store<f64>(block + 48, load<f64>(c + C_VOLUME));
  store<f64>(block + 56, load<f64>(HEAD_STEP));
  store<i32>(block + 64, load<i32>(c + C_BASE));
  store<f32>(block + 68, <f32>load<f64>(SETTING_QUANTUM));
  const live = load<f64>(HEAD_CLOCK_MS) - load<f64>(HEAD_OBSERVED_FROM);
  store<u32>(block + 72, <u32>(load<f64>(c + C_OBSERVED_MS) + live));
  return at - block;
}

/**
 * Writes what the listeners of each active timeframe need: what changed, and first of all the whole column.
 * False: OUT is too full, call again when it was read.
 */
export function columnsEmit(): bool {
  const active = atomic.load<u32>(ACTIVE_MASK);
  // A stream that nobody listened to starts with a key when somebody does again.
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    if ((active & (1 << timeframe)) === 0) store<u32>(columnAt(timeframe) + C_KEYED, 0);
  }
  if (active === 0 || !(load<f64>(HEAD_STEP) > 0)) return true;
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const bit: u32 = 1 << timeframe;
    if ((active & bit) === 0) continue;
    if (<usize>load<u32>(OUT_USED) + 2 * (MESSAGE_BYTES + BLOCK_BYTES_MAX) > OUT_BYTES) return false;
    const c = columnAt(timeframe);
    readColumn(timeframe, c);
    const wanted = (atomic.and<u32>(KEY_MASK, ~bit) & bit) !== 0;
    if (load<u32>(c + C_KEYED) === 0) {
      emitKey(timeframe, c, MESSAGE_KEY);
    } else {
      emitDelta(timeframe, c);
      if (wanted) emitKey(timeframe, c, MESSAGE_REFRESH);
    }
  }
  return true;
}

// @ts-ignore: decorator
@inline
function sentAt(timeframe: i32): usize {
  return SENT + COLUMN_CODES * <usize>timeframe;
}

/** A key opens a stream; a refresh is the same block, for those who keep snapshots: listeners have the delta already. */
function emitKey(timeframe: i32, c: usize, type: i32): void {
  const message = openMessage();
  const block = message + MESSAGE_BYTES;
  const bytes = writeBlock(block, MESSAGE_KEY, c);
  closeMessage(message, type, timeframe, block + bytes);
  memory.copy(sentAt(timeframe), SCRATCH_CODES, COLUMN_CODES);
  store<u32>(c + C_KEYED, 1);
}

function emitDelta(timeframe: i32, c: usize): void {
  const sent = sentAt(timeframe);
  const message = openMessage();
  const block = message + MESSAGE_BYTES;
  let at = block + DELTA_HEADER_BYTES;
  let mask = 0;
  for (let layer = 0; layer < LAYERS; layer++) {
    const bytes = encodeLayer(codesAt(layer), sent + <usize>(layer * BUCKETS), at);
    if (load<u16>(at) === 0) continue;
    mask |= 1 << layer;
    at += bytes;
  }
  store<u8>(block, <u8>MESSAGE_DELTA);
  store<u8>(block + 1, <u8>mask);
  store<u16>(block + 2, <u16>(at - block - DELTA_HEADER_BYTES));
  store<f32>(block + 4, <f32>load<f64>(c + C_HIGH));
  store<f32>(block + 8, <f32>load<f64>(c + C_LOW));
  store<f32>(block + 12, <f32>load<f64>(c + C_CLOSE));
  store<f32>(block + 16, <f32>load<f64>(c + C_VOLUME));
  closeMessage(message, MESSAGE_DELTA, timeframe, at);
  memory.copy(sent, SCRATCH_CODES, COLUMN_CODES);
}

/* Message in OUT: u32 bytes | u8 type | u8 timeframe | u16 0 | f64 clockMs | body, padded to 16. */
export function openMessage(): usize {
  return OUT + <usize>load<u32>(OUT_USED);
}

export function closeMessage(message: usize, type: i32, timeframe: i32, end: usize): void {
  const padded = (end - message + 15) & ~15;
  store<u32>(message, <u32>padded);
  store<u8>(message + 4, <u8>type);
  store<u8>(message + 5, <u8>timeframe);
  store<u16>(message + 6, <u16>(padded - (end - message)));
  store<f64>(message + 8, load<f64>(HEAD_CLOCK_MS));
  store<u32>(OUT_USED, load<u32>(OUT_USED) + <u32>padded);
}
