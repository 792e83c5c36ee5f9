import type { AssetMemory } from './asset-memory.ts'

export interface EngineStatus {
  batches: number
  levels: number
  trades: number
  liquidations: number
  duplicates: number
  outside: number
  late: number
  columns: number
  /** Reports that were not sent, for too much happened at once. */
  reportsLost: number
  /** Trials of levels and their controls that were not made, for too many were open. */
  liftMissed: number
  /** Bytes that wait in all rings. */
  pending: number
  /** Turns of the fast loop, and the milliseconds of the last and the longest. */
  turns: number
  turnMs: number
  turnMsMax: number
}

type Counts = Omit<EngineStatus, 'pending' | 'turns' | 'turnMs' | 'turnMsMax'>

const NOTHING: Counts = {
  batches: 0,
  levels: 0,
  trades: 0,
  liquidations: 0,
  duplicates: 0,
  outside: 0,
  late: 0,
  columns: 0,
  reportsLost: 0,
  liftMissed: 0,
}
const names = Object.keys(NOTHING) as (keyof Counts)[]

/**
 * What the cores have counted while their assets were worked on here. An asset brings along what was counted elsewhere
 * and takes its own with it when it goes: neither makes a sum jump or fall.
 */
export class EngineCounts {
  /** What an asset had counted when it came, or when its counts were last kept. */
  readonly #known = new Map<AssetMemory, Counts>()
  #kept = NOTHING

  /** All that the asset has counted so far was not counted here. */
  begin(memory: AssetMemory): void {
    this.#known.set(memory, countsOf(memory))
  }

  /** What it has counted since stays, whatever becomes of the asset. */
  keep(memory: AssetMemory): void {
    this.#kept = this.sum([memory])
    this.begin(memory)
  }

  /** With those of the assets that are worked on. */
  sum(memories: readonly AssetMemory[]): Counts {
    const sum = { ...this.#kept }
    for (const memory of memories) {
      const counts = countsOf(memory)
      const known = this.#known.get(memory) ?? NOTHING
      for (const name of names) sum[name] += counts[name] - known[name]
    }
    return sum
  }
}

function countsOf(memory: AssetMemory): Counts {
  const { reportsLost, liftMissed } = memory
  return {
    batches: memory.head('batches'),
    levels: memory.head('levels'),
    trades: memory.head('trades'),
    liquidations: memory.head('liquidations'),
    duplicates: memory.head('duplicates'),
    outside: memory.head('outside'),
    late: memory.head('late'),
    columns: memory.head('columns'),
    reportsLost,
    liftMissed,
  }
}
