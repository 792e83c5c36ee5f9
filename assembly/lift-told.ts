import { KIND_ABSORPTION, KIND_CHIP, KIND_SWEEP, KIND_WALL, KIND_WATCH, liftTold } from "./lift";
import { MESSAGE_ABSORPTION, MESSAGE_CONVERGENCE, MESSAGE_SWEEP, MESSAGE_WALL } from "./report-out";

/* What a row of a report says of its level: every row says that there is something, and those that say that it should
   hold begin a trial. A wall that stands is told again, and is tried again when its last trial is long over. */

const WALL_STANDS: i32 = 0;
const ABSORPTION_FORMS: i32 = 0;
const WATCHED: i32 = 0;
const CHIP: i32 = 1;
const CHIP_PLUS: i32 = 2;

export function rowTold(type: i32, row: usize): void {
  const state = <i32>load<u8>(row);
  const side = <i32>load<u8>(row + 1);
  const bucket = load<i32>(row + 4);
  const ms = load<f64>(row + 16);
  if (type === MESSAGE_WALL) liftTold(KIND_WALL, side, bucket, ms, state === WALL_STANDS);
  // Who sells comes to the bids.
  else if (type === MESSAGE_SWEEP) liftTold(KIND_SWEEP, 1 - side, bucket, load<f64>(row + 96), true);
  // Whether it is confirmed is a part of what is asked: the trial begins with the first word.
  else if (type === MESSAGE_ABSORPTION) liftTold(KIND_ABSORPTION, side, bucket, ms, state === ABSORPTION_FORMS);
  else if (type === MESSAGE_CONVERGENCE) {
    liftTold(KIND_WATCH, side, bucket, ms, state === WATCHED);
    if (state === CHIP || state === CHIP_PLUS) liftTold(KIND_CHIP, side, bucket, ms, true);
  }
}
