import { HEAD_PRICE, HEAD_STEP, LIFT } from "./layout";
import { BROKEN, HELD, NEITHER, liftMissed, liftOver } from "./lift-count";
import {
  D_OUTCOME,
  D_START_MS,
  D_WITHIN_MS,
  F_ABOVE,
  F_BELOW,
  F_DUE,
  F_OPEN,
  L_BLOCKS_MS,
  L_BUCKET,
  L_CONTROL,
  L_DISTANCE,
  L_EDGE,
  L_KIND,
  L_PAIR_MS,
  L_PAIR_OUTCOME,
  L_RANGE,
  L_SIDE,
  L_START_MS,
  L_STATE,
  L_TOUCH_MS,
  L_UNTIL_MS,
  L_WITHIN_MS,
  REPORT_TRIALS,
  TRIAL,
  TRIALS,
  TRIAL_BYTES,
} from "./lift-layout";
import { orderAgain, orderOf } from "./lift-order";
import { LIFT_BREAK_BUCKETS, LIFT_MS, LIFT_NEAR } from "./report-settings";

/* One trial: waiting until price comes to the level, at work until it has left or broken it, and then in the way of
   further trials of the same level until its time is over. */

export const FREE: i32 = 0;
const WAITING: i32 = 1;
const WORKING: i32 = 2;
const OVER: i32 = 3;

// @ts-ignore: decorator
@inline
function trialAt(index: i32): usize {
  return LIFT + TRIAL + TRIAL_BYTES * <usize>index;
}

// @ts-ignore: decorator
@inline
function placesFrom(control: i32): i32 {
  return control === 0 ? 0 : REPORT_TRIALS;
}

// @ts-ignore: decorator
@inline
function placesEnd(control: i32): i32 {
  return control === 0 ? REPORT_TRIALS : TRIALS;
}

/** Begins a trial, if price has not broken the level already; of a control with its order. False: not now, or there is no room. */
export function trialStart(kind: i32, side: i32, order: usize, bucket: i32, edge: f64, range: f64, second: f64): bool {
  const control = order === 0 ? 0 : 1;
  const price = load<f64>(HEAD_PRICE);
  if (isBroken(side, edge, price)) return false;
  const near = isNear(side, edge, range, price);
  // What starts at its level shares its stretch of price with whatever is at work there.
  if (near && isBusy(kind, side, control)) return false;
  const trial = unused(control);
  if (trial === 0) {
    liftMissed();
    return false;
  }
  memory.fill(trial, 0, TRIAL_BYTES);
  store<u8>(trial + L_STATE, <u8>WAITING);
  store<u8>(trial + L_SIDE, <u8>side);
  store<u8>(trial + L_KIND, <u8>kind);
  store<u8>(trial + L_CONTROL, <u8>control);
  store<i32>(trial + L_BUCKET, bucket);
  store<f64>(trial + L_START_MS, second);
  store<f64>(trial + L_EDGE, edge);
  store<f64>(trial + L_RANGE, range);
  store<f64>(trial + L_DISTANCE, side === 0 ? price - edge : edge - price);
  store<f64>(trial + L_UNTIL_MS, second + LIFT_MS);
  store<f64>(trial + L_BLOCKS_MS, second + LIFT_MS);
  if (order !== 0) {
    store<f64>(trial + L_WITHIN_MS, load<f64>(order + D_WITHIN_MS));
    store<f64>(trial + L_PAIR_MS, load<f64>(order + D_START_MS));
    store<u32>(trial + L_PAIR_OUTCOME, load<u32>(order + D_OUTCOME));
  }
  if (near) touch(trial, second);
  return true;
}

/** A trial of this kind and side stands in the way of another one of the level. */
export function isTried(kind: i32, side: i32, control: i32, bucket: i32, reach: i32): bool {
  for (let i = placesFrom(control), end = placesEnd(control); i < end; i++) {
    const trial = trialAt(i);
    if (<i32>load<u8>(trial + L_STATE) === FREE || !isOf(trial, kind, side)) continue;
    if (abs<i32>(load<i32>(trial + L_BUCKET) - bucket) <= reach) return true;
  }
  return false;
}

/** Price has reached a bound: some trial moves. What ends here makes way before others begin their work. */
export function trialsPrice(price: f64, clock: f64): void {
  for (let i = 0; i < TRIALS; i++) if (<i32>load<u8>(trialAt(i) + L_STATE) === WORKING) judge(trialAt(i), price, clock);
  for (let i = 0; i < TRIALS; i++) {
    const trial = trialAt(i);
    if (<i32>load<u8>(trial + L_STATE) !== WAITING) continue;
    if (!isNear(<i32>load<u8>(trial + L_SIDE), load<f64>(trial + L_EDGE), load<f64>(trial + L_RANGE), price)) continue;
    touch(trial, clock);
    if (<i32>load<u8>(trial + L_STATE) === WORKING) judge(trial, price, clock);
  }
  trialsBounds();
}

function judge(trial: usize, price: f64, clock: f64): void {
  const side = <i32>load<u8>(trial + L_SIDE);
  const edge = load<f64>(trial + L_EDGE);
  if (isBroken(side, edge, price)) end(trial, BROKEN, clock);
  else if (isAway(side, edge, load<f64>(trial + L_RANGE), price)) end(trial, HELD, clock);
}

/** Time alone ends what has waited or worked for too long. */
export function trialsSecond(second: f64): void {
  for (let i = 0; i < TRIALS; i++) {
    const trial = trialAt(i);
    const state = <i32>load<u8>(trial + L_STATE);
    if (state === WAITING && second >= load<f64>(trial + L_UNTIL_MS)) {
      // What price never came to says nothing of what happens when it does.
      store<u8>(trial + L_STATE, <u8>FREE);
      if (load<u8>(trial + L_CONTROL) !== 0) orderAgain(trial, second);
    } else if (state === WORKING && second >= load<f64>(trial + L_UNTIL_MS)) {
      end(trial, NEITHER, load<f64>(trial + L_UNTIL_MS));
    }
    if (<i32>load<u8>(trial + L_STATE) === OVER && second >= load<f64>(trial + L_BLOCKS_MS)) store<u8>(trial + L_STATE, <u8>FREE);
  }
}

/** Where price, and when time, moves the next trial. */
export function trialsBounds(): void {
  let below: f64 = -Infinity;
  let above: f64 = Infinity;
  let due: f64 = Infinity;
  let open: u32 = 0;
  for (let i = 0; i < TRIALS; i++) {
    const trial = trialAt(i);
    const state = <i32>load<u8>(trial + L_STATE);
    if (state === FREE) continue;
    due = min<f64>(due, load<f64>(trial + (state === OVER ? L_BLOCKS_MS : L_UNTIL_MS)));
    if (state === OVER) continue;
    open++;
    const isSupport = load<u8>(trial + L_SIDE) === 0;
    const edge = load<f64>(trial + L_EDGE);
    const range = load<f64>(trial + L_RANGE);
    if (state === WAITING) {
      if (isSupport) below = max<f64>(below, edge + LIFT_NEAR * range);
      else above = min<f64>(above, edge - LIFT_NEAR * range);
      continue;
    }
    below = max<f64>(below, isSupport ? edge - breakWidth() : edge - range);
    above = min<f64>(above, isSupport ? edge + range : edge + breakWidth());
  }
  store<f64>(LIFT + F_BELOW, below);
  store<f64>(LIFT + F_ABOVE, above);
  store<f64>(LIFT + F_DUE, due);
  store<u32>(LIFT + F_OPEN, open);
}

/** Nobody knows what price did: no trial that was open can be told. */
export function trialsDrop(): void {
  for (let i = 0; i < TRIALS; i++) store<u8>(trialAt(i) + L_STATE, <u8>FREE);
  trialsBounds();
}

function touch(trial: usize, ms: f64): void {
  const kind = <i32>load<u8>(trial + L_KIND);
  const side = <i32>load<u8>(trial + L_SIDE);
  const control = <i32>load<u8>(trial + L_CONTROL);
  if (isBusy(kind, side, control)) {
    // The same stretch of price decides the one that is at work: it counts once.
    store<u8>(trial + L_STATE, <u8>OVER);
    if (control !== 0) orderAgain(trial, ms);
    return;
  }
  store<u8>(trial + L_STATE, <u8>WORKING);
  store<f64>(trial + L_TOUCH_MS, ms);
  // Whole seconds, for that is when it is looked at.
  store<f64>(trial + L_UNTIL_MS, Math.ceil((ms + LIFT_MS) / 1_000) * 1_000);
}

function end(trial: usize, outcome: i32, ms: f64): void {
  store<u8>(trial + L_STATE, <u8>OVER);
  liftOver(trial, outcome, ms);
  if (load<u8>(trial + L_CONTROL) === 0) orderOf(trial, outcome);
}

/** Another trial of this kind and side is at work. */
function isBusy(kind: i32, side: i32, control: i32): bool {
  for (let i = placesFrom(control), end = placesEnd(control); i < end; i++) {
    const trial = trialAt(i);
    if (<i32>load<u8>(trial + L_STATE) === WORKING && isOf(trial, kind, side)) return true;
  }
  return false;
}

function isOf(trial: usize, kind: i32, side: i32): bool {
  return <i32>load<u8>(trial + L_KIND) === kind && <i32>load<u8>(trial + L_SIDE) === side;
}

function unused(control: i32): usize {
  for (let i = placesFrom(control), end = placesEnd(control); i < end; i++) {
    if (<i32>load<u8>(trialAt(i) + L_STATE) === FREE) return trialAt(i);
  }
  return 0;
}

/* The same sums as in trialsBounds: what lies on a bound exactly must not be missed. */

// @ts-ignore: decorator
@inline
function breakWidth(): f64 {
  return LIFT_BREAK_BUCKETS * load<f64>(HEAD_STEP);
}

function isNear(side: i32, edge: f64, range: f64, price: f64): bool {
  return side === 0 ? price <= edge + LIFT_NEAR * range : price >= edge - LIFT_NEAR * range;
}

function isAway(side: i32, edge: f64, range: f64, price: f64): bool {
  return side === 0 ? price >= edge + range : price <= edge - range;
}

function isBroken(side: i32, edge: f64, price: f64): bool {
  return side === 0 ? price < edge - breakWidth() : price > edge + breakWidth();
}
