import { columnClosed } from "./column-out";
import { bucketOfPrice, gridUse, settledFrom } from "./grid";
import { gridRenew, gridWatch } from "./regrid";
import {
  BUCKETS,
  C_BASE,
  C_CLOSE,
  C_HIGH,
  C_LIQUIDATED,
  C_LOW,
  C_OBSERVED_MS,
  C_OPEN,
  C_OPEN_MS,
  C_VOLUME,
  D_INTEGRAL,
  D_NOW,
  D_SINCE,
  GRID_BUCKETS,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  HEAD_OBSERVED_FROM,
  HEAD_PRICE,
  HEAD_STEP,
  INTERRUPTED,
  LIQ,
  MEAN,
  TIMEFRAMES,
  cell,
  clearDepth,
  clearUsed,
  columnAt,
  depthAt,
  keyedAt,
} from "./layout";

/* The live columns: opening, prices, volume, liquidations, closing. Reading one is column-read.ts, sending it column-out.ts. */

const ALL_TIMEFRAMES: i32 = (1 << TIMEFRAMES) - 1;
/** Every asset is told each second that time moves. After a silence as long as this (the host: venueStaleMs) what rested is not known. */
const SILENCE_MS: f64 = 10_000;

export function timeframeMs(timeframe: i32): f64 {
  switch (timeframe) {
    case 0: return 60_000;
    case 1: return 300_000;
    case 2: return 900_000;
    case 3: return 3_600_000;
    case 4: return 14_400_000;
    default: return 86_400_000;
  }
}

/** Opens every column at the clock; prices start where the last one ended. */
export function columnsOpen(): void {
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) openColumn(timeframe);
}

function openColumn(timeframe: i32): void {
  const c = columnAt(timeframe);
  const length = timeframeMs(timeframe);
  const price = load<f64>(HEAD_PRICE);
  store<f64>(c + C_OPEN_MS, Math.floor(load<f64>(HEAD_CLOCK_MS) / length) * length);
  store<f64>(c + C_OPEN, price);
  store<f64>(c + C_HIGH, price);
  store<f64>(c + C_LOW, price);
  store<f64>(c + C_CLOSE, price);
  store<f64>(c + C_VOLUME, 0);
  store<f64>(c + C_OBSERVED_MS, 0);
  // A multiple of 16, so that steps of the quantiser never straddle the window.
  store<i32>(c + C_BASE, (bucketOfPrice(price, load<f64>(HEAD_STEP)) & ~15) - BUCKETS / 2);
  store<u32>(keyedAt(timeframe), 0);
}

/** A trade (or, without trades, a mark) of the leading venue. */
export function columnsPrice(price: f64): void {
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    if (price > load<f64>(c + C_HIGH)) store<f64>(c + C_HIGH, price);
    if (price < load<f64>(c + C_LOW)) store<f64>(c + C_LOW, price);
    store<f64>(c + C_CLOSE, price);
  }
}

export function columnsVolume(usd: f64): void {
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    store<f64>(c + C_VOLUME, load<f64>(c + C_VOLUME) + usd);
  }
}

/** Adds whole cents to the realised layer of every live column. side: 0 long closed, 1 short closed. */
export function columnsLiquidation(side: i32, bucket: i32, cents: f64): void {
  if (<u32>bucket >= <u32>GRID_BUCKETS) return;
  gridUse(bucket);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const at = cell(LIQ, timeframe * 2 + side, bucket);
    store<f64>(at, load<f64>(at) + cents);
    store<u32>(columnAt(timeframe) + C_LIQUIDATED, 1);
  }
}

/**
 * Closes what ends at or before `clock` and opens its successor. The live minute is settled up to its own end, which
 * is why the clock stands there while it closes; a longer jump leaves a gap in time, not columns without data.
 */
export function columnsRoll(clock: f64): void {
  const end = load<f64>(columnAt(0) + C_OPEN_MS) + timeframeMs(0);
  const before = load<f64>(HEAD_CLOCK_MS);
  if (clock - before > SILENCE_MS || load<u32>(INTERRUPTED) !== 0) {
    // A restart, or all feeds were down: that time is not observed.
    store<u32>(INTERRUPTED, 0);
    settle(before, false);
    store<f64>(HEAD_OBSERVED_FROM, min<f64>(clock, end));
  }
  if (clock < end) return;
  store<f64>(HEAD_CLOCK_MS, end);
  settle(end, true);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    if (clock >= load<f64>(c + C_OPEN_MS) + timeframeMs(timeframe)) columnClosed(timeframe, c);
  }
  store<f64>(HEAD_CLOCK_MS, clock);
  store<f64>(HEAD_OBSERVED_FROM, clock);
  for (let side = 0; side < 2; side++) clearDepth(side, D_INTEGRAL);
  let closed = 0;
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    if (clock < load<f64>(c + C_OPEN_MS) + timeframeMs(timeframe)) continue;
    closed |= 1 << timeframe;
    for (let side = 0; side < 2; side++) {
      if (timeframe > 0) clearUsed(MEAN, (timeframe - 1) * 2 + side);
      if (load<u32>(c + C_LIQUIDATED) !== 0) clearUsed(LIQ, timeframe * 2 + side);
    }
    store<u32>(c + C_LIQUIDATED, 0);
  }
  gridWatch(clock);
  if (closed === ALL_TIMEFRAMES) gridRenew(clock);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    if ((closed & (1 << timeframe)) !== 0) openColumn(timeframe);
  }
}

/** Brings the live minute's integrals up to `until`; at its end they are added to the longer timeframes. */
function settle(until: f64, isEnd: bool): void {
  const first = load<i32>(HEAD_BUCKET_FIRST);
  const last = load<i32>(HEAD_BUCKET_LAST);
  for (let side = 0; side < 2; side++) {
    for (let bucket = first; bucket <= last; bucket++) {
      const at = depthAt(side, bucket);
      const rested = load<f64>(at + D_NOW) * (until - settledFrom(load<f64>(at + D_SINCE)));
      const total = load<f64>(at + D_INTEGRAL) + rested;
      store<f64>(at + D_INTEGRAL, total);
      store<f64>(at + D_SINCE, until);
      if (!isEnd || total === 0) continue;
      for (let longer = 0; longer < TIMEFRAMES - 1; longer++) {
        const mean = cell(MEAN, longer * 2 + side, bucket);
        store<f64>(mean, load<f64>(mean) + total);
      }
    }
  }
  const observed = until - load<f64>(HEAD_OBSERVED_FROM);
  for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
    const c = columnAt(timeframe);
    store<f64>(c + C_OBSERVED_MS, load<f64>(c + C_OBSERVED_MS) + observed);
  }
  store<f64>(HEAD_OBSERVED_FROM, until);
}
