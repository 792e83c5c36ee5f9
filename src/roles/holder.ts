import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.ts'
import type { GroupMember } from '../log/kafka-group.ts'
import type { PartitionRange } from '../log/kafka-inbox.ts'
import { BATCHES_PER_MESSAGE } from '../log/kafka-offset.ts'
import type { Asset } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import type { BatchHandler, Store } from '../model/stages.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import type { VenueMinutes } from '../store/venue-minutes.ts'
import type { Log } from '../telemetry/log.ts'
import { keepState } from './keeper.ts'

export interface HolderOptions {
  readonly engine: Engine
  readonly store: Store
  readonly minutes: VenueMinutes
  readonly log: Log
  readonly chosen: readonly Asset[]
  readonly partitions: number
  /** Their states are here, and nothing is read yet. */
  readonly adopted: (assets: readonly AssetId[]) => Promise<void>
  /** Nothing more is to be told of it here. */
  readonly silence: (asset: AssetId) => void
}

/** Takes assets over when the group gives their partitions, and hands them on with their newest state. */
export class Holder implements GroupMember {
  readonly #options: HolderOptions
  /** By asset held: the first offset that its state does not have. */
  readonly #next = new Map<AssetId, number>()
  #takeOvers = 0

  constructor(options: HolderOptions) {
    this.#options = options
  }

  /** Assets that are worked on here. */
  get assets(): readonly AssetId[] {
    return [...this.#next.keys()]
  }

  get takeOvers(): number {
    return this.#takeOvers
  }

  readonly handler: BatchHandler = (asset, offset, batch) => {
    const next = this.#next.get(asset)
    if (next === undefined) return true
    this.#options.minutes.add(asset, offset, batch)
    return offset < next ? true : this.#options.engine.accept(asset, offset, batch)
  }

  async gained(partitions: readonly number[], ranges: readonly PartitionRange[]): Promise<Map<AssetId, number>> {
    const { store, engine, minutes, log } = this.#options
    const begunMs = performance.now()
    const wanted = this.#assetsOf(partitions)
    const checkpoints = new Map((await store.checkpoints(wanted)).map((checkpoint) => [checkpoint.asset, checkpoint]))
    const from = new Map<AssetId, number>()
    for (const asset of wanted) {
      // Asked again after a failure: what was adopted then has seen nothing since.
      if (this.#next.has(asset)) await engine.release(asset)
      const checkpoint = checkpoints.get(asset)
      const known = (await engine.adopt(asset, checkpoint)) ?? 0
      const { low, high } = ranges[asset % this.#options.partitions]!
      // A topic that was made anew under a state that stayed is read from its start.
      const next = known > high * BATCHES_PER_MESSAGE ? low * BATCHES_PER_MESSAGE : known
      for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) engine.activate(asset, timeframe, true)
      this.#next.set(asset, next)
      // The minutes that were open are counted again from their start: they are no part of the image.
      const counted = Math.min(next, known === 0 ? 0 : (checkpoint?.countOffset ?? next))
      minutes.begin(asset, counted)
      from.set(asset, counted)
    }
    await this.#options.adopted(wanted)
    this.#takeOvers += wanted.length
    const tookMs = Math.round(performance.now() - begunMs)
    log.info({ partitions, assets: wanted.length, fromState: checkpoints.size, tookMs }, 'partitions are taken over')
    return from
  }

  async lost(partitions: readonly number[], isExpelled: boolean): Promise<void> {
    const { engine, minutes, silence, log } = this.#options
    const begunMs = performance.now()
    const given = this.#assetsOf(partitions).filter((asset) => this.#next.has(asset))
    for (const asset of given) {
      silence(asset)
      // The newest state is that of whoever has it now, if the group had to do without us.
      if (!isExpelled) await keepState(asset, this.#options)
      minutes.leave(asset)
      this.#next.delete(asset)
      await engine.release(asset)
    }
    const isKept = await this.#isKept()
    const tookMs = Math.round(performance.now() - begunMs)
    log.info({ partitions, assets: given.length, isExpelled, isKept, tookMs }, 'partitions are given away')
  }

  /** A store that is away must not hold a hand-over up: the next owner then starts from an older state. */
  async #isKept(): Promise<boolean> {
    const over = new AbortController()
    const late = sleep(limits.handOverMsMax, false, { signal: over.signal }).catch(() => false)
    const kept = this.#options.store.flush().then(
      () => true,
      () => false,
    )
    const isKept = await Promise.race([kept, late])
    over.abort()
    return isKept
  }

  #assetsOf(partitions: readonly number[]): AssetId[] {
    const { chosen, partitions: count } = this.#options
    return chosen.map(({ id }) => id).filter((id) => partitions.includes(id % count))
  }
}
