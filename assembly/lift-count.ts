import { LIFT, SCRATCH_VALUES } from "./layout";
import {
  COUNT,
  COUNT_BYTES,
  F_MISSED,
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
  L_TOUCH_MS,
} from "./lift-layout";
import { MESSAGE_LIFT, rowSend, rowStart } from "./report-out";
import { LIFT_MEASURED_MIN, PART_PRIOR } from "./report-settings";

/* What has become of the trials, by kind and side, beside their controls. */

export const HELD: i32 = 0;
export const BROKEN: i32 = 1;
export const NEITHER: i32 = 2;

const N: usize = 0;
const N_HELD: usize = 8;
const N_BROKEN: usize = 16;
const ROW_BYTES: usize = 120;

// @ts-ignore: decorator
@inline
function countAt(kind: i32, side: i32, control: i32): usize {
  return LIFT + COUNT + COUNT_BYTES * <usize>(kind * 4 + side * 2 + control);
}

/**
 * A trial is over and is told with the counts that it belongs to. A report's counts when its control is over: what has
 * none yet, because few moments are like its own, would make the two unlike.
 */
export function liftOver(trial: usize, outcome: i32, ms: f64): void {
  const kind = <i32>load<u8>(trial + L_KIND);
  const side = <i32>load<u8>(trial + L_SIDE);
  const control = <i32>load<u8>(trial + L_CONTROL);
  if (control !== 0) {
    count(countAt(kind, side, 0), <i32>load<u32>(trial + L_PAIR_OUTCOME));
    count(countAt(kind, side, 1), outcome);
  }
  const row = SCRATCH_VALUES;
  rowStart(row, ROW_BYTES, outcome, side, kind, load<i32>(trial + L_BUCKET), load<f64>(trial + L_START_MS));
  store<u8>(row + 3, <u8>control);
  store<f64>(row + 16, ms);
  store<f64>(row + 24, load<f64>(trial + L_EDGE));
  store<f64>(row + 32, load<f64>(trial + L_RANGE));
  store<f64>(row + 40, load<f64>(trial + L_TOUCH_MS));
  store<f64>(row + 48, load<f64>(trial + L_DISTANCE));
  store<f64>(row + 56, load<f64>(trial + L_PAIR_MS));
  memory.copy(row + 64, countAt(kind, side, 0), 2 * COUNT_BYTES);
  store<u32>(row + 112, load<u32>(trial + L_PAIR_OUTCOME));
  rowSend(MESSAGE_LIFT, row, ROW_BYTES);
}

function count(tally: usize, outcome: i32): void {
  add(tally + N);
  if (outcome === HELD) add(tally + N_HELD);
  else if (outcome === BROKEN) add(tally + N_BROKEN);
}

export function liftMissed(): void {
  add(LIFT + F_MISSED);
}

/**
 * What a part of a convergence counts: the hold rate of its kind less that of the controls, both sides together; what
 * was assumed as long as there are too few.
 */
export function liftWorth(kind: i32): f64 {
  const pairs = ofBoth(kind, 0, N);
  if (pairs < LIFT_MEASURED_MIN) return PART_PRIOR;
  return max<f64>(0, (ofBoth(kind, 0, N_HELD) - ofBoth(kind, 1, N_HELD)) / pairs);
}

function ofBoth(kind: i32, control: i32, field: usize): f64 {
  return load<f64>(countAt(kind, 0, control) + field) + load<f64>(countAt(kind, 1, control) + field);
}

function add(at: usize): void {
  store<f64>(at, load<f64>(at) + 1);
}
