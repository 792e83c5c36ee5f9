import { bookSize } from "./book";
import { bucketOfTick } from "./grid";
import {
  HEAD_CLOCK_MS,
  REPORTS,
  SCRATCH_VALUES,
  SETTING_FLOOR,
  VENUE_SLOTS,
  V_ASK,
  V_BID,
  V_RATIO,
  V_TICK_SIZE,
  venueAt,
} from "./layout";
import {
  CHAIN,
  CHAIN_BYTES,
  LIQUIDATION,
  LIQUIDATIONS,
  LIQUIDATION_ENTRY_BYTES,
  L_MS,
  L_SIDE,
  L_USD,
  L_VENUE,
  R_LIQUIDATION,
  R_SWEEP,
  SWEEP,
  SWEEPS,
  SWEEP_BYTES,
  SWEEP_PASSED,
  SWEEP_ROW_BYTES,
  T_AT_EXTREME,
  T_BASE,
  T_DEPTH,
  T_DEVIATION,
  T_END_MS,
  T_EXTREME,
  T_FIRST,
  T_FIRST_MS,
  T_LAST,
  T_LAST_MS,
  T_LATER_ONWARD,
  T_LATER_STEPS,
  T_LATER_USD,
  T_LEVELS,
  T_MEAN,
  T_ONWARD,
  T_OPEN,
  T_RATE,
  T_SECOND_USD,
  T_SHOWN,
  T_SPREAD,
  T_STEPS,
  T_USD,
} from "./report-layout";
import { MESSAGE_SWEEP, rowSend, rowStart } from "./report-out";
import {
  AGGRESSION_SECONDS,
  BAND_BUCKETS,
  SWEEP_CLUSTER_BUCKETS,
  SWEEP_CLUSTER_MS,
  SWEEP_DEPTH,
  SWEEP_DEVIATIONS,
  SWEEP_GAP_MS,
  SWEEP_LEVELS,
  SWEEP_LIQUIDATED,
  SWEEP_LIQUIDATION_MS,
  SWEEP_MONOTONE,
  SWEEP_MS_MAX,
  SWEEP_PART,
  SWEEP_SETTLE_MS,
  SWEEP_SPREADS,
  SWEEP_TICKS,
  SWEEP_TICKS_MAX,
} from "./report-settings";
import { baselineAdd, baselineDeviation } from "./tape-baseline";

/* Sweeps: prints of one venue and taker side that follow each other closely and go through the book. A chain of prints
   is judged when it has ended, up to its farthest price: what follows from there was something else. Distinct prices count, never prints: a venue that merges fills tells the same sweep. */

const FLAG_LIQUIDATION: u8 = 1;

// @ts-ignore: decorator
@inline
function chainAt(venue: i32, taker: i32): usize {
  return REPORTS + CHAIN + CHAIN_BYTES * <usize>(venue * 2 + taker);
}

export function sweepPrint(venue: i32, v: usize, taker: i32, tick: i32, usd: f64, timeMs: f64): void {
  const chain = chainAt(venue, taker);
  if (load<u32>(chain + T_OPEN) === 1) {
    if (timeMs - load<f64>(chain + T_LAST_MS) > SWEEP_GAP_MS || timeMs - load<f64>(chain + T_FIRST_MS) > SWEEP_MS_MAX) {
      close(chain, venue, taker);
    }
  }
  baselineAdd(chain, usd, timeMs);
  store<f64>(chain + T_SECOND_USD, load<f64>(chain + T_SECOND_USD) + usd);
  if (load<u32>(chain + T_OPEN) === 0) open(chain, venue, v, taker, tick, timeMs);
  else extend(chain, venue, v, taker, tick);
  if (tick === load<i32>(chain + T_EXTREME)) {
    store<f64>(chain + T_AT_EXTREME, load<f64>(chain + T_AT_EXTREME) + usd);
    store<f64>(chain + T_USD, load<f64>(chain + T_USD) + usd);
    store<f64>(chain + T_END_MS, timeMs);
  } else store<f64>(chain + T_LATER_USD, load<f64>(chain + T_LATER_USD) + usd);
  store<i32>(chain + T_LAST, tick);
  if (timeMs > load<f64>(chain + T_LAST_MS)) store<f64>(chain + T_LAST_MS, timeMs);
}

/** A venue's time has come to `venueMs`: its prints of long before are complete. */
export function sweepsClose(venue: i32, venueMs: f64): void {
  for (let taker = 0; taker < 2; taker++) {
    const chain = chainAt(venue, taker);
    if (load<u32>(chain + T_OPEN) === 0) continue;
    if (venueMs - load<f64>(chain + T_LAST_MS) > SWEEP_GAP_MS + SWEEP_SETTLE_MS) close(chain, venue, taker);
  }
}

/** Once a second: chains of venues that have gone quiet, and the rate of aggression. */
export function sweepsSecond(second: f64, seconds: f64): void {
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    for (let taker = 0; taker < 2; taker++) {
      const chain = chainAt(venue, taker);
      const isQuiet = second - load<f64>(chain + T_LAST_MS) > SWEEP_LIQUIDATION_MS;
      if (load<u32>(chain + T_OPEN) === 1 && isQuiet) close(chain, venue, taker);
      let rate = load<f64>(chain + T_RATE);
      rate += (load<f64>(chain + T_SECOND_USD) - rate) / AGGRESSION_SECONDS;
      if (seconds > 1) rate *= Math.exp((1 - seconds) / AGGRESSION_SECONDS);
      store<f64>(chain + T_RATE, rate);
      store<f64>(chain + T_SECOND_USD, 0);
    }
  }
}

/** taker: side of the order that a liquidation makes. */
export function sweepLiquidation(venue: i32, taker: i32, usd: f64, timeMs: f64): void {
  const written = load<u32>(REPORTS + R_LIQUIDATION);
  store<u32>(REPORTS + R_LIQUIDATION, written + 1);
  const entry = REPORTS + LIQUIDATION + LIQUIDATION_ENTRY_BYTES * <usize>(written % LIQUIDATIONS);
  store<u8>(entry + L_VENUE, <u8>venue);
  store<u8>(entry + L_SIDE, <u8>taker);
  store<f64>(entry + L_MS, timeMs);
  store<f64>(entry + L_USD, usd);
  for (let i: u32 = 0; i < SWEEPS; i++) {
    const row = sweepAt(i);
    if (!(load<f64>(row + 40) > 0) || <i32>load<u8>(row + 2) !== venue || <i32>load<u8>(row + 1) !== taker) continue;
    if (!isWithin(row, timeMs)) continue;
    store<f64>(row + 88, load<f64>(row + 88) + usd);
    if (flag(row)) rowSend(MESSAGE_SWEEP, row, SWEEP_ROW_BYTES);
  }
}

// @ts-ignore: decorator
@inline
export function sweepAt(index: u32): usize {
  return REPORTS + SWEEP + SWEEP_BYTES * <usize>index;
}

/** A second traded from `low` to `high`: sweeps that price has followed beyond their end were not stopped there. */
export function sweepsPassed(low: i32, high: i32): void {
  for (let i: u32 = 0; i < SWEEPS; i++) {
    const row = sweepAt(i);
    const bucket = load<i32>(row + 4);
    const passed = load<u8>(row + 1) === 0 ? high >= bucket + BAND_BUCKETS : low <= bucket - BAND_BUCKETS;
    if (passed) store<u32>(row + SWEEP_PASSED, 1);
  }
}

function open(chain: usize, venue: i32, v: usize, taker: i32, tick: i32, timeMs: f64): void {
  const bid = load<i32>(v + V_BID);
  const ask = load<i32>(v + V_ASK);
  store<u32>(chain + T_OPEN, 1);
  store<i32>(chain + T_LEVELS, 1);
  store<i32>(chain + T_FIRST, tick);
  store<i32>(chain + T_EXTREME, tick);
  store<i32>(chain + T_STEPS, 0);
  store<i32>(chain + T_ONWARD, 0);
  store<i32>(chain + T_SPREAD, bid >= 0 && ask !== i32.MAX_VALUE && ask > bid ? ask - bid : 0);
  store<f64>(chain + T_FIRST_MS, timeMs);
  store<f64>(chain + T_LAST_MS, timeMs);
  store<i32>(chain + T_LAST, tick);
  store<f64>(chain + T_USD, 0);
  forget(chain);
  store<f64>(chain + T_DEPTH, 0);
  store<f64>(chain + T_AT_EXTREME, 0);
  store<f64>(chain + T_SHOWN, restingUsd(venue, v, taker, tick));
  store<f64>(chain + T_MEAN, load<f64>(chain + T_BASE));
  store<f64>(chain + T_DEVIATION, baselineDeviation(chain));
}

function extend(chain: usize, venue: i32, v: usize, taker: i32, tick: i32): void {
  const last = load<i32>(chain + T_LAST);
  if (tick !== last) {
    store<i32>(chain + T_LATER_STEPS, load<i32>(chain + T_LATER_STEPS) + 1);
    if (tick > last === (taker === 0)) store<i32>(chain + T_LATER_ONWARD, load<i32>(chain + T_LATER_ONWARD) + 1);
  }
  const extreme = load<i32>(chain + T_EXTREME);
  if (taker === 0 ? tick < extreme : tick > extreme) return;
  include(chain);
  if (tick === extreme) return;
  let depth = max<f64>(load<f64>(chain + T_AT_EXTREME), load<f64>(chain + T_SHOWN));
  const step = taker === 0 ? 1 : -1;
  for (let at = extreme + step, left = SWEEP_TICKS_MAX; at !== tick && left > 0; at += step, left--) {
    depth += restingUsd(venue, v, taker, at);
  }
  store<f64>(chain + T_DEPTH, load<f64>(chain + T_DEPTH) + depth);
  store<i32>(chain + T_LEVELS, load<i32>(chain + T_LEVELS) + 1);
  store<i32>(chain + T_EXTREME, tick);
  store<f64>(chain + T_AT_EXTREME, 0);
  store<f64>(chain + T_SHOWN, restingUsd(venue, v, taker, tick));
}

/** What came since the extreme was on the way to where price is now. */
function include(chain: usize): void {
  store<f64>(chain + T_USD, load<f64>(chain + T_USD) + load<f64>(chain + T_LATER_USD));
  store<i32>(chain + T_STEPS, load<i32>(chain + T_STEPS) + load<i32>(chain + T_LATER_STEPS));
  store<i32>(chain + T_ONWARD, load<i32>(chain + T_ONWARD) + load<i32>(chain + T_LATER_ONWARD));
  forget(chain);
}

function forget(chain: usize): void {
  store<f64>(chain + T_LATER_USD, 0);
  store<i32>(chain + T_LATER_STEPS, 0);
  store<i32>(chain + T_LATER_ONWARD, 0);
}

/** What a taker of this side would find at a tick. */
function restingUsd(venue: i32, v: usize, taker: i32, tick: i32): f64 {
  const size = bookSize(venue, tick);
  const found = taker === 0 ? -size : size;
  return found > 0 ? found * <f64>tick * load<f64>(v + V_TICK_SIZE) : 0;
}

/** The chain has ended: was it a sweep? */
function close(chain: usize, venue: i32, taker: i32): void {
  store<u32>(chain + T_OPEN, 0);
  if (load<i32>(chain + T_LEVELS) < SWEEP_LEVELS) return;
  const first = load<i32>(chain + T_FIRST);
  const extreme = load<i32>(chain + T_EXTREME);
  const ticks = <f64>abs<i32>(extreme - first);
  const spread = <f64>load<i32>(chain + T_SPREAD);
  if (ticks < SWEEP_TICKS || ticks < SWEEP_SPREADS * spread || ticks < SWEEP_PART * <f64>first) return;
  if (<f64>load<i32>(chain + T_ONWARD) < SWEEP_MONOTONE * <f64>load<i32>(chain + T_STEPS)) return;
  const usd = load<f64>(chain + T_USD);
  const deviation = load<f64>(chain + T_DEVIATION);
  const mean = load<f64>(chain + T_MEAN);
  if (usd < load<f64>(SETTING_FLOOR) || usd < mean + SWEEP_DEVIATIONS * deviation) return;
  // What is left of the last level was not on its way.
  const depth = load<f64>(chain + T_DEPTH) + load<f64>(chain + T_AT_EXTREME);
  if (usd < SWEEP_DEPTH * depth) return;
  fire(chain, venue, taker, usd / depth, deviation > 0 ? (usd - mean) / deviation : 0);
}

function fire(chain: usize, venue: i32, taker: i32, share: f64, magnitude: f64): void {
  const v = venueAt(venue);
  const tickSize = load<f64>(v + V_TICK_SIZE);
  const first = load<i32>(chain + T_FIRST);
  const extreme = load<i32>(chain + T_EXTREME);
  const bucket = bucketOfTick(extreme, load<f64>(v + V_RATIO));
  const firstMs = load<f64>(chain + T_FIRST_MS);
  const before = clusterOf(taker, bucket, firstMs);
  // The scratch first: the ring's slot may be the cluster's oldest member.
  const work = SCRATCH_VALUES;
  rowStart(work, SWEEP_ROW_BYTES, 0, taker, venue, bucket, firstMs);
  store<f64>(work + 16, load<f64>(chain + T_END_MS));
  store<f64>(work + 24, <f64>first * tickSize);
  store<f64>(work + 32, <f64>extreme * tickSize);
  store<f64>(work + 40, load<f64>(chain + T_USD));
  store<f64>(work + 48, (<f64>abs<i32>(extreme - first) / <f64>first) * 1e4);
  store<f64>(work + 56, magnitude);
  store<f64>(work + 64, share);
  store<f64>(work + 72, before === 0 ? firstMs : load<f64>(before + 72));
  store<u32>(work + 80, load<u32>(chain + T_LEVELS));
  store<u32>(work + 84, before === 0 ? 1 : load<u32>(before + 84) + 1);
  store<f64>(work + 88, liquidatedUsd(work));
  store<f64>(work + 96, load<f64>(HEAD_CLOCK_MS));
  flag(work);
  const written = load<u32>(REPORTS + R_SWEEP);
  store<u32>(REPORTS + R_SWEEP, written + 1);
  memory.copy(sweepAt(written % SWEEPS), work, SWEEP_ROW_BYTES);
  store<u32>(sweepAt(written % SWEEPS) + SWEEP_PASSED, 0);
  rowSend(MESSAGE_SWEEP, work, SWEEP_ROW_BYTES);
}

/** The latest sweep that this one repeats, 0 where there is none. */
function clusterOf(taker: i32, bucket: i32, firstMs: f64): usize {
  let found: usize = 0;
  for (let i: u32 = 0; i < SWEEPS; i++) {
    const row = sweepAt(i);
    if (!(load<f64>(row + 40) > 0) || <i32>load<u8>(row + 1) !== taker) continue;
    if (abs<i32>(load<i32>(row + 4) - bucket) > SWEEP_CLUSTER_BUCKETS) continue;
    if (firstMs - load<f64>(row + 16) > SWEEP_CLUSTER_MS) continue;
    if (found === 0 || load<f64>(row + 16) > load<f64>(found + 16)) found = row;
  }
  return found;
}

function liquidatedUsd(row: usize): f64 {
  let usd: f64 = 0;
  for (let i: u32 = 0; i < LIQUIDATIONS; i++) {
    const entry = REPORTS + LIQUIDATION + LIQUIDATION_ENTRY_BYTES * <usize>i;
    if (!(load<f64>(entry + L_USD) > 0)) continue;
    if (load<u8>(entry + L_VENUE) !== load<u8>(row + 2) || load<u8>(entry + L_SIDE) !== load<u8>(row + 1)) continue;
    if (isWithin(row, load<f64>(entry + L_MS))) usd += load<f64>(entry + L_USD);
  }
  return usd;
}

function isWithin(row: usize, timeMs: f64): bool {
  return timeMs >= load<f64>(row + 8) - SWEEP_LIQUIDATION_MS && timeMs <= load<f64>(row + 16) + SWEEP_LIQUIDATION_MS;
}

/** True: it has just turned out to be driven by liquidations. */
function flag(row: usize): bool {
  if (load<u8>(row + 3) !== 0 || load<f64>(row + 88) < SWEEP_LIQUIDATED * load<f64>(row + 40)) return false;
  store<u8>(row + 3, FLAG_LIQUIDATION);
  store<f64>(row + 96, load<f64>(HEAD_CLOCK_MS));
  return true;
}
