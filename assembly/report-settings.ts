/* Every parameter of the reports, see docs/reports.md. They are starting values with a reason, in one place; the USD
   floor comes from the host, because it belongs to the asset. The reference in test/ reads none of this: it has its own. */

/** Walls are sampled this often, on the asset's clock. */
export const SAMPLE_MS: f64 = 250;
/** Walls, tape and convergences look this far from price. */
export const BAND: f64 = 0.05;
/** A wall is compared with so many buckets that hold something, on each side of it; with fewer than the least there is no telling. */
export const NEIGHBOURS: i32 = 10;
export const NEIGHBOURS_MIN: i32 = 8;
/** The band's neighbours may lie so many buckets beyond it. */
export const NEIGHBOURS_BEYOND: i32 = 60;
/** A candidate is so many times their median, and this part of its side of the band. */
export const WALL_RATIO: f64 = 8;
export const WALL_PART: f64 = 0.02;
/** A wall that stands has ended when it is less than so many times the median, or gone, for WALL_GONE_MS. */
export const WALL_KEEPS: f64 = 3;
export const WALL_GONE_MS: f64 = 1_000;
/** Seen in this part of the samples of so long it is active. */
export const WALL_ACTIVE_MS: f64 = 5_000;
export const WALL_PRESENCE: f64 = 0.8;
/** Its end waits so long for the same size to come back nearby. */
export const WALL_MOVE_MS: f64 = 2_000;
export const WALL_MOVE_BUCKETS: i32 = 5;
export const WALL_MOVE_PART: f64 = 0.15;
export const WALL_FILLED: f64 = 0.6;
/** Pulled: this part is gone within so long, that much of it was cancelled, and price was that near (part of it). */
export const PULL_DROP: f64 = 0.6;
export const PULL_MS: f64 = 1_200;
export const PULL_CANCELLED: f64 = 0.7;
export const PULL_DISTANCE: f64 = 0.003;
/** A wall that stands is told again after so long, or sooner when its size has changed by this part. */
export const WALL_TELL_MS: f64 = 60_000;
export const WALL_TELL_MS_MIN: f64 = 5_000;
export const WALL_TELL_PART: f64 = 0.25;
export const WALL_AGE_MS: f64 = 60_000;
/** The spoof score is the part of the walls hereabouts that was pulled; it starts as if this part of so many had been. */
export const SPOOF_PRIOR: f64 = 0.2;
export const SPOOF_PRIOR_WALLS: f64 = 2;
export const SPOOF_MS: f64 = 600_000;
export const SPOOF_BUCKETS: i32 = 5;
/** Asymmetry: depth counts less by a factor e with each such part of the price. */
export const ASYMMETRY_REACH: f64 = 0.0025;
/** Beyond so many reaches nothing counts any more. */
export const ASYMMETRY_REACHES: f64 = 4.6;

/** Prints of one sweep are at most so far apart, and all of it lasts at most so long. */
export const SWEEP_GAP_MS: f64 = 100;
export const SWEEP_MS_MAX: f64 = 500;
/** Prints may come so much later than the other events of their venue. */
export const SWEEP_SETTLE_MS: f64 = 250;
export const SWEEP_MONOTONE: f64 = 0.8;
export const SWEEP_LEVELS: i32 = 3;
export const SWEEP_TICKS: f64 = 3;
export const SWEEP_SPREADS: f64 = 1.5;
export const SWEEP_PART: f64 = 0.00015;
/** Standard deviations above the mean USD of one side in BASELINE_MS, over so many of these spans. */
export const SWEEP_DEVIATIONS: f64 = 3;
export const BASELINE_MS: f64 = 500;
export const BASELINE_SPANS: f64 = 1_800;
/** With so many spans in it, what lies so many deviations above the mean counts no more than that. */
export const BASELINE_SPANS_MIN: f64 = 120;
export const BASELINE_DEVIATIONS: f64 = 10;
/** Part of what rested on its way. */
export const SWEEP_DEPTH: f64 = 0.6;
/** Ticks between two prints that are looked at for what rested there. */
export const SWEEP_TICKS_MAX: i32 = 4_096;
/** Driven by liquidations: this part of it was told as such, so near in time. */
export const SWEEP_LIQUIDATED: f64 = 0.3;
export const SWEEP_LIQUIDATION_MS: f64 = 1_000;
export const SWEEP_CLUSTER_MS: f64 = 120_000;
export const SWEEP_CLUSTER_BUCKETS: i32 = 5;
/** Aggression per second: mean with this time constant. */
export const AGGRESSION_SECONDS: f64 = 300;

/** Absorption is looked for each second in windows of 10 s and 60 s. */
export const WINDOW_SHORT: i32 = 10;
export const WINDOW_LONG: i32 = 60;
export const ABSORB_QUANTILE: f64 = 0.97;
export const ABSORB_LEAN: f64 = 0.35;
export const ABSORB_VOLUME: f64 = 3;
export const ABSORB_EFFICIENCY: f64 = 0.25;
export const ABSORB_NEAR: f64 = 0.6;
export const ABSORB_BUCKETS: i32 = 3;
export const ABSORB_EXECUTED: f64 = 3;
export const ABSORB_REFILLS: i32 = 3;
/** Windows that must have been seen before their quantiles mean something; each counts less by half after 12 h. */
export const ABSORB_WINDOWS_MIN: f64 = 120;
export const ABSORB_HALF_LIFE: f64 = 43_200;
/** A level is empty below, and full again above this part of the largest size shown, within so long. */
export const REFILL_EMPTY: f64 = 0.3;
export const REFILL_FULL: f64 = 0.7;
export const REFILL_MS: f64 = 500;
/** A level that was not hit for so long starts anew. */
export const HIT_IDLE_MS: f64 = 10_000;
export const ABSORB_HOLD_MS: f64 = 30_000;

/** Parts of a convergence lie within so many buckets, or within this part of the price. */
export const BAND_BUCKETS: i32 = 3;
export const BAND_PART: f64 = 0.0005;
export const FILLED_MS: f64 = 60_000;
export const SWEEP_HALF_LIFE_MS: f64 = 600_000;
/** A sweep this stale is no part any more: beyond its half-life most levels have seen one from either side. */
export const SWEEP_FRESH_MIN: f64 = 0.5;
export const ABSORB_FRESH_MS: f64 = 900_000;
/** What a part is worth before its hold rate less that of its controls was measured. */
export const PART_PRIOR: f64 = 0.2;
export const CLUSTER_QUANTILE: f64 = 0.9;

/** Lift: a trial waits so long for price to come to its level, and then so long for what becomes of it. */
export const LIFT_MS: f64 = 900_000;
/** Price has come to a level within this part of a range, has left it beyond one, and has broken it so many buckets behind it. */
export const LIFT_NEAR: f64 = 0.5;
export const LIFT_BREAK_BUCKETS: f64 = 4;
/** Levels farther away than so many ranges are not tried: price rarely gets there in time. */
export const LIFT_REACH: f64 = 6;
/** The range is the mean of so many minutes, and there is none from fewer than the least. */
export const ATR_MINUTES: i32 = 60;
export const ATR_MINUTES_MIN: i32 = 15;
/** The control of a trial may start so long after price came to the level, when that stretch of price is over, and until then. */
export const CONTROL_AFTER_MS: f64 = 1_800_000;
export const CONTROL_WITHIN_MS: f64 = 21_600_000;
/** The range at a control is at least this part of the trial's, and at most its inverse. */
export const CONTROL_RANGE: f64 = 0.8;
/** Nothing of the kind was told at a control's level for so long: walls are told again and sweeps are short; the others last. */
export const CONTROL_CLEAN_MS: f64 = 120_000;
export const CONTROL_CLEAN_LONG_MS: f64 = 900_000;
/** With so many pairs of both sides together a part is worth what was measured. */
export const LIFT_MEASURED_MIN: f64 = 100;
