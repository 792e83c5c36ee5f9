import { bookToGrid } from "./book";
import { gridStep } from "./grid";
import {
  D_NOW,
  GRID_BUCKETS,
  GRID_VENUE,
  HEAD_BUCKET_FIRST,
  HEAD_BUCKET_LAST,
  HEAD_EPOCH,
  HEAD_MISFIT_MS,
  HEAD_PRICE,
  HEAD_STEP,
  LEVELS_FRESH,
  SETTING_GRID_TICK,
  VENUE_SLOTS,
  V_BATCHES,
  V_RATIO,
  V_TICK_SIZE,
  clearDepth,
  clearUsed,
  venueAt,
} from "./layout";
import { realisedClear } from "./realised";

/* The grid is chosen by the first price and kept: buckets of other days must line up. Only where the ideal width has
   differed by a factor of two for a day is it chosen anew, at the next end of a UTC day, when no column is open. */

const MISFIT: f64 = 2;
const MISFIT_MS: f64 = 86_400_000;

/** Chooses the bucket width for a price and puts every book onto the grid, which must be empty. */
export function gridStart(price: f64): void {
  const step = gridStep(price, load<f64>(SETTING_GRID_TICK));
  store<f64>(HEAD_STEP, step);
  store<u32>(HEAD_EPOCH, load<u32>(HEAD_EPOCH) + 1);
  store<f64>(HEAD_MISFIT_MS, 0);
  store<i32>(HEAD_BUCKET_FIRST, GRID_BUCKETS);
  store<i32>(HEAD_BUCKET_LAST, -1);
  store<u32>(LEVELS_FRESH, 0);
  for (let venue = 0; venue < VENUE_SLOTS; venue++) {
    const v = venueAt(venue);
    store<f64>(v + V_RATIO, load<f64>(v + V_TICK_SIZE) / step);
    if (load<f64>(v + V_BATCHES) > 0) bookToGrid(venue);
  }
}

/** Looks once a minute whether the width still fits the price. */
export function gridWatch(clock: f64): void {
  const ideal = gridStep(load<f64>(HEAD_PRICE), load<f64>(SETTING_GRID_TICK)) / load<f64>(HEAD_STEP);
  if (ideal < MISFIT && ideal > 1 / MISFIT) store<f64>(HEAD_MISFIT_MS, 0);
  else if (load<f64>(HEAD_MISFIT_MS) === 0) store<f64>(HEAD_MISFIT_MS, clock);
}

/** At the end of a day, when all columns have closed and their layers are cleared: a new width, if one is due. */
export function gridRenew(clock: f64): void {
  const since = load<f64>(HEAD_MISFIT_MS);
  if (since === 0 || clock - since < MISFIT_MS) return;
  realisedClear();
  for (let side = 0; side < 2; side++) {
    clearDepth(side, D_NOW);
    for (let venue = 0; venue < VENUE_SLOTS; venue++) clearUsed(GRID_VENUE, venue * 2 + side);
  }
  gridStart(load<f64>(HEAD_PRICE));
}
