// What the reports find of what the simulator planted, at three noise levels, and what they cost.
import { type Bench, type Row, rounded } from './figures.ts'
import { matchChips } from './report-chips.ts'
import { costOfReports } from './report-cost.ts'
import { matchAbsorptions, matchSweeps, matchWalls } from './report-match.ts'
import { runSimulated } from './report-run.ts'
import type { Figures, Share } from './report-truth.ts'

const SEED = 7
const START_MS = 1_790_000_000_000
const NOISES = { low: 0.5, usual: 1, high: 2 } as const
/** Of every size: both tiers of floors below the largest, fine and coarse ticks. */
const ASSETS = ['BTC', 'ETH', 'SOL', 'XRP', 'LINK', 'ARB']
const LEVELS_PER_SECOND = 6_000

export const bench: Bench = async ({ full }) => {
  const minutes = full ? 60 : 20
  const rows: Row[] = []
  const figures: Record<string, number> = {}
  let least = 1
  for (const [name, noise] of Object.entries(NOISES)) {
    const run = { seed: SEED, startMs: START_MS, minutes, noise, assets: ASSETS, levelsPerSecond: LEVELS_PER_SECOND }
    const told = await runSimulated(run)
    const kinds: Record<string, Figures> = {
      ...matchWalls(told),
      sweeps: matchSweeps(told),
      absorptions: matchAbsorptions(told),
      chips: matchChips(told),
    }
    for (const [kind, { precision, recall }] of Object.entries(kinds)) {
      for (const [measure, share] of Object.entries({ precision, recall })) {
        const value = share.of === 0 ? Number.NaN : share.right / share.of
        rows.push({ name: `${name} noise: ${kind}, ${measure}`, value, unit: '', note: countsOf(share) })
        if (share.of === 0) continue
        figures[`${name}_${kind}_${measure}`] = rounded(value)
        if (name === 'low') least = Math.min(least, value)
      }
    }
  }
  const cost = await costOfReports(full ? 60 : 15)
  const part = cost.withMs / cost.withoutMs - 1
  return {
    title: `Reports against what was planted: ${ASSETS.join(', ')}, ${minutes} simulated minutes (seed ${SEED})`,
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

function countsOf({ right, of }: Share): string {
  return `${right} of ${of}`
}
