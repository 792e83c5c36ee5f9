import { bookReset, bookSet } from "./book";
import { columnsLiquidation, columnsOpen, columnsPrice, columnsRoll, columnsVolume } from "./column";
import { closeMessage, openMessage } from "./column-out";
import { bucketOfPrice } from "./grid";
import { levelsBar, levelsClock, levelsLiquidation, levelsPrice, levelsStart } from "./levels";
import {
  GRID_BUCKETS,
  HEAD_BATCHES,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_CLOCK_MS,
  HEAD_DUPLICATES,
  HEAD_LATE,
  HEAD_LEVELS,
  HEAD_LIQUIDATIONS,
  HEAD_MARK,
  HEAD_OBSERVED_FROM,
  HEAD_PRICE,
  HEAD_RECEIVE_MS,
  HEAD_STEP,
  HEAD_TRADES,
  HEAD_TURNOVER_USD,
  LIQUIDATION_BYTES,
  MESSAGE_BYTES,
  SETTING_SKEW_MS,
  VENUE_SLOTS,
  V_ASK,
  V_BATCHES,
  V_BID,
  V_DOWN,
  V_MARK,
  V_NEWS_MS,
  V_OPEN_INTEREST,
  V_OPEN_INTEREST_USD,
  V_RATIO,
  V_RECEIVE_MS,
  V_SEQUENCE,
  V_TICK_SIZE,
  V_TRADE_MS,
  venueAt,
} from "./layout";
import { realisedAdd, realisedClock } from "./realised";
import { gridStart } from "./regrid";
import { reportsBatch, reportsClock, reportsLiquidation, reportsPrice, reportsPrint } from "./reports";
import { ringAt } from "./ring";
import { silenceClock } from "./silence";

/* Applies event batches to the asset's state. What a batch means is in docs/events.md; the host has checked it. */

const BOOK_LEVEL: i32 = 1;
const BOOK_RESET: i32 = 2;
const TRADE: i32 = 3;
const LIQUIDATION: i32 = 4;
const OPEN_INTEREST: i32 = 5;
const MARK_PRICE: i32 = 6;
const HEARTBEAT: i32 = 7;
const BAR: i32 = 8;
const RECORD_BYTES: u32 = 16;
const MESSAGE_LIQUIDATION: i32 = 4;
const PRICE_FILL: i32 = 0;
/** A batch spans less than a minute, so it closes each timeframe at most twice: when it comes, and within. */
const DELAY_MS_MAX: f64 = 30_000;
/** The price is taken from the first venue of the list that has traded so recently. */
const LEAD_MS: f64 = 60_000;

/** Reads a batch header into the venue's record. False: this sequence, or a later one, was seen before. */
export function batchIsNew(at: u32, venue: i32): bool {
  const v = venueAt(venue);
  const sequence = load<f64>(ringAt(at + 8));
  if (load<f64>(v + V_BATCHES) > 0 && sequence <= load<f64>(v + V_SEQUENCE)) {
    count(HEAD_DUPLICATES);
    return false;
  }
  count(HEAD_BATCHES);
  store<f64>(v + V_BATCHES, load<f64>(v + V_BATCHES) + 1);
  store<f64>(v + V_SEQUENCE, sequence);
  const receiveMs = load<f64>(ringAt(at + 16));
  store<f64>(v + V_RECEIVE_MS, receiveMs);
  if (receiveMs > load<f64>(HEAD_RECEIVE_MS)) store<f64>(HEAD_RECEIVE_MS, receiveMs);
  const tickSize = load<f64>(ringAt(at + 32));
  if (tickSize !== load<f64>(v + V_TICK_SIZE)) {
    // Ticks of another size mean other prices: what the book holds is void until the venue sends it anew.
    bookReset(venue);
    store<f64>(v + V_TICK_SIZE, tickSize);
    store<f64>(v + V_RATIO, load<f64>(HEAD_STEP) > 0 ? tickSize / load<f64>(HEAD_STEP) : 0);
  }
  return true;
}

/** Applies the records of a batch; `at` is its first record. */
export function batchApply(at: u32, records: u32): void {
  const header = at - 40;
  const venue = <i32>((load<u64>(ringAt(header)) >> 24) & 255);
  const v = venueAt(venue);
  const receiveMs = load<f64>(ringAt(header + 16));
  let venueMs = load<f64>(ringAt(header + 24));
  if (abs<f64>(venueMs - receiveMs) > load<f64>(SETTING_SKEW_MS)) {
    venueMs = receiveMs;
    count(HEAD_LATE);
  }
  reportsBatch(venue, venueMs);
  let isWhole = false;
  let hasNews = false;
  for (let i: u32 = 0; i < records; i++) {
    const record = at + i * RECORD_BYTES;
    const word = load<u64>(ringAt(record));
    const value = load<f64>(ringAt(record + 8));
    const kind = <i32>(word & 255);
    const flags = <i32>((word >> 8) & 255);
    const delay = <f64>((word >> 16) & 65535);
    const timeMs = venueMs + (delay < DELAY_MS_MAX ? delay : DELAY_MS_MAX);
    const tick = <i32>(word >> 32);
    // A whole book is a repetition of what was known: neither that nor a sign of life is news.
    isWhole = isWhole || kind === BOOK_RESET;
    hasNews = hasNews || (kind !== HEARTBEAT && kind !== BOOK_RESET && !(isWhole && kind === BOOK_LEVEL));
    if (kind === BAR) {
      // The past has a time of its own and does not move the clock.
      levelsBar(flags, value);
      continue;
    }
    if (timeMs > load<f64>(HEAD_CLOCK_MS)) advance(timeMs);
    if (kind === BOOK_LEVEL) {
      bookSet(venue, flags & 1, tick, value);
      count(HEAD_LEVELS);
    } else if (kind === TRADE) {
      trade(venue, v, <f64>tick * load<f64>(v + V_TICK_SIZE), value, timeMs);
      reportsPrint(venue, v, flags & 1, tick, value, timeMs);
    } else if (kind === MARK_PRICE) {
      mark(v, value);
    } else if (kind === BOOK_RESET) {
      bookReset(venue);
    } else if (kind === LIQUIDATION) {
      liquidation(venue, flags, <f64>tick * load<f64>(v + V_TICK_SIZE), value, timeMs);
    } else if (kind === OPEN_INTEREST) {
      openInterest(v, <f64>tick * load<f64>(v + V_TICK_SIZE), value);
    } else if (kind === HEARTBEAT) {
      store<u32>(v + V_DOWN, flags & 1);
    }
  }
  if (hasNews) store<f64>(v + V_NEWS_MS, receiveMs);
}

// @ts-ignore: decorator
@inline
function count(counter: usize): void {
  store<f64>(counter, load<f64>(counter) + 1);
}

/** Moves the asset's clock. Columns close and the ledger steps before anything of the new time is applied. */
function advance(timeMs: f64): void {
  if (load<f64>(HEAD_STEP) > 0) {
    silenceClock(timeMs);
    reportsClock(timeMs);
    levelsClock(timeMs);
    realisedClock(timeMs);
    columnsRoll(timeMs);
  }
  store<f64>(HEAD_CLOCK_MS, timeMs);
}

/** The first price chooses the grid; every book that was waiting is put onto it. */
function startGrid(price: f64): void {
  store<f64>(HEAD_PRICE, price);
  store<f64>(HEAD_OBSERVED_FROM, load<f64>(HEAD_CLOCK_MS));
  gridStart(price);
  columnsOpen();
  levelsStart(price);
}

function trade(venue: i32, v: usize, price: f64, coins: f64, timeMs: f64): void {
  count(HEAD_TRADES);
  if (!(price > 0)) return;
  if (!(load<f64>(HEAD_STEP) > 0)) startGrid(price);
  store<f64>(v + V_TRADE_MS, timeMs);
  const usd = price * coins;
  columnsVolume(usd);
  store<f64>(HEAD_TURNOVER_USD, load<f64>(HEAD_TURNOVER_USD) + usd);
  for (let earlier = 0; earlier < venue; earlier++) {
    if (timeMs - load<f64>(venueAt(earlier) + V_TRADE_MS) < LEAD_MS) return;
  }
  setPrice(price);
}

function mark(v: usize, price: f64): void {
  if (!(price > 0)) return;
  store<f64>(v + V_MARK, price);
  store<f64>(HEAD_MARK, price);
  if (!(load<f64>(HEAD_STEP) > 0)) startGrid(price);
  // Marks move the column only where nobody trades.
  const clock = load<f64>(HEAD_CLOCK_MS);
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    if (clock - load<f64>(venueAt(venue) + V_TRADE_MS) < LEAD_MS) return;
  }
  setPrice(price);
}

function setPrice(price: f64): void {
  store<f64>(HEAD_PRICE, price);
  columnsPrice(price);
  levelsPrice(price);
  reportsPrice(price);
}

function openInterest(v: usize, price: f64, coins: f64): void {
  const valued = price > 0 ? price : load<f64>(v + V_MARK) > 0 ? load<f64>(v + V_MARK) : load<f64>(HEAD_PRICE);
  store<f64>(v + V_OPEN_INTEREST, coins);
  store<f64>(v + V_OPEN_INTEREST_USD, coins * valued);
}

/**
 * Realised liquidation. It lies at its fill price. A bankruptcy price is where the position was worth nothing, not where
 * it was sold: any price that is no fill is replaced by the mark of its time, if that is known.
 */
function liquidation(venue: i32, flags: i32, price: f64, coins: f64, timeMs: f64): void {
  count(HEAD_LIQUIDATIONS);
  const kind = (flags >> 1) & 3;
  const markPrice = load<f64>(venueAt(venue) + V_MARK) > 0 ? load<f64>(venueAt(venue) + V_MARK) : load<f64>(HEAD_MARK);
  let placed = kind === PRICE_FILL && price > 0 ? price : markPrice;
  if (!(placed > 0)) placed = price;
  if (!(placed > 0)) return;
  if (!(load<f64>(HEAD_STEP) > 0)) startGrid(placed);
  const side = flags & 1;
  const usd = placed * coins;
  const bucket = bucketOfPrice(placed, load<f64>(HEAD_STEP));
  const cents = nearest<f64>(usd * 100);
  columnsLiquidation(side, bucket, cents);
  realisedAdd(venue, side, bucket, cents, timeMs);
  levelsLiquidation(venue, side, usd);
  reportsLiquidation(venue, side, usd, timeMs);
  const message = openMessage();
  const row = message + MESSAGE_BYTES;
  store<u8>(row, <u8>venue);
  store<u8>(row + 1, <u8>side);
  store<u8>(row + 2, <u8>kind);
  store<u8>(row + 3, 0);
  store<u32>(row + 4, 0);
  store<f64>(row + 8, timeMs);
  store<f64>(row + 16, price > 0 ? price : placed);
  store<f64>(row + 24, coins);
  store<f64>(row + 32, usd);
  closeMessage(message, MESSAGE_LIQUIDATION, 0, message + LIQUIDATION_BYTES);
}

/** Makes an empty asset ready for its first batch. */
export function eventsStart(): void {
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const v = venueAt(venue);
    store<i32>(v + V_BID, -1);
    store<i32>(v + V_ASK, i32.MAX_VALUE);
  }
  store<i32>(HEAD_BUCKET_FIRST, GRID_BUCKETS);
  store<i32>(HEAD_BUCKET_LAST, -1);
}
