import { GRID_BUCKETS, GRID_VENUE, HEAD_PRICE, REPORTS, SCRATCH_VALUES, cell } from "./layout";
import { R_ASYMMETRY, R_STEP, R_TRACKS, TRACK_BYTES, W_CENTS, W_SPOOF, W_STATE } from "./report-layout";
import { bucketPrice } from "./report-out";
import { ASYMMETRY_REACH, ASYMMETRY_REACHES } from "./report-settings";
import { bucketOf, sideOf } from "./wall-track";
import { STATE_ACTIVE, trackAt } from "./walls";

/* Which side holds more near price: (bids - asks) / (bids + asks), nearer depth weighing more. For the book, venue by
   venue and pooled, and for the walls that stand, each by how little it looks like a spoof. */

/** While a sample is at work: f64 bids, f64 asks, u32 venues leaning to bids, u32 to asks, u32 venues, f64 fade, u32 buckets. */
const WORK: usize = SCRATCH_VALUES;

export function asymmetryStart(): void {
  memory.fill(WORK, 0, 48);
  const part = load<f64>(REPORTS + R_STEP) / load<f64>(HEAD_PRICE) / ASYMMETRY_REACH;
  store<f64>(WORK + 32, Math.exp(-part));
  store<i32>(WORK + 40, <i32>(ASYMMETRY_REACHES / part));
}

export function asymmetryVenue(venue: i32, bid: i32, ask: i32): void {
  const bids = weighted(cell(GRID_VENUE, venue * 2, 0), bid, -1);
  const asks = weighted(cell(GRID_VENUE, venue * 2 + 1, 0), ask, 1);
  if (!(bids + asks > 0)) return;
  store<f64>(WORK, load<f64>(WORK) + bids);
  store<f64>(WORK + 8, load<f64>(WORK + 8) + asks);
  if (bids > asks) store<u32>(WORK + 16, load<u32>(WORK + 16) + 1);
  else if (asks > bids) store<u32>(WORK + 20, load<u32>(WORK + 20) + 1);
  store<u32>(WORK + 24, load<u32>(WORK + 24) + 1);
}

export function asymmetryEnd(): void {
  const bids = load<f64>(WORK);
  const asks = load<f64>(WORK + 8);
  const at = REPORTS + R_ASYMMETRY;
  store<f64>(at, bids + asks > 0 ? (bids - asks) / (bids + asks) : 0);
  store<f64>(at + 8, ofWalls());
  store<u32>(at + 16, load<u32>(WORK + (bids > asks ? 16 : 20)));
  store<u32>(at + 20, load<u32>(WORK + 24));
}

/** Depth from the best bucket on, each bucket further weighing less. */
function weighted(row: usize, best: i32, direction: i32): f64 {
  const fade = load<f64>(WORK + 32);
  let weight: f64 = 1;
  let sum: f64 = 0;
  let bucket = best;
  for (let left = load<i32>(WORK + 40); left >= 0 && <u32>bucket < <u32>GRID_BUCKETS; left--) {
    sum += weight * load<f64>(row + (<usize>bucket << 3));
    weight *= fade;
    bucket += direction;
  }
  return sum;
}

function ofWalls(): f64 {
  const price = load<f64>(HEAD_PRICE);
  const last = trackAt(load<u32>(REPORTS + R_TRACKS));
  let bids: f64 = 0;
  let asks: f64 = 0;
  for (let track = trackAt(0); track < last; track += TRACK_BYTES) {
    if (<i32>load<u8>(track + W_STATE) !== STATE_ACTIVE) continue;
    const distance = abs<f64>(bucketPrice(bucketOf(track)) / price - 1);
    const weight = Math.exp(-distance / ASYMMETRY_REACH) * load<f64>(track + W_CENTS) * (1 - load<f64>(track + W_SPOOF));
    if (sideOf(track) === 0) bids += weight;
    else asks += weight;
  }
  return bids + asks > 0 ? (bids - asks) / (bids + asks) : 0;
}
