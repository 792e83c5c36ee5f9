// What the lift says of a simulated market, in which walls hold price back a little and some icebergs hold it: each kind of
// report beside its controls.
import { type AssetLift, liftsOf, liftWords } from '../src/model/lift.ts'
import { type Bench, rounded } from './figures.ts'
import { runSimulated } from './report-run.ts'

const SEED = 7
const START_MS = 1_790_000_000_000
const ASSETS = ['BTC', 'SOL', 'LINK']
/** Enough for books and prints of three assets: what is asked is what price does. */
const LEVELS_PER_SECOND = 1_200
const NOISE = 0.5

export const bench: Bench = async ({ full }) => {
  const hours = full ? 48 : 3
  const run = { seed: SEED, startMs: START_MS, noise: NOISE, assets: ASSETS, levelsPerSecond: LEVELS_PER_SECOND }
  const { lifts: rows } = await runSimulated({ ...run, minutes: hours * 60 })
  // Each row carries the counts that it belongs to: the last of each asset, kind and side has them all.
  const newest = new Map<string, AssetLift>()
  for (const row of rows) newest.set(`${row.asset} ${row.kind} ${row.side}`, row)
  const lifts = liftsOf([...newest.values()]).filter(({ side }) => side === 'both')
  const points = (part: number | undefined): number => 100 * (part ?? Number.NaN)
  return {
    title: `Lift: ${ASSETS.join(', ')}, ${hours} simulated hours (seed ${SEED}), trials and controls in pairs`,
    rows: lifts.map((lift) => ({
      name: `${lift.kind}: held more often than controls`,
      value: points(lift.difference),
      unit: 'points',
      note:
        `${points(lift.low).toFixed(1)} to ${points(lift.high).toFixed(1)}; ${lift.reports.held} and ` +
        `${lift.controls.held} of ${lift.reports.n}: ${liftWords(lift)}`,
    })),
    figures: Object.fromEntries(
      lifts.flatMap(({ kind, reports, difference }) => [
        [`${kind}Pairs`, reports.n],
        ...(difference === undefined ? [] : [[`${kind}Points`, rounded(100 * difference)]]),
      ]),
    ),
  }
}
