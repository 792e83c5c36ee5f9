import {
  BUCKET_WIDTH,
  BUCKETS_LEDGER,
  E_BLURRED,
  E_DECAY,
  E_GAIN,
  E_OPEN_INTEREST_USD,
  E_ORIGIN,
  E_PRICE,
  E_SCRATCH,
  E_TIER_FIRST,
  E_WEIGHTS,
  inLedger,
  ledgerRow,
  positionOf,
  ROW,
  TIERS,
} from "./estimator-state";

/* The map for display: the ledger's mass, weighted, blurred and resampled to the canonical grid. Mass is conserved:
   what a blur would carry past price or past the ledger's end is mirrored back. */

/** Display blur: sigma 10 bp is two ledger buckets; weights of a Gaussian at 0 to 6 buckets, summing to 1. */
const BLUR_0: f32 = 0.1996756274979211;
const BLUR_1: f32 = 0.17621312278855084;
const BLUR_2: f32 = 0.12110939007484813;
const BLUR_3: f32 = 0.06482518513852682;
const BLUR_4: f32 = 0.02702315760287952;
const BLUR_5: f32 = 0.008773134791588384;
const BLUR_6: f32 = 0.0022181958546457657;
const BLUR_REACH: i32 = 6;
const ROW_BYTES: usize = 4 * <usize>ROW;
/** Further from price than this the ledger has no support: drawn hatched. */
const NEAR: f64 = 0.06;

/**
 * Adds up predicted USD by canonical bucket: cell i covers [(first + i) * step, (first + i + 1) * step). Longs lie
 * below price and go to `longs`, shorts above to `shorts`; both are f32[cells] and are overwritten.
 */
export function estimatorMap(base: usize, longs: usize, shorts: usize, first: i32, step: f64, cells: i32): void {
  memory.fill(longs, 0, <usize>cells << 2);
  memory.fill(shorts, 0, <usize>cells << 2);
  const low = <f64>first * step;
  const high = <f64>(first + cells) * step;
  const price = load<f64>(base + E_PRICE);
  const at = inLedger(<i32>Math.floor(positionOf(base, price)));
  const bottom = low > 0 ? inLedger(<i32>Math.floor(positionOf(base, low))) : 0;
  const top = inLedger(<i32>Math.floor(positionOf(base, high)));
  if (bottom <= at) spread(base, 0, bottom, at, at, longs, first, step, cells);
  if (at <= top) spread(base, 1, at, top, at, shorts, first, step, cells);
}

/** Lower (side 0) or upper (side 1) price of the zone that the ledger supports. */
export function estimatorNear(base: usize, side: i32): f64 {
  return load<f64>(base + E_PRICE) * (side === 0 ? 1 - NEAR : 1 + NEAR);
}

/** One side of the map: ledger buckets [from, to], price being in bucket `at`. */
function spread(base: usize, side: i32, from: i32, to: i32, at: i32, out: usize, first: i32, step: f64, cells: i32): void {
  const lowest = side === 0 ? max<i32>(0, from - BLUR_REACH) : at;
  const highest = side === 0 ? at : min<i32>(BUCKETS_LEDGER - 1, to + BLUR_REACH);
  weigh(base, side, lowest, highest, at);
  blur(base, from, to, lowest, highest);
  const price = load<f64>(base + E_PRICE);
  const ratio = Math.exp(BUCKET_WIDTH);
  const perUsd = 1 / step;
  const origin = <f64>first;
  let lower = Math.exp(load<f64>(base + E_ORIGIN) + <f64>from * BUCKET_WIDTH);
  for (let bucket = from; bucket <= to; bucket++) {
    const upper = lower * ratio;
    const usd = <f64>load<f32>(base + E_BLURRED + (<usize>bucket << 2));
    const below = side === 0 && bucket === at ? price : upper;
    const above = side === 1 && bucket === at ? price : lower;
    if (usd > 0) deposit(out, usd, above * perUsd - origin, below * perUsd - origin, cells);
    lower = upper;
  }
}

/** Scratch of the map: USD of each bucket before the blur. May write up to three buckets past `highest`. */
function weigh(base: usize, side: i32, lowest: i32, highest: i32, at: i32): void {
  const scratch = base + E_SCRATCH;
  const gain = load<f64>(base + E_GAIN);
  const background = gain * load<f64>(base + E_WEIGHTS + (<usize>(TIERS + 1) << 3)) * load<f64>(base + E_OPEN_INTEREST_USD);
  const flat = f32x4.splat(<f32>(background * BUCKET_WIDTH));
  for (let bucket = lowest; bucket <= highest; bucket += 4) v128.store(scratch + (<usize>bucket << 2), flat);
  // Of price's own bucket only the part on the right side of price has background.
  const inside = positionOf(base, load<f64>(base + E_PRICE)) - <f64>at;
  const part = side === 0 ? inside : 1 - inside;
  store<f32>(scratch + (<usize>at << 2), <f32>(background * BUCKET_WIDTH * min<f64>(1, max<f64>(0, part))));
  const unit = gain * load<f64>(base + E_DECAY);
  // Tiers that are not in use hold nothing and weigh nothing here; four at a time save three of four trips to memory.
  for (let tier = 0; tier < TIERS; tier += 4) {
    const row = ledgerRow(base, side, tier);
    const a = weightOf(base, tier, unit);
    const b = weightOf(base, tier + 1, unit);
    const c = weightOf(base, tier + 2, unit);
    const d = weightOf(base, tier + 3, unit);
    for (let bucket = lowest; bucket <= highest; bucket += 4) {
      const cell = scratch + (<usize>bucket << 2);
      const at = row + (<usize>bucket << 2);
      let sum = f32x4.add(v128.load(cell), f32x4.mul(a, v128.load(at)));
      sum = f32x4.add(sum, f32x4.mul(b, v128.load(at + ROW_BYTES)));
      sum = f32x4.add(sum, f32x4.mul(c, v128.load(at + 2 * ROW_BYTES)));
      sum = f32x4.add(sum, f32x4.mul(d, v128.load(at + 3 * ROW_BYTES)));
      v128.store(cell, sum);
    }
  }
}

/** Weight of a tier times `unit` in all lanes; 0 for a tier that is not in use. */
// @ts-ignore: decorator
@inline
function weightOf(base: usize, tier: i32, unit: f64): v128 {
  const weight = tier < load<i32>(base + E_TIER_FIRST) ? 0 : unit * load<f64>(base + E_WEIGHTS + (<usize>tier << 3));
  return f32x4.splat(<f32>weight);
}

/** Blurs scratch buckets [from, to]: four at a time where no neighbour is mirrored. */
function blur(base: usize, from: i32, to: i32, lowest: i32, highest: i32): void {
  const source = base + E_SCRATCH;
  const target = base + E_BLURRED;
  let bucket = from;
  for (; bucket <= to && bucket - BLUR_REACH < lowest; bucket++) blurOne(source, target, bucket, lowest, highest);
  for (; bucket + 3 <= to && bucket + 3 + BLUR_REACH <= highest; bucket += 4) {
    const at = source + (<usize>bucket << 2);
    let sum = f32x4.mul(f32x4.splat(BLUR_0), v128.load(at));
    sum = f32x4.add(sum, f32x4.mul(f32x4.splat(BLUR_1), f32x4.add(v128.load(at - 4), v128.load(at + 4))));
    sum = f32x4.add(sum, f32x4.mul(f32x4.splat(BLUR_2), f32x4.add(v128.load(at - 8), v128.load(at + 8))));
    sum = f32x4.add(sum, f32x4.mul(f32x4.splat(BLUR_3), f32x4.add(v128.load(at - 12), v128.load(at + 12))));
    sum = f32x4.add(sum, f32x4.mul(f32x4.splat(BLUR_4), f32x4.add(v128.load(at - 16), v128.load(at + 16))));
    sum = f32x4.add(sum, f32x4.mul(f32x4.splat(BLUR_5), f32x4.add(v128.load(at - 20), v128.load(at + 20))));
    sum = f32x4.add(sum, f32x4.mul(f32x4.splat(BLUR_6), f32x4.add(v128.load(at - 24), v128.load(at + 24))));
    v128.store(target + (<usize>bucket << 2), sum);
  }
  for (; bucket <= to; bucket++) blurOne(source, target, bucket, lowest, highest);
}

function blurOne(source: usize, target: usize, bucket: i32, lowest: i32, highest: i32): void {
  store<f32>(target + (<usize>bucket << 2), blurred(source, bucket, lowest, highest));
}

/** USD of a bucket after the blur. */
// @ts-ignore: decorator
@inline
function blurred(row: usize, bucket: i32, lowest: i32, highest: i32): f32 {
  let sum = BLUR_0 * load<f32>(row + (<usize>bucket << 2));
  sum += BLUR_1 * pair(row, bucket, 1, lowest, highest);
  sum += BLUR_2 * pair(row, bucket, 2, lowest, highest);
  sum += BLUR_3 * pair(row, bucket, 3, lowest, highest);
  sum += BLUR_4 * pair(row, bucket, 4, lowest, highest);
  sum += BLUR_5 * pair(row, bucket, 5, lowest, highest);
  sum += BLUR_6 * pair(row, bucket, 6, lowest, highest);
  return sum;
}

/** The two buckets at a distance, mirrored where they lie beyond price or the ledger's end. */
// @ts-ignore: decorator
@inline
function pair(row: usize, bucket: i32, distance: i32, lowest: i32, highest: i32): f32 {
  const left = bucket - distance < lowest ? 2 * lowest - 1 - bucket + distance : bucket - distance;
  const right = bucket + distance > highest ? 2 * highest + 1 - bucket - distance : bucket + distance;
  return load<f32>(row + (<usize>left << 2)) + load<f32>(row + (<usize>right << 2));
}

/** Spreads USD evenly over [from, to), in cells; what lies outside the grid is left out. */
// @ts-ignore: decorator
@inline
function deposit(out: usize, usd: f64, from: f64, to: f64, cells: i32): void {
  if (to <= 0 || from >= <f64>cells || !(to > from)) return;
  const perCell = usd / (to - from);
  const end = min<f64>(to, <f64>cells);
  let start = max<f64>(0, from);
  let cell = <i32>start;
  let edge = <f64>cell + 1;
  let at = out + (<usize>cell << 2);
  while (edge < end) {
    store<f32>(at, load<f32>(at) + <f32>(perCell * (edge - start)));
    start = edge;
    edge += 1;
    at += 4;
  }
  store<f32>(at, load<f32>(at) + <f32>(perCell * (end - start)));
}
