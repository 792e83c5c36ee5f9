import type { Engine } from '../engine/engine.ts'
import type { Asset } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import type { Stage, Store } from '../model/stages.ts'

/**
 * Between engine and store: keeps the engine's state, one asset after the other, and all of it when the engine has
 * stopped. The next start goes on from there.
 */
export class Keeper implements Stage {
  readonly name = 'checkpoints'
  readonly #engine: Engine
  readonly #store: Store
  readonly #assets: readonly Asset[]
  #timer: NodeJS.Timeout | undefined
  #next = 0
  #keeping: Promise<void> | undefined

  constructor(engine: Engine, store: Store, assets: readonly Asset[]) {
    this.#engine = engine
    this.#store = store
    this.#assets = assets
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      // One at a time: a busy store makes checkpoints rarer, never a queue of them.
      this.#keeping ??= this.#keep(this.#next++ % this.#assets.length).finally(() => {
        this.#keeping = undefined
      })
    }, limits.checkpointMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#keeping
    for (let index = 0; index < this.#assets.length; index++) await this.#keep(index)
  }

  async #keep(index: number): Promise<void> {
    const checkpoint = await this.#engine.checkpoint(this.#assets[index]!.id)
    if (checkpoint !== undefined) this.#store.checkpoint(checkpoint)
  }
}
