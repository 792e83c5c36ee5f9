import { bucketOfTick } from "./grid";
import {
  GRID_BUCKETS,
  GRID_VENUE,
  HEAD_PRICE,
  HEAD_RECEIVE_MS,
  REPORTS,
  SETTING_FLOOR,
  SETTING_STALE_MS,
  VENUE_SLOTS,
  V_ASK,
  V_BATCHES,
  V_BID,
  V_DOWN,
  V_RATIO,
  V_RECEIVE_MS,
  V_SUSPECT_MS,
  cell,
  venueAt,
} from "./layout";
import { R_STEP, R_TRACKS, TRACK, TRACKS, TRACK_BYTES, W_BUCKET, W_EXECUTED, W_SEEN, W_STATE, W_VENUE } from "./report-layout";
import { BAND, NEIGHBOURS, NEIGHBOURS_BEYOND, NEIGHBOURS_MIN, WALL_PART, WALL_RATIO } from "./report-settings";
import { asymmetryEnd, asymmetryStart, asymmetryVenue } from "./asymmetry";
import { trackDrop, trackLost, trackSeen, trackStart, tracksStep } from "./wall-track";

/* Walls: buckets of one venue and side that hold much more than their neighbours. Each sample looks at the band around
   the best prices; what stands out is followed by a track (wall-track.ts) from then on. */

/** A track's state; from STATE_ACTIVE on it is a wall. */
export const STATE_CANDIDATE: i32 = 1;
export const STATE_ACTIVE: i32 = 2;

/** One sample at `now`, which stands for `samples` of them: nothing was heard in between. */
export function wallsSample(now: f64, samples: i32): void {
  asymmetryStart();
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const v = venueAt(venue);
    if (load<f64>(v + V_BATCHES) === 0) continue;
    const bid = load<i32>(v + V_BID);
    const ask = load<i32>(v + V_ASK);
    if (load<u32>(v + V_DOWN) === 1 || load<f64>(v + V_SUSPECT_MS) > 0 || (bid < 0 && ask === i32.MAX_VALUE) || isStale(v)) {
      venueLost(venue, now);
      continue;
    }
    const ratio = load<f64>(v + V_RATIO);
    if (bid >= 0) sampleSide(venue, 0, bucketOfTick(bid, ratio), now);
    if (ask !== i32.MAX_VALUE) sampleSide(venue, 1, bucketOfTick(ask, ratio), now);
    if (bid >= 0 && ask !== i32.MAX_VALUE) asymmetryVenue(venue, bucketOfTick(bid, ratio), bucketOfTick(ask, ratio));
  }
  // Before the tracks, which need the same scratch.
  asymmetryEnd();
  tracksStep(now, samples);
}

/** Every wall ends as one that nobody saw any more. */
export function wallsEnd(now: f64): void {
  for (let venue = 0; venue < VENUE_SLOTS; venue++) venueLost(venue, now);
}

/** side: of the book that was hit. */
export function wallPrint(venue: i32, side: i32, bucket: i32, cents: f64): void {
  const track = trackOf(venue, side, bucket);
  if (track !== 0) store<f64>(track + W_EXECUTED, load<f64>(track + W_EXECUTED) + cents);
}

/** Candidate or wall of a bucket, 0 where there is none. */
export function trackOf(venue: i32, side: i32, bucket: i32): usize {
  const end = trackAt(load<u32>(REPORTS + R_TRACKS));
  const key = <u32>(venue << 8) | <u32>(side << 16);
  for (let track = trackAt(0); track < end; track += TRACK_BYTES) {
    const word = load<u32>(track + W_STATE);
    if (load<i32>(track + W_BUCKET) !== bucket || (word & 0xffff00) !== key) continue;
    if ((word & 255) <= <u32>STATE_ACTIVE) return track;
  }
  return 0;
}

// @ts-ignore: decorator
@inline
export function trackAt(index: u32): usize {
  return REPORTS + TRACK + TRACK_BYTES * <usize>index;
}

/** Buckets of the band on one side. */
export function bandBuckets(): i32 {
  return <i32>((load<f64>(HEAD_PRICE) * BAND) / load<f64>(REPORTS + R_STEP));
}

/**
 * True where `cents` are `times` the median of the neighbours that hold something: half of them (rounded up) times
 * `times` are no more. Counting needs no sorting, and most buckets of a smooth book are refused after a few.
 */
export function standsOut(venue: i32, side: i32, bucket: i32, best: i32, cents: f64, times: f64): bool {
  const row = cell(GRID_VENUE, venue * 2 + side, 0);
  const reach = bandBuckets() + NEIGHBOURS_BEYOND;
  const low = side === 0 ? max<i32>(0, best - reach) : best;
  const high = side === 0 ? best : min<i32>(GRID_BUCKETS - 1, best + reach);
  const most = cents / times;
  let small = 0;
  let large = 0;
  for (let at = bucket - 1, left = NEIGHBOURS; at >= low && left > 0; at--) {
    const value = load<f64>(row + (<usize>at << 3));
    if (!(value > 0)) continue;
    left--;
    if (value <= most) small++;
    else if (++large > NEIGHBOURS) return false;
  }
  for (let at = bucket + 1, left = NEIGHBOURS; at <= high && left > 0; at++) {
    const value = load<f64>(row + (<usize>at << 3));
    if (!(value > 0)) continue;
    left--;
    if (value <= most) small++;
    else if (++large > NEIGHBOURS) return false;
  }
  return small + large >= NEIGHBOURS_MIN && small >= large;
}

/** A feed that is quiet while others speak. */
function isStale(v: usize): bool {
  return load<f64>(HEAD_RECEIVE_MS) - load<f64>(v + V_RECEIVE_MS) > load<f64>(SETTING_STALE_MS);
}

function venueLost(venue: i32, now: f64): void {
  let index = load<u32>(REPORTS + R_TRACKS);
  while (index > 0) {
    index--;
    const track = trackAt(index);
    if (<i32>load<u8>(track + W_VENUE) !== venue) continue;
    trackLost(track, now);
    trackDrop(track);
  }
}

function sampleSide(venue: i32, side: i32, best: i32, now: f64): void {
  if (<u32>best >= <u32>GRID_BUCKETS) return;
  const reach = bandBuckets();
  const first = side === 0 ? max<i32>(0, best - reach) : best;
  const last = side === 0 ? best : min<i32>(GRID_BUCKETS - 1, best + reach);
  const from = cell(GRID_VENUE, venue * 2 + side, first);
  const end = from + (<usize>(last - first + 1) << 3);
  let sums = f64x2.splat(0);
  let tops = f64x2.splat(0);
  let at = from;
  for (; at + 16 <= end; at += 16) {
    const pair = v128.load(at);
    sums = f64x2.add(sums, pair);
    tops = f64x2.pmax(tops, pair);
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  let top = max<f64>(f64x2.extract_lane(tops, 0), f64x2.extract_lane(tops, 1));
  if (at < end) {
    sum += load<f64>(at);
    top = max<f64>(top, load<f64>(at));
  }
  const least = max<f64>(sum * WALL_PART, load<f64>(SETTING_FLOOR) * 100);
  if (top < least) return;
  const leasts = f64x2.splat(least);
  for (at = from; at < end; at += 8) {
    // Nearly all pairs hold nothing of the kind. What follows the band in memory does no harm.
    if (!v128.any_true(f64x2.ge(v128.load(at), leasts))) {
      at += 8;
      continue;
    }
    const cents = load<f64>(at);
    if (cents < least) continue;
    const bucket = first + <i32>((at - from) >> 3);
    if (!standsOut(venue, side, bucket, best, cents, WALL_RATIO)) continue;
    const track = trackOf(venue, side, bucket);
    if (track !== 0) trackSeen(track);
    else if (load<u32>(REPORTS + R_TRACKS) < <u32>TRACKS) startTrack(venue, side, bucket, now);
  }
}

function startTrack(venue: i32, side: i32, bucket: i32, now: f64): void {
  const index = load<u32>(REPORTS + R_TRACKS);
  store<u32>(REPORTS + R_TRACKS, index + 1);
  const track = trackAt(index);
  trackStart(track, venue, side, bucket, now);
  store<u8>(track + W_STATE, <u8>STATE_CANDIDATE);
  store<u8>(track + W_SEEN, 1);
}

/** Bucket of a side's best price; an empty side has one beyond the grid. */
export function bestBucket(venue: i32, side: i32): i32 {
  const v = venueAt(venue);
  const tick = load<i32>(v + (side === 0 ? V_BID : V_ASK));
  return tick < 0 ? -1 : tick === i32.MAX_VALUE ? GRID_BUCKETS : bucketOfTick(tick, load<f64>(v + V_RATIO));
}
