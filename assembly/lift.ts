import { bucketOfPrice } from "./grid";
import { HEAD_CLOCK_MS, HEAD_EPOCH, HEAD_PRICE, HEAD_STEP, INTERRUPTED, LIFT, SETTING_STALE_MS } from "./layout";
import { liftMissed } from "./lift-count";
import {
  D_DISTANCE,
  D_DUE_MS,
  D_RANGE,
  D_USED,
  D_WITHIN_MS,
  F_ABOVE,
  F_BELOW,
  F_DUE,
  F_EPOCH,
  F_OPEN,
  F_PENDING,
  KINDS,
  ORDERS,
  PENDING,
  PENDINGS,
  PENDING_BYTES,
  TOLD,
  TOLDS,
  TOLD_BYTES,
} from "./lift-layout";
import { orderAt } from "./lift-order";
import { rangeForget, rangeMean, rangeMinute } from "./lift-range";
import { isTried, trialStart, trialsBounds, trialsDrop, trialsPrice, trialsSecond } from "./lift-trial";
import {
  BAND_BUCKETS,
  BAND_PART,
  CONTROL_CLEAN_LONG_MS,
  CONTROL_CLEAN_MS,
  CONTROL_RANGE,
  LIFT_REACH,
} from "./report-settings";

/* Lift: what becomes of the levels that reports speak of, against levels of the same distance and range without one, see
   docs/reports.md. Trials begin at the first whole second after a level was told; each price is held against two bounds,
   and only what reaches one looks at the trials. */

const MINUTE_MS: f64 = 60_000;

export const KIND_WALL: i32 = 0;
export const KIND_SWEEP: i32 = 1;
export const KIND_ABSORPTION: i32 = 2;
export const KIND_WATCH: i32 = 3;
export const KIND_CHIP: i32 = 4;

/** A report spoke of this level. side: 0 support. isNews: it says that the level should hold from now on. */
export function liftTold(kind: i32, side: i32, bucket: i32, ms: f64, isNews: bool): void {
  note(kind, side, bucket, ms);
  if (!isNews) return;
  const count = load<u32>(LIFT + F_PENDING);
  if (count >= PENDINGS) {
    liftMissed();
    return;
  }
  const entry = LIFT + PENDING + PENDING_BYTES * <usize>count;
  store<u8>(entry, <u8>kind);
  store<u8>(entry + 1, <u8>side);
  store<i32>(entry + 4, bucket);
  store<u32>(LIFT + F_PENDING, count + 1);
}

// @ts-ignore: decorator
@inline
export function liftPrice(price: f64): void {
  if (load<u32>(LIFT + F_OPEN) === 0) return;
  if (price > load<f64>(LIFT + F_BELOW) && price < load<f64>(LIFT + F_ABOVE)) return;
  trialsPrice(price, load<f64>(HEAD_CLOCK_MS));
}

/** Before the clock moves to `timeMs`: a gap that lies between, and the minute that ends. */
export function liftClock(timeMs: f64): void {
  const clock = load<f64>(HEAD_CLOCK_MS);
  const gap = timeMs - clock > load<f64>(SETTING_STALE_MS) || load<u32>(INTERRUPTED) !== 0;
  const epoch = load<u32>(HEAD_EPOCH);
  if (gap || load<u32>(LIFT + F_EPOCH) !== epoch) {
    store<u32>(LIFT + F_PENDING, 0);
    trialsDrop();
  }
  if (load<u32>(LIFT + F_EPOCH) !== epoch) {
    // Buckets of another width mean other prices.
    store<u32>(LIFT + F_EPOCH, epoch);
    memory.fill(LIFT + TOLD, 0, TOLD_BYTES * <usize>TOLDS);
  }
  if (isMinute(clock, timeMs)) rangeMinute();
  if (gap) rangeForget();
}

/** The whole second that lies before `timeMs`, when everything else has had its turn in it. */
export function liftSecond(second: f64, timeMs: f64): void {
  const isDue = second >= load<f64>(LIFT + F_DUE);
  const minute = isMinute(load<f64>(HEAD_CLOCK_MS), timeMs);
  if (!isDue && !minute && load<u32>(LIFT + F_PENDING) === 0) return;
  if (isDue) trialsSecond(second);
  const range = rangeMean();
  startReports(second, range);
  if (minute) startControls(second, range);
  trialsBounds();
}

function startReports(second: f64, range: f64): void {
  const count = load<u32>(LIFT + F_PENDING);
  store<u32>(LIFT + F_PENDING, 0);
  if (!(range > 0)) return;
  const price = load<f64>(HEAD_PRICE);
  for (let i: u32 = 0; i < count; i++) {
    const entry = LIFT + PENDING + PENDING_BYTES * <usize>i;
    const kind = <i32>load<u8>(entry);
    const side = <i32>load<u8>(entry + 1);
    const bucket = load<i32>(entry + 4);
    const edge = <f64>(side === 0 ? bucket + 1 : bucket) * load<f64>(HEAD_STEP);
    if ((side === 0 ? price - edge : edge - price) > LIFT_REACH * range) continue;
    if (isTried(kind, side, 0, bucket, reach())) continue;
    trialStart(kind, side, 0, bucket, edge, range, second);
  }
}

/** Once a minute, whatever price does: orders that find their distance clean at about the range that they want. */
function startControls(second: f64, range: f64): void {
  const price = load<f64>(HEAD_PRICE);
  const step = load<f64>(HEAD_STEP);
  for (let i = 0; i < KINDS * 2 * ORDERS; i++) {
    const order = orderAt(i);
    if (load<u32>(order + D_USED) === 0) continue;
    if (second >= load<f64>(order + D_WITHIN_MS)) {
      store<u32>(order + D_USED, 0);
      continue;
    }
    const wanted = load<f64>(order + D_RANGE);
    if (second < load<f64>(order + D_DUE_MS) || range < CONTROL_RANGE * wanted || wanted < CONTROL_RANGE * range) continue;
    const kind = i / (2 * ORDERS);
    const side = (i / ORDERS) & 1;
    const distance = load<f64>(order + D_DISTANCE);
    const edge = side === 0 ? price - distance : price + distance;
    const bucket = bucketOfPrice(side === 0 ? edge - step / 2 : edge + step / 2, step);
    if (isTried(kind, side, 1, bucket, reach()) || !isClean(kind, side, bucket, second)) continue;
    if (trialStart(kind, side, order, bucket, edge, range, second)) store<u32>(order + D_USED, 0);
  }
}

/** Nothing of the kind was told near this level. */
function isClean(kind: i32, side: i32, bucket: i32, second: f64): bool {
  const since = second - (kind <= KIND_SWEEP ? CONTROL_CLEAN_MS : CONTROL_CLEAN_LONG_MS);
  for (let i = 0; i < TOLDS; i++) {
    const entry = toldAt(i);
    if (load<f64>(entry + 8) <= since || <i32>load<u8>(entry) !== kind || <i32>load<u8>(entry + 1) !== side) continue;
    if (abs<i32>(load<i32>(entry + 4) - bucket) <= reach()) return false;
  }
  return true;
}

/** Keeps when a level was spoken of last; where there is no room the oldest goes. */
function note(kind: i32, side: i32, bucket: i32, ms: f64): void {
  let oldest = toldAt(0);
  for (let i = 0; i < TOLDS; i++) {
    const entry = toldAt(i);
    const noted = load<f64>(entry + 8);
    if (load<i32>(entry + 4) === bucket && <i32>load<u8>(entry) === kind && <i32>load<u8>(entry + 1) === side && noted > 0) {
      store<f64>(entry + 8, max<f64>(noted, ms));
      return;
    }
    if (noted < load<f64>(oldest + 8)) oldest = entry;
  }
  store<u8>(oldest, <u8>kind);
  store<u8>(oldest + 1, <u8>side);
  store<i32>(oldest + 4, bucket);
  store<f64>(oldest + 8, ms);
}

// @ts-ignore: decorator
@inline
function toldAt(index: i32): usize {
  return LIFT + TOLD + TOLD_BYTES * <usize>index;
}

/** As far as the parts of a convergence lie apart. */
function reach(): i32 {
  return max<i32>(BAND_BUCKETS, <i32>((load<f64>(HEAD_PRICE) * BAND_PART) / load<f64>(HEAD_STEP)));
}

// @ts-ignore: decorator
@inline
function isMinute(clock: f64, timeMs: f64): bool {
  return Math.floor(timeMs / MINUTE_MS) > Math.floor(clock / MINUTE_MS);
}
