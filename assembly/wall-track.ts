import { GRID_VENUE, HEAD_PRICE, REPORTS, cell } from "./layout";
import {
  OUTCOME,
  OUTCOMES,
  OUTCOME_BYTES,
  O_BUCKET,
  O_CENTS,
  O_MS,
  O_SIDE,
  O_STATE,
  O_VENUE,
  R_OUTCOME,
  R_TRACKS,
  TRACK_BYTES,
  W_BEFORE,
  W_BUCKET,
  W_CENTS,
  W_EXECUTED,
  W_EXECUTED_PEAK,
  W_FALLEN,
  W_FALLEN_MS,
  W_GONE_MS,
  W_PEAK,
  W_PRESENT,
  W_RING,
  W_SAMPLE,
  W_SAMPLES,
  W_SAMPLES_KEPT,
  W_SAMPLE_BYTES,
  W_SEEN,
  W_SEEN_MS,
  W_SIDE,
  W_SINCE_MS,
  W_STATE,
  W_TOLD_CENTS,
  W_TOLD_MS,
  W_VENUE,
} from "./report-layout";
import { bucketPrice } from "./report-out";
import {
  PULL_CANCELLED,
  PULL_DISTANCE,
  PULL_DROP,
  PULL_MS,
  WALL_ACTIVE_MS,
  WALL_FILLED,
  WALL_GONE_MS,
  WALL_KEEPS,
  WALL_MOVE_BUCKETS,
  WALL_MOVE_MS,
  WALL_MOVE_PART,
  WALL_PRESENCE,
  WALL_TELL_MS,
  WALL_TELL_MS_MIN,
  WALL_TELL_PART,
} from "./report-settings";
import { wallTell } from "./wall-row";
import { STATE_ACTIVE, STATE_CANDIDATE, bestBucket, standsOut, trackAt } from "./walls";

/* The life of one wall, from the first sample in which it stood out to what became of it.
   candidate -> active -> ending (its end is certain, but not yet whether it has only moved) -> outcome. */

const STATE_ENDING: i32 = 3;
/** It fell at once, cancelled, while price was near it or far from it. */
const FALLEN_FAR: u32 = 1;
const FALLEN_NEAR: u32 = 2;

/** What a row says of a wall. */
export const WALL_ACTIVE: i32 = 0;
export const WALL_IS_FILLED: i32 = 1;
export const WALL_IS_PULLED: i32 = 2;
const WALL_IS_MOVED: i32 = 3;
const WALL_IS_FADED: i32 = 4;
export const WALL_IS_STALE: i32 = 5;

/** No bucket: the wall has not moved. */
export const NOWHERE: i32 = -1;

export function trackStart(track: usize, venue: i32, side: i32, bucket: i32, now: f64): void {
  memory.fill(track, 0, TRACK_BYTES);
  store<u8>(track + W_VENUE, <u8>venue);
  store<u8>(track + W_SIDE, <u8>side);
  store<i32>(track + W_BUCKET, bucket);
  store<f64>(track + W_SINCE_MS, now);
  store<f64>(track + W_SEEN_MS, now);
}

// @ts-ignore: decorator
@inline
export function trackSeen(track: usize): void {
  store<u8>(track + W_SEEN, 1);
}

/** Takes a track out; the last one takes its place. */
export function trackDrop(track: usize): void {
  const last = load<u32>(REPORTS + R_TRACKS) - 1;
  if (track !== trackAt(last)) memory.copy(track, trackAt(last), TRACK_BYTES);
  store<u32>(REPORTS + R_TRACKS, last);
}

/** The feed has a gap: what was a wall is told as stale. */
export function trackLost(track: usize, now: f64): void {
  if (<i32>load<u8>(track + W_STATE) === STATE_CANDIDATE) return;
  end(track, WALL_IS_STALE, NOWHERE, now);
}

/** One step of every track, after the buckets that stand out were marked. */
export function tracksStep(now: f64, samples: i32): void {
  let index = load<u32>(REPORTS + R_TRACKS);
  while (index > 0) {
    index--;
    const track = trackAt(index);
    const state = <i32>load<u8>(track + W_STATE);
    const cents = load<f64>(cell(GRID_VENUE, venueOf(track) * 2 + sideOf(track), bucketOf(track)));
    let over = false;
    if (state === STATE_CANDIDATE) over = candidateStep(track, now, samples, cents);
    else if (state === STATE_ACTIVE) activeStep(track, now, cents);
    else over = endingStep(track, now);
    if (over) {
      trackDrop(track);
      continue;
    }
    keepSample(track, now, cents);
    store<u8>(track + W_SEEN, 0);
  }
}

// @ts-ignore: decorator
@inline
export function venueOf(track: usize): i32 {
  return <i32>load<u8>(track + W_VENUE);
}

// @ts-ignore: decorator
@inline
export function sideOf(track: usize): i32 {
  return <i32>load<u8>(track + W_SIDE);
}

// @ts-ignore: decorator
@inline
export function bucketOf(track: usize): i32 {
  return load<i32>(track + W_BUCKET);
}

/** True: it was none. */
function candidateStep(track: usize, now: f64, samples: i32, cents: f64): bool {
  const since = load<f64>(track + W_SINCE_MS);
  // Before it was seen first nothing is known of it.
  const weight = since === now ? 1 : samples;
  store<i32>(track + W_SAMPLES, load<i32>(track + W_SAMPLES) + weight);
  if (load<u8>(track + W_SEEN) === 0) return now - load<f64>(track + W_SEEN_MS) >= WALL_GONE_MS;
  store<i32>(track + W_PRESENT, load<i32>(track + W_PRESENT) + weight);
  stand(track, now, cents);
  if (now - since < WALL_ACTIVE_MS) return false;
  if (<f64>load<i32>(track + W_PRESENT) < WALL_PRESENCE * <f64>load<i32>(track + W_SAMPLES)) return true;
  store<u8>(track + W_STATE, <u8>STATE_ACTIVE);
  tell(track, WALL_ACTIVE, now);
  return false;
}

function activeStep(track: usize, now: f64, cents: f64): void {
  // It may fall to a size that still stands out.
  if (cents > (1 - PULL_DROP) * load<f64>(track + W_PEAK)) store<u32>(track + W_FALLEN, 0);
  else if (load<u32>(track + W_FALLEN) === 0) fall(track, now, cents);
  const stands =
    load<u8>(track + W_SEEN) !== 0 ||
    (cents > 0 && standsOut(venueOf(track), sideOf(track), bucketOf(track), bestBucket(venueOf(track), sideOf(track)), cents, WALL_KEEPS));
  if (stands) {
    stand(track, now, cents);
    store<f64>(track + W_GONE_MS, 0);
    const told = load<f64>(track + W_TOLD_CENTS);
    const silentMs = now - load<f64>(track + W_TOLD_MS);
    const changed = abs<f64>(cents - told) > WALL_TELL_PART * told;
    if (silentMs >= (changed ? WALL_TELL_MS_MIN : WALL_TELL_MS)) tell(track, WALL_ACTIVE, now);
    return;
  }
  if (load<f64>(track + W_GONE_MS) === 0) {
    store<f64>(track + W_GONE_MS, now);
    if (load<u32>(track + W_FALLEN) === 0) store<f64>(track + W_BEFORE, load<f64>(track + W_CENTS));
  }
  store<f64>(track + W_CENTS, cents);
  if (now - load<f64>(track + W_GONE_MS) >= WALL_GONE_MS) store<u8>(track + W_STATE, <u8>STATE_ENDING);
}

/** True: what became of it was told. */
function endingStep(track: usize, now: f64): bool {
  const drop = load<f64>(track + W_PEAK) - load<f64>(track + W_CENTS);
  const filled = load<f64>(track + W_EXECUTED) - load<f64>(track + W_EXECUTED_PEAK) >= WALL_FILLED * drop;
  const target = filled ? NOWHERE : movedTo(track);
  if (target !== NOWHERE) {
    end(track, WALL_IS_MOVED, target, now);
    return true;
  }
  if (now - load<f64>(track + W_GONE_MS) < WALL_MOVE_MS) return false;
  const pulled = load<u32>(track + W_FALLEN) === FALLEN_NEAR;
  // What was eaten first and gave way at the end was filled.
  end(track, filled ? WALL_IS_FILLED : pulled ? WALL_IS_PULLED : WALL_IS_FADED, NOWHERE, now);
  return true;
}

function stand(track: usize, now: f64, cents: f64): void {
  store<f64>(track + W_SEEN_MS, now);
  store<f64>(track + W_CENTS, cents);
  if (cents <= load<f64>(track + W_PEAK)) return;
  store<f64>(track + W_PEAK, cents);
  store<f64>(track + W_EXECUTED_PEAK, load<f64>(track + W_EXECUTED));
}

/** Notes where most of it has gone at once, by being cancelled; what was left of a wall is no wall. */
function fall(track: usize, now: f64, cents: f64): void {
  const executed = load<f64>(track + W_EXECUTED);
  for (let i: u32 = 0; i < W_SAMPLES_KEPT; i++) {
    const sample = track + W_SAMPLE + <usize>i * W_SAMPLE_BYTES;
    if (now - load<f64>(sample) > PULL_MS) continue;
    if (load<f64>(sample + 8) <= (1 - PULL_DROP) * load<f64>(track + W_PEAK)) continue;
    const drop = load<f64>(sample + 8) - cents;
    const cancelled = drop - (executed - load<f64>(sample + 16));
    if (!(drop > 0) || drop < PULL_DROP * load<f64>(sample + 8) || cancelled < PULL_CANCELLED * drop) continue;
    const price = load<f64>(HEAD_PRICE);
    const isNear = abs<f64>(bucketPrice(bucketOf(track)) - price) <= PULL_DISTANCE * price;
    store<u32>(track + W_FALLEN, isNear ? FALLEN_NEAR : FALLEN_FAR);
    store<f64>(track + W_FALLEN_MS, now);
    store<f64>(track + W_BEFORE, load<f64>(sample + 8));
    return;
  }
}

/** Bucket in which the same size has come up since this one went, NOWHERE where there is none. */
function movedTo(track: usize): i32 {
  const before = load<f64>(track + W_BEFORE);
  const sinceMs = load<f64>(track + (load<u32>(track + W_FALLEN) !== 0 ? W_FALLEN_MS : W_GONE_MS));
  const end = trackAt(load<u32>(REPORTS + R_TRACKS));
  for (let other = trackAt(0); other < end; other += TRACK_BYTES) {
    if (other === track || venueOf(other) !== venueOf(track) || sideOf(other) !== sideOf(track)) continue;
    if (abs<i32>(bucketOf(other) - bucketOf(track)) > WALL_MOVE_BUCKETS) continue;
    const after = load<f64>(other + W_SINCE_MS) - sinceMs;
    if (after < 0 || after > WALL_MOVE_MS) continue;
    if (abs<f64>(load<f64>(other + W_CENTS) - before) <= WALL_MOVE_PART * before) return bucketOf(other);
  }
  return NOWHERE;
}

function keepSample(track: usize, now: f64, cents: f64): void {
  const at = load<u32>(track + W_RING);
  store<u32>(track + W_RING, (at + 1) % W_SAMPLES_KEPT);
  const sample = track + W_SAMPLE + <usize>at * W_SAMPLE_BYTES;
  store<f64>(sample, now);
  store<f64>(sample + 8, cents);
  store<f64>(sample + 16, load<f64>(track + W_EXECUTED));
}

function end(track: usize, state: i32, target: i32, now: f64): void {
  const written = load<u32>(REPORTS + R_OUTCOME);
  store<u32>(REPORTS + R_OUTCOME, written + 1);
  const outcome = REPORTS + OUTCOME + OUTCOME_BYTES * <usize>(written % OUTCOMES);
  store<u8>(outcome + O_STATE, <u8>state);
  store<u8>(outcome + O_VENUE, <u8>venueOf(track));
  store<u8>(outcome + O_SIDE, <u8>sideOf(track));
  store<i32>(outcome + O_BUCKET, bucketOf(track));
  store<f64>(outcome + O_MS, now);
  store<f64>(outcome + O_CENTS, load<f64>(track + W_PEAK));
  wallTell(track, state, target, now);
}

function tell(track: usize, state: i32, now: f64): void {
  store<f64>(track + W_TOLD_MS, now);
  store<f64>(track + W_TOLD_CENTS, load<f64>(track + W_CENTS));
  wallTell(track, state, NOWHERE, now);
}
