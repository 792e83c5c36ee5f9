import {
  E_CHANGE_SUM,
  E_OPEN_INTEREST,
  E_RANGE_SUM,
  E_RANGE_WEIGHT,
  E_SHARE,
  E_VOLUME_SUM,
  E_VOLUME_WEIGHT_MS,
  FLAG_NO_CHANGE,
  FLAG_NO_OPEN_INTEREST,
  FLAG_NO_VOLUME,
  setFlag,
} from "./estimator-state";
import { estimatorTurnover } from "./estimator";

/* How much of the open interest was turned over in a step: from volume, or from range and change of open interest. */

/** Part of the volume that opens positions, and the most that one step can turn over. */
const OPENING: f64 = 0.3;
const HAZARD_MAX: f64 = 0.05;
/** ln 2 / 24 h, per ms: without volume the ledger's half-life is a day. */
const DAY_RATE: f64 = 0.6931471805599453 / 86_400_000;
const REST: f64 = 0.3;
/** Activity relative to its own mean is held within these. */
const ACTIVITY_MIN: f64 = 0.05;
const ACTIVITY_MAX: f64 = 20;
/** -ln 2 / 7 days, per ms. */
const WEEK_RATE: f64 = -0.6931471805599453 / (7 * 86_400_000);
const WEEK_MS: f64 = 7 * 86_400_000;
/** A larger relative step of open interest is a glitch of the feed. */
const GLITCH: f64 = 0.2;
/** Without open interest: a week's volume turns it over about this often; and a constant where volume lacks too. */
const TURNOVERS_A_WEEK: f64 = 2.2;
const OPEN_INTEREST_UNKNOWN_USD: f64 = 1e8;

/**
 * Hazard of a step without its volume. `coins` is open interest now, NaN where the feed is missing: then range alone
 * speaks. Means are those up to the step before; 0 for the very first step.
 */
export function estimatorHazard(base: usize, low: f64, high: f64, coins: f64, dtMs: f64): f64 {
  const before = load<f64>(base + E_OPEN_INTEREST);
  const range = Math.log(high / low);
  const known = coins > 0;
  const change = known && before > 0 ? abs<f64>(coins - before) : 0;
  const glitch = change > GLITCH * before;
  const first = load<f64>(base + E_RANGE_WEIGHT) === 0;
  const byRange = activity(range, base + E_RANGE_SUM);
  const byChange = known && !glitch ? activity(change, base + E_CHANGE_SUM) : byRange;
  const keep = Math.exp(WEEK_RATE * dtMs);
  learn(base + E_RANGE_SUM, range, keep);
  if (known && !glitch) learn(base + E_CHANGE_SUM, change, keep);
  if (known) store<f64>(base + E_OPEN_INTEREST, coins);
  return first ? 0 : DAY_RATE * dtMs * (REST + (1 - REST) * 0.5 * (byRange + byChange));
}

/** Value over its mean so far; sum and weight lie side by side. */
function activity(value: f64, sum: usize): f64 {
  const total = load<f64>(sum);
  if (!(total > 0)) return value > 0 ? ACTIVITY_MAX : ACTIVITY_MIN;
  return min<f64>(ACTIVITY_MAX, max<f64>(ACTIVITY_MIN, (value * load<f64>(sum + 8)) / total));
}

// @ts-ignore: decorator
@inline
function learn(sum: usize, value: f64, keep: f64): void {
  store<f64>(sum, load<f64>(sum) * keep + value);
  store<f64>(sum + 8, load<f64>(sum + 8) * keep + 1);
}

/**
 * One turnover step of the live map, whatever inputs there are: volume in USD and open interest in coins, NaN where
 * missing. Sets the flags of what it had to do without.
 */
export function estimatorStep(
  base: usize,
  low: f64,
  high: f64,
  close: f64,
  volumeUsd: f64,
  coins: f64,
  dtMs: f64,
): void {
  const share = load<f64>(base + E_SHARE);
  const slow = estimatorHazard(base, low, high, coins / share, dtMs);
  const volume = volumeUsd / share;
  if (volume >= 0) {
    const keep = Math.exp(WEEK_RATE * dtMs);
    store<f64>(base + E_VOLUME_SUM, load<f64>(base + E_VOLUME_SUM) * keep + volume);
    store<f64>(base + E_VOLUME_WEIGHT_MS, load<f64>(base + E_VOLUME_WEIGHT_MS) * keep + dtMs);
  }
  const known = load<f64>(base + E_OPEN_INTEREST);
  const openInterestUsd = known > 0 ? known * close : openInterestFromVolume(base);
  const hazard = volume >= 0 ? min<f64>(HAZARD_MAX, (OPENING * volume) / openInterestUsd) : slow;
  setFlag(base, FLAG_NO_VOLUME, !(volume >= 0));
  setFlag(base, FLAG_NO_CHANGE, !(coins > 0) && known > 0);
  setFlag(base, FLAG_NO_OPEN_INTEREST, !(known > 0));
  estimatorTurnover(base, low, high, close, hazard, openInterestUsd, dtMs);
}

/** Only the scale is lost by this, and calibration restores it. */
function openInterestFromVolume(base: usize): f64 {
  const weight = load<f64>(base + E_VOLUME_WEIGHT_MS);
  const week = weight > 0 ? (load<f64>(base + E_VOLUME_SUM) / weight) * WEEK_MS : 0;
  return week > 0 ? week / TURNOVERS_A_WEEK : OPEN_INTEREST_UNKNOWN_USD;
}
