import { closeMessage, openMessage } from "./column-out";
import {
  estimatorFlags,
  estimatorHour,
  estimatorInit,
  estimatorMap,
  estimatorModel,
  estimatorPredicted,
  estimatorShare,
  estimatorStep,
  estimatorSweep,
  estimatorTiers,
} from "./estimator";
import {
  BUCKETS,
  GRID_BUCKETS,
  HEAD_BAR,
  HEAD_CLOCK_MS,
  HEAD_HIGH,
  HEAD_HOUR_BARS,
  HEAD_HOUR_FROM,
  HEAD_HOUR_HIGH,
  HEAD_HOUR_LOW,
  HEAD_HOUR_OPEN,
  HEAD_HOUR_SUSPECT,
  HEAD_HOUR_USD,
  HEAD_LOW,
  HEAD_MODEL,
  HEAD_MODEL_FLAGS,
  HEAD_PRICE,
  HEAD_RECEIVE_MS,
  HEAD_STEP,
  HEAD_SWEPT_MS,
  HEAD_TRADES,
  HEAD_TURNOVER_HIGH,
  HEAD_TURNOVER_LOW,
  HEAD_TURNOVER_MS,
  HEAD_TURNOVER_USD,
  LEVELS,
  LEVELS_FRESH,
  LEVELS_MAP,
  LEVELS_VERSION,
  MESSAGE_BYTES,
  SCORE,
  SETTING_COMPLETE_MASK,
  SETTING_DISTANCE_MIN,
  SETTING_PHASE_MS,
  VENUE_SLOTS,
  V_BATCHES,
  V_DOWN,
  V_OPEN_INTEREST,
  V_OPEN_INTEREST_USD,
  V_RECEIVE_MS,
  V_SUSPECT_MS,
  venueAt,
} from "./layout";
import { scoreBar, scoreBits, scoreError, scoreHour, scoreHours, scoreInit, scoreMean, scoreState } from "./score";
import { whereHour } from "./where";

/* Feeds the estimator from the asset's events: all its times come from the asset's clock, so the same log makes the
   same ledger. Venues are pooled: one ledger per asset. */

const SWEEP_MS: f64 = 1_000;
const TURNOVER_MS: f64 = 300_000;
const HOUR_MS: f64 = 3_600_000;
/** A longer silence is a stop, not a step: nobody knows what was traded meanwhile. */
const STEP_MS_MAX: f64 = 3_600_000;

const HEARD_MS: f64 = 60_000;
/** From less than this part of the market nothing is concluded about the rest. */
const SHARE_MIN: f64 = 0.2;
const BARS_PER_HOUR: f64 = 12;
const MESSAGE_SCORE: i32 = 6;

const BAR_LOW: i32 = 0;
const BAR_OPEN_INTEREST: i32 = 4;

/** The first price: an empty ledger around it. */
export function levelsStart(price: f64): void {
  const clock = load<f64>(HEAD_CLOCK_MS);
  estimatorInit(LEVELS, price);
  estimatorTiers(LEVELS, load<f64>(SETTING_DISTANCE_MIN), false);
  scoreInit(SCORE);
  startHour(price);
  publish();
  store<f64>(HEAD_SWEPT_MS, clock);
  store<f64>(HEAD_TURNOVER_MS, clock);
  store<f64>(HEAD_HOUR_FROM, clock);
  store<f64>(HEAD_LOW, price);
  store<f64>(HEAD_HIGH, price);
  store<f64>(HEAD_TURNOVER_LOW, price);
  store<f64>(HEAD_TURNOVER_HIGH, price);
  store<u32>(LEVELS_FRESH, 0);
}

export function levelsPrice(price: f64): void {
  if (price < load<f64>(HEAD_LOW)) store<f64>(HEAD_LOW, price);
  if (price > load<f64>(HEAD_HIGH)) store<f64>(HEAD_HIGH, price);
}

/**
 * Realised USD of the hour, from venues whose liquidation feed is complete: a capped feed says where, never how much.
 * Scaled up to all venues by open interest when the hour closes.
 */
export function levelsLiquidation(venue: i32, side: i32, usd: f64): void {
  if ((load<u32>(SETTING_COMPLETE_MASK) & (1 << venue)) === 0) return;
  const at = HEAD_HOUR_USD + (<usize>side << 3);
  store<f64>(at, load<f64>(at) + usd);
}

/** Called before the clock moves to `timeMs`: what price has passed is swept, then what is due is seeded and scored. */
export function levelsClock(timeMs: f64): void {
  const phase = load<f64>(SETTING_PHASE_MS);
  if (passed(load<f64>(HEAD_SWEPT_MS) + phase, timeMs + phase, SWEEP_MS)) {
    sweep();
    store<f64>(HEAD_SWEPT_MS, timeMs);
  }
  const before = load<f64>(HEAD_TURNOVER_MS);
  if (!passed(before, timeMs, TURNOVER_MS)) return;
  const clock = load<f64>(HEAD_CLOCK_MS);
  // After a silence the step ends where events ended.
  const until = timeMs - clock > STEP_MS_MAX ? clock : timeMs;
  turnover(until > before ? until - before : 1);
  if (passed(before, timeMs, HOUR_MS)) {
    hour(until === timeMs && load<f64>(HEAD_HOUR_FROM) <= Math.floor(before / HOUR_MS) * HOUR_MS + TURNOVER_MS);
    store<f64>(HEAD_HOUR_FROM, timeMs);
  }
  store<f64>(HEAD_TURNOVER_MS, timeMs);
}

// @ts-ignore: decorator
@inline
function passed(from: f64, to: f64, every: f64): bool {
  return Math.floor(to / every) > Math.floor(from / every);
}

function sweep(): void {
  const low = load<f64>(HEAD_LOW);
  const high = load<f64>(HEAD_HIGH);
  const price = load<f64>(HEAD_PRICE);
  estimatorSweep(LEVELS, low, high, price);
  extendHour(low, high);
  if (low < load<f64>(HEAD_TURNOVER_LOW)) store<f64>(HEAD_TURNOVER_LOW, low);
  if (high > load<f64>(HEAD_TURNOVER_HIGH)) store<f64>(HEAD_TURNOVER_HIGH, high);
  store<f64>(HEAD_LOW, price);
  store<f64>(HEAD_HIGH, price);
  store<u32>(LEVELS_FRESH, 0);
}

function turnover(dtMs: f64): void {
  const price = load<f64>(HEAD_PRICE);
  const volume = load<f64>(HEAD_TRADES) > 0 ? load<f64>(HEAD_TURNOVER_USD) : NaN;
  const all = openInterest(V_OPEN_INTEREST, -1);
  const heard = openInterest(V_OPEN_INTEREST, heardMask());
  // What a silent venue trades and holds is put down to the others, by what it held when it was heard last.
  estimatorShare(LEVELS, heard > 0 ? max<f64>(SHARE_MIN, heard / all) : 1);
  const coins = heard > 0 ? heard : all;
  const low = load<f64>(HEAD_TURNOVER_LOW);
  const high = load<f64>(HEAD_TURNOVER_HIGH);
  estimatorStep(LEVELS, low, high, price, volume, coins > 0 ? coins : NaN, dtMs);
  store<u32>(HEAD_MODEL_FLAGS, estimatorFlags(LEVELS));
  store<f64>(HEAD_TURNOVER_USD, 0);
  store<f64>(HEAD_TURNOVER_LOW, price);
  store<f64>(HEAD_TURNOVER_HIGH, price);
  store<u32>(LEVELS_FRESH, 0);
}

/**
 * The hour closes: realised USD calibrates the ledger and is scored against what was predicted before. An hour without
 * a complete feed, or of which events were missing, is price only.
 */
function hour(whole: bool): void {
  const all = openInterest(V_OPEN_INTEREST_USD, -1);
  const heard = openInterest(V_OPEN_INTEREST_USD, load<u32>(SETTING_COMPLETE_MASK));
  // What a silent feed did not tell is not zero.
  const isHeard = (load<u32>(HEAD_HOUR_SUSPECT) & load<u32>(SETTING_COMPLETE_MASK)) === 0;
  const usable = whole && isHeard && heard > 0;
  const scale = usable ? all / heard : NaN;
  const long = load<f64>(HEAD_HOUR_USD) * scale;
  const short = load<f64>(HEAD_HOUR_USD + 8) * scale;
  const low = load<f64>(HEAD_HOUR_LOW);
  const high = load<f64>(HEAD_HOUR_HIGH);
  const model = load<u32>(HEAD_MODEL);
  const open = load<f64>(HEAD_HOUR_OPEN);
  estimatorHour(LEVELS, long, short, usable);
  if (usable) {
    const longPredicted = estimatorPredicted(LEVELS, 0);
    const shortPredicted = estimatorPredicted(LEVELS, 1);
    scoreHour(SCORE, open, low, high, longPredicted, shortPredicted, long, short);
    publish();
    tellScore(model, longPredicted, shortPredicted, long, short);
  } else {
    scoreBar(SCORE, low, high);
    publish();
  }
  store<f64>(HEAD_HOUR_USD, 0);
  store<f64>(HEAD_HOUR_USD + 8, 0);
  store<u32>(HEAD_HOUR_SUSPECT, 0);
  startHour(load<f64>(HEAD_PRICE));
  store<u32>(LEVELS_FRESH, 0);
  // The map that the next hour is judged by is the one that has learned from this one.
  whereHour(open, low, high);
}

function startHour(price: f64): void {
  store<f64>(HEAD_HOUR_OPEN, price);
  store<f64>(HEAD_HOUR_LOW, price);
  store<f64>(HEAD_HOUR_HIGH, price);
  store<f64>(HEAD_HOUR_BARS, 0);
}

function extendHour(low: f64, high: f64): void {
  if (low < load<f64>(HEAD_HOUR_LOW)) store<f64>(HEAD_HOUR_LOW, low);
  if (high > load<f64>(HEAD_HOUR_HIGH)) store<f64>(HEAD_HOUR_HIGH, high);
}

/** Copies what others may know of the model to where the host reads it. */
function publish(): void {
  store<u32>(HEAD_MODEL_FLAGS, estimatorFlags(LEVELS));
  store<u32>(HEAD_MODEL, estimatorModel(LEVELS));
  store<u32>(HEAD_MODEL + 4, scoreState(SCORE));
  store<f64>(HEAD_MODEL + 8, scoreMean(SCORE));
  store<f64>(HEAD_MODEL + 16, scoreError(SCORE));
  store<f64>(HEAD_MODEL + 24, scoreHours(SCORE));
}

/* Body of a score message: u32 model of the prediction | u32 state | f64 hour's end | f64 bits long, short | f64 mean,
   error, hours | f64 predicted long, short | f64 realised long, short. */
function tellScore(model: u32, longPredicted: f64, shortPredicted: f64, long: f64, short: f64): void {
  const message = openMessage();
  const row = message + MESSAGE_BYTES;
  store<u32>(row, model);
  store<u32>(row + 4, scoreState(SCORE));
  store<f64>(row + 8, (Math.floor(load<f64>(HEAD_TURNOVER_MS) / HOUR_MS) + 1) * HOUR_MS);
  store<f64>(row + 16, scoreBits(SCORE, 0));
  store<f64>(row + 24, scoreBits(SCORE, 1));
  store<f64>(row + 32, scoreMean(SCORE));
  store<f64>(row + 40, scoreError(SCORE));
  store<f64>(row + 48, scoreHours(SCORE));
  store<f64>(row + 56, longPredicted);
  store<f64>(row + 64, shortPredicted);
  store<f64>(row + 72, long);
  store<f64>(row + 80, short);
  closeMessage(message, MESSAGE_SCORE, 0, row + 88);
}

/** Venues whose events have come in the last minute and can be believed. */
function heardMask(): i32 {
  let mask = 0;
  const newest = load<f64>(HEAD_RECEIVE_MS);
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const v = venueAt(venue);
    const isHeard = load<f64>(v + V_BATCHES) > 0 && newest - load<f64>(v + V_RECEIVE_MS) < HEARD_MS;
    if (isHeard && load<u32>(v + V_DOWN) === 0 && load<f64>(v + V_SUSPECT_MS) === 0) mask |= 1 << venue;
  }
  return mask;
}

/** Sum of a venue field over the venues of a mask. */
function openInterest(field: usize, mask: i32): f64 {
  let sum: f64 = 0;
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    if ((mask & (1 << venue)) !== 0) sum += load<f64>(venueAt(venue) + field);
  }
  return sum;
}

/**
 * One field of a five-minute bar of the past; the last field applies the bar. Bars warm an empty ledger up: they come
 * behind the first price, which has chosen the grid, and before the first trade. At any other time they are ignored.
 */
export function levelsBar(field: i32, value: f64): void {
  if (field < BAR_LOW || field > BAR_OPEN_INTEREST) return;
  if (!(load<f64>(HEAD_STEP) > 0) || load<f64>(HEAD_TRADES) > 0) return;
  store<f64>(HEAD_BAR + (<usize>field << 3), value);
  if (field !== BAR_OPEN_INTEREST) return;
  const low = load<f64>(HEAD_BAR);
  const high = load<f64>(HEAD_BAR + 8);
  const close = load<f64>(HEAD_BAR + 16);
  if (!(low > 0 && low <= close && close <= high)) return;
  estimatorSweep(LEVELS, low, high, close);
  estimatorStep(LEVELS, low, high, close, load<f64>(HEAD_BAR + 24), value > 0 ? value : NaN, TURNOVER_MS);
  if (load<f64>(HEAD_HOUR_BARS) === 0) startHour(close);
  extendHour(low, high);
  store<f64>(HEAD_HOUR_BARS, load<f64>(HEAD_HOUR_BARS) + 1);
  if (load<f64>(HEAD_HOUR_BARS) === BARS_PER_HOUR) {
    scoreBar(SCORE, load<f64>(HEAD_HOUR_LOW), load<f64>(HEAD_HOUR_HIGH));
    startHour(close);
  }
  store<f64>(HEAD_LOW, close);
  store<f64>(HEAD_HIGH, close);
  store<f64>(HEAD_TURNOVER_LOW, close);
  store<f64>(HEAD_TURNOVER_HIGH, close);
  store<u32>(LEVELS_FRESH, 0);
}

/** Brings the predicted map up to the ledger, if that has changed; returns the map's version, never 0. */
export function levelsFresh(): u32 {
  if (load<u32>(LEVELS_FRESH) === 0) {
    estimatorMap(LEVELS, LEVELS_MAP, LEVELS_MAP + (<usize>GRID_BUCKETS << 2), 0, load<f64>(HEAD_STEP), GRID_BUCKETS);
    store<u32>(LEVELS_FRESH, 1);
    store<u32>(LEVELS_VERSION, load<u32>(LEVELS_VERSION) + 1);
  }
  return load<u32>(LEVELS_VERSION);
}

/** Predicted USD of one side, BUCKETS cells from `base`, as f32. The map must be fresh. */
export function levelsTo(out: usize, side: i32, base: i32): void {
  const first = base > 0 ? base : 0;
  const end = base + BUCKETS < GRID_BUCKETS ? base + BUCKETS : GRID_BUCKETS;
  if (end - first < BUCKETS) memory.fill(out, 0, <usize>BUCKETS << 2);
  if (end <= first) return;
  const from = LEVELS_MAP + (<usize>(side * GRID_BUCKETS + first) << 2);
  memory.copy(out + (<usize>(first - base) << 2), from, <usize>(end - first) << 2);
}
