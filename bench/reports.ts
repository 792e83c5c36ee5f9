// What the reports find of what the simulator planted, at three noise levels, and what they cost.
import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { type Bench, type Row, rounded } from './figures.ts'
import { costOfReports } from './report-cost.ts'
import type { SimulatedRun } from './report-run.ts'
import type { Figures, Share } from './report-truth.ts'

const SEED = 7
const START_MS = 1_790_000_000_000
const NOISES = { low: 0.25, usual: 1, high: 2 } as const
/**
 * What is planted less often than by default: absorptions are the 3 % of windows in which most was traded, and a market
 * where icebergs and eaten walls fill more than that has another meaning of "most".
 */
const PLANTING = 0.4
/** Of every size: both tiers of floors below the largest, fine and coarse ticks. */
const ASSETS = ['BTC', 'ETH', 'SOL', 'XRP', 'LINK', 'ARB']
const LEVELS_PER_SECOND = 6_000
/** Planted chips are rare: fewer markets than these have too few of them to say anything. */
const SIZES = {
  smoke: { seeds: 1, minutes: 20, costSeconds: 5 },
  usual: { seeds: 10, minutes: 120, costSeconds: 15 },
  full: { seeds: 10, minutes: 120, costSeconds: 60 },
} as const

export const bench: Bench = async ({ full, smoke }) => {
  const { seeds, minutes, costSeconds } = smoke ? SIZES.smoke : full ? SIZES.full : SIZES.usual
  const rows: Row[] = []
  const figures: Record<string, number> = {}
  let least = 1
  const pool = new Piscina({
    filename: new URL('./report-matched.ts', import.meta.url).href,
    maxThreads: availableParallelism(),
  })
  try {
    for (const [name, noise] of Object.entries(NOISES)) {
      process.stderr.write(`${seeds} markets of ${minutes} min, ${name} noise ...\n`)
      const runs = Array.from(
        { length: seeds },
        (_, i): SimulatedRun => ({
          seed: SEED + i,
          startMs: START_MS,
          minutes,
          noise,
          planting: PLANTING,
          assets: ASSETS,
          levelsPerSecond: LEVELS_PER_SECOND,
        }),
      )
      const kinds = summed(await Promise.all(runs.map((run) => matched(pool, run))))
      for (const [kind, measures] of kinds) {
        for (const [measure, share] of Object.entries(measures)) {
          const value = share.of === 0 ? Number.NaN : share.right / share.of
          rows.push({ name: `${name} noise: ${kind}, ${measure}`, value, unit: '', note: countsOf(share) })
          if (share.of === 0) continue
          figures[`${name}_${kind}_${measure}`] = rounded(value)
          if (name === 'low') least = Math.min(least, value)
        }
      }
    }
  } finally {
    await pool.destroy()
  }
  const cost = await costOfReports(costSeconds)
  const part = cost.withMs / cost.withoutMs - 1
  return {
    title: `Reports against what was planted: ${ASSETS.join(', ')}, ${seeds} markets of ${minutes} simulated minutes (seeds from ${SEED})`,
    rows: [
      ...rows,
      { name: 'tick of 65 assets, 20,000 levels: core without reports', value: cost.withoutMs, unit: 'ms' },
      {
        name: 'tick of 65 assets, 20,000 levels: core with reports',
        value: cost.withMs,
        unit: 'ms',
        note: `${rounded(100 * part)} % more`,
      },
    ],
    figures: {
      ...figures,
      lowNoiseMin: rounded(least),
      costPart: rounded(part),
    },
  }
}

function matched(pool: Piscina, run: SimulatedRun): Promise<Record<string, Figures>> {
  return pool.run(run, { name: 'matchRun' })
}

function summed(runs: readonly Record<string, Figures>[]): Map<string, Figures> {
  const kinds = new Map<string, Figures>()
  for (const run of runs) {
    for (const [kind, { precision, recall }] of Object.entries(run)) {
      const sum = kinds.get(kind)
      kinds.set(kind, { precision: added(sum?.precision, precision), recall: added(sum?.recall, recall) })
    }
  }
  return kinds
}

function added(sum: Share = { right: 0, of: 0 }, share: Share): Share {
  return { right: sum.right + share.right, of: sum.of + share.of }
}

function countsOf({ right, of }: Share): string {
  return `${right} of ${of}`
}
