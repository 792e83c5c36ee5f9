import type { AbsorptionRow, ConvergenceRow, SweepRow, WallRow } from '../../src/model/reports.ts'
import type { AssetId } from '../../src/model/units.ts'

/* One row of each kind, to be changed by the tests that need others. */

export const START_MS = 1_700_000_000_000
const basis = {
  asset: 0 as AssetId,
  startMs: START_MS,
  atMs: START_MS + 5_000,
  bucket: 3_209,
  price: 64_190,
  usd: 1.5e6,
}

export function wallRow(change: Partial<WallRow> = {}): WallRow {
  return {
    kind: 'wall',
    id: 'wall-BTC-bybit-bid-3209-1700000000000',
    ...basis,
    state: 'active',
    side: 'bid',
    venue: 1,
    venueUsd: [0, 1.5e6, 0, 0, 0],
    peakUsd: 2e6,
    executedUsd: 1_000,
    density: 9.5,
    strength: 2.25,
    spoof: 0.2,
    secondsToEat: 12.5,
    distanceBp: -12.5,
    pulls: 1,
    movedBuckets: 0,
    coveredBuckets: 160,
    ...change,
  }
}

export function sweepRow(change: Partial<SweepRow> = {}): SweepRow {
  return {
    kind: 'sweep',
    id: 'sweep-BTC-binance-sell-3209-1700000000000',
    ...basis,
    side: 'sell',
    venue: 0,
    endMs: START_MS + 120,
    firstPrice: 64_200,
    levels: 12,
    displacementBp: 3.5,
    magnitude: 7,
    depthPart: 0.9,
    liquidationDriven: true,
    liquidationUsd: 1e6,
    clusterMs: START_MS - 500,
    clusterCount: 2,
    ...change,
  }
}

export function absorptionRow(change: Partial<AbsorptionRow> = {}): AbsorptionRow {
  return {
    kind: 'absorption',
    id: 'absorption-BTC-okx-bid-3209-1700000000000',
    ...basis,
    state: 'forming',
    side: 'bid',
    venue: 2,
    efficiency: -0.1,
    executedToShown: 8,
    refills: 4,
    wall: false,
    long: true,
    holdMs: 12_000,
    netUsd: -2e6,
    lean: 0.7,
    ...change,
  }
}

export function convergenceRow(change: Partial<ConvergenceRow> = {}): ConvergenceRow {
  return {
    kind: 'convergence',
    id: 'convergence-BTC-support-3209-1700000000000',
    ...basis,
    state: 'chip',
    side: 'support',
    wall: true,
    sweep: true,
    absorption: true,
    liquidations: false,
    venues: [0, 2],
    score: 0.488,
    ...change,
  }
}
