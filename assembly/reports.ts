import { absorptionHit, absorptionPrint, absorptionSecond } from "./absorption";
import { convergenceSecond } from "./convergence";
import { bucketOfTick } from "./grid";
import { HEAD_CLOCK_MS, HEAD_EPOCH, HEAD_STEP, REPORTS, SETTING_STALE_MS, V_RATIO, V_TICK_SIZE } from "./layout";
import { R_EPOCH, R_LOST, R_ROWS, R_STEP, REPORTS_BYTES } from "./report-layout";
import { SAMPLE_MS } from "./report-settings";
import { liftClock, liftPrice, liftSecond } from "./lift";
import { sweepLiquidation, sweepPrint, sweepsClose, sweepsSecond } from "./tape";
import { wallPrint, wallsEnd, wallsSample } from "./walls";

/* Reports: what happens at levels. Prints and liquidations are followed one by one; walls are sampled, and the rest
   looks around once a second, all on the asset's clock. Rows leave as messages and are written again when they change. */

const SECOND_MS: f64 = 1_000;

/** Before the records of a batch: what the venue's time has brought to an end. */
export function reportsBatch(venue: i32, venueMs: f64): void {
  store<u32>(REPORTS + R_ROWS, 0);
  if (!(load<f64>(HEAD_STEP) > 0)) return;
  renew();
  sweepsClose(venue, venueMs);
}

/** Before the clock moves to `timeMs`: the samples and seconds that lie between. */
export function reportsClock(timeMs: f64): void {
  const clock = load<f64>(HEAD_CLOCK_MS);
  renew();
  liftClock(timeMs);
  // A long silence of all venues is a gap: nobody knows what stood there meanwhile.
  if (timeMs - clock > load<f64>(SETTING_STALE_MS)) wallsEnd(clock);
  const samples = Math.floor(timeMs / SAMPLE_MS) - Math.floor(clock / SAMPLE_MS);
  if (samples > 0) wallsSample(Math.floor(timeMs / SAMPLE_MS) * SAMPLE_MS, <i32>samples);
  const seconds = Math.floor(timeMs / SECOND_MS) - Math.floor(clock / SECOND_MS);
  if (seconds <= 0) return;
  const second = Math.floor(timeMs / SECOND_MS) * SECOND_MS;
  sweepsSecond(second, seconds);
  absorptionSecond(second, seconds);
  convergenceSecond(second);
  liftSecond(second, timeMs);
}

/** The price of the columns. */
// @ts-ignore: decorator
@inline
export function reportsPrice(price: f64): void {
  liftPrice(price);
}

/** A print, before the book hears of it. taker: 0 bought, 1 sold. */
export function reportsPrint(venue: i32, v: usize, taker: i32, tick: i32, coins: f64, timeMs: f64): void {
  // The print that has just chosen the grid is before all reports.
  if (load<u32>(REPORTS + R_EPOCH) !== load<u32>(HEAD_EPOCH) || tick <= 0 || !(coins > 0)) return;
  const bucket = bucketOfTick(tick, load<f64>(v + V_RATIO));
  const usd = coins * <f64>tick * load<f64>(v + V_TICK_SIZE);
  wallPrint(venue, taker === 0 ? 1 : 0, bucket, usd * 100);
  sweepPrint(venue, v, taker, tick, usd, timeMs);
  absorptionPrint(venue, taker, bucket, usd, <f64>tick * load<f64>(v + V_TICK_SIZE));
  absorptionHit(venue, taker === 0 ? 1 : 0, tick, coins, timeMs);
}

/** side: of the position that was closed. */
export function reportsLiquidation(venue: i32, side: i32, usd: f64, timeMs: f64): void {
  if (load<u32>(REPORTS + R_EPOCH) !== load<u32>(HEAD_EPOCH)) return;
  sweepLiquidation(venue, side === 0 ? 1 : 0, usd, timeMs);
}

/** Buckets of another width mean other prices: what stands is told as stale, and everything starts anew. */
function renew(): void {
  const epoch = load<u32>(HEAD_EPOCH);
  if (load<u32>(REPORTS + R_EPOCH) === epoch) return;
  wallsEnd(load<f64>(HEAD_CLOCK_MS));
  const lost = load<f64>(REPORTS + R_LOST);
  const rows = load<u32>(REPORTS + R_ROWS);
  memory.fill(REPORTS, 0, REPORTS_BYTES);
  store<f64>(REPORTS + R_LOST, lost);
  store<u32>(REPORTS + R_ROWS, rows);
  store<u32>(REPORTS + R_EPOCH, epoch);
  store<f64>(REPORTS + R_STEP, load<f64>(HEAD_STEP));
}
