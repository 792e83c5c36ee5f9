import { absorptionFound, absorptionsStep } from "./absorption-state";
import { bookSize } from "./book";
import { bucketOfPrice, bucketOfTick } from "./grid";
import { REPORTS, SCRATCH_VALUES, SETTING_FLOOR, VENUE_SLOTS, V_RATIO, venueAt } from "./layout";
import { quantileAdd, quantileOf, quantileScale } from "./quantile";
import {
  BASELINE,
  BASELINE_BYTES,
  B_COUNT,
  B_MOVE,
  B_NET,
  B_VOLUME,
  B_WEIGHT,
  HIT,
  HITS,
  HIT_BYTES,
  HIT_LEVELS,
  HIT_SIDE_BYTES,
  HIT_TICKS,
  HIT_TIMES,
  H_COINS,
  H_EMPTY_MS,
  H_LEFT,
  H_REFILLS,
  H_SHOWN,
  R_STEP,
  SLOTS,
  SLOT_BUCKETS,
  SLOT_BYTES,
  S_BASE,
  S_CELLS,
  S_COUNT,
  S_FILLED,
  S_HIGH,
  S_LAST,
  S_LOW,
  S_PRICE,
  S_USD,
  VENUE_TAPE,
  VENUE_TAPE_BYTES,
  W_STATE,
} from "./report-layout";
import {
  ABSORB_BUCKETS,
  ABSORB_EFFICIENCY,
  ABSORB_EXECUTED,
  ABSORB_HALF_LIFE,
  ABSORB_LEAN,
  ABSORB_NEAR,
  ABSORB_QUANTILE,
  ABSORB_REFILLS,
  ABSORB_VOLUME,
  ABSORB_WINDOWS_MIN,
  HIT_IDLE_MS,
  REFILL_EMPTY,
  REFILL_FULL,
  REFILL_MS,
  WINDOW_LONG,
  WINDOW_SHORT,
} from "./report-settings";
import { sweepsPassed } from "./tape";
import { STATE_ACTIVE, trackOf } from "./walls";

/* Absorption: one side trades much more than usual, and price does not go where it should. Each second the last 10 s
   and 60 s of every venue's tape are judged; the cheap questions come first, and few windows get to the last ones. */

/** Values around the last price, by bucket, while a window is judged. */
const AROUND: i32 = 128;
/** Weights are made smaller before they outgrow their numbers. */
const WEIGHT_MAX: f64 = 1e6;

// @ts-ignore: decorator
@inline
function tapeAt(venue: i32): usize {
  return REPORTS + VENUE_TAPE + VENUE_TAPE_BYTES * <usize>venue;
}

/** The slot of `back` seconds ago. */
// @ts-ignore: decorator
@inline
function slotAt(tape: usize, back: i32): usize {
  return tape + SLOT_BYTES * <usize>((<i32>(load<f64>(tape + S_COUNT) % <f64>SLOTS) - back + SLOTS) & (SLOTS - 1));
}

export function absorptionPrint(venue: i32, taker: i32, bucket: i32, usd: f64, price: f64): void {
  const tape = tapeAt(venue);
  const slot = slotAt(tape, 0);
  if (load<u32>(slot + S_FILLED) === 0) {
    store<u32>(slot + S_FILLED, 1);
    store<i32>(slot + S_BASE, bucket - SLOT_BUCKETS / 2);
    store<i32>(tape + S_LOW, bucket);
    store<i32>(tape + S_HIGH, bucket);
  }
  const total = slot + S_USD + (<usize>taker << 3);
  store<f64>(total, load<f64>(total) + usd);
  const index = bucket - load<i32>(slot + S_BASE);
  if (<u32>index < <u32>SLOT_BUCKETS) {
    const at = slot + S_CELLS + (<usize>(taker * SLOT_BUCKETS + index) << 2);
    store<f32>(at, load<f32>(at) + <f32>usd);
  }
  store<f64>(tape + S_LAST, price);
  if (bucket < load<i32>(tape + S_LOW)) store<i32>(tape + S_LOW, bucket);
  if (bucket > load<i32>(tape + S_HIGH)) store<i32>(tape + S_HIGH, bucket);
}

/** A level is hit: how much of it was ever shown, and does it come back? side: of the book. Before the book hears of it. */
export function absorptionHit(venue: i32, side: i32, tick: i32, coins: f64, timeMs: f64): void {
  const hits = hitsAt(venue, side);
  const index = hitOf(hits, tick);
  const hit = hits + HIT_LEVELS + HIT_BYTES * index;
  const lastMs = hits + HIT_TIMES + (index << 3);
  if (load<i32>(hits + HIT_TICKS + (index << 2)) !== tick || timeMs - load<f64>(lastMs) > HIT_IDLE_MS) {
    memory.fill(hit, 0, HIT_BYTES);
    store<i32>(hits + HIT_TICKS + (index << 2), tick);
  }
  store<f64>(lastMs, timeMs);
  const size = bookSize(venue, tick);
  const resting = side === 0 ? size : -size;
  // A print that the book has been told of before shows nothing; it was at least as large as itself.
  const shown = resting > coins ? resting : coins;
  if (shown > load<f64>(hit + H_SHOWN)) store<f64>(hit + H_SHOWN, shown);
  const largest = load<f64>(hit + H_SHOWN);
  const emptyMs = load<f64>(hit + H_EMPTY_MS);
  if (emptyMs > 0 && resting >= REFILL_FULL * largest) {
    if (timeMs - emptyMs <= REFILL_MS) store<i32>(hit + H_REFILLS, load<i32>(hit + H_REFILLS) + 1);
    store<f64>(hit + H_EMPTY_MS, 0);
  }
  store<f64>(hit + H_COINS, load<f64>(hit + H_COINS) + coins);
  store<f64>(hit + H_LEFT, resting - coins);
  if (resting - coins <= REFILL_EMPTY * largest && load<f64>(hit + H_EMPTY_MS) === 0) store<f64>(hit + H_EMPTY_MS, timeMs);
}

/** Index of a tick, else of the one that was hit longest ago. */
function hitOf(hits: usize, tick: i32): usize {
  for (let i: usize = 0; i < <usize>HITS; i++) if (load<i32>(hits + HIT_TICKS + (i << 2)) === tick) return i;
  let oldest: usize = 0;
  for (let i: usize = 1; i < <usize>HITS; i++) {
    if (load<f64>(hits + HIT_TIMES + (i << 3)) < load<f64>(hits + HIT_TIMES + (oldest << 3))) oldest = i;
  }
  return oldest;
}

// @ts-ignore: decorator
@inline
function hitsAt(venue: i32, side: i32): usize {
  return REPORTS + HIT + HIT_SIDE_BYTES * <usize>(venue * 2 + side);
}

/** Once a second: judges what every venue's tape has brought, and opens its next second. */
export function absorptionSecond(second: f64, seconds: f64): void {
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const tape = tapeAt(venue);
    if (!(load<f64>(tape + S_LAST) > 0)) continue;
    const traded = load<u32>(slotAt(tape, 0) + S_FILLED) !== 0;
    store<f64>(slotAt(tape, 0) + S_PRICE, load<f64>(tape + S_LAST));
    judge(venue, tape, 0, WINDOW_SHORT, second);
    judge(venue, tape, 1, WINDOW_LONG, second);
    if (traded) sweepsPassed(load<i32>(tape + S_LOW), load<i32>(tape + S_HIGH));
    absorptionsStep(venue, traded ? load<i32>(tape + S_LOW) : i32.MAX_VALUE, traded ? load<i32>(tape + S_HIGH) : -1, second);
    for (let left = min<f64>(seconds, <f64>SLOTS); left > 0; left--) {
      store<f64>(tape + S_COUNT, load<f64>(tape + S_COUNT) + 1);
      const slot = slotAt(tape, 0);
      memory.fill(slot, 0, SLOT_BYTES);
      store<f64>(slot + S_PRICE, load<f64>(tape + S_LAST));
    }
  }
}

function judge(venue: i32, tape: usize, window: i32, length: i32, second: f64): void {
  if (load<f64>(tape + S_COUNT) < <f64>length) return;
  let bought: f64 = 0;
  let sold: f64 = 0;
  for (let back = 0; back < length; back++) {
    const slot = slotAt(tape, back);
    bought += load<f64>(slot + S_USD);
    sold += load<f64>(slot + S_USD + 8);
  }
  const volume = bought + sold;
  const net = abs<f64>(bought - sold);
  const taker = bought > sold ? 0 : 1;
  const moved = (load<f64>(tape + S_LAST) / load<f64>(slotAt(tape, length) + S_PRICE) - 1) * 1e4;
  const baseline = REPORTS + BASELINE + BASELINE_BYTES * <usize>(venue * 2 + window);
  if (net >= load<f64>(SETTING_FLOOR) && net >= ABSORB_LEAN * volume && load<f64>(baseline + B_COUNT) >= ABSORB_WINDOWS_MIN) {
    const expected = quantileOf(baseline + B_MOVE, 0.5) * Math.sqrt(net);
    const signed = taker === 0 ? moved : -moved;
    if (
      volume >= ABSORB_VOLUME * quantileOf(baseline + B_VOLUME, 0.5) &&
      net >= quantileOf(baseline + B_NET, ABSORB_QUANTILE) &&
      signed <= ABSORB_EFFICIENCY * expected &&
      isHeld(venue, tape, window, length, taker, net, volume, expected > 0 ? signed / expected : 0, second)
    ) {
      return;
    }
  }
  learn(baseline, net, volume, abs<f64>(moved));
}

/** What is usual, from the windows that were none. */
function learn(baseline: usize, net: f64, volume: f64, moved: f64): void {
  let weight = load<f64>(baseline + B_WEIGHT);
  if (weight === 0) weight = 1;
  if (weight > WEIGHT_MAX) {
    quantileScale(baseline + B_NET, 1 / weight);
    quantileScale(baseline + B_VOLUME, 1 / weight);
    quantileScale(baseline + B_MOVE, 1 / weight);
    weight = 1;
  }
  quantileAdd(baseline + B_NET, net, weight);
  quantileAdd(baseline + B_VOLUME, volume, weight);
  if (net > 0) quantileAdd(baseline + B_MOVE, moved / Math.sqrt(net), weight);
  store<f64>(baseline + B_WEIGHT, weight * (1 + Math.LN2 / ABSORB_HALF_LIFE));
  store<f64>(baseline + B_COUNT, load<f64>(baseline + B_COUNT) + 1);
}

/** Most of it was traded at one level, and something there took it. */
function isHeld(venue: i32, tape: usize, window: i32, length: i32, taker: i32, net: f64, volume: f64, efficiency: f64, second: f64): bool {
  const base = bucketOfPrice(load<f64>(tape + S_LAST), load<f64>(REPORTS + R_STEP)) - AROUND / 2;
  const total = gather(tape, length, taker, base);
  let level = 0;
  for (let i = 1; i < AROUND; i++) if (aroundAt(i) > aroundAt(level)) level = i;
  let near: f64 = 0;
  for (let i = max<i32>(0, level - ABSORB_BUCKETS); i <= min<i32>(AROUND - 1, level + ABSORB_BUCKETS); i++) near += aroundAt(i);
  if (near < ABSORB_NEAR * total) return false;
  const bucket = base + level;
  const side = taker === 0 ? 1 : 0;
  const v = venueAt(venue);
  let executed: f64 = 0;
  let refills = 0;
  const hits = hitsAt(venue, side);
  for (let i: usize = 0; i < <usize>HITS; i++) {
    const hit = hits + HIT_LEVELS + HIT_BYTES * i;
    const tick = load<i32>(hits + HIT_TICKS + (i << 2));
    if (tick === 0 || load<f64>(hits + HIT_TIMES + (i << 3)) < second - <f64>length * 1_000) continue;
    if (abs<i32>(bucketOfTick(tick, load<f64>(v + V_RATIO)) - bucket) > 1) continue;
    executed = max<f64>(executed, load<f64>(hit + H_COINS) / load<f64>(hit + H_SHOWN));
    refills = max<i32>(refills, load<i32>(hit + H_REFILLS));
  }
  const wall = isWall(venue, side, bucket - 1) || isWall(venue, side, bucket) || isWall(venue, side, bucket + 1);
  if (executed < ABSORB_EXECUTED && refills < ABSORB_REFILLS && !wall) return false;
  absorptionFound(venue, side, bucket, second, window, length, near, efficiency, executed, refills, wall, net, net / volume);
  return true;
}

/** Aggression of the window by bucket around the last price; returns all of it. */
function gather(tape: usize, length: i32, taker: i32, base: i32): f64 {
  memory.fill(SCRATCH_VALUES, 0, 8 * <usize>AROUND);
  let total: f64 = 0;
  for (let back = 0; back < length; back++) {
    const slot = slotAt(tape, back);
    total += load<f64>(slot + S_USD + (<usize>taker << 3));
    if (load<u32>(slot + S_FILLED) === 0) continue;
    const shift = load<i32>(slot + S_BASE) - base;
    for (let i = 0; i < SLOT_BUCKETS; i++) {
      if (<u32>(i + shift) >= <u32>AROUND) continue;
      const at = SCRATCH_VALUES + (<usize>(i + shift) << 3);
      store<f64>(at, load<f64>(at) + <f64>load<f32>(slot + S_CELLS + (<usize>(taker * SLOT_BUCKETS + i) << 2)));
    }
  }
  return total;
}

// @ts-ignore: decorator
@inline
function aroundAt(index: i32): f64 {
  return load<f64>(SCRATCH_VALUES + (<usize>index << 3));
}

function isWall(venue: i32, side: i32, bucket: i32): bool {
  const track = trackOf(venue, side, bucket);
  return track !== 0 && <i32>load<u8>(track + W_STATE) === STATE_ACTIVE;
}
