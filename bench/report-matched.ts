import { matchChips } from './report-chips.ts'
import { matchAbsorptions, matchSweeps, matchWalls } from './report-match.ts'
import { runSimulated, type SimulatedRun } from './report-run.ts'
import type { Figures } from './report-truth.ts'

/** One simulated market against what was planted in it, by kind of report: what a worker is asked for. */
export async function matchRun(run: SimulatedRun): Promise<Record<string, Figures>> {
  const told = await runSimulated(run)
  return {
    ...matchWalls(told),
    sweeps: matchSweeps(told),
    absorptions: matchAbsorptions(told),
    chips: matchChips(told),
  }
}
