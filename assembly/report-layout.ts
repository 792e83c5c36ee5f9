/* The memory of the reports, part of an asset's checkpoint. Offsets count from REPORTS (layout.ts); all zero is the
   empty state.

     HEAD         what was sampled last, asymmetry, counts of what follows
     TRACKS       candidates and walls, without holes
     OUTCOMES     how the last walls ended, a ring
     CHAINS       by venue and side of the taker: the prints that may become a sweep, and the baseline
     SWEEPS       the last sweeps, a ring; LIQUIDATIONS the same
     SLOTS        by venue: the tape of the last minute by second
     BASELINES    by venue and window: what is usual there
     HITS         by venue and side: levels that takers hit
     ABSORPTIONS  CONVERGENCES */

export const R_EPOCH: usize = 0; // u32, of the grid that the buckets below belong to
export const R_TRACKS: usize = 4; // u32 in use
export const R_OUTCOME: usize = 8; // u32, ever written; position in the ring
export const R_SWEEP: usize = 12; // u32
export const R_LIQUIDATION: usize = 16; // u32
export const R_ROWS: usize = 20; // u32, rows of this batch
export const R_LOST: usize = 24; // f64, rows that one batch had no room for; read by the host
/** Read by the host, see model/reports.ts: f64 book, f64 walls, u32 venues that lean with the book, u32 venues seen. */
export const R_ASYMMETRY: usize = 32;
export const R_STEP: usize = 64; // f64, USD per bucket of that grid
const R_HEAD_BYTES: usize = 128;

export const TRACKS: i32 = 64;
export const TRACK: usize = R_HEAD_BYTES;
export const TRACK_BYTES: usize = 272;
export const W_STATE: usize = 0; // u8, see walls.ts
export const W_VENUE: usize = 1; // u8
export const W_SIDE: usize = 2; // u8, 0 bid, 1 ask
export const W_SEEN: usize = 3; // u8, in the sample at work
export const W_BUCKET: usize = 4; // i32
export const W_SINCE_MS: usize = 8; // f64
export const W_SEEN_MS: usize = 16; // f64, last
export const W_PRESENT: usize = 24; // i32, samples with it
export const W_SAMPLES: usize = 28; // i32
export const W_CENTS: usize = 32; // f64
export const W_PEAK: usize = 40; // f64
export const W_EXECUTED: usize = 48; // f64, cents ever
export const W_EXECUTED_PEAK: usize = 56; // f64, at the peak
export const W_GONE_MS: usize = 64; // f64, first sample without it, 0: it is there
export const W_BEFORE: usize = 72; // f64, cents before it fell or went
export const W_FALLEN: usize = 80; // u32, how it fell, see wall-track.ts
export const W_RING: usize = 84; // u32
export const W_TOLD_MS: usize = 88; // f64
export const W_TOLD_CENTS: usize = 96; // f64
/** The last samples: f64 ms, f64 cents, f64 executed. */
export const W_SAMPLE: usize = 104;
export const W_SAMPLE_BYTES: usize = 24;
export const W_SAMPLES_KEPT: u32 = 6;
export const W_SPOOF: usize = 248; // f64, as last told
export const W_FALLEN_MS: usize = 256; // f64

export const OUTCOMES: u32 = 64;
export const OUTCOME: usize = TRACK + TRACK_BYTES * <usize>TRACKS;
export const OUTCOME_BYTES: usize = 32;
export const O_STATE: usize = 0; // u8
export const O_VENUE: usize = 1; // u8
export const O_SIDE: usize = 2; // u8
export const O_BUCKET: usize = 4; // i32
export const O_MS: usize = 8; // f64
export const O_CENTS: usize = 16; // f64

export const CHAIN: usize = OUTCOME + OUTCOME_BYTES * <usize>OUTCOMES;
export const CHAIN_BYTES: usize = 192;
export const T_OPEN: usize = 0; // u32, 1: a chain of prints
export const T_LEVELS: usize = 4; // i32, distinct prices
export const T_FIRST: usize = 8; // i32 tick
export const T_LAST: usize = 12; // i32 tick of the last print
export const T_EXTREME: usize = 16; // i32 tick
export const T_STEPS: usize = 20; // i32, changes of price, and those in its direction
export const T_ONWARD: usize = 24; // i32
export const T_SPREAD: usize = 28; // i32 ticks before it
export const T_FIRST_MS: usize = 32; // f64
export const T_LAST_MS: usize = 40; // f64
export const T_USD: usize = 48; // f64
export const T_DEPTH: usize = 56; // f64 USD that rested on its way
export const T_AT_EXTREME: usize = 64; // f64 USD traded at the extreme tick
export const T_SHOWN: usize = 72; // f64 USD that rested at it
export const T_MEAN: usize = 80; // f64, baseline when it began
export const T_DEVIATION: usize = 88; // f64
export const T_SPAN: usize = 96; // f64, number of the span at work, 0 none
export const T_SPAN_USD: usize = 104; // f64
export const T_SPANS: usize = 112; // f64, in the baseline, at most BASELINE_SPANS
export const T_BASE: usize = 120; // f64 mean
export const T_SQUARE: usize = 128; // f64 mean square
export const T_RATE: usize = 136; // f64 USD per second
export const T_SECOND_USD: usize = 144; // f64, of the second at work
export const T_END_MS: usize = 152; // f64, last print at the extreme
/** Since that print: it counts when price goes on. */
export const T_LATER_USD: usize = 160; // f64
export const T_LATER_STEPS: usize = 168; // i32
export const T_LATER_ONWARD: usize = 172; // i32

export const SWEEPS: u32 = 32;
export const SWEEP: usize = CHAIN + CHAIN_BYTES * 16;
export const SWEEP_BYTES: usize = 128;
/** The row as told (report-out.ts) up to here. */
export const SWEEP_ROW_BYTES: usize = 104;
export const SWEEP_PASSED: usize = 104; // u32, 1: price went on, it did not end at a level

export const LIQUIDATIONS: u32 = 32;
export const LIQUIDATION: usize = SWEEP + SWEEP_BYTES * <usize>SWEEPS;
export const LIQUIDATION_ENTRY_BYTES: usize = 32;
export const L_VENUE: usize = 0; // u8
export const L_SIDE: usize = 1; // u8, of the taker that it makes
export const L_MS: usize = 8; // f64
export const L_USD: usize = 16; // f64

export const SLOTS: i32 = 64;
export const SLOT_BUCKETS: i32 = 16;
export const SLOT_BYTES: usize = 160;
export const VENUE_TAPE: usize = LIQUIDATION + LIQUIDATION_ENTRY_BYTES * <usize>LIQUIDATIONS;
export const VENUE_TAPE_BYTES: usize = SLOT_BYTES * <usize>SLOTS + 64;
export const S_USD: usize = 0; // f64[2] bought, sold
export const S_PRICE: usize = 16; // f64, last of the second
export const S_BASE: usize = 24; // i32, bucket of cell 0
export const S_FILLED: usize = 28; // u32, 1: traded in this second
export const S_CELLS: usize = 32; // f32[2][SLOT_BUCKETS]
/** Beside the slots: the range of buckets traded in this second, and the last price. */
export const S_LOW: usize = SLOT_BYTES * <usize>SLOTS; // i32
export const S_HIGH: usize = S_LOW + 4; // i32
export const S_LAST: usize = S_LOW + 8; // f64
export const S_COUNT: usize = S_LOW + 16; // f64, seconds since its first print

export const BINS: i32 = 192;
/** [venue][window]: f64 weight of the next entry, then net USD, volume, move per root: f64 total, f32[BINS]. */
export const QUANTILE_BYTES: usize = 8 + 4 * <usize>BINS;
export const BASELINE_BYTES: usize = 16 + 3 * QUANTILE_BYTES + 8;
export const BASELINE: usize = VENUE_TAPE + VENUE_TAPE_BYTES * 8;
export const B_WEIGHT: usize = 0; // f64
export const B_COUNT: usize = 8; // f64
export const B_NET: usize = 16;
export const B_VOLUME: usize = B_NET + QUANTILE_BYTES;
export const B_MOVE: usize = B_VOLUME + QUANTILE_BYTES;

export const HITS: i32 = 16;
/** By venue and side: i32[HITS] ticks (0: free), f64[HITS] times, then the levels. What is searched lies together. */
export const HIT_TICKS: usize = 0;
export const HIT_TIMES: usize = 64;
export const HIT_LEVELS: usize = 192;
export const HIT_BYTES: usize = 48;
export const HIT_SIDE_BYTES: usize = HIT_LEVELS + HIT_BYTES * <usize>HITS;
export const HIT: usize = BASELINE + BASELINE_BYTES * 16;
export const H_REFILLS: usize = 0; // i32
export const H_COINS: usize = 8; // f64 executed
export const H_SHOWN: usize = 16; // f64, largest
export const H_LEFT: usize = 24; // f64 after the last hit
export const H_EMPTY_MS: usize = 32; // f64, since when it is nearly empty; 0: it is not

export const ABSORPTIONS: i32 = 16;
export const ABSORPTION: usize = HIT + HIT_SIDE_BYTES * 16;
export const ABSORPTION_BYTES: usize = 128;
/** The row as told (report-out.ts) up to here. */
export const ABSORPTION_ROW_BYTES: usize = 88;
export const A_USED: usize = 96; // u32
export const A_LAST_MS: usize = 104; // f64, last window in which it was seen
export const A_ENDED_MS: usize = 112; // f64
export const A_TOLD_USD: usize = 120; // f64

export const CONVERGENCES: i32 = 16;
export const CONVERGENCE: usize = ABSORPTION + ABSORPTION_BYTES * <usize>ABSORPTIONS;
export const CONVERGENCE_BYTES: usize = 96;
export const CONVERGENCE_ROW_BYTES: usize = 64;
export const G_USED: usize = 64; // u32

export const REPORTS_BYTES: usize = CONVERGENCE + CONVERGENCE_BYTES * <usize>CONVERGENCES;
