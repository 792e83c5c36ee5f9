/* The memory map of one asset. Every asset has a shared memory of its own; addresses are the same in each.

     0x00000  static data of the compiler (assert messages), never written by us
     CONTROL  shared between main thread and worker: ring positions, masks, settings
     RING     event batches on their way in
     STATE    everything below up to STATE_END is the checkpoint image:
       HEAD     clock, grid, price, counters
       VENUE    one record per venue slot
       COLUMN   one record per timeframe
       GRID     depth by absolute bucket: now, integral over the column, time of the last change; by venue
       MEAN     depth integrals of the longer timeframes
       LIQ      realised liquidations of each live column
       REALISED realised liquidations of the last day, fading, by venue
       BOOK     one order book per venue slot: window + overflow
       LEVELS   the estimator's ledger
       SCORE    what the published score remembers
       WHERE    what the where score remembers
       REPORTS  walls, tape, absorptions, convergences: report-layout.ts
       LIFT     what became of the levels that they told: lift-layout.ts
     SENT     codes of each live column as last sent or closed (lost with a checkpoint: a key frame follows a restart)
     SCRATCH  values and codes of the layer at work, the predicted map
     OUT      messages to the main thread

   All values are little-endian; every location is a multiple of 16. */
import { ESTIMATOR_BYTES } from "./estimator";
import { LIFT_BYTES } from "./lift-layout";
import { REPORTS_BYTES } from "./report-layout";
import { SCORE_BYTES } from "./score";

/** Changes when a checkpoint of an older core cannot be read any more. */
export const LAYOUT_VERSION: u32 = 3;

export const VENUE_SLOTS: i32 = 8;
export const TIMEFRAMES: i32 = 6;
export const LAYERS: i32 = 8;
export const BUCKETS: i32 = 2048;
/** Absolute buckets: a bucket is about 3 bp, so price is near 3,333 and this reaches to 2.4 times the price. */
export const GRID_BUCKETS: i32 = 8192;

export const CONTROL: usize = 0x10000;
/** Bytes written into and taken out of the ring, as running counts modulo 2^32. On cache lines of their own. */
export const RING_HEAD: usize = CONTROL;
export const RING_TAIL: usize = CONTROL + 64;
/** Timeframes somebody listens to, and those of them that want a key block at the next tick: bit = timeframe. */
export const ACTIVE_MASK: usize = CONTROL + 128;
export const KEY_MASK: usize = CONTROL + 132;
/** u32, 1: events are missing between what was restored and the next one. Read and cleared by the core. */
export const INTERRUPTED: usize = CONTROL + 136;
/** Bytes that wait in OUT. */
export const OUT_USED: usize = CONTROL + 192;
/** Settings, written once by the host before the first event. */
export const SETTING_GRID_TICK: usize = CONTROL + 256;
export const SETTING_QUANTUM: usize = CONTROL + 264;
export const SETTING_SKEW_MS: usize = CONTROL + 272;
export const SETTING_DISTANCE_MIN: usize = CONTROL + 280; // 1 / highest leverage less its maintenance rate
export const SETTING_PHASE_MS: usize = CONTROL + 296; // f64, spreads what is done once a second over the assets
export const SETTING_COMPLETE_MASK: usize = CONTROL + 288; // u32, venues whose liquidation feed is complete
export const SETTING_FLOOR: usize = CONTROL + 304; // f64, USD that a report is worth at least
export const SETTING_STALE_MS: usize = CONTROL + 312; // f64, a venue that was silent for so long is stale
export const CONTROL_BYTES: usize = 4096;

export const RING: usize = CONTROL + CONTROL_BYTES;
export const RING_BYTES: usize = 1 << 18;

export const STATE: usize = RING + RING_BYTES;

export const HEAD: usize = STATE;
export const HEAD_CLOCK_MS: usize = HEAD; // f64
export const HEAD_RECEIVE_MS: usize = HEAD + 8; // f64
export const HEAD_STEP: usize = HEAD + 16; // f64, 0 until the first price
export const HEAD_PRICE: usize = HEAD + 24; // f64, last price of the leading venue
export const HEAD_MARK: usize = HEAD + 32; // f64, last mark price of any venue
export const HEAD_LOW: usize = HEAD + 40; // f64, since the ledger was swept last
export const HEAD_HIGH: usize = HEAD + 48; // f64
export const HEAD_BUCKET_FIRST: usize = HEAD + 56; // i32, lowest and highest bucket that ever held anything
export const HEAD_BUCKET_LAST: usize = HEAD + 60; // i32
export const HEAD_OBSERVED_FROM: usize = HEAD + 64; // f64, the 1m column's depth integral begins here
export const HEAD_EPOCH: usize = HEAD + 72; // u32
export const HEAD_SWEPT_MS: usize = HEAD + 80; // f64
export const HEAD_TURNOVER_MS: usize = HEAD + 88; // f64
export const HEAD_TURNOVER_USD: usize = HEAD + 96; // f64, traded since the last turnover step
export const HEAD_TURNOVER_LOW: usize = HEAD + 104; // f64
export const HEAD_TURNOVER_HIGH: usize = HEAD + 112; // f64
export const HEAD_HOUR_USD: usize = HEAD + 120; // f64[2], realised in this hour by complete feeds: long, short
export const HEAD_BAR: usize = HEAD + 136; // f64[5], the bar of the past that is being read
export const HEAD_MISFIT_MS: usize = HEAD + 176; // f64, since when the bucket width does not fit the price; 0: it does
export const HEAD_HOUR_OPEN: usize = HEAD + 184; // f64, price of this hour
export const HEAD_HOUR_LOW: usize = HEAD + 192; // f64
export const HEAD_HOUR_HIGH: usize = HEAD + 200; // f64
export const HEAD_HOUR_BARS: usize = HEAD + 208; // f64, bars of the past that make up the hour
/** State of the forecast, for the host: u32 id, u32 state (0 none), f64 bits an hour, its standard error, hours scored. */
export const HEAD_MODEL: usize = HEAD + 216;
export const HEAD_HOUR_FROM: usize = HEAD + 248; // f64, since when this hour was heard
/** Counters, f64 each, read by the host. */
export const HEAD_BATCHES: usize = HEAD + 256;
export const HEAD_LEVELS: usize = HEAD + 264;
export const HEAD_TRADES: usize = HEAD + 272;
export const HEAD_LIQUIDATIONS: usize = HEAD + 280;
export const HEAD_DUPLICATES: usize = HEAD + 288; // batches whose sequence had been seen
export const HEAD_OUTSIDE: usize = HEAD + 296; // levels beyond the grid or an overflow that was full
export const HEAD_LATE: usize = HEAD + 304; // batches whose venue time was replaced by ours
export const HEAD_COLUMNS: usize = HEAD + 312;
export const HEAD_SILENCE_MS: usize = HEAD + 320; // f64, when venues were compared last
export const HEAD_HOUR_SUSPECT: usize = HEAD + 328; // u32, venues that were suspect in this hour: bit = venue
/** Where score, f64 each: bits per USD over uniform, the baseline's, lift of the top quarter, the baseline's. */
export const HEAD_WHERE: usize = HEAD + 336;
/** u32, what the forecast has to do without: estimatorFlags. */
export const HEAD_MODEL_FLAGS: usize = HEAD + 368;
export const HEAD_BYTES: usize = 512;

export const VENUE: usize = HEAD + HEAD_BYTES;
export const VENUE_STRIDE: usize = 192;
export const V_TICK_SIZE: usize = 0; // f64 USD of one coin
export const V_RATIO: usize = 8; // f64 buckets per tick
export const V_RECEIVE_MS: usize = 16; // f64
export const V_SEQUENCE: usize = 24; // f64
export const V_TRADE_MS: usize = 32; // f64
export const V_BID: usize = 40; // i32 best tick, -1 none
export const V_ASK: usize = 44; // i32 best tick, i32.MAX_VALUE none
export const V_WINDOW: usize = 48; // i32 first tick of the window
export const V_OVERFLOW: usize = 52; // i32 levels in the overflow
export const V_OPEN_INTEREST: usize = 56; // f64 coins, one-sided
export const V_OPEN_INTEREST_USD: usize = 64; // f64
export const V_MARK: usize = 72; // f64
export const V_DOWN: usize = 80; // u32, 1: the feed says that it is down
export const V_BATCHES: usize = 88; // f64
export const V_NEWS_MS: usize = 96; // f64, our time of the newest batch with more than a sign of life or a whole book
export const V_VARIANCE: usize = 104; // f64, of the venue's moves in ten seconds
export const V_STEPS: usize = 112; // f64, moves in it
export const V_QUIET: usize = 120; // u32, steps without a move
export const V_SUSPECT_MS: usize = 128; // f64, since when the venue is suspect; 0: it is not
export const V_MIDS: usize = 136; // f64[7], middle prices of the last steps, newest first

export const COLUMN: usize = VENUE + VENUE_STRIDE * <usize>VENUE_SLOTS;
export const COLUMN_STRIDE: usize = 128;
export const C_OPEN_MS: usize = 0; // f64, 0: no column yet
export const C_OPEN: usize = 8;
export const C_HIGH: usize = 16;
export const C_LOW: usize = 24;
export const C_CLOSE: usize = 32;
export const C_VOLUME: usize = 40;
export const C_OBSERVED_MS: usize = 48; // f64, up to HEAD_OBSERVED_FROM
export const C_BASE: usize = 56; // i32
export const C_LIQUIDATED: usize = 64; // u32, 1: its realised layers are not empty

const GRID_ARRAY: usize = 8 * <usize>GRID_BUCKETS;
export const GRID: usize = COLUMN + COLUMN_STRIDE * 8;
/** Resting depth, [side][bucket], in pairs of buckets so that one update touches one place and a read takes two at once:
    now f64[2], whole cents (integers add and subtract exactly, so order never matters) | integral f64[2], cent
    milliseconds of the live minute up to `since` | since f64[2], Unix ms of the last change. See depthAt. */
export const DEPTH: usize = GRID;
export const DEPTH_PAIR_BYTES: usize = 48;
export const D_NOW: usize = 0;
export const D_INTEGRAL: usize = 16;
export const D_SINCE: usize = 32;
const DEPTH_BYTES: usize = 2 * DEPTH_PAIR_BYTES * <usize>(GRID_BUCKETS / 2);
/** [venue][side][bucket] f64, whole cents. */
export const GRID_VENUE: usize = DEPTH + DEPTH_BYTES;
/** [timeframe 1..5][side][bucket] f64, cent milliseconds of the closed minutes. */
export const MEAN: usize = GRID_VENUE + 2 * GRID_ARRAY * <usize>VENUE_SLOTS;
/** [timeframe 0..5][side][bucket] f64, whole cents. */
export const LIQ: usize = MEAN + 2 * GRID_ARRAY * <usize>(TIMEFRAMES - 1);

/** Ticks of the window of one book, and slots of its overflow. */
export const WINDOW_TICKS: i32 = 32768;
export const OVERFLOW_SLOTS: i32 = 16384;
export const OVERFLOW_STRIDE: usize = 16;
export const BOOK_STRIDE: usize = 8 * <usize>WINDOW_TICKS + OVERFLOW_STRIDE * <usize>OVERFLOW_SLOTS;
/** [venue][side][bucket] f64, cents; and by [side][bucket] Unix ms of the first and the last. See realised.ts. */
export const REALISED: usize = LIQ + 2 * GRID_ARRAY * <usize>TIMEFRAMES;
export const REALISED_FIRST: usize = REALISED + 2 * GRID_ARRAY * <usize>VENUE_SLOTS;
export const REALISED_LAST: usize = REALISED_FIRST + 2 * GRID_ARRAY;
export const BOOK: usize = REALISED_LAST + 2 * GRID_ARRAY;

export const LEVELS: usize = BOOK + BOOK_STRIDE * <usize>VENUE_SLOTS;
export const SCORE: usize = (LEVELS + ESTIMATOR_BYTES + 15) & ~15;
export const REPORTS: usize = (SCORE + SCORE_BYTES + 15) & ~15;
/** See where.ts: sums, memory of distances, and the map of the hour's start. */
export const WHERE: usize = (REPORTS + REPORTS_BYTES + 15) & ~15;
export const WHERE_MAP: usize = WHERE + 64 + 4 * 8 * 64;
export const LIFT: usize = WHERE_MAP + 2 * 4 * <usize>GRID_BUCKETS;
export const STATE_END: usize = (LIFT + LIFT_BYTES + 4095) & ~4095;

export const COLUMN_CODES: usize = <usize>(LAYERS * BUCKETS);
export const SENT: usize = STATE_END;
export const SCRATCH_VALUES: usize = SENT + COLUMN_CODES * <usize>TIMEFRAMES; // f32[BUCKETS]
export const SCRATCH_CODES: usize = SCRATCH_VALUES + 4 * <usize>BUCKETS; // u8[BUCKETS]
export const EMPTY_CODES: usize = SCRATCH_CODES + <usize>BUCKETS; // u8[BUCKETS], always 0
/** Predicted USD by absolute bucket, f32[2][GRID_BUCKETS]; whether it is that of the ledger now; how often it was made. */
export const LEVELS_MAP: usize = EMPTY_CODES + <usize>BUCKETS;
export const LEVELS_FRESH: usize = LEVELS_MAP + 8 * <usize>GRID_BUCKETS;

/** One coded layer at its largest: 4 bytes of header and 4 nibbles a cell (a gap that takes more nibbles spares more cells). */
export const LAYER_BYTES_MAX: usize = 4 + (4 * <usize>BUCKETS) / 2;
export const BLOCK_HEADER_BYTES: usize = 80;
export const BLOCK_BYTES_MAX: usize = BLOCK_HEADER_BYTES + LAYER_BYTES_MAX * <usize>LAYERS;
export const LEVELS_VERSION: usize = LEVELS_FRESH + 4;
/** Version of the predicted map that SENT holds, u32[TIMEFRAMES]. */
export const LEVELS_SENT: usize = LEVELS_FRESH + 16;
/** 1: SENT holds what the listeners have, u32[TIMEFRAMES]. Outside the image, as SENT is: after a restart nobody has anything. */
export const KEYED: usize = LEVELS_SENT + 32;
export const OUT: usize = KEYED + 32;
/** Twice what one batch can add: many usual ones fit before the host must read. Pages that are never used cost nothing. */
export const OUT_BYTES: usize = 1 << 21;
export const MESSAGE_BYTES: usize = 16;
/**
 * What one batch can add at most: two closes of every timeframe and two scores (its first record may come long after
 * the clock, its last one behind the next end), a row for each record, and so many reports.
 */
export const LIQUIDATION_BYTES: usize = MESSAGE_BYTES + 40;
export const SCORE_MESSAGE_BYTES: usize = MESSAGE_BYTES + 96;
export const REPORT_ROWS_MAX: u32 = 1024;
export const REPORT_BYTES_MAX: usize = MESSAGE_BYTES + 144;
export const OUT_BATCH_MAX: usize =
  2 * (<usize>TIMEFRAMES * (MESSAGE_BYTES + BLOCK_BYTES_MAX + 16 + COLUMN_CODES) + SCORE_MESSAGE_BYTES) +
  4096 * (LIQUIDATION_BYTES + 8) +
  <usize>REPORT_ROWS_MAX * REPORT_BYTES_MAX;

export const MAP_END: usize = OUT + OUT_BYTES;

/** @inline Address of a cell of a [side][bucket] array. */
// @ts-ignore: decorator
@inline
export function cell(array: usize, side: i32, bucket: i32): usize {
  return array + (<usize>(side * GRID_BUCKETS + bucket) << 3);
}

/** Address of a bucket in DEPTH; D_NOW, D_INTEGRAL and D_SINCE are offsets from it. */
// @ts-ignore: decorator
@inline
export function depthAt(side: i32, bucket: i32): usize {
  return DEPTH + DEPTH_PAIR_BYTES * <usize>(side * (GRID_BUCKETS / 2) + (bucket >> 1)) + (<usize>(bucket & 1) << 3);
}

// @ts-ignore: decorator
@inline
export function venueAt(venue: i32): usize {
  return VENUE + VENUE_STRIDE * <usize>venue;
}

// @ts-ignore: decorator
@inline
export function columnAt(timeframe: i32): usize {
  return COLUMN + COLUMN_STRIDE * <usize>timeframe;
}

// @ts-ignore: decorator
@inline
export function sentAt(timeframe: i32): usize {
  return SENT + COLUMN_CODES * <usize>timeframe;
}

/** Version of the predicted map in SENT; it lies outside the image, as SENT does. */
// @ts-ignore: decorator
@inline
export function levelsSentAt(timeframe: i32): usize {
  return LEVELS_SENT + (<usize>timeframe << 2);
}

// @ts-ignore: decorator
@inline
export function keyedAt(timeframe: i32): usize {
  return KEYED + (<usize>timeframe << 2);
}

/** Clears a row of a [row][bucket] array where anything can be: the rest of its pages stays unused. */
export function clearUsed(array: usize, row: i32): void {
  const first = load<i32>(HEAD_BUCKET_FIRST);
  const last = load<i32>(HEAD_BUCKET_LAST);
  if (first <= last) memory.fill(cell(array, row, first), 0, <usize>(last - first + 1) << 3);
}

/** Zeroes one field of DEPTH on a side, where anything can be. */
export function clearDepth(side: i32, field: usize): void {
  const last = load<i32>(HEAD_BUCKET_LAST);
  for (let bucket = load<i32>(HEAD_BUCKET_FIRST); bucket <= last; bucket++) store<f64>(depthAt(side, bucket) + field, 0);
}
