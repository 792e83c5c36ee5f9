/* The whole export surface of the core. One instance works on one asset's memory; addresses are in layout.ts. */
import { bookLevels as levelsOfBook } from "./book";
import { columnsEmit } from "./column-out";
import { eventsStart } from "./events";
import { gridStep as stepOfPrice } from "./grid";
import * as layout from "./layout";
import { ringDrain } from "./ring";

/* For back-tests, which run the same forecast on the past; addresses are arguments. */
export * from "./estimator";
export * from "./score";

export const LAYOUT_VERSION: u32 = layout.LAYOUT_VERSION;
export const MAP_END: usize = layout.MAP_END;
export const CONTROL: usize = layout.CONTROL;
export const RING: usize = layout.RING;
export const RING_BYTES: usize = layout.RING_BYTES;
export const RING_HEAD: usize = layout.RING_HEAD;
export const RING_TAIL: usize = layout.RING_TAIL;
export const ACTIVE_MASK: usize = layout.ACTIVE_MASK;
export const KEY_MASK: usize = layout.KEY_MASK;
export const INTERRUPTED: usize = layout.INTERRUPTED;
export const OUT: usize = layout.OUT;
export const OUT_BYTES: usize = layout.OUT_BYTES;
export const OUT_USED: usize = layout.OUT_USED;
export const SETTING_GRID_TICK: usize = layout.SETTING_GRID_TICK;
export const SETTING_QUANTUM: usize = layout.SETTING_QUANTUM;
export const SETTING_SKEW_MS: usize = layout.SETTING_SKEW_MS;
export const SETTING_DISTANCE_MIN: usize = layout.SETTING_DISTANCE_MIN;
export const SETTING_PHASE_MS: usize = layout.SETTING_PHASE_MS;
export const SETTING_COMPLETE_MASK: usize = layout.SETTING_COMPLETE_MASK;
export const SETTING_FLOOR: usize = layout.SETTING_FLOOR;
export const SETTING_STALE_MS: usize = layout.SETTING_STALE_MS;
export const STATE: usize = layout.STATE;
export const STATE_END: usize = layout.STATE_END;
export const REPORTS: usize = layout.REPORTS;
export const LIFT: usize = layout.LIFT;
export const HEAD: usize = layout.HEAD;
export const VENUE: usize = layout.VENUE;
export const VENUE_STRIDE: usize = layout.VENUE_STRIDE;
export const GRID_BUCKETS: i32 = layout.GRID_BUCKETS;
export const REALISED: usize = layout.REALISED;
export const REALISED_FIRST: usize = layout.REALISED_FIRST;
export const REALISED_LAST: usize = layout.REALISED_LAST;

/** Once, on empty memory; not after an image was loaded. Settings must be in place. */
export function init(): void {
  eventsStart();
}

/**
 * One turn of the fast loop: applies what waits in the ring, then writes live blocks for active timeframes but those to
 * skip (bit = timeframe), whose listeners hear of all of it at a later turn. True: done; false: OUT is full, read it and
 * call again.
 */
export function tick(skip: u32): bool {
  return ringDrain() && columnsEmit(skip);
}

/** Levels of a venue's book to `out`, see book.ts. */
export function bookLevels(venue: i32, out: usize, most: i32): i32 {
  return levelsOfBook(venue, out, most);
}

/** Bucket width for a price and a tick, see grid.ts. */
export function gridStep(price: f64, tick: f64): f64 {
  return stepOfPrice(price, tick);
}
