import { AssetMemory } from '../src/engine/asset-memory.ts'
import { type CoreExports, instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { readMessages } from '../src/engine/messages.ts'
import { assetByName } from '../src/model/assets.ts'
import { BatchCursor } from '../src/model/batch-cursor.ts'
import { LmapError } from '../src/model/errors.ts'
import { limits } from '../src/model/limits.ts'
import type { ClosedColumn } from '../src/model/stages.ts'
import { createSource, type SourceSpec } from '../src/venues/source.ts'

/** What one 1m stream has said: everything that a gateway is given of it. */
export interface StreamSample {
  readonly asset: string
  readonly closed: ClosedColumn[]
  /** Blocks of the live column in order; each key starts anew. */
  readonly live: { readonly kind: 'key' | 'delta'; readonly block: Uint8Array }[]
}

const TIMEFRAME = 0

/**
 * Plays a source through the core as fast as it goes, but with a turn of the fast loop for each 250 ms of the source's
 * own time, so that deltas are those of a live map.
 */
export async function streamsOf(spec: SourceSpec, names: readonly string[]): Promise<StreamSample[]> {
  const module = await loadCore()
  const map = mapOfCore(module)
  const players = new Map<number, Player>()
  for (const name of names) {
    const asset = assetByName(name)
    if (asset === undefined) throw new LmapError('LMAP_CONFIG', `there is no asset ${name}.`)
    const memory = new AssetMemory(asset, map)
    const core = instantiateCore(module, memory.memory)
    core.init()
    memory.activate(TIMEFRAME, true)
    players.set(asset.id, new Player(memory, core))
  }
  const cursor = new BatchCursor()
  const source = createSource(spec)
  await source.start()
  source.connect({
    write(batches) {
      cursor.open(batches)
      while (cursor.next()) players.get(cursor.asset)?.play(cursor.batch)
      return true
    },
  })
  await source.ended
  await source.stop()
  return [...players.values()].map((player) => player.sample)
}

class Player {
  readonly sample: StreamSample
  readonly #memory: AssetMemory
  readonly #core: CoreExports
  #turnMs = 0

  constructor(memory: AssetMemory, core: CoreExports) {
    this.#memory = memory
    this.#core = core
    this.sample = { asset: memory.asset.name, closed: [], live: [] }
  }

  play(batch: Uint8Array): void {
    const receiveMs = new DataView(batch.buffer, batch.byteOffset).getFloat64(16, true)
    if (receiveMs >= this.#turnMs || !this.#memory.append(batch)) {
      this.#turn()
      if (receiveMs >= this.#turnMs) {
        this.#turnMs = receiveMs + limits.tickMs
        if (!this.#memory.append(batch)) throw new LmapError('LMAP_INTERNAL', 'an emptied ring holds any batch.')
      } else if (!this.#memory.append(batch)) throw new LmapError('LMAP_INTERNAL', 'an emptied ring holds any batch.')
    }
  }

  #turn(): void {
    let done = false
    while (!done) {
      done = this.#core.tick() !== 0
      readMessages(this.#memory.out(), this.#memory.asset.id, {
        column: (column) => {
          if (column.timeframe === TIMEFRAME) this.sample.closed.push(column)
        },
        liquidation: () => undefined,
        score: () => undefined,
        report: () => undefined,
        lift: () => undefined,
        live: ({ kind, block, timeframe }) => {
          if (timeframe === TIMEFRAME && (kind === 'key' || kind === 'delta')) this.sample.live.push({ kind, block })
        },
      })
      this.#memory.clearOut()
    }
  }
}
