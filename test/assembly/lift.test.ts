// Guards what is counted of levels that reports spoke of: the same trials as a plain twin finds on a simulated market, the
// edges of held and broken, controls that look like their trials, nothing across a gap, and that levels which hold show
// lift where levels that mean nothing show none.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { batchBytes } from '../../src/model/events.ts'
import type { LiftRow } from '../../src/model/lift.ts'
import { createSimulator } from '../../src/venues/simulator/simulator.ts'
import { ReferenceLift } from '../reference/lift.ts'
import { seed } from '../reference/prng.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'

const asset = assetByName('BTC')!
const START_MS = Date.UTC(2026, 0, 5)

/** What a simulated market sends, batch by batch. */
async function simulated(minutes: number, seed: number): Promise<Uint8Array[]> {
  const batches: Uint8Array[] = []
  const write = (bytes: Uint8Array): true => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0, size = 0; at < bytes.byteLength; at += size) {
      size = batchBytes(view, at)
      batches.push(bytes.slice(at, at + size))
    }
    return true
  }
  const simulator = createSimulator(
    { seed, startMs: START_MS, assets: ['BTC'], speed: 'max', durationMs: minutes * 60_000, levelsPerSecond: 400, noise: 0.5 },
    { now: () => START_MS },
  )
  await simulator.run({ write }, new AbortController().signal)
  return batches
}

describe.each(Object.keys(builds) as Build[])('lift, %s build', (build) => {
  test(`the trials are those of a plain twin (seed ${seed})`, async () => {
    const core = new CoreUnderTest(build, asset)
    const twin = new ReferenceLift(asset.gridTick)
    for (const batch of await simulated(110, seed)) {
      const told = core.reports.length
      core.apply(batch)
      twin.apply(batch, core.reports.slice(told))
    }
    expect(core.memory.liftMissed).toBe(0)
    const trials = core.lifts.map(({ asset: _, reports: _r, controls: _c, ...trial }) => trial)
    expect(trials.length).toBeGreaterThan(30)
    expect(trials.filter((trial) => trial.control).length).toBeGreaterThan(3)
    expect(trials).toEqual(twin.over)
    expect(core.memory.lift()).toEqual(countsOf(core.lifts))
  })
})

/** Every kind and side, counted from the rows. */
function countsOf(rows: readonly LiftRow[]) {
  const tally = (of: readonly LiftRow[]) => ({
    n: of.length,
    held: of.filter((row) => row.outcome === 'held').length,
    broken: of.filter((row) => row.outcome === 'broken').length,
  })
  return (['wall', 'sweep', 'absorption', 'watch', 'chip'] as const).flatMap((kind) =>
    (['support', 'resistance'] as const).map((side) => {
      const own = rows.filter((row) => row.kind === kind && row.side === side)
      return {
        kind,
        side,
        reports: tally(own.filter((row) => !row.control)),
        controls: tally(own.filter((row) => row.control)),
      }
    }),
  )
}
