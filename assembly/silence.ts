import {
  HEAD_HOUR_SUSPECT,
  HEAD_SILENCE_MS,
  VENUE_SLOTS,
  V_ASK,
  V_BID,
  V_MIDS,
  V_QUIET,
  V_STEPS,
  V_SUSPECT_MS,
  V_TICK_SIZE,
  V_TRADE_MS,
  V_VARIANCE,
  venueAt,
} from "./layout";

/* Silence is not zero. A feed can fall silent while its connection stays up and its collector repeats the last book, so
   signs of life prove nothing. Every ten seconds each venue is looked at: it has moved if it has traded or its best
   prices have changed. One that has not for half a minute, while another has moved meanwhile by more than three of its
   own usual steps, is suspect until it moves again. */

const STEP_MS: f64 = 10_000;
/** Steps without a move before a venue can be suspect, and those over which the other venue's move is measured. */
const QUIET_MIN: u32 = 3;
const QUIET_MAX: u32 = 6;
const SIGMAS: f64 = 3;
/** Less than a basis point a step is no move, however still it was before. */
const SIGMA_MIN: f64 = 1e-4;
/** Steps before a venue's usual move is known, and those that it is averaged over: half an hour. */
const STEPS_MIN: f64 = 30;
const STEPS_MEAN: f64 = 180;

/** Called before the clock moves to `timeMs`. */
export function silenceClock(timeMs: f64): void {
  const before = load<f64>(HEAD_SILENCE_MS);
  if (!(Math.floor(timeMs / STEP_MS) > Math.floor(before / STEP_MS))) return;
  store<f64>(HEAD_SILENCE_MS, timeMs);
  // When nobody was heard for longer nothing can be compared.
  const isStep = timeMs - before <= 2 * STEP_MS;
  for (let venue = 0; venue < VENUE_SLOTS; venue++) look(venueAt(venue), before, isStep);
  for (let venue = 0; venue < VENUE_SLOTS; venue++) judge(venue, timeMs);
  for (let venue = 0; venue < VENUE_SLOTS; venue++) learn(venueAt(venue), isStep);
}

/** Notes the venue's middle price, newest first, and for how many steps it has been quiet. */
function look(v: usize, before: f64, isStep: bool): void {
  const last = load<f64>(v + V_MIDS);
  const bid = load<i32>(v + V_BID);
  const ask = load<i32>(v + V_ASK);
  const isKnown = bid >= 0 && ask !== i32.MAX_VALUE;
  const mid = isKnown ? (<f64>bid + <f64>ask) * 0.5 * load<f64>(v + V_TICK_SIZE) : last;
  if (!isStep) {
    for (let i: usize = 0; i <= <usize>QUIET_MAX; i++) store<f64>(v + V_MIDS + (i << 3), mid);
    store<u32>(v + V_QUIET, 0);
    return;
  }
  memory.copy(v + V_MIDS + 8, v + V_MIDS, <usize>QUIET_MAX << 3);
  store<f64>(v + V_MIDS, mid);
  const quiet = load<u32>(v + V_QUIET);
  const hasMoved = mid !== last || load<f64>(v + V_TRADE_MS) >= before;
  store<u32>(v + V_QUIET, hasMoved ? 0 : min<u32>(quiet + 1, QUIET_MAX));
  if (hasMoved) store<f64>(v + V_SUSPECT_MS, 0);
}

function judge(venue: i32, timeMs: f64): void {
  const v = venueAt(venue);
  const quiet = load<u32>(v + V_QUIET);
  const wasHeard = load<f64>(v + V_MIDS) > 0 || load<f64>(v + V_TRADE_MS) > 0;
  if (load<f64>(v + V_SUSPECT_MS) === 0) {
    if (!wasHeard || quiet < QUIET_MIN || !othersMoved(quiet)) return;
    store<f64>(v + V_SUSPECT_MS, timeMs);
  }
  store<u32>(HEAD_HOUR_SUSPECT, load<u32>(HEAD_HOUR_SUSPECT) | (<u32>1 << venue));
}

/** Whether a venue that is not quiet itself is further from where it was so many steps ago than a live one would ignore. */
function othersMoved(steps: u32): bool {
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const v = venueAt(venue);
    if (load<u32>(v + V_QUIET) > 0 || load<f64>(v + V_STEPS) < STEPS_MIN) continue;
    const from = load<f64>(v + V_MIDS + (<usize>steps << 3));
    const to = load<f64>(v + V_MIDS);
    if (!(from > 0 && to > 0)) continue;
    const sigma = max<f64>(SIGMA_MIN, Math.sqrt(load<f64>(v + V_VARIANCE)));
    if (abs<f64>(Math.log(to / from)) > SIGMAS * sigma) return true;
  }
  return false;
}

/** The usual step of a venue, from the steps in which it was not quiet; after it was judged by the one before. */
function learn(v: usize, isStep: bool): void {
  const from = load<f64>(v + V_MIDS + 8);
  const to = load<f64>(v + V_MIDS);
  if (!isStep || load<u32>(v + V_QUIET) > 0 || !(from > 0 && to > 0)) return;
  const steps = load<f64>(v + V_STEPS);
  const change = Math.log(to / from);
  const variance = load<f64>(v + V_VARIANCE);
  store<f64>(v + V_VARIANCE, variance + (change * change - variance) / min<f64>(steps + 1, STEPS_MEAN));
  store<f64>(v + V_STEPS, steps + 1);
}
