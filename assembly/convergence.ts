import { ABSORPTION_FAILED, absorptionAt } from "./absorption-state";
import { GRID_BUCKETS, HEAD_BUCKET_FIRST, HEAD_BUCKET_LAST, HEAD_PRICE, LIQ, REPORTS, SCRATCH_VALUES, cell } from "./layout";
import { liftWorth } from "./lift-count";
import {
  ABSORPTIONS,
  A_USED,
  CONVERGENCE,
  CONVERGENCES,
  CONVERGENCE_BYTES,
  CONVERGENCE_ROW_BYTES,
  G_USED,
  OUTCOME,
  OUTCOMES,
  OUTCOME_BYTES,
  O_BUCKET,
  O_CENTS,
  O_MS,
  O_SIDE,
  O_STATE,
  O_VENUE,
  R_STEP,
  R_TRACKS,
  SWEEPS,
  SWEEP_PASSED,
  TRACK_BYTES,
  W_CENTS,
  W_STATE,
} from "./report-layout";
import { MESSAGE_CONVERGENCE, rowSend, rowStart } from "./report-out";
import {
  ABSORB_FRESH_MS,
  BAND_BUCKETS,
  BAND_PART,
  CLUSTER_QUANTILE,
  FILLED_MS,
  SWEEP_FRESH_MIN,
  SWEEP_HALF_LIFE_MS,
} from "./report-settings";
import { sweepAt } from "./tape";
import { WALL_IS_FILLED, bucketOf, sideOf, venueOf } from "./wall-track";
import { STATE_ACTIVE, trackAt } from "./walls";

/* Convergence: a wall, a sweep into it and an absorption at one level say the same. Two of them are watched, three are a
   chip; where something in the band says the opposite it is contested. Looked at once a second, around the walls and
   absorptions that there are: every pair has one of them. Side 0 is support (bids), 1 resistance. */

const WATCH: i32 = 0;
const CHIP: i32 = 1;
const CHIP_PLUS: i32 = 2;
const CONTESTED: i32 = 3;
const ENDED: i32 = 4;

/** As the kinds of lift.ts. */
const PART_WALL: i32 = 0;
const PART_SWEEP: i32 = 1;
const PART_ABSORPTION: i32 = 2;
/** By side and part: f64 freshness, f64 USD, u32 venues. */
const PART_BYTES: usize = 32;
const WORK: usize = SCRATCH_VALUES;
/** Realised liquidations of the live hour tell where they cluster. */
const LIQUIDATION_TIMEFRAME: i32 = 3;

export function convergenceSecond(second: f64): void {
  for (let i = 0; i < CONVERGENCES; i++) {
    const entry = entryAt(i);
    if (load<u32>(entry + G_USED) !== 0) review(entry, second);
  }
  for (let i = 0; i < ABSORPTIONS; i++) {
    const entry = absorptionAt(i);
    if (load<u32>(entry + A_USED) !== 0 && <i32>load<u8>(entry) !== ABSORPTION_FAILED) look(<i32>load<u8>(entry + 1), load<i32>(entry + 4), second);
  }
  const last = trackAt(load<u32>(REPORTS + R_TRACKS));
  for (let track = trackAt(0); track < last; track += TRACK_BYTES) {
    if (<i32>load<u8>(track + W_STATE) === STATE_ACTIVE) look(sideOf(track), bucketOf(track), second);
  }
  for (let i: u32 = 0; i < OUTCOMES; i++) {
    const outcome = REPORTS + OUTCOME + OUTCOME_BYTES * <usize>i;
    if (isJustFilled(outcome, second)) look(<i32>load<u8>(outcome + O_SIDE), load<i32>(outcome + O_BUCKET), second);
  }
}

// @ts-ignore: decorator
@inline
function entryAt(index: i32): usize {
  return REPORTS + CONVERGENCE + CONVERGENCE_BYTES * <usize>index;
}

/** Opens a convergence at a level where there is none yet. */
function look(side: i32, bucket: i32, second: f64): void {
  const reach = bandReach();
  let unused: usize = 0;
  for (let i = 0; i < CONVERGENCES; i++) {
    const entry = entryAt(i);
    if (load<u32>(entry + G_USED) === 0) {
      if (unused === 0) unused = entry;
    } else if (<i32>load<u8>(entry + 1) === side && abs<i32>(load<i32>(entry + 4) - bucket) <= reach) return;
  }
  if (unused === 0) return;
  weigh(bucket, second);
  if (partsOf(side) < 2) return;
  rowStart(unused, CONVERGENCE_BYTES, 0, side, 0, bucket, second);
  store<u32>(unused + G_USED, 1);
  settle(unused, second, true);
}

/** Looks at an open one again. */
function review(entry: usize, second: f64): void {
  weigh(load<i32>(entry + 4), second);
  if (partsOf(<i32>load<u8>(entry + 1)) >= 2) {
    settle(entry, second, false);
    return;
  }
  store<u8>(entry, <u8>ENDED);
  store<f64>(entry + 16, second);
  store<u32>(entry + G_USED, 0);
  rowSend(MESSAGE_CONVERGENCE, entry, CONVERGENCE_ROW_BYTES);
}

/** Writes what was weighed; it is told when its kind or its parts are others than before. */
function settle(entry: usize, second: f64, isNew: bool): void {
  const side = <i32>load<u8>(entry + 1);
  let mask = 0;
  let venues: u32 = 0;
  let usd: f64 = 0;
  let rest: f64 = 1;
  for (let part = 0; part < 3; part++) {
    const at = partAt(side, part);
    const fresh = load<f64>(at);
    if (!(fresh > 0)) continue;
    mask |= 1 << part;
    venues |= load<u32>(at + 16);
    usd += load<f64>(at + 8);
    rest *= 1 - liftWorth(part) * fresh;
  }
  const clusters = mask === 7 && isCluster(side, load<i32>(entry + 4));
  const full = mask === 7 ? (clusters || isCarriedByTwo(side) ? CHIP_PLUS : CHIP) : WATCH;
  const kind = partsOf(1 - side) > 0 ? CONTESTED : full;
  const same = <i32>load<u8>(entry) === kind && <i32>load<u8>(entry + 2) === mask;
  store<u8>(entry, <u8>kind);
  store<u8>(entry + 2, <u8>mask);
  store<u8>(entry + 3, <u8>venues);
  store<f64>(entry + 16, second);
  store<f64>(entry + 32, usd);
  store<f64>(entry + 40, 1 - rest);
  store<u32>(entry + 48, clusters ? 1 : 0);
  if (isNew || !same) rowSend(MESSAGE_CONVERGENCE, entry, CONVERGENCE_ROW_BYTES);
}

// @ts-ignore: decorator
@inline
function partAt(side: i32, part: i32): usize {
  return WORK + PART_BYTES * <usize>(side * 3 + part);
}

function partsOf(side: i32): i32 {
  let count = 0;
  for (let part = 0; part < 3; part++) if (load<f64>(partAt(side, part)) > 0) count++;
  return count;
}

function bandReach(): i32 {
  return max<i32>(BAND_BUCKETS, <i32>((load<f64>(HEAD_PRICE) * BAND_PART) / load<f64>(REPORTS + R_STEP)));
}

/** Gathers the parts of both sides around a bucket. */
function weigh(bucket: i32, second: f64): void {
  const reach = bandReach();
  memory.fill(WORK, 0, 6 * PART_BYTES);
  const last = trackAt(load<u32>(REPORTS + R_TRACKS));
  for (let track = trackAt(0); track < last; track += TRACK_BYTES) {
    if (<i32>load<u8>(track + W_STATE) !== STATE_ACTIVE || abs<i32>(bucketOf(track) - bucket) > reach) continue;
    add(sideOf(track), PART_WALL, 1, load<f64>(track + W_CENTS) / 100, venueOf(track));
  }
  for (let i: u32 = 0; i < OUTCOMES; i++) {
    const outcome = REPORTS + OUTCOME + OUTCOME_BYTES * <usize>i;
    if (!isJustFilled(outcome, second) || abs<i32>(load<i32>(outcome + O_BUCKET) - bucket) > reach) continue;
    const fresh = 1 - (second - load<f64>(outcome + O_MS)) / FILLED_MS;
    add(<i32>load<u8>(outcome + O_SIDE), PART_WALL, fresh, load<f64>(outcome + O_CENTS) / 100, <i32>load<u8>(outcome + O_VENUE));
  }
  for (let i: u32 = 0; i < SWEEPS; i++) {
    const row = sweepAt(i);
    if (!(load<f64>(row + 40) > 0) || abs<i32>(load<i32>(row + 4) - bucket) > reach) continue;
    if (load<u32>(row + SWEEP_PASSED) !== 0) continue;
    const fresh = Math.exp(((load<f64>(row + 16) - second) * Math.LN2) / SWEEP_HALF_LIFE_MS);
    // Who sells comes to the bids.
    if (fresh >= SWEEP_FRESH_MIN) add(1 - <i32>load<u8>(row + 1), PART_SWEEP, fresh, load<f64>(row + 40), <i32>load<u8>(row + 2));
  }
  for (let i = 0; i < ABSORPTIONS; i++) {
    const entry = absorptionAt(i);
    if (load<u32>(entry + A_USED) === 0 || <i32>load<u8>(entry) === ABSORPTION_FAILED) continue;
    if (abs<i32>(load<i32>(entry + 4) - bucket) > reach) continue;
    const fresh = 1 - (second - load<f64>(entry + 16)) / ABSORB_FRESH_MS;
    add(<i32>load<u8>(entry + 1), PART_ABSORPTION, fresh, load<f64>(entry + 32), <i32>load<u8>(entry + 2));
  }
}

/** The freshest counts; USD of all add up. */
function add(side: i32, part: i32, fresh: f64, usd: f64, venue: i32): void {
  if (!(fresh > 0)) return;
  const at = partAt(side, part);
  store<f64>(at, max<f64>(load<f64>(at), min<f64>(1, fresh)));
  store<f64>(at + 8, load<f64>(at + 8) + usd);
  store<u32>(at + 16, load<u32>(at + 16) | (1 << venue));
}

function isJustFilled(outcome: usize, second: f64): bool {
  const ms = load<f64>(outcome + O_MS);
  return ms > 0 && <i32>load<u8>(outcome + O_STATE) === WALL_IS_FILLED && second - ms < FILLED_MS;
}

/** Two parts of different venues. */
function isCarriedByTwo(side: i32): bool {
  for (let one = 0; one < 2; one++) {
    for (let other = one + 1; other < 3; other++) {
      const venues = load<u32>(partAt(side, one) + 16) | load<u32>(partAt(side, other) + 16);
      if (popcnt<u32>(venues) >= 2) return true;
    }
  }
  return false;
}

/** The band holds one of the largest realised liquidations of this hour: long ones under support, short ones above. */
function isCluster(side: i32, bucket: i32): bool {
  const reach = bandReach();
  let top: f64 = 0;
  for (let at = max<i32>(0, bucket - reach); at <= min<i32>(GRID_BUCKETS - 1, bucket + reach); at++) {
    top = max<f64>(top, load<f64>(cell(LIQ, LIQUIDATION_TIMEFRAME * 2 + side, at)));
  }
  if (!(top > 0)) return false;
  let filled: f64 = 0;
  let below: f64 = 0;
  for (let at = load<i32>(HEAD_BUCKET_FIRST); at <= load<i32>(HEAD_BUCKET_LAST); at++) {
    const cents = load<f64>(cell(LIQ, LIQUIDATION_TIMEFRAME * 2 + side, at));
    if (!(cents > 0)) continue;
    filled++;
    if (cents <= top) below++;
  }
  return below >= CLUSTER_QUANTILE * filled;
}
