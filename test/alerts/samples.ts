import type { AlertHistory, Candles } from '../../src/model/alert-history.ts'
import { type AlertSubject, alertMatches } from '../../src/model/alert-rules.ts'
import type { SweepRow, WallRow } from '../../src/model/reports.ts'
import { asset, startMs } from '../store/rows.ts'

export const MINUTE = 60_000

export function wall(changes: Partial<WallRow> = {}): WallRow {
  return {
    kind: 'wall',
    id: 'wall-1',
    asset: asset(0),
    startMs,
    atMs: startMs + 5_000,
    bucket: 3_000,
    price: 60_000,
    usd: 2e6,
    state: 'active',
    side: 'bid',
    venue: 0,
    venueUsd: [2e6, 0, 0, 0, 0],
    peakUsd: 2.5e6,
    executedUsd: 0,
    density: 9,
    strength: 2,
    spoof: 0.2,
    secondsToEat: undefined,
    distanceBp: -30,
    pulls: 0,
    movedBuckets: 0,
    coveredBuckets: 160,
    ...changes,
  }
}

export function sweep(changes: Partial<SweepRow> = {}): SweepRow {
  return {
    kind: 'sweep',
    id: 'sweep-1',
    asset: asset(0),
    startMs,
    atMs: startMs + 120,
    bucket: 3_000,
    price: 60_000,
    usd: 1e6,
    side: 'sell',
    venue: 1,
    endMs: startMs + 120,
    firstPrice: 60_020,
    levels: 12,
    displacementBp: 3.5,
    magnitude: 7,
    depthPart: 0.9,
    liquidationDriven: false,
    liquidationUsd: 0,
    clusterMs: startMs,
    clusterCount: 1,
    ...changes,
  }
}

export function subject(changes: Partial<AlertSubject> = {}): AlertSubject {
  return {
    kind: 'wall',
    id: 'wall-1',
    asset: asset(0),
    atMs: startMs,
    startMs,
    side: 'bid',
    state: 'active',
    price: 60_000,
    usd: 2e6,
    distanceBp: -30,
    score: undefined,
    spoof: 0.2,
    venues: [0],
    ...changes,
  }
}

/** Minutes from `fromMs` on, each with a close and a range around it. */
export function candlesOf(fromMs: number, closes: readonly number[], range = 10): Candles {
  return {
    openMs: closes.map((_, minute) => fromMs + minute * MINUTE),
    high: closes.map((close) => close + range / 2),
    low: closes.map((close) => close - range / 2),
    close: closes,
  }
}

/** As the store answers: the first telling of each report that the rule asks for, in each state where it names them. */
export function historyOf(moments: readonly AlertSubject[], candles: Candles): AlertHistory {
  return {
    moments: async ({ rule, assets, fromMs, toMs }, most) => {
      const matching = moments
        .filter((one) => alertMatches({ ...rule, distancePercentMax: undefined }, one) && assets.includes(one.asset))
        .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
        .toSorted((a, b) => a.atMs - b.atMs)
      const first = new Map(
        matching.toReversed().map((one) => [`${one.id} ${rule.states === undefined ? '' : one.state}`, one]),
      )
      return [...first.values()].toSorted((a, b) => b.atMs - a.atMs).slice(0, most)
    },
    candles: async () => candles,
    columns: async () => [],
  }
}
