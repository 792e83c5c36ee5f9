import {
  add,
  BUCKET_WIDTH,
  BUCKETS_LEDGER,
  CENTRE,
  E_DECAY,
  E_ELAPSED_MS,
  E_FLAGS,
  E_GAIN,
  E_HIGH_BUCKET,
  E_HIGH_OFFSET,
  E_HOUR_OI_COUNT,
  E_HOUR_OI_SUM,
  E_LEDGER,
  E_LOW_BUCKET,
  E_LOW_OFFSET,
  E_OPEN_INTEREST_USD,
  E_ORIGIN,
  E_PRICE,
  E_SHARE,
  E_STEP_PRICE,
  E_STEPS,
  E_TIER_FIRST,
  ESTIMATOR_BYTES,
  exposureAt,
  FLAG_COARSE_MARK,
  FLAG_DEGRADED,
  FLAG_UNCALIBRATED,
  FLAG_WARMING,
  inLedger,
  ledgerRow,
  positionOf,
  ROW,
  setFlag,
  SIDE_BYTES,
  TIERS,
} from "./estimator-state";
import { startWeights } from "./estimator-hour";

export { ESTIMATOR_BYTES } from "./estimator-state";
export { estimatorMap, estimatorNear } from "./estimator-map";
export { estimatorHazard, estimatorStep } from "./estimator-hazard";
export {
  estimatorExposure,
  estimatorGain,
  estimatorHour,
  estimatorModel,
  estimatorPredicted,
  estimatorPrior,
} from "./estimator-hour";

/* The ledger: sweeps take out what price has passed, turnover seeds new entries at every distance. Docs: estimator.md. */

/** What stays of a swept bucket: partial liquidations and late triggers. */
const RESIDUE: f64 = 0.02;
/** Distances from entry to liquidation: tier k spans LOWEST * RATIO^k to LOWEST * RATIO^(k + 1), .2 % to 45 %. */
const DISTANCE_LOWEST_LN: f64 = -6.214608098422191; // ln .002
const DISTANCE_RATIO_LN: f64 = 0.4513417001837017; // ln(.45 / .002) / 12
/** Sub-points of a turnover step in each tier. */
const POINTS: i32 = 4;
/** Additive recurrences that fill the step's range and the tier's width evenly (golden and plastic ratio). */
const DITHER_ENTRY: f64 = 0.6180339887498949;
const DITHER_ENTRY_TIER: f64 = 0.37;
const DITHER_DISTANCE: f64 = 0.7548776662466927;
const DITHER_DISTANCE_TIER: f64 = 0.61;
/** Below this the decay scalar is folded into the ledger, long before float32 could lose anything. */
const DECAY_MIN: f64 = 1e-6;
/** A quarter of the half-width: further from the centre the ledger is moved. */
const OFF_CENTRE_MAX: i32 = CENTRE / 4;
/** Unit of the first background term: a thousandth of the mean open interest. */
const MEAN_UNIT: f64 = 1e-3;
/** Turnover before the first map. */
const WARM_MS: f64 = 5 * 86_400_000;

/** An empty ledger around a price, with the weights of the start value. */
export function estimatorInit(base: usize, price: f64): void {
  memory.fill(base, 0, ESTIMATOR_BYTES);
  store<f64>(base + E_DECAY, 1);
  store<f64>(base + E_SHARE, 1);
  store<f64>(base + E_GAIN, 1);
  store<f64>(base + E_PRICE, price);
  store<f64>(base + E_STEP_PRICE, price);
  store<f64>(base + E_ORIGIN, Math.log(price) - <f64>CENTRE * BUCKET_WIDTH);
  store<i32>(base + E_LOW_BUCKET, -1);
  store<i32>(base + E_HIGH_BUCKET, -1);
  store<u32>(base + E_FLAGS, FLAG_WARMING | FLAG_UNCALIBRATED);
  startWeights(base);
}

/**
 * Drops tiers that lie below a distance: 1 / (the venue's maximum leverage) less the maintenance rate, or .005 where
 * the mark path is no finer than an hour (`coarse`).
 */
export function estimatorTiers(base: usize, distanceMin: f64, coarse: bool): void {
  let first = 0;
  while (first < TIERS && Math.exp(DISTANCE_LOWEST_LN + <f64>(first + 1) * DISTANCE_RATIO_LN) <= distanceMin) first++;
  store<i32>(base + E_TIER_FIRST, first);
  setFlag(base, FLAG_COARSE_MARK, coarse);
}

/** Share of the market's open interest that is heard from, (0, 1]: volume and open interest are scaled up by it. */
export function estimatorShare(base: usize, share: f64): void {
  store<f64>(base + E_SHARE, share);
  setFlag(base, FLAG_DEGRADED, share < 1);
}

export function estimatorFlags(base: usize): u32 {
  return load<u32>(base + E_FLAGS);
}

/**
 * Price has moved within [low, high] and is at `close`. What lay on the way is added to the exposure of the hour and
 * taken out, exact to the fraction of the edge bucket. Sweep first, seed after: no look-ahead.
 */
export function estimatorSweep(base: usize, low: f64, high: f64, close: f64): void {
  const before = load<f64>(base + E_PRICE);
  const from = positionOf(base, before);
  const to = positionOf(base, close);
  // Most steps end at one of their extremes and begin at the other: a logarithm costs more than a comparison.
  const bottom = low === close ? to : low === before ? from : positionOf(base, low);
  const top = high === close ? to : high === before ? from : positionOf(base, high);
  const at = <i32>Math.floor(from);
  sweepLongs(base, bottom, inLedger(at + 1));
  sweepShorts(base, top, inLedger(at - 1));
  store<f64>(base + E_PRICE, close);
  recentre(base, to);
}

function sweepLongs(base: usize, position: f64, last: i32): void {
  const whole = Math.floor(position);
  if (whole >= <f64>BUCKETS_LEDGER) return;
  const edge = inLedger(<i32>whole);
  const offset = whole < 0 ? 0 : position - whole;
  const reached = load<i32>(base + E_LOW_BUCKET) === edge ? load<f64>(base + E_LOW_OFFSET) : 1;
  const part = offset >= reached ? 0 : (reached - offset) / reached;
  if (load<i32>(base + E_LOW_BUCKET) !== edge || offset < reached) {
    store<i32>(base + E_LOW_BUCKET, edge);
    store<f64>(base + E_LOW_OFFSET, offset);
  }
  takeTiers(base, 0, edge, part, edge + 1, last);
}

function sweepShorts(base: usize, position: f64, first: i32): void {
  const whole = Math.floor(position);
  if (whole < 0) return;
  const edge = inLedger(<i32>whole);
  const offset = whole >= <f64>BUCKETS_LEDGER ? 1 : position - whole;
  const reached = load<i32>(base + E_HIGH_BUCKET) === edge ? load<f64>(base + E_HIGH_OFFSET) : 0;
  const part = offset <= reached ? 0 : (offset - reached) / (1 - reached);
  if (load<i32>(base + E_HIGH_BUCKET) !== edge || offset > reached) {
    store<i32>(base + E_HIGH_BUCKET, edge);
    store<f64>(base + E_HIGH_OFFSET, offset);
  }
  takeTiers(base, 1, edge, part, first, edge - 1);
}

/**
 * Takes a part of the edge bucket and whole buckets [first, last] out of every tier of a side; what they held of it is
 * added to the exposure of the hour. Addresses are stepped, not computed: this runs once a second for every asset.
 */
function takeTiers(base: usize, side: i32, edge: i32, part: f64, first: i32, last: i32): void {
  const decay = load<f64>(base + E_DECAY);
  const keep = 1 - (1 - RESIDUE) * part;
  let row = ledgerRow(base, side, 0);
  let exposure = exposureAt(base, side, 0);
  const end = exposure + (<usize>TIERS << 3);
  const edgeOffset = <usize>edge << 2;
  const firstOffset = <usize>first << 2;
  const bytes = first <= last ? <usize>(last - first + 1) << 2 : 0;
  while (exposure < end) {
    const held = <f64>load<f32>(row + edgeOffset);
    store<f32>(row + edgeOffset, <f32>(held * keep));
    let sum = held * part;
    let at = row + firstOffset;
    const stop = at + bytes;
    while (at < stop) {
      const whole = <f64>load<f32>(at);
      sum += whole;
      store<f32>(at, <f32>(whole * RESIDUE));
      at += 4;
    }
    add(exposure, decay * sum);
    exposure += 8;
    row += <usize>ROW << 2;
  }
}

/** Moves the ledger by whole buckets when price has left the middle; what falls off an end is lost. */
function recentre(base: usize, position: f64): void {
  const away = Math.floor(position) - <f64>CENTRE;
  if (abs<f64>(away) <= <f64>OFF_CENTRE_MAX) return;
  store<f64>(base + E_ORIGIN, load<f64>(base + E_ORIGIN) + away * BUCKET_WIDTH);
  if (abs<f64>(away) >= <f64>BUCKETS_LEDGER) {
    memory.fill(base + E_LEDGER, 0, 2 * SIDE_BYTES);
    store<i32>(base + E_LOW_BUCKET, -1);
    store<i32>(base + E_HIGH_BUCKET, -1);
    return;
  }
  const shift = <i32>away;
  const kept = <usize>(BUCKETS_LEDGER - abs<i32>(shift)) << 2;
  const gap = <usize>abs<i32>(shift) << 2;
  for (let i = 0; i < 2 * TIERS; i++) {
    const row = base + E_LEDGER + (<usize>(i * ROW) << 2);
    if (shift > 0) {
      memory.copy(row, row + gap, kept);
      memory.fill(row + kept, 0, gap);
    } else {
      memory.copy(row + gap, row, kept);
      memory.fill(row, 0, gap);
    }
  }
  store<i32>(base + E_LOW_BUCKET, load<i32>(base + E_LOW_BUCKET) - shift);
  store<i32>(base + E_HIGH_BUCKET, load<i32>(base + E_HIGH_BUCKET) - shift);
}

/**
 * Positions worth `hazard` of the open interest were opened within [low, high] since the last call, `close` being the
 * price now: all others shrink by that fraction. A hazard of 0 seeds nothing (the first step has none).
 */
export function estimatorTurnover(
  base: usize,
  low: f64,
  high: f64,
  close: f64,
  hazard: f64,
  openInterestUsd: f64,
  dtMs: f64,
): void {
  const before = load<f64>(base + E_STEP_PRICE);
  add(exposureAt(base, 0, TIERS + 1), low < before ? openInterestUsd * Math.log(before / low) : 0);
  add(exposureAt(base, 1, TIERS + 1), high > before ? openInterestUsd * Math.log(high / before) : 0);
  add(base + E_HOUR_OI_SUM, openInterestUsd * MEAN_UNIT);
  add(base + E_HOUR_OI_COUNT, 1);
  store<f64>(base + E_OPEN_INTEREST_USD, openInterestUsd);
  store<f64>(base + E_STEP_PRICE, close);
  add(base + E_ELAPSED_MS, dtMs);
  if (load<f64>(base + E_ELAPSED_MS) >= WARM_MS) setFlag(base, FLAG_WARMING, false);
  if (hazard > 0 && openInterestUsd > 0) {
    const decay = load<f64>(base + E_DECAY) * Math.exp(-hazard);
    store<f64>(base + E_DECAY, decay);
    seed(base, low, high, close, (hazard * openInterestUsd) / (<f64>POINTS * decay));
    if (decay < DECAY_MIN) fold(base);
  }
  add(base + E_STEPS, 1);
}

/** `unit` goes to each sub-point of each tier, on both sides: every contract has two. */
function seed(base: usize, low: f64, high: f64, close: f64, unit: f64): void {
  const origin = load<f64>(base + E_ORIGIN);
  const lowLn = Math.log(low);
  const span = Math.log(high) - lowLn;
  const closeLn = Math.log(close);
  const from = load<f64>(base + E_STEPS) * <f64>POINTS;
  for (let tier = load<i32>(base + E_TIER_FIRST); tier < TIERS; tier++) {
    const longs = ledgerRow(base, 0, tier);
    const shorts = ledgerRow(base, 1, tier);
    for (let point = 0; point < POINTS; point++) {
      const i = from + <f64>point;
      const entry = lowLn + span * fraction(i * DITHER_ENTRY + DITHER_ENTRY_TIER * <f64>tier);
      const inTier = fraction(i * DITHER_DISTANCE + DITHER_DISTANCE_TIER * <f64>tier);
      const distance = Math.exp(DISTANCE_LOWEST_LN + (<f64>tier + inTier) * DISTANCE_RATIO_LN);
      const long = entry + Math.log(1 - distance);
      const short = entry + Math.log(1 + distance);
      if (long < closeLn) put(longs, Math.floor((long - origin) / BUCKET_WIDTH), unit);
      if (short > closeLn) put(shorts, Math.floor((short - origin) / BUCKET_WIDTH), unit);
    }
  }
}

// @ts-ignore: decorator
@inline
function fraction(value: f64): f64 {
  return value - Math.floor(value);
}

/** Beyond the ledger's ends nothing is kept: that far the ledger has no skill anyway. */
// @ts-ignore: decorator
@inline
function put(row: usize, bucket: f64, unit: f64): void {
  if (bucket < 0 || bucket >= <f64>BUCKETS_LEDGER) return;
  const at = row + (<usize>bucket << 2);
  store<f32>(at, <f32>(<f64>load<f32>(at) + unit));
}

/** Multiplies the decay scalar into the ledger and starts it near 1 again. */
function fold(base: usize): void {
  const decay = load<f64>(base + E_DECAY);
  const single = <f32>decay;
  const end = base + ESTIMATOR_BYTES;
  const factor = f32x4.splat(single);
  for (let at = base + E_LEDGER; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
  // What rounding the factor to float32 left over stays in the scalar.
  store<f64>(base + E_DECAY, decay / <f64>single);
}
