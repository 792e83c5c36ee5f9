import type { Engine } from '../engine/engine.ts'
import { limits } from '../model/limits.ts'
import type { Stage, Store } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'

/**
 * Between engine and store: keeps the engine's state, one asset after the other, and all of it when the engine has
 * stopped. The next start goes on from there.
 */
export class Keeper implements Stage {
  readonly name = 'checkpoints'
  readonly #engine: Engine
  readonly #store: Store
  readonly #assets: () => readonly AssetId[]
  #timer: NodeJS.Timeout | undefined
  #next = 0
  #keeping: Promise<void> | undefined

  /** `assets`: those whose state is to be kept, which may change. */
  constructor(engine: Engine, store: Store, assets: () => readonly AssetId[]) {
    this.#engine = engine
    this.#store = store
    this.#assets = assets
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      // One at a time: a busy store makes checkpoints rarer, never a queue of them.
      this.#keeping ??= this.#keepNext().finally(() => {
        this.#keeping = undefined
      })
    }, limits.checkpointMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#keeping
    for (const asset of this.#assets()) await this.#keep(asset)
  }

  async #keepNext(): Promise<void> {
    const assets = this.#assets()
    if (assets.length > 0) await this.#keep(assets[this.#next++ % assets.length]!)
  }

  async #keep(asset: AssetId): Promise<void> {
    const checkpoint = await this.#engine.checkpoint(asset)
    if (checkpoint !== undefined) this.#store.checkpoint(checkpoint)
  }
}
