import type { Engine } from '../engine/engine.ts'
import { limits } from '../model/limits.ts'
import type { Stage, Store } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { VenueMinutes } from '../store/venue-minutes.ts'

export interface KeeperOptions {
  readonly engine: Engine
  readonly store: Store
  readonly minutes: VenueMinutes
  /** Those whose state is to be kept, which may change. */
  readonly assets: () => readonly AssetId[]
}

/** Hands an asset's state to the store, with the place from which what is counted beside it has to be read again. */
export async function keepState(
  asset: AssetId,
  { engine, store, minutes }: Omit<KeeperOptions, 'assets'>,
): Promise<void> {
  // Before the image: a minute that begins meanwhile begins behind it.
  const countOffset = minutes.offsetOf(asset)
  const checkpoint = await engine.checkpoint(asset)
  if (checkpoint === undefined) return
  store.checkpoint(countOffset === undefined ? checkpoint : { ...checkpoint, countOffset })
}

/**
 * Between engine and store: keeps the engine's state, one asset after the other, and all of it when the engine has
 * stopped. The next start goes on from there.
 */
export class Keeper implements Stage {
  readonly name = 'checkpoints'
  readonly #options: KeeperOptions
  #timer: NodeJS.Timeout | undefined
  #next = 0
  #keeping: Promise<void> | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
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
    for (const asset of this.#options.assets()) await this.#keep(asset)
  }

  async #keepNext(): Promise<void> {
    const assets = this.#options.assets()
    if (assets.length > 0) await this.#keep(assets[this.#next++ % assets.length]!)
  }

  async #keep(asset: AssetId): Promise<void> {
    await keepState(asset, this.#options)
  }
}
