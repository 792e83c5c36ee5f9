import {
  D_INTEGRAL,
  D_NOW,
  D_SINCE,
  GRID_BUCKETS,
  GRID_VENUE,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  HEAD_OBSERVED_FROM,
  HEAD_OUTSIDE,
  cell,
  depthAt,
} from "./layout";

/** The grid aims at this part of the price per bucket. */
const IDEAL: f64 = 3e-4;
/** Moves a price that lies exactly on a bucket's edge, less rounding, back onto it. Prices are near 3,333 buckets. */
const EDGE: f64 = 1e-9;

/**
 * Width of a bucket in USD: the multiple of the tick in the series {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8} x 10^k
 * (k >= 0) that is nearest to 3 bp of the price on a log scale.
 */
export function gridStep(price: f64, tick: f64): f64 {
  const ideal = (price * IDEAL) / tick;
  if (!(ideal > 1)) return tick;
  let scale: f64 = 1;
  while (scale * 10 <= ideal) scale *= 10;
  let best: f64 = 0;
  let distance: f64 = Infinity;
  for (let i = 0; i <= 10; i++) {
    const multiple = series(i) * scale;
    const away = multiple > ideal ? multiple / ideal : ideal / multiple;
    if (away < distance) {
      distance = away;
      best = multiple;
    }
  }
  return best * tick;
}

function series(i: i32): f64 {
  switch (i) {
    case 0: return 1;
    case 1: return 1.25;
    case 2: return 1.5;
    case 3: return 2;
    case 4: return 2.5;
    case 5: return 3;
    case 6: return 4;
    case 7: return 5;
    case 8: return 6;
    case 9: return 8;
    default: return 10;
  }
}

/** Bucket of a tick: floor(tick * ratio), ratio = tick size / step. The one place where this formula lives. */
// @ts-ignore: decorator
@inline
export function bucketOfTick(tick: i32, ratio: f64): i32 {
  return <i32>Math.floor(<f64>tick * ratio + EDGE);
}

/** Bucket of a price in USD. */
// @ts-ignore: decorator
@inline
export function bucketOfPrice(price: f64, step: f64): i32 {
  return <i32>Math.floor(price / step + EDGE);
}

/** Adds cents (whole, may be negative) of one venue to a bucket, and settles the time integral of what rested before. */
export function gridAdd(venue: i32, side: i32, bucket: i32, cents: f64): void {
  if (<u32>bucket >= <u32>GRID_BUCKETS) {
    store<f64>(HEAD_OUTSIDE, load<f64>(HEAD_OUTSIDE) + 1);
    return;
  }
  const at = depthAt(side, bucket);
  const clock = load<f64>(HEAD_CLOCK_MS);
  const now = load<f64>(at + D_NOW);
  const rested = now * (clock - settledFrom(load<f64>(at + D_SINCE)));
  store<f64>(at + D_INTEGRAL, load<f64>(at + D_INTEGRAL) + rested);
  store<f64>(at + D_SINCE, clock);
  store<f64>(at + D_NOW, now + cents);
  const own = cell(GRID_VENUE, venue * 2 + side, bucket);
  store<f64>(own, load<f64>(own) + cents);
  gridUse(bucket);
}

/** Widens the range of buckets that ever held anything: what is summed, cleared and read. */
// @ts-ignore: decorator
@inline
export function gridUse(bucket: i32): void {
  if (bucket < load<i32>(HEAD_BUCKET_FIRST)) store<i32>(HEAD_BUCKET_FIRST, bucket);
  if (bucket > load<i32>(HEAD_BUCKET_LAST)) store<i32>(HEAD_BUCKET_LAST, bucket);
}

/** A cell that has not changed in this minute counts from the minute's start, not from its last change. */
// @ts-ignore: decorator
@inline
export function settledFrom(since: f64): f64 {
  const from = load<f64>(HEAD_OBSERVED_FROM);
  return since > from ? since : from;
}
