/* State of the estimator of forced-order levels: one ledger, in a region that the caller gives by its address (`base`,
   a multiple of 16). What the numbers mean is in docs/estimator.md.

     0      scalars, f64 unless noted
     256    weights, prior weights, calibration sums: f64[16] each
     768    exposures of the hour in progress, then of the hour that closed last: f64[2][16]
     1280   predicted USD of the hour that closed last: f64[2]
     1344   scratch of the map: f32[ROW]
     12608  ledger: f32[2 sides][TIERS][ROW], unit USD; the true mass is the cell times the decay scalar

   Sides: 0 long, 1 short. */

export const BUCKETS_LEDGER: i32 = 2802;
/** Cells of a ledger row: padded to whole vectors, so that a row starts aligned. */
export const ROW: i32 = 2816;
export const CENTRE: i32 = BUCKETS_LEDGER >> 1;
export const BUCKET_WIDTH: f64 = 5e-4;
export const TIERS: i32 = 12;
/** Twelve tiers and the two background terms. */
export const TERMS: i32 = 14;

export const E_DECAY: usize = 0;
export const E_PRICE: usize = 8;
/** Log price of the lower edge of bucket 0. */
export const E_ORIGIN: usize = 16;
/** Turnover steps so far: the dither depends on it and on the tier alone, so a replay gives the same map. */
export const E_STEPS: usize = 24;
/** Offsets inside the edge buckets that sweeps have reached. */
export const E_LOW_OFFSET: usize = 32;
export const E_HIGH_OFFSET: usize = 40;
export const E_LOW_BUCKET: usize = 48; // i32
export const E_HIGH_BUCKET: usize = 52; // i32
export const E_FLAGS: usize = 56; // u32
export const E_TIER_FIRST: usize = 60; // i32
/** Market time that turnover steps have covered, ms. */
export const E_ELAPSED_MS: usize = 64;
export const E_OPEN_INTEREST_USD: usize = 72;
/** Coins of the last known open interest, 0: never known. */
export const E_OPEN_INTEREST: usize = 80;
/** Price at the turnover step before. */
export const E_STEP_PRICE: usize = 88;
/** Share of the market's open interest that the venues heard from stand for. */
export const E_SHARE: usize = 96;
/** Exponentially weighted means: the sum, and 8 bytes on its weight. */
export const E_RANGE_SUM: usize = 104;
export const E_RANGE_WEIGHT: usize = 112;
export const E_CHANGE_SUM: usize = 120;
export const E_VOLUME_SUM: usize = 136; // USD
export const E_VOLUME_WEIGHT_MS: usize = 144;
/** Hours that have calibrated the weights. */
export const E_HOURS: usize = 152;
export const E_G: usize = 160;
export const E_G_OVER: usize = 168;
export const E_G_UNDER: usize = 176;
/** Display gain, and the sums it comes from. */
export const E_GAIN: usize = 184;
export const E_GAIN_OVER: usize = 192;
export const E_GAIN_UNDER: usize = 200;
export const E_HOUR_OI_SUM: usize = 208;
export const E_HOUR_OI_COUNT: usize = 216;
/** 1: before burn-in is over the weights are g times the prior; 0: they stay at the start value. */
export const E_COLD: usize = 224; // u32

export const E_WEIGHTS: usize = 256;
export const E_PRIOR: usize = 384;
export const E_EM_OVER: usize = 512;
export const E_EM_UNDER: usize = 640;
export const E_EXPOSURE: usize = 768;
export const E_EXPOSURE_CLOSED: usize = 1024;
export const E_PREDICTED: usize = 1280;
export const E_SCRATCH: usize = 1344;
export const E_BLURRED: usize = E_SCRATCH + 4 * <usize>ROW;
export const E_LEDGER: usize = E_BLURRED + 4 * <usize>ROW;
export const SIDE_BYTES: usize = 4 * <usize>(TIERS * ROW);
/** Bytes of the whole region; a multiple of 16. */
export const ESTIMATOR_BYTES: usize = E_LEDGER + 2 * SIDE_BYTES;

/** What the inputs lack, see docs/estimator.md, "Missing inputs". */
export const FLAG_NO_VOLUME: u32 = 1;
export const FLAG_NO_CHANGE: u32 = 2;
export const FLAG_NO_OPEN_INTEREST: u32 = 4;
export const FLAG_COARSE_MARK: u32 = 8;
export const FLAG_UNCALIBRATED: u32 = 16;
export const FLAG_NO_HISTORY: u32 = 32;
export const FLAG_DEGRADED: u32 = 64;
/** Fewer than five days of turnover: no map yet. */
export const FLAG_WARMING: u32 = 128;
/** Fewer than 72 h of liquidations: the weights are not in use. */
export const FLAG_BURN_IN: u32 = 256;

// @ts-ignore: decorator
@inline
export function ledgerRow(base: usize, side: i32, tier: i32): usize {
  return base + E_LEDGER + (<usize>((side * TIERS + tier) * ROW) << 2);
}

/** Address of one term of the exposures of an hour. */
// @ts-ignore: decorator
@inline
export function exposureAt(base: usize, side: i32, term: i32): usize {
  return base + E_EXPOSURE + (<usize>((side << 4) + term) << 3);
}

/** Where a price lies, in buckets: its whole part is the bucket. */
// @ts-ignore: decorator
@inline
export function positionOf(base: usize, price: f64): f64 {
  return (Math.log(price) - load<f64>(base + E_ORIGIN)) / BUCKET_WIDTH;
}

// @ts-ignore: decorator
@inline
export function inLedger(bucket: i32): i32 {
  return bucket < 0 ? 0 : bucket >= BUCKETS_LEDGER ? BUCKETS_LEDGER - 1 : bucket;
}

// @ts-ignore: decorator
@inline
export function add(at: usize, value: f64): void {
  store<f64>(at, load<f64>(at) + value);
}

// @ts-ignore: decorator
@inline
export function setFlag(base: usize, flag: u32, on: bool): void {
  const flags = load<u32>(base + E_FLAGS);
  store<u32>(base + E_FLAGS, on ? flags | flag : flags & ~flag);
}
