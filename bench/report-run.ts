import { AssetMemory } from '../src/engine/asset-memory.ts'
import { type CoreExports, instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { readMessages } from '../src/engine/messages.ts'
import { assetByName } from '../src/model/assets.ts'
import { batchBytes, readHeader } from '../src/model/events.ts'
import type { LiftRow } from '../src/model/lift.ts'
import type { Report } from '../src/model/reports.ts'
import { createSimulator } from '../src/venues/simulator/simulator.ts'
import type { TruthRow } from '../src/venues/simulator/truth.ts'

export interface SimulatedRun {
  readonly seed: number
  readonly startMs: number
  readonly minutes: number
  readonly noise: number
  /** How often walls, sweeps and icebergs are planted, 1 where left out. */
  readonly planting?: number
  readonly assets: readonly string[]
  readonly levelsPerSecond: number
}

/** What the core told of a simulated market, and what was planted in it. */
export interface Told {
  readonly truth: TruthRow[]
  readonly reports: Report[]
  readonly lifts: LiftRow[]
  /** USD per bucket by asset name. */
  readonly steps: ReadonlyMap<string, number>
  readonly startMs: number
  readonly endMs: number
}

const nothing = (): void => undefined

/** Runs a simulated market through the core, as fast as it goes. */
export async function runSimulated(run: SimulatedRun): Promise<Told> {
  const module = await loadCore()
  const map = mapOfCore(module)
  const cores = new Map<number, { memory: AssetMemory; core: CoreExports }>()
  for (const name of run.assets) {
    const asset = assetByName(name)
    if (asset === undefined) throw new Error(`there is no asset ${name}`)
    const memory = new AssetMemory(asset, map)
    const core = instantiateCore(module, memory.memory)
    core.init()
    cores.set(asset.id, { memory, core })
  }
  const truth: TruthRow[] = []
  const reports: Report[] = []
  const lifts: LiftRow[] = []
  const turn = (memory: AssetMemory, core: CoreExports): void => {
    let done = false
    while (!done) {
      done = core.tick() !== 0
      readMessages(memory.out(), memory.asset.id, {
        column: nothing,
        liquidation: nothing,
        score: nothing,
        live: nothing,
        report: (row) => reports.push(row),
        lift: (row) => lifts.push(row),
      })
      memory.clearOut()
    }
  }
  const simulator = createSimulator(
    {
      seed: run.seed,
      startMs: run.startMs,
      assets: run.assets,
      levelsPerSecond: run.levelsPerSecond,
      noise: run.noise,
      ...(run.planting === undefined ? {} : { planting: run.planting }),
      speed: 'max',
      durationMs: run.minutes * 60_000,
    },
    { now: () => run.startMs, truth: (row) => truth.push(row) },
  )
  const write = (batches: Uint8Array): true => {
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    for (let at = 0; at < batches.byteLength; ) {
      const bytes = batchBytes(view, at)
      const known = cores.get(readHeader(view, at).asset)
      if (known === undefined) throw new Error('a batch of an asset that was not asked for')
      if (!known.memory.append(batches.subarray(at, at + bytes))) throw new Error('an emptied ring holds any batch')
      turn(known.memory, known.core)
      at += bytes
    }
    return true
  }
  await simulator.run({ write }, new AbortController().signal)
  const steps = new Map([...cores.values()].map(({ memory }) => [memory.asset.name, memory.head('step')]))
  return { truth, reports, lifts, steps, startMs: run.startMs, endMs: run.startMs + run.minutes * 60_000 }
}
