import { AssetMemory } from '../src/engine/asset-memory.ts'
import { instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { assets } from '../src/model/assets.ts'
import { BatchWriter, batchBytes, EventKind, readHeader } from '../src/model/events.ts'
import { VENUES } from '../src/model/venues.ts'
import { createSimulator } from '../src/venues/simulator/simulator.ts'

const SEED = 7
const START_MS = 1_790_000_000_000
const TICK_MS = 250
const MARKET_MS = 20_000
const LEVELS_PER_SECOND = 80_000

/**
 * The tick of all assets on a simulated market, and what moving the clock by one tick takes on the same books: a sign
 * of life that moves it less one that does not. That is more than the reports' samples, for it moves other things too.
 */
export async function costOfReports(rounds: number): Promise<{ tickMs: number; clockMs: number }> {
  const module = await loadCore()
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

  const ticks: number[] = []
  let turnedMs = START_MS
  const simulator = createSimulator(
    { seed: SEED, startMs: START_MS, levelsPerSecond: LEVELS_PER_SECOND, speed: 'max', durationMs: MARKET_MS },
    { now: () => START_MS },
  )
  const write = (batches: Uint8Array): true => {
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    for (let at = 0; at < batches.byteLength; ) {
      const bytes = batchBytes(view, at)
      const { asset, receiveMs } = readHeader(view, at)
      if (receiveMs >= turnedMs + TICK_MS) {
        ticks.push(turn())
        turnedMs = receiveMs
      }
      if (!memories[asset]!.append(batches.subarray(at, at + bytes))) {
        // The first whole books come all at once.
        turn()
        memories[asset]!.append(batches.subarray(at, at + bytes))
      }
      at += bytes
    }
    return true
  }
  await simulator.run({ write }, new AbortController().signal)
  turn()

  const moved: number[] = []
  const stood: number[] = []
  const writer = new BatchWriter()
  const beat = (sequence: number, timeMs: number): number => {
    for (const { id, gridTick, instruments } of assets) {
      for (let venue = 0; venue < VENUES; venue++) {
        const tick = instruments[venue]?.tickSize ?? gridTick
        writer.begin(venue, id, START_MS * 8_192 + sequence, timeMs, timeMs, tick)
        writer.add(EventKind.heartbeat, 0, 0, 0)
        memories[id]!.append(writer.take())
      }
    }
    return turn()
  }
  for (let round = 0; round < rounds; round++) {
    const timeMs = START_MS + MARKET_MS + (round + 1) * TICK_MS
    moved.push(beat(2 * round, timeMs))
    stood.push(beat(2 * round + 1, timeMs))
  }
  // The books come in the first ticks.
  return { tickMs: median(ticks.slice(8)), clockMs: Math.max(0, median(moved) - median(stood)) }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
