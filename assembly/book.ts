import { bucketOfTick, gridAdd } from "./grid";
import {
  BOOK,
  BOOK_STRIDE,
  HEAD_OUTSIDE,
  HEAD_STEP,
  OVERFLOW_SLOTS,
  OVERFLOW_STRIDE,
  V_ASK,
  V_BID,
  V_OVERFLOW,
  V_RATIO,
  V_TICK_SIZE,
  V_WINDOW,
  WINDOW_TICKS,
  venueAt,
} from "./layout";

/* One venue's book: f64 coins by tick, bids positive, asks negative, 0 empty.
   Ticks [window, window + WINDOW_TICKS) live in a ring indexed by tick % WINDOW_TICKS, so moving the window touches
   only the ticks that enter or leave. All others live in an open-addressed table of { i32 tick + 1, f64 coins }. */

const NO_BID: i32 = -1;
const NO_ASK: i32 = i32.MAX_VALUE;
const WINDOW_MASK: i32 = WINDOW_TICKS - 1;
const OVERFLOW_MASK: i32 = OVERFLOW_SLOTS - 1;
/** Linear probing stays short below this load. */
const OVERFLOW_MAX: i32 = (OVERFLOW_SLOTS / 8) * 7;
/** 2^32 / golden ratio: spreads neighbouring ticks. */
const SPREAD: u32 = 2654435769;
const OVERFLOW_SHIFT: u32 = 32 - 14;

// @ts-ignore: decorator
@inline
function windowAt(venue: i32): usize {
  return BOOK + BOOK_STRIDE * <usize>venue;
}

// @ts-ignore: decorator
@inline
function overflowAt(venue: i32): usize {
  return windowAt(venue) + 8 * <usize>WINDOW_TICKS;
}

// @ts-ignore: decorator
@inline
function slotOf(tick: i32): usize {
  return <usize>(tick & WINDOW_MASK) << 3;
}

// @ts-ignore: decorator
@inline
function homeOf(tick: i32): i32 {
  return <i32>((<u32>tick * SPREAD) >> OVERFLOW_SHIFT);
}

/** Coins resting at a tick: positive bid, negative ask, 0 nothing. */
export function bookSize(venue: i32, tick: i32): f64 {
  const v = venueAt(venue);
  if (<u32>(tick - load<i32>(v + V_WINDOW)) < <u32>WINDOW_TICKS) return load<f64>(windowAt(venue) + slotOf(tick));
  const slot = overflowFind(venue, tick);
  return slot < 0 ? 0 : load<f64>(overflowAt(venue) + OVERFLOW_STRIDE * <usize>slot + 8);
}

/** Sets the coins resting at a tick (absolute; 0 removes) and keeps grid and best prices right. side: 0 bid, 1 ask. */
export function bookSet(venue: i32, side: i32, tick: i32, coins: f64): void {
  const v = venueAt(venue);
  const size = side === 0 ? coins : -coins;
  let old: f64;
  if (<u32>(tick - load<i32>(v + V_WINDOW)) < <u32>WINDOW_TICKS) {
    const at = windowAt(venue) + slotOf(tick);
    old = load<f64>(at);
    // A removal names its side: it must not take away what rests on the other one at the same price.
    if (size === 0 && old !== 0 && (old > 0) !== (side === 0)) return;
    store<f64>(at, size);
  } else {
    old = bookSize(venue, tick);
    if (size === 0 && old !== 0 && (old > 0) !== (side === 0)) return;
    if (old !== size && !overflowSet(venue, tick, size)) {
      store<f64>(HEAD_OUTSIDE, load<f64>(HEAD_OUTSIDE) + 1);
      return;
    }
  }
  if (old === size) return;
  if (old !== 0) toGrid(venue, v, tick, old, -1);
  if (size !== 0) toGrid(venue, v, tick, size, 1);
  updateBest(venue, v, tick, old, size);
}

/** USD cents resting, rounded to whole ones so that adding and removing are exact. */
// @ts-ignore: decorator
@inline
function centsOf(size: f64, tick: i32, tickSize: f64): f64 {
  return nearest<f64>(abs<f64>(size) * <f64>tick * tickSize * 100);
}

function updateBest(venue: i32, v: usize, tick: i32, old: f64, size: f64): void {
  const bid = load<i32>(v + V_BID);
  const ask = load<i32>(v + V_ASK);
  if (size > 0) {
    if (tick > bid) store<i32>(v + V_BID, tick);
  } else if (size < 0) {
    if (tick < ask) store<i32>(v + V_ASK, tick);
  }
  if (old > 0 && !(size > 0) && tick === bid) store<i32>(v + V_BID, bestBelow(venue, tick - 1));
  if (old < 0 && !(size < 0) && tick === ask) store<i32>(v + V_ASK, bestAbove(venue, tick + 1));
  recentre(venue, v);
}

/** Highest bid at or below a tick, NO_BID if there is none. */
function bestBelow(venue: i32, tick: i32): i32 {
  const v = venueAt(venue);
  const first = load<i32>(v + V_WINDOW);
  const base = windowAt(venue);
  let at = tick < first + WINDOW_TICKS ? tick : first + WINDOW_TICKS - 1;
  for (; at >= first; at--) if (load<f64>(base + slotOf(at)) > 0) return at;
  return overflowBest(venue, 0);
}

/** Lowest ask at or above a tick, NO_ASK if there is none. */
function bestAbove(venue: i32, tick: i32): i32 {
  const v = venueAt(venue);
  const first = load<i32>(v + V_WINDOW);
  const base = windowAt(venue);
  const end = first + WINDOW_TICKS;
  let at = tick > first ? tick : first;
  for (; at < end; at++) if (load<f64>(base + slotOf(at)) < 0) return at;
  return overflowBest(venue, 1);
}

function overflowBest(venue: i32, side: i32): i32 {
  let best = side === 0 ? NO_BID : NO_ASK;
  const table = overflowAt(venue);
  for (let slot = 0; slot < OVERFLOW_SLOTS; slot++) {
    const at = table + OVERFLOW_STRIDE * <usize>slot;
    const key = load<i32>(at);
    if (key === 0) continue;
    const size = load<f64>(at + 8);
    if (side === 0 ? size > 0 && key - 1 > best : size < 0 && key - 1 < best) best = key - 1;
  }
  return best;
}

/** Moves the window when the best price leaves its middle half, so that trading always happens inside it. */
function recentre(venue: i32, v: usize): void {
  const bid = load<i32>(v + V_BID);
  const middle = bid !== NO_BID ? bid : load<i32>(v + V_ASK);
  if (middle === NO_ASK) return;
  const first = load<i32>(v + V_WINDOW);
  const place = middle - first;
  if (place >= WINDOW_TICKS / 4 && place < (WINDOW_TICKS / 4) * 3) return;
  let target = middle - WINDOW_TICKS / 2;
  if (target < 0) target = 0;
  if (target === first) return;
  moveWindow(venue, v, first, target);
}

function moveWindow(venue: i32, v: usize, first: i32, target: i32): void {
  const base = windowAt(venue);
  store<i32>(v + V_WINDOW, target);
  // Out: what the old window held and the new one does not.
  for (let tick = first; tick < first + WINDOW_TICKS; tick++) {
    if (<u32>(tick - target) < <u32>WINDOW_TICKS) continue;
    const at = base + slotOf(tick);
    const size = load<f64>(at);
    if (size === 0) continue;
    store<f64>(at, 0);
    if (!overflowSet(venue, tick, size)) {
      store<f64>(HEAD_OUTSIDE, load<f64>(HEAD_OUTSIDE) + 1);
      toGrid(venue, v, tick, size, -1);
    }
  }
  // In: everything in the overflow that lies inside now. Collected by rebuilding the table's runs as we go.
  const table = overflowAt(venue);
  let slot = 0;
  while (slot < OVERFLOW_SLOTS) {
    const at = table + OVERFLOW_STRIDE * <usize>slot;
    const key = load<i32>(at);
    if (key !== 0 && <u32>(key - 1 - target) < <u32>WINDOW_TICKS) {
      store<f64>(base + slotOf(key - 1), load<f64>(at + 8));
      overflowRemove(venue, v, slot);
      continue; // another entry may have moved into this slot
    }
    slot++;
  }
}

function overflowFind(venue: i32, tick: i32): i32 {
  const table = overflowAt(venue);
  let slot = homeOf(tick);
  let key = load<i32>(table + OVERFLOW_STRIDE * <usize>slot);
  while (key !== 0 && key !== tick + 1) {
    slot = (slot + 1) & OVERFLOW_MASK;
    key = load<i32>(table + OVERFLOW_STRIDE * <usize>slot);
  }
  return key === 0 ? -1 : slot;
}

/** False: the table is full and the level was not stored. */
function overflowSet(venue: i32, tick: i32, size: f64): bool {
  const v = venueAt(venue);
  const found = overflowFind(venue, tick);
  if (size === 0) {
    if (found >= 0) overflowRemove(venue, v, found);
    return true;
  }
  const table = overflowAt(venue);
  if (found >= 0) {
    store<f64>(table + OVERFLOW_STRIDE * <usize>found + 8, size);
    return true;
  }
  const count = load<i32>(v + V_OVERFLOW);
  if (count >= OVERFLOW_MAX) return false;
  let slot = homeOf(tick);
  while (load<i32>(table + OVERFLOW_STRIDE * <usize>slot) !== 0) slot = (slot + 1) & OVERFLOW_MASK;
  const at = table + OVERFLOW_STRIDE * <usize>slot;
  store<i32>(at, tick + 1);
  store<f64>(at + 8, size);
  store<i32>(v + V_OVERFLOW, count + 1);
  return true;
}

/** Deletes a slot and closes the gap, so that probing needs no tombstones. */
function overflowRemove(venue: i32, v: usize, removed: i32): void {
  const table = overflowAt(venue);
  let hole = removed;
  let slot = removed;
  for (;;) {
    slot = (slot + 1) & OVERFLOW_MASK;
    const at = table + OVERFLOW_STRIDE * <usize>slot;
    const key = load<i32>(at);
    if (key === 0) break;
    const home = homeOf(key - 1);
    // May the entry move back to the hole? Only if its home is not between the hole and where it stands.
    if (((slot - home) & OVERFLOW_MASK) < ((slot - hole) & OVERFLOW_MASK)) continue;
    const to = table + OVERFLOW_STRIDE * <usize>hole;
    store<i32>(to, key);
    store<f64>(to + 8, load<f64>(at + 8));
    hole = slot;
  }
  const last = table + OVERFLOW_STRIDE * <usize>hole;
  store<i32>(last, 0);
  store<f64>(last + 8, 0);
  store<i32>(v + V_OVERFLOW, load<i32>(v + V_OVERFLOW) - 1);
}

/** Empties a venue's book; its depth leaves the grid. Writes only where something rested, so that unused pages stay unused. */
export function bookReset(venue: i32): void {
  const v = venueAt(venue);
  const first = load<i32>(v + V_WINDOW);
  const base = windowAt(venue);
  // By the cache line: most of the window is empty.
  for (let line: usize = 0; line < <usize>WINDOW_TICKS << 3; line += 64) {
    const at = base + line;
    const half = v128.or(v128.load(at), v128.load(at, 16));
    if (!v128.any_true(v128.or(half, v128.or(v128.load(at, 32), v128.load(at, 48))))) continue;
    for (let slot = <i32>(line >> 3), end = slot + 8; slot < end; slot++) {
      const size = load<f64>(base + (<usize>slot << 3));
      if (size === 0) continue;
      toGrid(venue, v, first + ((slot - first) & WINDOW_MASK), size, -1);
      store<f64>(base + (<usize>slot << 3), 0);
    }
  }
  if (load<i32>(v + V_OVERFLOW) !== 0) {
    const table = overflowAt(venue);
    for (let slot = 0; slot < OVERFLOW_SLOTS; slot++) {
      const at = table + OVERFLOW_STRIDE * <usize>slot;
      const key = load<i32>(at);
      if (key === 0) continue;
      toGrid(venue, v, key - 1, load<f64>(at + 8), -1);
      store<i32>(at, 0);
      store<f64>(at + 8, 0);
    }
    store<i32>(v + V_OVERFLOW, 0);
  }
  store<i32>(v + V_BID, NO_BID);
  store<i32>(v + V_ASK, NO_ASK);
}

/** Puts a venue's whole book onto an empty grid (after the grid was chosen or changed). */
export function bookToGrid(venue: i32): void {
  const v = venueAt(venue);
  const first = load<i32>(v + V_WINDOW);
  const base = windowAt(venue);
  for (let tick = first; tick < first + WINDOW_TICKS; tick++) {
    const size = load<f64>(base + slotOf(tick));
    if (size !== 0) toGrid(venue, v, tick, size, 1);
  }
  if (load<i32>(v + V_OVERFLOW) === 0) return;
  const table = overflowAt(venue);
  for (let slot = 0; slot < OVERFLOW_SLOTS; slot++) {
    const at = table + OVERFLOW_STRIDE * <usize>slot;
    const key = load<i32>(at);
    if (key !== 0) toGrid(venue, v, key - 1, load<f64>(at + 8), 1);
  }
}

/** Adds (sign +1) or takes (-1) one resting level to or from the grid, once there is one. */
function toGrid(venue: i32, v: usize, tick: i32, size: f64, sign: f64): void {
  if (!(load<f64>(HEAD_STEP) > 0)) return;
  const bucket = bucketOfTick(tick, load<f64>(v + V_RATIO));
  gridAdd(venue, size > 0 ? 0 : 1, bucket, sign * centsOf(size, tick, load<f64>(v + V_TICK_SIZE)));
}

/**
 * Copies a venue's levels to `out` as { i32 tick, i32 0, f64 coins signed }, in no order, at most `most`;
 * returns how many there are. For full books on the log, tests and doctor.
 */
export function bookLevels(venue: i32, out: usize, most: i32): i32 {
  const v = venueAt(venue);
  const first = load<i32>(v + V_WINDOW);
  const base = windowAt(venue);
  let count = 0;
  for (let tick = first; tick < first + WINDOW_TICKS; tick++) {
    const size = load<f64>(base + slotOf(tick));
    if (size === 0) continue;
    if (count < most) putLevel(out, count, tick, size);
    count++;
  }
  const table = overflowAt(venue);
  for (let slot = 0; slot < OVERFLOW_SLOTS; slot++) {
    const at = table + OVERFLOW_STRIDE * <usize>slot;
    const key = load<i32>(at);
    if (key === 0) continue;
    if (count < most) putLevel(out, count, key - 1, load<f64>(at + 8));
    count++;
  }
  return count;
}

function putLevel(out: usize, index: i32, tick: i32, size: f64): void {
  const at = out + (<usize>index << 4);
  store<i32>(at, tick);
  store<i32>(at + 4, 0);
  store<f64>(at + 8, size);
}
