import { bucketOfPrice } from "./grid";
import { GRID_BUCKETS, HEAD_STEP, HEAD_WHERE, LEVELS_MAP, LIQ, WHERE, WHERE_MAP, cell } from "./layout";
import { levelsFresh } from "./levels";

/* The where score: given that price has crossed some ground in an hour, does the map of the hour's start say on which
   of it liquidations were realised? In bits per USD over saying "anywhere alike", and as the lift of the quarter of the
   buckets that it ranks first; each beside a baseline that knows nothing but the distance from the hour's open.

     0      f64 step of the map below, 0: none
     8      sums over the past, forgetting: USD | USD x bits | USD x bits of the baseline | USD in the top quarter, of the
            baseline's top quarter: f64[5]
     64     distance from the open, [side][bin]: realised parts f64[2][BINS], hours f64[2][BINS]
     2112   the map of the hour's start, f32[2][GRID_BUCKETS] */

const BINS: i32 = 64;
/** Buckets of one bin of distance: about 12 bp. The last bin holds all beyond. */
const BIN_BUCKETS: i32 = 4;
const W_SUMS: usize = 8;
const W_PARTS: usize = 64;
const W_HOURS: usize = W_PARTS + 2 * 8 * <usize>BINS;
const SUMS: i32 = 5;

/** 2^(-1 / (30 * 24)): forgetting, half-life 30 days. */
const FORGET: f64 = 0.9990377588337834;
/** No place that price crosses is held to be impossible. */
const DOUBT: f64 = 0.05;
const TOP: f64 = 0.25;
/** A wider move is scored on its first buckets: ranking is quadratic. */
const GROUND_MAX: i32 = 512;
/** Hours' worth of "anywhere alike" in the baseline's memory. */
const PRIOR_HOURS: f64 = 5;
const PRIOR_PART: f64 = 0.02;

/** Keeps the map as it is at the start of an hour. */
export function whereStart(): void {
  levelsFresh();
  memory.copy(WHERE_MAP, LEVELS_MAP, 2 * 4 * <usize>GRID_BUCKETS);
  store<f64>(WHERE, load<f64>(HEAD_STEP));
}

/** Scores an hour at its close, while its realised layer is still there. */
export function whereHour(open: f64, low: f64, high: f64): void {
  const step = load<f64>(HEAD_STEP);
  if (load<f64>(WHERE) === step) {
    const from = bucketOfPrice(open, step);
    for (let i = 0; i < SUMS; i++) {
      const at = WHERE + W_SUMS + (<usize>i << 3);
      store<f64>(at, load<f64>(at) * FORGET);
    }
    side(0, from, from - bucketOfPrice(low, step));
    side(1, from, bucketOfPrice(high, step) - from);
    publish();
  }
  whereStart();
}

/** One side: `count` buckets of ground away from the open's own bucket. */
function side(s: i32, from: i32, count: i32): void {
  const n = count < GROUND_MAX ? count : GROUND_MAX;
  if (n < 2) return;
  let usd: f64 = 0;
  let predicted: f64 = 0;
  let expected: f64 = 0;
  for (let i = 0; i < n; i++) {
    usd += realised(s, bucketAt(s, from, i));
    predicted += mapped(s, bucketAt(s, from, i));
    expected += habit(s, i);
  }
  if (usd > 0 && predicted > 0) {
    add(0, usd);
    for (let i = 0; i < n; i++) {
      const own = realised(s, bucketAt(s, from, i));
      if (!(own > 0)) continue;
      const value = mapped(s, bucketAt(s, from, i));
      const usual = habit(s, i);
      add(1, own * bitsOf(value / predicted, n));
      add(2, own * bitsOf(usual / expected, n));
      let larger = 0;
      let usualLarger = 0;
      for (let j = 0; j < n; j++) {
        if (mapped(s, bucketAt(s, from, j)) > value) larger++;
        if (habit(s, j) > usual) usualLarger++;
      }
      if (<f64>larger < TOP * <f64>n) add(3, own);
      if (<f64>usualLarger < TOP * <f64>n) add(4, own);
    }
  }
  learn(s, from, n, usd);
}

/** Whose part of the hour's USD lay how far from the open: the baseline of the hours to come. */
function learn(s: i32, from: i32, n: i32, usd: f64): void {
  for (let i = 0; i < BINS; i++) {
    const part = binAt(W_PARTS, s, i);
    const hours = binAt(W_HOURS, s, i);
    store<f64>(part, load<f64>(part) * FORGET);
    store<f64>(hours, load<f64>(hours) * FORGET);
  }
  if (!(usd > 0)) return;
  for (let i = 0; i < n; i++) {
    const part = binAt(W_PARTS, s, binOf(i));
    const hours = binAt(W_HOURS, s, binOf(i));
    store<f64>(part, load<f64>(part) + realised(s, bucketAt(s, from, i)) / usd);
    store<f64>(hours, load<f64>(hours) + 1);
  }
}

function publish(): void {
  const usd = load<f64>(WHERE + W_SUMS);
  for (let i = 1; i < SUMS; i++) {
    const mean = usd > 0 ? load<f64>(WHERE + W_SUMS + (<usize>i << 3)) / usd : 0;
    store<f64>(HEAD_WHERE + (<usize>(i - 1) << 3), i < 3 ? mean : mean / TOP);
  }
}

/** Bits over "anywhere alike" of a place that was given this part of the ground's mass. */
// @ts-ignore: decorator
@inline
function bitsOf(part: f64, n: i32): f64 {
  return Math.log2(((1 - DOUBT) * part + DOUBT / <f64>n) * <f64>n);
}

/** The i-th bucket of ground: longs are reached below the open, shorts above. */
// @ts-ignore: decorator
@inline
function bucketAt(s: i32, from: i32, i: i32): i32 {
  return s === 0 ? from - 1 - i : from + 1 + i;
}

/** USD cents realised in the hour. Row 3 of the live columns' layers is the 1h column's. */
// @ts-ignore: decorator
@inline
function realised(s: i32, bucket: i32): f64 {
  return <u32>bucket < <u32>GRID_BUCKETS ? load<f64>(cell(LIQ, 3 * 2 + s, bucket)) : 0;
}

// @ts-ignore: decorator
@inline
function mapped(s: i32, bucket: i32): f64 {
  return <u32>bucket < <u32>GRID_BUCKETS ? <f64>load<f32>(WHERE_MAP + (<usize>(s * GRID_BUCKETS + bucket) << 2)) : 0;
}

/** Mean part of an hour's USD in a bucket at this distance, as far as is known. */
// @ts-ignore: decorator
@inline
function habit(s: i32, i: i32): f64 {
  const bin = binOf(i);
  const parts = load<f64>(binAt(W_PARTS, s, bin)) + PRIOR_HOURS * PRIOR_PART;
  return parts / (load<f64>(binAt(W_HOURS, s, bin)) + PRIOR_HOURS);
}

// @ts-ignore: decorator
@inline
function binOf(i: i32): i32 {
  const bin = i / BIN_BUCKETS;
  return bin < BINS ? bin : BINS - 1;
}

// @ts-ignore: decorator
@inline
function binAt(field: usize, s: i32, bin: i32): usize {
  return WHERE + field + (<usize>(s * BINS + bin) << 3);
}

// @ts-ignore: decorator
@inline
function add(sum: i32, value: f64): void {
  const at = WHERE + W_SUMS + (<usize>sum << 3);
  store<f64>(at, load<f64>(at) + value);
}
