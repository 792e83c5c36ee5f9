// The predicted map beside the positions that are really open, on the simulator, which knows every one of them. What a
// map of distance alone would say stands beside it: the mean of the true positions of the other assets, which nobody
// outside of a simulator knows, so it is a strong opponent; and an even spread.
import { partialRankCorrelation } from '../src/engine/backtest/measures.ts'
import { rankCorrelation } from '../src/model/rank-correlation.ts'
import { timeframeId } from '../src/model/timeframes.ts'
import { type Bench, type Row, rounded } from './figures.ts'
import { type Bins, SIDES, type Snapshot, snapshotsOf } from './position-snapshots.ts'

const SEED = 1
/** Two minutes before a day: the first looks see the forecast as it starts. */
const START_MS = Date.UTC(2026, 0, 1, 23, 58)
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Weights are learnt from three days of liquidations, so the last of five days sees them in use. */
const DAYS = 5
/** Of one asset. */
const LEVELS_PER_SECOND = 40
/** A quarter of a percent is eight buckets; the map ends near 30 %. */
const BINS: Bins = { width: 0.0025, count: 80 }
/** In percent from price. Beyond 6 % the estimator claims no support. */
const ZONES = [0, 1, 2, 3, 4, 6, 10, 20] as const
const NEAR_PERCENT = 6
const CLOSE_PERCENT = 2

export const bench: Bench = async ({ full }) => {
  const assets = full ? ['BTC', 'SOL', 'DOGE'] : ['BTC', 'DOGE']
  const options = {
    seed: SEED,
    startMs: START_MS,
    assets,
    levelsPerSecond: LEVELS_PER_SECOND * assets.length,
    speed: 'max',
    durationMs: full ? DAYS * DAY_MS : 4 * MINUTE_MS,
  } as const
  const snapshots = await snapshotsOf(options, timeframeId(full ? '1h' : '1m'), BINS)
  const days = full ? [1, DAYS] : [1]
  const rows: Row[] = []
  const figures: Record<string, number> = { snapshots: snapshots.length }
  for (const day of days) {
    const looks = snapshots.filter(({ openMs }) => Math.ceil((openMs + 1 - START_MS) / DAY_MS) === day)
    const name = `day ${day}`
    rows.push(...qualityRows(name, looks, assets, figures), ...massRows(name, looks, figures))
  }
  return {
    title: `The predicted map beside the true positions of the simulator by distance from price (bins of ${100 * BINS.width} %), looked at each ${full ? 'hour' : 'minute'}`,
    rows,
    figures,
  }
}

function qualityRows(
  day: string,
  looks: readonly Snapshot[],
  assets: readonly string[],
  figures: Record<string, number>,
): Row[] {
  return assets.flatMap((asset) =>
    ([0, 1] as const).map((side) => {
      const ofSide = looks.filter((look) => look.side === side)
      const own = ofSide.filter((look) => look.asset === asset)
      const quality = qualityOf(own, meanShape(ofSide.filter((look) => look.asset !== asset)))
      for (const [key, value] of Object.entries(quality)) {
        figures[`${day}.${asset}.${SIDES[side]}.${key}`.replace(' ', '')] = rounded(value)
      }
      return rowOf(`${day}, ${asset} ${SIDES[side]}`, quality)
    }),
  )
}

interface Quality {
  /** Rank correlation over the bins of the near zone, mean of the looks. */
  readonly rho: number
  readonly rhoDistance: number
  /** The same at equal distance: what the map knows beyond it. */
  readonly partial: number
  /** Predicted over true USD. */
  readonly ratioClose: number
  readonly ratioNear: number
}

function qualityOf(looks: readonly Snapshot[], byDistance: Float64Array): Quality {
  const near = (values: Float64Array): Float64Array => values.subarray(0, binsTo(NEAR_PERCENT))
  const mean = (of: (look: Snapshot) => number): number => looks.reduce((sum, look) => sum + of(look), 0) / looks.length
  const ratio = (percent: number): number =>
    mean(({ predicted }) => sum(predicted, 0, binsTo(percent))) / mean(({ actual }) => sum(actual, 0, binsTo(percent)))
  return {
    rho: mean(({ predicted, actual }) => rankCorrelation(near(actual), near(predicted))),
    rhoDistance: mean(({ actual }) => rankCorrelation(near(actual), near(byDistance))),
    partial: mean(({ predicted, actual }) => partialRankCorrelation(near(actual), near(predicted), near(byDistance))),
    ratioClose: ratio(CLOSE_PERCENT),
    ratioNear: ratio(NEAR_PERCENT),
  }
}

function rowOf(name: string, { rho, rhoDistance, partial, ratioClose, ratioNear }: Quality): Row {
  const times = (value: number): string => `${value.toFixed(2)}x`
  return {
    name,
    value: rho,
    unit: 'rank correlation',
    note: `distance only ${rhoDistance.toFixed(2)}, at equal distance ${partial.toFixed(2)}; predicted/true USD ${times(ratioClose)} to ${CLOSE_PERCENT} %, ${times(ratioNear)} to ${NEAR_PERCENT} %`,
  }
}

/** Where the mass lies, all assets and looks alike: shares of what lies within the last zone. */
function massRows(day: string, looks: readonly Snapshot[], figures: Record<string, number>): Row[] {
  return ([0, 1] as const).flatMap((side) => {
    const own = looks.filter((look) => look.side === side)
    const predicted = meanShape(own, (look) => look.predicted)
    const actual = meanShape(own)
    return ZONES.slice(1).map((end, i) => {
      const from = ZONES[i]!
      const share = (shape: Float64Array): number => 100 * sum(shape, binsTo(from), binsTo(end))
      const key = `${day}.mass.${SIDES[side]}.${from}-${end}`.replace(' ', '')
      figures[`${key}.predicted`] = rounded(share(predicted))
      figures[`${key}.true`] = rounded(share(actual))
      return {
        name: `${day}, ${SIDES[side]}s at ${from}-${end} %`,
        value: share(predicted),
        unit: '% of the side',
        note: `true ${share(actual).toFixed(1)} %, even spread ${((100 * (end - from)) / ZONES.at(-1)!).toFixed(1)} %`,
      }
    })
  })
}

/** Mean share of each bin; every look weighs the same. */
function meanShape(looks: readonly Snapshot[], of = (look: Snapshot): Float64Array => look.actual): Float64Array {
  const shape = new Float64Array(BINS.count)
  for (const look of looks) {
    const values = of(look)
    const total = sum(values, 0, BINS.count)
    values.forEach((usd, bin) => {
      shape[bin]! += usd / total / looks.length
    })
  }
  return shape
}

function binsTo(percent: number): number {
  return Math.round(percent / 100 / BINS.width)
}

function sum(values: Float64Array, from: number, to: number): number {
  return values.subarray(from, to).reduce((a, b) => a + b, 0)
}
