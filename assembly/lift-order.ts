import { LIFT } from "./layout";
import { liftMissed } from "./lift-count";
import {
  D_DISTANCE,
  D_DUE_MS,
  D_OUTCOME,
  D_RANGE,
  D_START_MS,
  D_USED,
  D_WITHIN_MS,
  L_DISTANCE,
  L_KIND,
  L_PAIR_MS,
  L_PAIR_OUTCOME,
  L_RANGE,
  L_SIDE,
  L_START_MS,
  L_TOUCH_MS,
  L_WITHIN_MS,
  ORDER,
  ORDERS,
  ORDER_BYTES,
} from "./lift-layout";
import { CONTROL_AFTER_MS, CONTROL_WITHIN_MS } from "./report-settings";

/* Orders of controls: the trial of a report wants one of the same distance and range, later, when its own stretch of
   price is over. Every kind and side has orders of its own, so that what is told often leaves room. */

// @ts-ignore: decorator
@inline
export function orderAt(index: i32): usize {
  return LIFT + ORDER + ORDER_BYTES * <usize>index;
}

/** Orders the control of a report's trial that is over. */
export function orderOf(trial: usize, outcome: i32): void {
  const touchMs = load<f64>(trial + L_TOUCH_MS);
  put(trial, touchMs + CONTROL_AFTER_MS, touchMs + CONTROL_WITHIN_MS, load<f64>(trial + L_START_MS), <u32>outcome);
}

/** A control that price never came to, or that came while another was at work, is drawn once more. */
export function orderAgain(trial: usize, ms: f64): void {
  put(trial, ms, load<f64>(trial + L_WITHIN_MS), load<f64>(trial + L_PAIR_MS), load<u32>(trial + L_PAIR_OUTCOME));
}

/** Where there is no room the one goes whose time ends first. */
function put(trial: usize, dueMs: f64, withinMs: f64, startMs: f64, outcome: u32): void {
  const first = ORDERS * (<i32>load<u8>(trial + L_KIND) * 2 + <i32>load<u8>(trial + L_SIDE));
  let order = orderAt(first);
  for (let i = first; i < first + ORDERS; i++) {
    const other = orderAt(i);
    if (load<u32>(other + D_USED) === 0) {
      order = other;
      break;
    }
    if (load<f64>(other + D_WITHIN_MS) < load<f64>(order + D_WITHIN_MS)) order = other;
  }
  if (load<u32>(order + D_USED) !== 0) liftMissed();
  store<u32>(order + D_USED, 1);
  store<u32>(order + D_OUTCOME, outcome);
  store<f64>(order + D_DUE_MS, dueMs);
  store<f64>(order + D_WITHIN_MS, withinMs);
  store<f64>(order + D_DISTANCE, load<f64>(trial + L_DISTANCE));
  store<f64>(order + D_RANGE, load<f64>(trial + L_RANGE));
  store<f64>(order + D_START_MS, startMs);
}
