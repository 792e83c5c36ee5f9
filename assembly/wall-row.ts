import { GRID_BUCKETS, GRID_VENUE, HEAD_PRICE, REPORTS, SCRATCH_VALUES, cell } from "./layout";
import {
  CHAIN,
  CHAIN_BYTES,
  OUTCOME,
  OUTCOMES,
  OUTCOME_BYTES,
  O_BUCKET,
  O_MS,
  O_SIDE,
  O_STATE,
  O_VENUE,
  R_TRACKS,
  TRACK_BYTES,
  T_RATE,
  W_CENTS,
  W_EXECUTED,
  W_PEAK,
  W_SINCE_MS,
  W_SPOOF,
  W_STATE,
} from "./report-layout";
import { MESSAGE_WALL, bucketPrice, rowSend, rowStart } from "./report-out";
import {
  NEIGHBOURS,
  NEIGHBOURS_BEYOND,
  SPOOF_BUCKETS,
  SPOOF_MS,
  SPOOF_PRIOR,
  SPOOF_PRIOR_WALLS,
  WALL_AGE_MS,
} from "./report-settings";
import { NOWHERE, WALL_ACTIVE, WALL_IS_PULLED, WALL_IS_STALE, bucketOf, sideOf, venueOf } from "./wall-track";
import { STATE_ACTIVE, bandBuckets, bestBucket, trackAt } from "./walls";

/* What is told of a wall. Made only when there is something to tell, so it may look at the whole band. */

const ROW_BYTES: usize = 144;
/** The row lies behind the neighbours' values, which are sorted at the start of the scratch. */
const ROW: usize = SCRATCH_VALUES + 4096;

export function wallTell(track: usize, state: i32, target: i32, now: f64): void {
  const venue = venueOf(track);
  const side = sideOf(track);
  const bucket = bucketOf(track);
  const cents = load<f64>(track + W_CENTS);
  const age = now - load<f64>(track + W_SINCE_MS);
  const median = medianAround(venue, side, bucket);
  const spoof = spoofScore(venue, side, bucket, now);
  store<f64>(track + W_SPOOF, spoof);
  const shown = state === WALL_ACTIVE ? cents : load<f64>(track + W_PEAK);
  rowStart(ROW, ROW_BYTES, state, side, venue, bucket, load<f64>(track + W_SINCE_MS));
  store<f64>(ROW + 16, now);
  store<f64>(ROW + 32, cents / 100);
  store<f64>(ROW + 40, load<f64>(track + W_PEAK) / 100);
  store<f64>(ROW + 48, load<f64>(track + W_EXECUTED) / 100);
  store<f64>(ROW + 56, shown / meanOfBand(venue, side));
  const ratio = median > 0 ? shown / median : 1;
  store<f64>(ROW + 64, ratio > 1 ? (Math.log(ratio) / Math.LN2) * Math.sqrt(min<f64>(1, age / WALL_AGE_MS)) * (1 - spoof) : 0);
  store<f64>(ROW + 72, spoof);
  // Who buys eats asks, who sells eats bids.
  const rate = load<f64>(REPORTS + CHAIN + CHAIN_BYTES * <usize>(venue * 2 + (1 - side)) + T_RATE);
  store<f64>(ROW + 80, cents / 100 / rate);
  const price = load<f64>(HEAD_PRICE);
  store<f64>(ROW + 88, ((bucketPrice(bucket) - price) / price) * 1e4);
  store<u32>(ROW + 96, pullsAround(venue, side, bucket, now));
  store<i32>(ROW + 100, target === NOWHERE ? 0 : target - bucket);
  store<i32>(ROW + 104, coveredBuckets(venue, side));
  store<u8>(ROW + 3, <u8>mergeVenues(side, bucket));
  rowSend(MESSAGE_WALL, ROW, ROW_BYTES);
}

/** USD of each venue's wall in this bucket or beside it, into the row; returns the venues as bits. */
function mergeVenues(side: i32, bucket: i32): u32 {
  let mask: u32 = 0;
  const last = trackAt(load<u32>(REPORTS + R_TRACKS));
  for (let track = trackAt(0); track < last; track += TRACK_BYTES) {
    if (<i32>load<u8>(track + W_STATE) !== STATE_ACTIVE || sideOf(track) !== side) continue;
    if (abs<i32>(bucketOf(track) - bucket) > 1) continue;
    const at = ROW + 108 + (<usize>venueOf(track) << 2);
    store<f32>(at, load<f32>(at) + <f32>(load<f64>(track + W_CENTS) / 100));
    mask |= 1 << venueOf(track);
  }
  return mask;
}

/** The part of the walls of this venue hereabouts that was pulled in the last ten minutes, with a prior. */
function spoofScore(venue: i32, side: i32, bucket: i32, now: f64): f64 {
  let ended: f64 = 0;
  for (let i: u32 = 0; i < OUTCOMES; i++) {
    const outcome = outcomeAt(i);
    if (isNear(outcome, venue, side, bucket, now) && <i32>load<u8>(outcome + O_STATE) !== WALL_IS_STALE) ended++;
  }
  return (<f64>pullsAround(venue, side, bucket, now) + SPOOF_PRIOR * SPOOF_PRIOR_WALLS) / (ended + SPOOF_PRIOR_WALLS);
}

function pullsAround(venue: i32, side: i32, bucket: i32, now: f64): u32 {
  let pulls: u32 = 0;
  for (let i: u32 = 0; i < OUTCOMES; i++) {
    const outcome = outcomeAt(i);
    if (isNear(outcome, venue, side, bucket, now) && <i32>load<u8>(outcome + O_STATE) === WALL_IS_PULLED) pulls++;
  }
  return pulls;
}

// @ts-ignore: decorator
@inline
function outcomeAt(index: u32): usize {
  return REPORTS + OUTCOME + OUTCOME_BYTES * <usize>index;
}

function isNear(outcome: usize, venue: i32, side: i32, bucket: i32, now: f64): bool {
  return (
    load<f64>(outcome + O_MS) > 0 &&
    now - load<f64>(outcome + O_MS) <= SPOOF_MS &&
    <i32>load<u8>(outcome + O_VENUE) === venue &&
    <i32>load<u8>(outcome + O_SIDE) === side &&
    abs<i32>(load<i32>(outcome + O_BUCKET) - bucket) <= SPOOF_BUCKETS
  );
}

function bandFirst(venue: i32, side: i32, beyond: i32): i32 {
  const best = bestBucket(venue, side);
  return side === 0 ? max<i32>(0, best - bandBuckets() - beyond) : max<i32>(0, best);
}

function bandLast(venue: i32, side: i32, beyond: i32): i32 {
  const best = bestBucket(venue, side);
  return min<i32>(GRID_BUCKETS - 1, side === 0 ? best : best + bandBuckets() + beyond);
}

/** Lower median of the neighbours that hold something, cents. */
function medianAround(venue: i32, side: i32, bucket: i32): f64 {
  const row = cell(GRID_VENUE, venue * 2 + side, 0);
  const low = bandFirst(venue, side, NEIGHBOURS_BEYOND);
  const high = bandLast(venue, side, NEIGHBOURS_BEYOND);
  let count = 0;
  for (let at = bucket - 1, left = NEIGHBOURS; at >= low && left > 0; at--) {
    const value = load<f64>(row + (<usize>at << 3));
    if (!(value > 0)) continue;
    left--;
    insert(count++, value);
  }
  for (let at = bucket + 1, left = NEIGHBOURS; at <= high && left > 0; at++) {
    const value = load<f64>(row + (<usize>at << 3));
    if (!(value > 0)) continue;
    left--;
    insert(count++, value);
  }
  return count === 0 ? 0 : load<f64>(SCRATCH_VALUES + (<usize>((count - 1) >> 1) << 3));
}

/** Puts a value into its place among `count` sorted ones. */
function insert(count: i32, value: f64): void {
  let at = SCRATCH_VALUES + (<usize>count << 3);
  while (at > SCRATCH_VALUES && load<f64>(at - 8) > value) {
    store<f64>(at, load<f64>(at - 8));
    at -= 8;
  }
  store<f64>(at, value);
}

/** Cents of a bucket of the band that holds something, on average. */
function meanOfBand(venue: i32, side: i32): f64 {
  const row = cell(GRID_VENUE, venue * 2 + side, 0);
  const last = bandLast(venue, side, 0);
  let sum: f64 = 0;
  let count: f64 = 0;
  for (let bucket = bandFirst(venue, side, 0); bucket <= last; bucket++) {
    const value = load<f64>(row + (<usize>bucket << 3));
    if (!(value > 0)) continue;
    sum += value;
    count++;
  }
  return count > 0 ? sum / count : 1;
}

/** Buckets from the best price to the farthest of the band that holds something: what the venue really shows. */
function coveredBuckets(venue: i32, side: i32): i32 {
  const row = cell(GRID_VENUE, venue * 2 + side, 0);
  const first = bandFirst(venue, side, 0);
  const last = bandLast(venue, side, 0);
  for (let covered = last - first; covered >= 0; covered--) {
    const bucket = side === 0 ? last - covered : first + covered;
    if (load<f64>(row + (<usize>bucket << 3)) > 0) return covered + 1;
  }
  return 0;
}
