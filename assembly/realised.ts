import {
  GRID_BUCKETS,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  REALISED,
  REALISED_FIRST,
  REALISED_LAST,
  VENUE_SLOTS,
  cell,
  clearUsed,
} from "./layout";

/* Realised liquidations of the last day by venue, side and bucket, and when each bucket had its first and its last. What
   has happened matters less as it ages: all of it fades by the hour, and a bucket is emptied a day after its last. */

const HOUR_MS: f64 = 3_600_000;
const DAY_MS: f64 = 86_400_000;
/** Half of it is left after six hours. */
const HOUR_FACTOR: f64 = 0.8908987181403393;

/** Adds whole cents. `side`: 0 long closed, 1 short closed. */
export function realisedAdd(venue: i32, side: i32, bucket: i32, cents: f64, timeMs: f64): void {
  if (<u32>bucket >= <u32>GRID_BUCKETS) return;
  const at = cell(REALISED, venue * 2 + side, bucket);
  store<f64>(at, load<f64>(at) + cents);
  const first = cell(REALISED_FIRST, side, bucket);
  const last = cell(REALISED_LAST, side, bucket);
  if (load<f64>(first) === 0 || timeMs < load<f64>(first)) store<f64>(first, timeMs);
  if (timeMs > load<f64>(last)) store<f64>(last, timeMs);
}

/** Called before the clock moves to `timeMs`: one step of fading for each hour that ends on the way. */
export function realisedClock(timeMs: f64): void {
  const hour = Math.floor(timeMs / HOUR_MS);
  const hours = hour - Math.floor(load<f64>(HEAD_CLOCK_MS) / HOUR_MS);
  if (!(hours > 0)) return;
  const goneMs = hour * HOUR_MS - DAY_MS;
  let factor: f64 = 1;
  // After more than a day everything is gone anyway.
  for (let i: f64 = 0; i < hours && i * HOUR_MS < DAY_MS; i++) factor *= HOUR_FACTOR;
  const first = load<i32>(HEAD_BUCKET_FIRST);
  const last = load<i32>(HEAD_BUCKET_LAST);
  for (let side = 0; side < 2; side++) {
    for (let bucket = first; bucket <= last; bucket++) {
      const lastMs = load<f64>(cell(REALISED_LAST, side, bucket));
      if (lastMs > 0) fade(side, bucket, lastMs < goneMs ? 0 : factor);
    }
  }
}

function fade(side: i32, bucket: i32, factor: f64): void {
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const at = cell(REALISED, venue * 2 + side, bucket);
    store<f64>(at, load<f64>(at) * factor);
  }
  if (factor > 0) return;
  store<f64>(cell(REALISED_FIRST, side, bucket), 0);
  store<f64>(cell(REALISED_LAST, side, bucket), 0);
}

/** For a grid that is chosen anew: buckets of the old one mean other prices. */
export function realisedClear(): void {
  for (let side = 0; side < 2; side++) {
    for (let venue = 0; venue < VENUE_SLOTS; venue++) clearUsed(REALISED, venue * 2 + side);
    clearUsed(REALISED_FIRST, side);
    clearUsed(REALISED_LAST, side);
  }
}
