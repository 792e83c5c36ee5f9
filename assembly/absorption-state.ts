import { REPORTS } from "./layout";
import { ABSORPTION, ABSORPTIONS, ABSORPTION_BYTES, ABSORPTION_ROW_BYTES, A_ENDED_MS, A_LAST_MS, A_TOLD_USD, A_USED } from "./report-layout";
import { MESSAGE_ABSORPTION, rowSend, rowStart } from "./report-out";
import { ABSORB_BUCKETS, ABSORB_FRESH_MS, ABSORB_HOLD_MS, WALL_TELL_PART } from "./report-settings";

/* What becomes of an absorption: FORMING while it is seen, CONFIRMED when nothing was traded beyond it for a while,
   FAILED when something was. Both ends are kept, for a quarter of an hour, as parts of convergences. */

const ABSORPTION_FORMING: i32 = 0;
const ABSORPTION_CONFIRMED: i32 = 1;
export const ABSORPTION_FAILED: i32 = 2;
const FLAG_WALL: u8 = 1;
const FLAG_LONG: u8 = 2;

// @ts-ignore: decorator
@inline
export function absorptionAt(index: i32): usize {
  return REPORTS + ABSORPTION + ABSORPTION_BYTES * <usize>index;
}

/** A window in which a level has held. side: of the book. */
export function absorptionFound(
  venue: i32,
  side: i32,
  bucket: i32,
  second: f64,
  window: i32,
  length: i32,
  usd: f64,
  efficiency: f64,
  executed: f64,
  refills: i32,
  wall: bool,
  net: f64,
  lean: f64,
): void {
  let entry = find(venue, side, bucket, second);
  const isNew = entry === 0;
  if (isNew) {
    entry = free();
    rowStart(entry, ABSORPTION_BYTES, ABSORPTION_FORMING, side, venue, bucket, second - <f64>length * 1_000);
    store<u32>(entry + A_USED, 1);
  } else if (<i32>load<u8>(entry) !== ABSORPTION_FORMING) return;
  // The window of a minute still holds what ended long ago.
  if (isNew || window === 0) store<f64>(entry + A_LAST_MS, second);
  store<f64>(entry + 16, second);
  store<f64>(entry + 32, max<f64>(usd, load<f64>(entry + 32)));
  store<f64>(entry + 40, efficiency);
  store<f64>(entry + 48, max<f64>(executed, load<f64>(entry + 48)));
  store<f64>(entry + 56, second - load<f64>(entry + 8));
  store<f64>(entry + 64, net);
  store<f64>(entry + 72, lean);
  store<u32>(entry + 80, max<u32>(refills, load<u32>(entry + 80)));
  store<u8>(entry + 3, load<u8>(entry + 3) | (wall ? FLAG_WALL : 0) | (window === 1 ? FLAG_LONG : 0));
  if (isNew || load<f64>(entry + 32) > (1 + WALL_TELL_PART) * load<f64>(entry + A_TOLD_USD)) tell(entry);
}

/** Once a second, with the lowest and highest bucket that this venue has traded in it. */
export function absorptionsStep(venue: i32, low: i32, high: i32, second: f64): void {
  for (let i = 0; i < ABSORPTIONS; i++) {
    const entry = absorptionAt(i);
    if (load<u32>(entry + A_USED) === 0 || <i32>load<u8>(entry + 2) !== venue) continue;
    const bucket = load<i32>(entry + 4);
    const broken = load<u8>(entry + 1) === 0 ? low <= bucket - ABSORB_BUCKETS : high >= bucket + ABSORB_BUCKETS;
    const state = <i32>load<u8>(entry);
    if (state !== ABSORPTION_FORMING) {
      // A level that has held says nothing any more once price has gone through it after all.
      const over = second - load<f64>(entry + A_ENDED_MS) > ABSORB_FRESH_MS;
      if (over || (broken && state === ABSORPTION_CONFIRMED)) store<u32>(entry + A_USED, 0);
      continue;
    }
    if (broken) end(entry, ABSORPTION_FAILED, second);
    else if (second - load<f64>(entry + A_LAST_MS) >= ABSORB_HOLD_MS) end(entry, ABSORPTION_CONFIRMED, second);
  }
}

/** The absorption of this level that goes on or has just ended, 0 where there is none. */
function find(venue: i32, side: i32, bucket: i32, second: f64): usize {
  for (let i = 0; i < ABSORPTIONS; i++) {
    const entry = absorptionAt(i);
    if (load<u32>(entry + A_USED) === 0) continue;
    if (<i32>load<u8>(entry + 2) !== venue || <i32>load<u8>(entry + 1) !== side) continue;
    if (abs<i32>(load<i32>(entry + 4) - bucket) > ABSORB_BUCKETS) continue;
    const over = <i32>load<u8>(entry) !== ABSORPTION_FORMING;
    if (!over || second - load<f64>(entry + A_ENDED_MS) <= ABSORB_HOLD_MS) return entry;
  }
  return 0;
}

/** An unused slot, else the one that was seen longest ago. */
function free(): usize {
  let oldest = absorptionAt(0);
  for (let i = 0; i < ABSORPTIONS; i++) {
    const entry = absorptionAt(i);
    if (load<u32>(entry + A_USED) === 0) return entry;
    if (load<f64>(entry + A_LAST_MS) < load<f64>(oldest + A_LAST_MS)) oldest = entry;
  }
  return oldest;
}

function end(entry: usize, state: i32, second: f64): void {
  store<u8>(entry, <u8>state);
  store<f64>(entry + 16, second);
  store<f64>(entry + 56, second - load<f64>(entry + 8));
  store<f64>(entry + A_ENDED_MS, second);
  tell(entry);
}

function tell(entry: usize): void {
  store<f64>(entry + A_TOLD_USD, load<f64>(entry + 32));
  rowSend(MESSAGE_ABSORPTION, entry, ABSORPTION_ROW_BYTES);
}
