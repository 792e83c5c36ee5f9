import { AssetMemory } from '../src/engine/asset-memory.ts'
import { type CoreExports, instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { readMessages } from '../src/engine/messages.ts'
import { type Asset, assetByName } from '../src/model/assets.ts'
import { BatchCursor } from '../src/model/batch-cursor.ts'
import { LmapError } from '../src/model/errors.ts'
import { BUCKETS, Layer, usdOfCode } from '../src/model/layers.ts'
import type { ClosedColumn } from '../src/model/stages.ts'
import type { SimulatorOptions } from '../src/venues/simulator/options.ts'
import { createSimulator, type Simulator } from '../src/venues/simulator/simulator.ts'

export const SIDES = ['long', 'short'] as const

/** Distances from price, as parts of it, that USD are counted by. */
export interface Bins {
  readonly width: number
  readonly count: number
}

/** One side of one asset at the close of a column: the map beside what would really be closed there. */
export interface Snapshot {
  readonly asset: string
  readonly side: 0 | 1
  /** Opening of the column that closed. */
  readonly openMs: number
  /** USD by distance from the closing price. */
  readonly predicted: Float64Array
  readonly actual: Float64Array
}

/** Plays a simulated market through the core and compares, at each close of `timeframe`, the map with all positions. */
export async function snapshotsOf(options: SimulatorOptions, timeframe: number, bins: Bins): Promise<Snapshot[]> {
  const module = await loadCore()
  const map = mapOfCore(module)
  const simulator = createSimulator(options, { now: () => 0 })
  const snapshots: Snapshot[] = []
  const players = new Map<number, Player>()
  for (const name of options.assets ?? []) {
    const asset = assetByName(name)
    if (asset === undefined) throw new LmapError('LMAP_CONFIG', `there is no asset ${name}.`)
    const memory = new AssetMemory(asset, map)
    const core = instantiateCore(module, memory.memory)
    core.init()
    const closed = (column: ClosedColumn): void => {
      if (column.timeframe === timeframe) snapshots.push(...compare(asset, column, simulator, bins))
    }
    players.set(asset.id, new Player(memory, core, closed))
  }
  const cursor = new BatchCursor()
  const sink = {
    write(batches: Uint8Array): true {
      cursor.open(batches)
      while (cursor.next()) players.get(cursor.asset)?.play(cursor.batch)
      return true
    },
  }
  await simulator.run(sink, new AbortController().signal)
  return snapshots
}

/** One asset's core without threads. */
class Player {
  readonly #memory: AssetMemory
  readonly #core: CoreExports
  readonly #closed: (column: ClosedColumn) => void

  constructor(memory: AssetMemory, core: CoreExports, closed: (column: ClosedColumn) => void) {
    this.#memory = memory
    this.#core = core
    this.#closed = closed
  }

  /** At once, so that a column closes in the step of the market that it is compared with. */
  play(batch: Uint8Array): void {
    if (!this.#memory.append(batch)) throw new LmapError('LMAP_INTERNAL', 'an emptied ring holds any batch.')
    for (let done = false; !done; ) {
      done = this.#core.tick() !== 0
      const nothing = (): void => undefined
      const outputs = {
        column: this.#closed,
        liquidation: nothing,
        score: nothing,
        report: nothing,
        lift: nothing,
        live: nothing,
      }
      readMessages(this.#memory.out(), this.#memory.asset.id, outputs)
      this.#memory.clearOut()
    }
  }
}

function compare(asset: Asset, column: ClosedColumn, simulator: Simulator, { width, count }: Bins): Snapshot[] {
  const price = column.close
  const binOf = (side: number, at: number): number => {
    const distance = side === 0 ? 1 - at / price : at / price - 1
    return distance >= 0 && distance < width * count ? Math.floor(distance / width) : -1
  }
  const snapshots = ([0, 1] as const).map((side) => ({
    asset: asset.name,
    side,
    openMs: column.openMs,
    predicted: new Float64Array(count),
    actual: new Float64Array(count),
  }))
  for (const { side, predicted } of snapshots) {
    const layer = (side === 0 ? Layer.longLevel : Layer.shortLevel) * BUCKETS
    for (let cell = 0; cell < BUCKETS; cell++) {
      const usd = usdOfCode(column.cells[layer + cell]!, column.quantumUsd)
      const bin = usd > 0 ? binOf(side, (column.baseBucket + cell + 0.5) * column.step) : -1
      if (bin >= 0) predicted[bin]! += usd
    }
  }
  for (const { side, liquidationPrice, usd } of simulator.positions(asset.name)) {
    const bin = binOf(side, liquidationPrice)
    if (bin >= 0) snapshots[side]!.actual[bin]! += usd
  }
  return snapshots
}
