import { closeMessage, openMessage } from "./column-out";
import { HEAD_CLOCK_MS, MESSAGE_BYTES, REPORTS, REPORT_ROWS_MAX } from "./layout";
import { rowTold } from "./lift-told";
import { R_LOST, R_ROWS, R_STEP } from "./report-layout";

/* How a report leaves the core: one row, a message of its own. All rows begin alike:
     0 u8 state | 1 u8 side | 2 u8 venue | 3 u8 more | 4 i32 bucket | 8 f64 startMs | 16 f64 atMs | 24 f64 price | 32 f64 usd
   and go on as their kind needs, see src/engine/report-messages.ts. (kind, venue, side, bucket, startMs) is the row's id:
   it is sent again with the same id when something of it has changed. */
export const MESSAGE_WALL: i32 = 16;
export const MESSAGE_SWEEP: i32 = 17;
export const MESSAGE_ABSORPTION: i32 = 18;
export const MESSAGE_CONVERGENCE: i32 = 19;
/** What became of such a level, see lift.ts; its venue is the kind. */
export const MESSAGE_LIFT: i32 = 20;

/** Begins a row of `bytes` at `row`, which is cleared. */
export function rowStart(row: usize, bytes: usize, state: i32, side: i32, venue: i32, bucket: i32, startMs: f64): void {
  memory.fill(row, 0, bytes);
  store<u8>(row, <u8>state);
  store<u8>(row + 1, <u8>side);
  store<u8>(row + 2, <u8>venue);
  store<i32>(row + 4, bucket);
  store<f64>(row + 8, startMs);
  store<f64>(row + 16, load<f64>(HEAD_CLOCK_MS));
  store<f64>(row + 24, bucketPrice(bucket));
}

/** The middle of a bucket, USD. */
export function bucketPrice(bucket: i32): f64 {
  return (<f64>bucket + 0.5) * load<f64>(REPORTS + R_STEP);
}

/** A batch has room for REPORT_ROWS_MAX rows; what is beyond is counted and not sent. */
export function rowSend(type: i32, row: usize, bytes: usize): void {
  const rows = load<u32>(REPORTS + R_ROWS);
  if (rows >= REPORT_ROWS_MAX) {
    store<f64>(REPORTS + R_LOST, load<f64>(REPORTS + R_LOST) + 1);
    return;
  }
  store<u32>(REPORTS + R_ROWS, rows + 1);
  const message = openMessage();
  memory.copy(message + MESSAGE_BYTES, row, bytes);
  closeMessage(message, type, 0, message + MESSAGE_BYTES + bytes);
  rowTold(type, row);
}
