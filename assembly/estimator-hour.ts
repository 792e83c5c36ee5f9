import {
  add,
  E_COLD,
  E_EM_OVER,
  E_EM_UNDER,
  E_EXPOSURE,
  E_EXPOSURE_CLOSED,
  E_G,
  E_G_OVER,
  E_G_UNDER,
  E_GAIN,
  E_GAIN_OVER,
  E_GAIN_UNDER,
  E_HOUR_OI_COUNT,
  E_HOUR_OI_SUM,
  E_HOURS,
  E_PREDICTED,
  E_PRIOR,
  E_WEIGHTS,
  exposureAt,
  FLAG_BURN_IN,
  FLAG_NO_HISTORY,
  FLAG_UNCALIBRATED,
  setFlag,
  TERMS,
  TIERS,
} from "./estimator-state";

/* What an hour's realised liquidations teach: stepwise MAP-EM on the weights (beta-divergence 1/2), and their scale. */

/** 2^(-1 / (14 * 24)): half-life 14 days. */
const KEEP: f64 = 0.9979391883568344;
/** 2^(-1 / (30 * 24)): half-life 30 days. */
const KEEP_GAIN: f64 = 0.9990377588337834;
/** Strength of the flat prior, in units of the mean exposure. */
const PRIOR: f64 = 0.3;
/** USD added to a prediction before it divides anything. */
const FLOOR_USD: f64 = 1e3;
/** After burn-in an hour counts for no more than 8 predictions and 20,000 USD: one cascade must not own the fit. */
const CLIP: f64 = 8;
const CLIP_USD: f64 = 2e4;
const BURN_IN_HOURS: f64 = 72;
const GAIN_MIN: f64 = 0.5;
const GAIN_MAX: f64 = 2;
const FNV_OFFSET: u32 = 2166136261;
const FNV_PRIME: u32 = 16777619;

/** Weights fitted on development data: in use until the asset's own liquidations have said better. */
export function startWeights(base: usize): void {
  const w = base + E_WEIGHTS;
  store<f64>(w, 0.85e-3);
  store<f64>(w + 8, 1.0e-3);
  store<f64>(w + 16, 1.31e-3);
  store<f64>(w + 24, 1.55e-3);
  store<f64>(w + 32, 1.72e-3);
  store<f64>(w + 40, 2.24e-3);
  store<f64>(w + 48, 2.58e-3);
  store<f64>(w + 56, 2.32e-3);
  store<f64>(w + 64, 1.76e-3);
  store<f64>(w + 72, 1.6e-3);
  store<f64>(w + 80, 1.58e-3);
  store<f64>(w + 88, 1.58e-3);
  store<f64>(w + 96, 1.22e-3);
  store<f64>(w + 104, 1.08e-3);
  store<f64>(base + E_G, 1);
  for (let term = 0; term < TERMS; term++) store<f64>(base + E_PRIOR + (<usize>term << 3), 1 / <f64>TERMS);
  setFlag(base, FLAG_BURN_IN, true);
}

/** An asset without history: flat weights at the scale of its class (the median of its g). Before the first hour. */
export function estimatorPrior(base: usize, g: f64): void {
  store<u32>(base + E_COLD, 1);
  store<f64>(base + E_G, g);
  scaleWeights(base, g);
  setFlag(base, FLAG_NO_HISTORY, true);
}

function scaleWeights(base: usize, g: f64): void {
  for (let term: usize = 0; term < <usize>TERMS; term++) {
    store<f64>(base + E_WEIGHTS + (term << 3), g * load<f64>(base + E_PRIOR + (term << 3)));
  }
}

/**
 * Closes an hour. The prediction for each side is made before its realised USD is looked at. `complete` is 0 for
 * capped feeds and 1 where coverage is known; capped feeds never set the scale. A missing feed: NaN.
 */
export function estimatorHour(base: usize, longUsd: f64, shortUsd: f64, complete: bool): void {
  const background = estimatorExposure(base, 0, TIERS);
  store<f64>(exposureAt(base, 0, TIERS), background);
  store<f64>(exposureAt(base, 1, TIERS), background);
  memory.copy(base + E_EXPOSURE_CLOSED, base + E_EXPOSURE, E_PREDICTED - E_EXPOSURE_CLOSED);
  memory.fill(base + E_EXPOSURE, 0, E_EXPOSURE_CLOSED - E_EXPOSURE);
  store<f64>(base + E_HOUR_OI_SUM, 0);
  store<f64>(base + E_HOUR_OI_COUNT, 0);
  store<f64>(base + E_PREDICTED, dot(base, base + E_WEIGHTS, 0));
  store<f64>(base + E_PREDICTED + 8, dot(base, base + E_WEIGHTS, 1));
  const usable = complete && longUsd >= 0 && shortUsd >= 0;
  setFlag(base, FLAG_UNCALIBRATED, !usable);
  if (usable) calibrate(base, longUsd, shortUsd);
}

/** Exposure of the hour in progress: USD swept per tier at unit weight, then the two background terms. */
export function estimatorExposure(base: usize, side: i32, term: i32): f64 {
  if (term !== TIERS) return load<f64>(exposureAt(base, side, term));
  const count = load<f64>(base + E_HOUR_OI_COUNT);
  return count > 0 ? load<f64>(base + E_HOUR_OI_SUM) / count : 0;
}

/** USD predicted for the hour that closed last, without the display gain. */
export function estimatorPredicted(base: usize, side: i32): f64 {
  return load<f64>(base + E_PREDICTED + (<usize>side << 3));
}

/** Factor between predicted and displayed USD. */
export function estimatorGain(base: usize): f64 {
  return load<f64>(base + E_GAIN);
}

/** Id of the model state: a hash of weights and gain, equal where predictions are equal. */
export function estimatorModel(base: usize): u32 {
  let hash = FNV_OFFSET;
  for (let at: usize = 0; at < <usize>(TERMS << 3); at++) hash = (hash ^ load<u8>(base + E_WEIGHTS + at)) * FNV_PRIME;
  for (let at: usize = 0; at < 8; at++) hash = (hash ^ load<u8>(base + E_GAIN + at)) * FNV_PRIME;
  return hash;
}

/** Weights (or prior weights) times the exposure of the hour that closed last. */
function dot(base: usize, weights: usize, side: i32): f64 {
  const exposure = base + E_EXPOSURE_CLOSED + (<usize>side << 7);
  let sum: f64 = 0;
  for (let term: usize = 0; term < <usize>TERMS; term++) {
    sum += load<f64>(weights + (term << 3)) * load<f64>(exposure + (term << 3));
  }
  return sum;
}

function calibrate(base: usize, longUsd: f64, shortUsd: f64): void {
  const hours = load<f64>(base + E_HOURS);
  const g = load<f64>(base + E_G);
  store<f64>(base + E_G_OVER, load<f64>(base + E_G_OVER) * KEEP);
  store<f64>(base + E_G_UNDER, load<f64>(base + E_G_UNDER) * KEEP);
  for (let term: usize = 0; term < <usize>TERMS; term++) {
    const at = base + (term << 3);
    store<f64>(at + E_EM_OVER, load<f64>(at + E_EM_OVER) * KEEP);
    store<f64>(at + E_EM_UNDER, load<f64>(at + E_EM_UNDER) * KEEP);
  }
  learn(base, 0, longUsd, g, hours);
  learn(base, 1, shortUsd, g, hours);
  const under = load<f64>(base + E_G_UNDER);
  const scale = under > 0 ? load<f64>(base + E_G_OVER) / under : g;
  store<f64>(base + E_G, scale);
  if (hours >= BURN_IN_HOURS) {
    updateWeights(base, scale);
    updateGain(base, longUsd + shortUsd);
    setFlag(base, FLAG_BURN_IN, false);
    setFlag(base, FLAG_NO_HISTORY, false);
  } else if (load<u32>(base + E_COLD) !== 0) {
    scaleWeights(base, scale);
  }
  store<f64>(base + E_HOURS, hours + 1);
}

/** Adds one side's hour to the sums. */
function learn(base: usize, side: i32, usd: f64, g: f64, hours: f64): void {
  const flat = dot(base, base + E_PRIOR, side);
  const settled = hours >= BURN_IN_HOURS;
  // The first hour knows no scale yet: what was realised stands in for its prediction.
  const expected = (hours === 0 ? usd : g * flat) + FLOOR_USD;
  const scale = 1 / Math.sqrt(expected);
  const clipped = settled ? min<f64>(usd, CLIP * expected + CLIP_USD) : usd;
  add(base + E_G_OVER, clipped * scale);
  add(base + E_G_UNDER, flat * scale);
  const predicted = load<f64>(base + E_PREDICTED + (<usize>side << 3)) + FLOOR_USD;
  const realised = settled ? min<f64>(usd, CLIP * predicted + CLIP_USD) : usd;
  const root = 1 / Math.sqrt(predicted);
  const share = (realised / predicted) * root;
  const exposure = base + E_EXPOSURE_CLOSED + (<usize>side << 7);
  for (let term: usize = 0; term < <usize>TERMS; term++) {
    const at = base + (term << 3);
    const x = load<f64>(exposure + (term << 3));
    add(at + E_EM_OVER, load<f64>(at + E_WEIGHTS) * x * share);
    add(at + E_EM_UNDER, x * root);
  }
}

function updateWeights(base: usize, g: f64): void {
  let sum: f64 = 0;
  for (let term: usize = 0; term < <usize>TERMS; term++) sum += load<f64>(base + E_EM_UNDER + (term << 3));
  const strength = (PRIOR * sum) / <f64>TERMS;
  if (!(strength > 0)) return;
  for (let term: usize = 0; term < <usize>TERMS; term++) {
    const at = base + (term << 3);
    const over = load<f64>(at + E_EM_OVER) + strength * g * load<f64>(at + E_PRIOR);
    store<f64>(at + E_WEIGHTS, over / (load<f64>(at + E_EM_UNDER) + strength));
  }
}

/** Only hours after burn-in count: before, the scale itself is still being found. */
function updateGain(base: usize, realised: f64): void {
  const predicted = load<f64>(base + E_PREDICTED) + load<f64>(base + E_PREDICTED + 8);
  const over = load<f64>(base + E_GAIN_OVER) * KEEP_GAIN + realised;
  const under = load<f64>(base + E_GAIN_UNDER) * KEEP_GAIN + predicted;
  store<f64>(base + E_GAIN_OVER, over);
  store<f64>(base + E_GAIN_UNDER, under);
  if (under > 0) store<f64>(base + E_GAIN, min<f64>(GAIN_MAX, max<f64>(GAIN_MIN, over / under)));
}
