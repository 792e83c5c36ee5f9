import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import { AssetMemory } from '../src/engine/asset-memory.ts'
import { instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { assets } from '../src/model/assets.ts'
import { batchBytes, readHeader } from '../src/model/events.ts'
import { createSimulator } from '../src/venues/simulator/simulator.ts'

const SEED = 7
const START_MS = 1_790_000_000_000
const TICK_MS = 250
/** The first ticks bring whole books. */
const TICKS_SKIPPED = 8
const LEVELS_PER_SECOND = 80_000
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SILENT = `
export function reportsBatch(venue: i32, venueMs: f64): void {}
export function reportsClock(timeMs: f64): void {}
export function reportsPrint(venue: i32, v: usize, taker: i32, tick: i32, coins: f64, timeMs: f64): void {}
export function reportsPrice(price: f64): void {}
export function reportsLiquidation(venue: i32, side: i32, usd: f64, timeMs: f64): void {}
`

/** Milliseconds of the tick of all assets on one simulated market, by a core with reports and by one without. */
export async function costOfReports(seconds: number): Promise<{ withMs: number; withoutMs: number }> {
  const cores = [playerOf(await loadCore()), playerOf(await coreWithoutReports())] as const
  const ticks: [number[], number[]] = [[], []]
  let turnedMs = START_MS
  const turn = (): void => {
    // Either goes first in turn, so that neither finds the caches warm.
    const first = ticks[0].length % 2
    for (const which of [first, 1 - first] as (0 | 1)[]) ticks[which].push(cores[which].turn())
  }
  const write = (batches: Uint8Array): true => {
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    for (let at = 0; at < batches.byteLength; ) {
      const bytes = batchBytes(view, at)
      const { asset, receiveMs } = readHeader(view, at)
      if (receiveMs >= turnedMs + TICK_MS) {
        turn()
        turnedMs = receiveMs
      }
      for (const core of cores) core.append(asset, batches.subarray(at, at + bytes))
      at += bytes
    }
    return true
  }
  const simulator = createSimulator(
    { seed: SEED, startMs: START_MS, levelsPerSecond: LEVELS_PER_SECOND, speed: 'max', durationMs: seconds * 1_000 },
    { now: () => START_MS },
  )
  await simulator.run({ write }, new AbortController().signal)
  return { withMs: median(ticks[0].slice(TICKS_SKIPPED)), withoutMs: median(ticks[1].slice(TICKS_SKIPPED)) }
}

/** The same sources, built with reports that do nothing. */
async function coreWithoutReports(): Promise<WebAssembly.Module> {
  let built: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    ['--config', 'asconfig.json', '--target', 'release', '--outFile', 'core.wasm', '--baseDir', ROOT],
    {
      readFile: async (name, folder) => {
        if (name.endsWith('assembly/reports.ts')) return SILENT
        return readFile(new URL(name, `file://${folder}/`), 'utf8').catch(() => null)
      },
      writeFile: (name, contents) => {
        if (name === 'core.wasm') built = contents as Uint8Array
      },
    },
  )
  if (error !== null || built === undefined) throw new Error(`the core does not compile:\n${stderr.toString()}`)
  return WebAssembly.compile(built as BufferSource)
}

function playerOf(module: WebAssembly.Module) {
  const map = mapOfCore(module)
  const memories = assets.map((asset) => new AssetMemory(asset, map))
  const cores = memories.map((memory) => instantiateCore(module, memory.memory))
  for (const core of cores) core.init()
  for (const memory of memories) memory.activate(0, true)
  const turn = (): number => {
    const begun = performance.now()
    for (const [id, core] of cores.entries()) {
      core.tick()
      memories[id]!.clearOut()
    }
    return performance.now() - begun
  }
  return {
    turn,
    append(asset: number, batch: Uint8Array): void {
      if (memories[asset]!.append(batch)) return
      turn()
      memories[asset]!.append(batch)
    },
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
