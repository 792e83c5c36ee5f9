/* The published score: how many bits an hour the predicted USD adds to what price alone tells about realised
   liquidations. Per side, two recursive least squares on Y = ln(realised + 3000): `base` on price-only features,
   `full` with ln(predicted + 3000) as well. State of one asset in a region given by its address. Docs: estimator.md.

     0      scalars
     64     lows then highs of the last 24 hours: f64[2][24]
     448    sums of bits by day, then hours counted by day: f64[2][32]
     1024   per side: bits of the last hour, mean and deviation of the columns, base and full regression, then the
            buffer of the first 200 h: f64[200][16] (14 columns, Y) */

export const SCORE_COLUMNS: i32 = 14;
/** Columns without the prediction. */
const BASE_COLUMNS: i32 = 13;
const TRAIL_HOURS: i32 = 24;
const STANDARD_HOURS: i32 = 200;
/** Hours before anything is published. */
const HOURS_MIN: f64 = 336;
/** Days of the published mean, and how many of them an error bar needs. */
const DAYS: i32 = 30;
const DAYS_MIN: i32 = 5;
const DAY_HOURS: f64 = 24;
/** 95 % interval. */
const Z: f64 = 1.96;
const FLOOR_USD: f64 = 3000;

const S_BARS: usize = 0;
const S_HOURS: usize = 8;
const S_RANGE_12: usize = 16; // sum, weight
const S_RANGE_72: usize = 32; // sum, weight
const S_TRAIL: usize = 64;
const S_DAY_SUM: usize = 448;
const S_DAY_HOURS: usize = S_DAY_SUM + 32 * 8;
const S_SIDE: usize = 1024;

const P_BITS: usize = 0;
const P_MEAN: usize = 16;
const P_DEVIATION: usize = P_MEAN + 16 * 8;
const P_BASE: usize = P_DEVIATION + 16 * 8;
/** One regression: variance | coefficients f64[16] | covariance f64[16][16] | work f64[16]. */
const R_VARIANCE: usize = 0;
const R_COEFFICIENTS: usize = 16;
const R_COVARIANCE: usize = R_COEFFICIENTS + 16 * 8;
const R_WORK: usize = R_COVARIANCE + 16 * 16 * 8;
const R_BYTES: usize = R_WORK + 16 * 8;
const P_FULL: usize = P_BASE + R_BYTES;
/** The hour at work: f64[16]. */
const P_ROW: usize = P_FULL + R_BYTES;
const P_BUFFER: usize = P_ROW + 16 * 8;
const ROW_BYTES: usize = 16 * 8;
const Y: usize = 14 * 8;
const SIDE_BYTES: usize = P_BUFFER + <usize>STANDARD_HOURS * ROW_BYTES;
export const SCORE_BYTES: usize = S_SIDE + 2 * SIDE_BYTES;

/** 2^(-1 / (30 * 24)): forgetting, half-life 30 days. */
const FORGET: f64 = 0.9990377588337834;
const COVARIANCE_START: f64 = 0.3;
const COVARIANCE_INTERCEPT: f64 = 100;
const TRACE_MAX: f64 = 1e4;
/** Innovation variance: its start, how fast it learns in its first hours and later, and the clip of an outlier. */
const VARIANCE_START: f64 = 4;
const VARIANCE_FAST: f64 = 1.0 / 21;
const VARIANCE_FAST_HOURS: f64 = 51;
const VARIANCE_SLOW: f64 = 0.01;
const OUTLIER: f64 = 25;
/** 2^(-1/12) and 2^(-1/72). */
const KEEP_12: f64 = 0.9438743126816935;
const KEEP_72: f64 = 0.9904191474668262;
const RANGE_MIN: f64 = 1e-6;
const LN_2: f64 = 0.6931471805599453;

export const SCORE_NOT_SCORED: i32 = 1;
export const SCORE_UNPROVEN: i32 = 2;
export const SCORE_SCORED: i32 = 3;

export function scoreInit(base: usize): void {
  memory.fill(base, 0, SCORE_BYTES);
  for (let side = 0; side < 2; side++) {
    startRegression(sideAt(base, side) + P_BASE, BASE_COLUMNS + 1);
    startRegression(sideAt(base, side) + P_FULL, SCORE_COLUMNS + 1);
  }
}

/** An hour of price whose liquidations are not known: history before the start, or a feed that was down. */
export function scoreBar(base: usize, low: f64, high: f64): void {
  const slot = <usize>(<i32>load<f64>(base + S_BARS) % TRAIL_HOURS) << 3;
  store<f64>(base + S_TRAIL + slot, low);
  store<f64>(base + S_TRAIL + TRAIL_HOURS * 8 + slot, high);
  store<f64>(base + S_BARS, load<f64>(base + S_BARS) + 1);
  const range = Math.log(high / low);
  store<f64>(base + S_RANGE_12, load<f64>(base + S_RANGE_12) * KEEP_12 + range);
  store<f64>(base + S_RANGE_12 + 8, load<f64>(base + S_RANGE_12 + 8) * KEEP_12 + 1);
  store<f64>(base + S_RANGE_72, load<f64>(base + S_RANGE_72) * KEEP_72 + range);
  store<f64>(base + S_RANGE_72 + 8, load<f64>(base + S_RANGE_72 + 8) * KEEP_72 + 1);
}

/** An hour at its close: its bar, and USD predicted (before any update with this hour) and realised by side. */
export function scoreHour(
  base: usize,
  open: f64,
  low: f64,
  high: f64,
  longPredicted: f64,
  shortPredicted: f64,
  longUsd: f64,
  shortUsd: f64,
): void {
  const hours = load<f64>(base + S_HOURS);
  row(base, 0, open > low ? Math.log(open / low) : 0, low, longPredicted, longUsd);
  row(base, 1, high > open ? Math.log(high / open) : 0, high, shortPredicted, shortUsd);
  for (let side = 0; side < 2; side++) {
    const at = sideAt(base, side);
    if (hours < <f64>STANDARD_HOURS) {
      memory.copy(at + P_BUFFER + <usize>hours * ROW_BYTES, at + P_ROW, ROW_BYTES);
      if (hours === <f64>(STANDARD_HOURS - 1)) start(at);
    } else {
      standardise(at, at + P_ROW);
      store<f64>(at + P_BITS, bitsOf(at, at + P_ROW, hours));
    }
  }
  if (hours >= HOURS_MIN) count(base, hours);
  store<f64>(base + S_HOURS, hours + 1);
  scoreBar(base, low, high);
}

/** Bits of the last hour for a side; 0 in the first 200 h. */
export function scoreBits(base: usize, side: i32): f64 {
  return load<f64>(sideAt(base, side) + P_BITS);
}

export function scoreHours(base: usize): f64 {
  return load<f64>(base + S_HOURS);
}

/** Mean bits an hour over the last 30 days, sides averaged; 0 before anything is counted. */
export function scoreMean(base: usize): f64 {
  const hours = sumOf(base + S_DAY_HOURS);
  return hours > 0 ? sumOf(base + S_DAY_SUM) / hours : 0;
}

/** Its standard error, by day blocks: hours of one day are not independent. Infinite with fewer than five days. */
export function scoreError(base: usize): f64 {
  const mean = scoreMean(base);
  const hours = sumOf(base + S_DAY_HOURS);
  let days = 0;
  let squares: f64 = 0;
  for (let day: usize = 0; day < <usize>DAYS; day++) {
    const n = load<f64>(base + S_DAY_HOURS + (day << 3));
    if (n === 0) continue;
    const off = load<f64>(base + S_DAY_SUM + (day << 3)) - n * mean;
    squares += off * off;
    days++;
  }
  if (days < DAYS_MIN) return Infinity;
  return Math.sqrt((squares * <f64>days) / <f64>(days - 1)) / hours;
}

/** 1 not scored, 2 unproven, 3 scored. */
export function scoreState(base: usize): i32 {
  if (load<f64>(base + S_HOURS) < HOURS_MIN) return SCORE_NOT_SCORED;
  return scoreMean(base) - Z * scoreError(base) > 0 ? SCORE_SCORED : SCORE_UNPROVEN;
}

// @ts-ignore: decorator
@inline
function sideAt(base: usize, side: i32): usize {
  return base + S_SIDE + <usize>side * SIDE_BYTES;
}

function sumOf(at: usize): f64 {
  let sum: f64 = 0;
  for (let day: usize = 0; day < <usize>DAYS; day++) sum += load<f64>(at + (day << 3));
  return sum;
}

/** Features of the hour, ln(predicted + 3000) and Y of a side. `extreme` is the price that the side was pushed to. */
function row(base: usize, side: i32, excursion: f64, extreme: f64, predicted: f64, realised: f64): void {
  const at = sideAt(base, side) + P_ROW;
  store<f64>(at, excursion);
  store<f64>(at + 8, Math.sqrt(excursion));
  store<f64>(at + 16, Math.log(excursion + 2e-4));
  ground(base, side, 1, extreme, at + 24);
  ground(base, side, 3, extreme, at + 40);
  ground(base, side, 8, extreme, at + 56);
  ground(base, side, 24, extreme, at + 72);
  store<f64>(at + 88, meanRange(base + S_RANGE_12));
  store<f64>(at + 96, meanRange(base + S_RANGE_72));
  store<f64>(at + 104, Math.log(predicted + FLOOR_USD));
  store<f64>(at + Y, Math.log(realised + FLOOR_USD));
}

/** Root and log of the new ground beyond the extreme of the hours before. */
function ground(base: usize, side: i32, hours: i32, extreme: f64, out: usize): void {
  const bars = <i32>load<f64>(base + S_BARS);
  const trail = base + S_TRAIL + <usize>(side * TRAIL_HOURS * 8);
  let beyond = Infinity;
  for (let back = 1; back <= min<i32>(hours, bars); back++) {
    const price = load<f64>(trail + (<usize>((bars - back) % TRAIL_HOURS) << 3));
    beyond = min<f64>(beyond, Math.log(side === 0 ? price / extreme : extreme / price));
  }
  const fresh = beyond > 0 && beyond < Infinity ? beyond : 0;
  store<f64>(out, Math.sqrt(fresh));
  store<f64>(out + 8, Math.log(fresh + 3e-4));
}

// @ts-ignore: decorator
@inline
function meanRange(sum: usize): f64 {
  const weight = load<f64>(sum + 8);
  return Math.log(weight > 0 ? max<f64>(RANGE_MIN, load<f64>(sum) / weight) : RANGE_MIN);
}

/** The first 200 h are together: standardise by them, and let the regressions learn from them. */
function start(at: usize): void {
  for (let column: usize = 0; column < <usize>SCORE_COLUMNS; column++) {
    let mean: f64 = 0;
    for (let hour = 0; hour < STANDARD_HOURS; hour++) mean += load<f64>(bufferAt(at, hour) + (column << 3));
    mean /= <f64>STANDARD_HOURS;
    let squares: f64 = 0;
    for (let hour = 0; hour < STANDARD_HOURS; hour++) {
      const off = load<f64>(bufferAt(at, hour) + (column << 3)) - mean;
      squares += off * off;
    }
    store<f64>(at + P_MEAN + (column << 3), mean);
    store<f64>(at + P_DEVIATION + (column << 3), squares > 0 ? Math.sqrt(squares / <f64>STANDARD_HOURS) : 1);
  }
  for (let hour = 0; hour < STANDARD_HOURS; hour++) {
    standardise(at, bufferAt(at, hour));
    bitsOf(at, bufferAt(at, hour), <f64>hour);
  }
}

// @ts-ignore: decorator
@inline
function bufferAt(at: usize, hour: i32): usize {
  return at + P_BUFFER + <usize>hour * ROW_BYTES;
}

function standardise(at: usize, values: usize): void {
  for (let column: usize = 0; column < <usize>SCORE_COLUMNS; column++) {
    const value = load<f64>(values + (column << 3)) - load<f64>(at + P_MEAN + (column << 3));
    store<f64>(values + (column << 3), value / load<f64>(at + P_DEVIATION + (column << 3)));
  }
}

/** log2 likelihood of the full regression minus that of the base one; then both learn. */
// @ts-ignore: decorator
@inline
function bitsOf(at: usize, values: usize, hour: f64): f64 {
  const full = learn(at + P_FULL, values, SCORE_COLUMNS + 1, hour);
  return full - learn(at + P_BASE, values, BASE_COLUMNS + 1, hour);
}

function startRegression(at: usize, size: i32): void {
  store<f64>(at + R_VARIANCE, VARIANCE_START);
  for (let i: usize = 0; i < <usize>size; i++) {
    store<f64>(at + R_COVARIANCE + i * ROW_BYTES + (i << 3), i === 0 ? COVARIANCE_INTERCEPT : COVARIANCE_START);
  }
}

/** Input i of a regression: the intercept, then the columns. */
// @ts-ignore: decorator
@inline
function input(values: usize, i: usize): f64 {
  return i === 0 ? 1 : load<f64>(values + (i << 3) - 8);
}

/** One step of recursive least squares; returns log2 of the density that it gave to Y before. */
function learn(at: usize, values: usize, size: i32, hour: f64): f64 {
  const n = <usize>size;
  let error = load<f64>(values + Y);
  let gain: f64 = 0;
  for (let i: usize = 0; i < n; i++) {
    error -= load<f64>(at + R_COEFFICIENTS + (i << 3)) * input(values, i);
    let sum: f64 = 0;
    for (let j: usize = 0; j < n; j++) sum += load<f64>(at + R_COVARIANCE + i * ROW_BYTES + (j << 3)) * input(values, j);
    store<f64>(at + R_WORK + (i << 3), sum);
    gain += sum * input(values, i);
  }
  const below = FORGET + gain;
  let trace: f64 = 0;
  for (let i: usize = 0; i < n; i++) {
    const work = load<f64>(at + R_WORK + (i << 3));
    const coefficient = at + R_COEFFICIENTS + (i << 3);
    store<f64>(coefficient, load<f64>(coefficient) + (work / below) * error);
    for (let j: usize = 0; j < n; j++) {
      const cell = at + R_COVARIANCE + i * ROW_BYTES + (j << 3);
      store<f64>(cell, (load<f64>(cell) - (work * load<f64>(at + R_WORK + (j << 3))) / below) / FORGET);
    }
    trace += load<f64>(at + R_COVARIANCE + i * ROW_BYTES + (i << 3));
  }
  if (trace > TRACE_MAX) shrink(at, n, TRACE_MAX / trace);
  const variance = load<f64>(at + R_VARIANCE);
  const square = error * error;
  const fast = hour < VARIANCE_FAST_HOURS;
  const seen = fast ? square : min<f64>(square, OUTLIER * variance);
  store<f64>(at + R_VARIANCE, variance + (fast ? VARIANCE_FAST : VARIANCE_SLOW) * (seen - variance));
  return (-0.5 * (Math.log(2 * Math.PI * variance) + square / variance)) / LN_2;
}

function shrink(at: usize, n: usize, factor: f64): void {
  for (let i: usize = 0; i < n; i++) {
    for (let j: usize = 0; j < n; j++) {
      const cell = at + R_COVARIANCE + i * ROW_BYTES + (j << 3);
      store<f64>(cell, load<f64>(cell) * factor);
    }
  }
}

/** Adds the hour to its day; a day's slot is emptied when the day begins. */
function count(base: usize, hours: f64): void {
  const scored = hours - HOURS_MIN;
  const slot = <usize>(<i32>Math.floor(scored / DAY_HOURS) % DAYS) << 3;
  const first = scored % DAY_HOURS === 0;
  const bits = 0.5 * (scoreBits(base, 0) + scoreBits(base, 1));
  store<f64>(base + S_DAY_SUM + slot, (first ? 0 : load<f64>(base + S_DAY_SUM + slot)) + bits);
  store<f64>(base + S_DAY_HOURS + slot, (first ? 0 : load<f64>(base + S_DAY_HOURS + slot)) + 1);
}
