import { assets } from '../model/assets.ts'
import { assert, LmapError } from '../model/errors.ts'
import type { LiftCount } from '../model/lift.ts'
import { limits } from '../model/limits.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import type { Asymmetry } from '../model/reports.ts'
import type { BatchHandler, Checkpoint, ModelStatus, Stage, VenueStatus } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import { VENUE_SLOTS } from '../model/venues.ts'
import type { Log } from '../telemetry/log.ts'
import { AssetMemory } from './asset-memory.ts'
import { type CoreMap, instantiateCore, loadCore, mapOfCore } from './core.ts'
import { EngineCounts, type EngineStatus } from './engine-status.ts'
import { type EngineOutputs, readMessages } from './messages.ts'
import { createPool } from './pool.ts'
import { EVERYTHING, Turns } from './turns.ts'

export interface EngineOptions {
  readonly workers: number
  readonly log: Log
  readonly outputs: EngineOutputs & {
    /** After the messages of one turn: what belongs together can be sent together. */
    turned(): void
  }
  /** The outputs' own back-pressure: the next turn waits for it. */
  readonly room: () => true | Promise<unknown>
  /** A worker failed: the engine cannot go on. */
  readonly failed: (error: unknown) => void
  /** Ids of the assets to work on; all by default. */
  readonly assets?: readonly AssetId[]
  /** Works on none of them until it adopts them. */
  readonly isVacant?: boolean
  /** Timeframes from this one on are told only every `unhurriedTicks`th turn: for one who tells all of them, wanted or not. */
  readonly unhurriedFrom?: number
}

export type { EngineStatus }

/** Stage 3: one shared memory per asset, worked on by a pool of threads, one turn of the fast loop after the other. */
export interface Engine extends Stage {
  readonly accept: BatchHandler
  /**
   * Starts from checkpoints; before start(). Returns the log offset from which each asset goes on. An interrupted log
   * does not have every event since then.
   */
  restore(checkpoints: readonly Checkpoint[], log: 'whole' | 'interrupted'): Map<AssetId, number>
  /**
   * Works on an asset from now on, where a checkpoint left it or from nothing. Returns the log offset from which it goes
   * on, undefined where there was no state that could be used.
   */
  adopt(asset: AssetId, checkpoint: Checkpoint | undefined): Promise<number | undefined>
  /** Works on it no longer and forgets all of it; what was accepted and not applied is dropped. */
  release(asset: AssetId): Promise<void>
  activate(asset: AssetId, timeframe: number, on: boolean): void
  venue(asset: AssetId, venue: number): VenueStatus
  asymmetry(asset: AssetId): Asymmetry
  /** What became of the levels that reports of the asset spoke of; empty for one that is not worked on here. */
  lift(asset: AssetId): Promise<LiftCount[]>
  venueStates(asset: AssetId): Uint8Array
  price(asset: AssetId): number
  model(asset: AssetId): ModelStatus
  /** What is known by venue, as the last whole turn left it; undefined for an asset that is not worked on here. */
  liquidity(asset: AssetId): Promise<AssetLiquidity | undefined>
  /** Time of the newest event, 0 before the first. */
  clockMs(asset: AssetId): number
  status(): EngineStatus
  /** Resolves when everything accepted before the call was applied and handed to the outputs. */
  drained(): Promise<void>
  /** State of one asset with the log offset it belongs to; undefined before its first batch. */
  checkpoint(asset: AssetId): Promise<Checkpoint | undefined>
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const module = await loadCore()
  const map = mapOfCore(module)
  return new PoolEngine(options, module, map)
}

const NO_MODEL: ModelStatus = {
  state: 0,
  id: 0,
  mean: 0,
  error: 0,
  hours: 0,
  where: { bits: 0, baselineBits: 0, lift: 0, baselineLift: 0 },
  flags: 0,
}

class PoolEngine implements Engine {
  readonly name = 'engine'
  readonly #options: EngineOptions
  readonly #module: WebAssembly.Module
  readonly #map: CoreMap
  readonly #memories: (AssetMemory | undefined)[] = []
  readonly #offsets = new Map<AssetId, number>()
  /** Assets that are worked on. */
  readonly #held = new Set<AssetId>()
  /** Assets that were released: their memory is not empty. */
  readonly #used = new Set<AssetId>()
  /** Assets of which a checkpoint is being taken: new batches wait, or their ring would never be empty. */
  readonly #still = new Map<AssetId, Promise<unknown>>()
  readonly #counts = new EngineCounts()
  readonly #turns: Turns
  #timer: NodeJS.Timeout | undefined
  #ticks = 0
  #stopping: Promise<void> | undefined

  constructor(options: EngineOptions, module: WebAssembly.Module, map: CoreMap) {
    assert(options.workers >= 1, 'the engine has at least one worker')
    this.#options = options
    this.#module = module
    this.#map = map
    this.#turns = new Turns({
      workers: options.workers,
      room: options.room,
      over: (memory) => this.#read(memory),
      told: () => options.outputs.turned(),
      failed: options.failed,
    })
    for (const id of options.assets ?? assets.map((asset) => asset.id)) {
      const asset = assets[id]
      assert(asset !== undefined, `asset ${id} is in the table`)
      this.#memories[id] = new AssetMemory(asset, map)
      if (options.isVacant !== true) this.#held.add(id)
    }
  }

  restore(checkpoints: readonly Checkpoint[], log: 'whole' | 'interrupted'): Map<AssetId, number> {
    for (const checkpoint of checkpoints) {
      const memory = this.#memories[checkpoint.asset]
      if (memory === undefined || !this.#load(memory, checkpoint)) continue
      if (log === 'interrupted') memory.interrupt()
    }
    return new Map([...this.#offsets].map(([asset, offset]) => [asset, offset + 1]))
  }

  async adopt(asset: AssetId, checkpoint: Checkpoint | undefined): Promise<number | undefined> {
    const memory = this.#memoryOf(asset)
    assert(!this.#held.has(asset), `asset ${asset} is adopted once`)
    await this.#turns.idle(memory)
    if (this.#used.delete(asset)) memory.clear()
    const isLoaded = checkpoint !== undefined && this.#load(memory, checkpoint)
    if (!isLoaded) instantiateCore(this.#module, memory.memory).init()
    this.#counts.begin(memory)
    this.#held.add(asset)
    return isLoaded ? checkpoint.offset + 1 : undefined
  }

  async release(asset: AssetId): Promise<void> {
    const memory = this.#memoryOf(asset)
    this.#held.delete(asset)
    this.#counts.keep(memory)
    this.#turns.forget(memory)
    await this.#turns.idle(memory)
    // What the turn that was under way has added.
    this.#counts.keep(memory)
    this.#offsets.delete(asset)
    // Emptied when it is wanted again: a process that gives everything away has better things to do.
    this.#used.add(asset)
  }

  /** False: the image cannot be used, and the memory is as empty as it was. */
  #load(memory: AssetMemory, checkpoint: Checkpoint): boolean {
    if (checkpoint.layout !== this.#map.layoutVersion) return false
    try {
      memory.restore(checkpoint.image)
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      this.#options.log.warn({ code: error.code, asset: memory.asset.name }, `${error.message} ${error.hint ?? ''}`)
      return false
    }
    this.#offsets.set(checkpoint.asset, checkpoint.offset)
    return true
  }

  async start(): Promise<void> {
    for (const memory of this.#all()) {
      if (!this.#offsets.has(memory.asset.id)) instantiateCore(this.#module, memory.memory).init()
    }
    const memories = this.#memories.map((memory) => memory?.memory)
    this.#turns.open(createPool(this.#options.workers, { module: this.#module, memories }))
    this.#timer = setInterval(() => this.#tick(), limits.tickMs)
  }

  readonly accept: BatchHandler = (asset, offset, batch) => {
    const memory = this.#memories[asset]
    if (memory === undefined || !this.#held.has(asset)) return true
    if (this.#isClosed) return Promise.resolve(false)
    if (!this.#still.has(asset) && memory.append(batch)) {
      this.#offsets.set(asset, offset)
      // Applied beside what is accepted next: a ring that is full would hold the whole log up.
      if (memory.pending > limits.ringBytes / 2) this.#turns.ask([memory], EVERYTHING)
      return true
    }
    return this.#acceptLater(memory, offset, batch.slice())
  }

  async #acceptLater(memory: AssetMemory, offset: number, batch: Uint8Array): Promise<boolean> {
    const { id } = memory.asset
    for (;;) {
      await this.#still.get(id)
      if (this.#isClosed) return false
      if (!this.#held.has(id)) return true
      if (memory.append(batch)) break
      this.#turns.ask([memory], EVERYTHING)
      await this.#turns.ended(memory)
    }
    this.#offsets.set(id, offset)
    return true
  }

  activate(asset: AssetId, timeframe: number, on: boolean): void {
    this.#memories[asset]?.activate(timeframe, on)
    const memory = this.#heldMemory(asset)
    if (on && memory !== undefined) this.#turns.ask([memory], 0)
  }

  asymmetry(asset: AssetId): Asymmetry {
    return this.#memoryOf(asset).asymmetry()
  }

  async lift(asset: AssetId): Promise<LiftCount[]> {
    await this.#turns.idle(this.#memoryOf(asset))
    return this.#heldMemory(asset)?.lift() ?? []
  }

  venue(asset: AssetId, venue: number): VenueStatus {
    return this.#memoryOf(asset).venue(venue)
  }

  venueStates(asset: AssetId): Uint8Array {
    const states = new Uint8Array(VENUE_SLOTS)
    const memory = this.#heldMemory(asset)
    if (memory !== undefined)
      for (let venue = 0; venue < VENUE_SLOTS; venue++) states[venue] = memory.venue(venue).state
    return states
  }

  price(asset: AssetId): number {
    return this.#heldMemory(asset)?.head('price') ?? 0
  }

  model(asset: AssetId): ModelStatus {
    return this.#heldMemory(asset)?.model() ?? NO_MODEL
  }

  async liquidity(asset: AssetId): Promise<AssetLiquidity | undefined> {
    await this.#turns.idle(this.#memoryOf(asset))
    return this.#heldMemory(asset)?.liquidity()
  }

  clockMs(asset: AssetId): number {
    return this.#heldMemory(asset)?.head('clockMs') ?? 0
  }

  status(): EngineStatus {
    const held = this.#all()
    const pending = held.reduce((sum, memory) => sum + memory.pending, 0)
    return { ...this.#counts.sum(held), pending, ...this.#turns.counts }
  }

  async drained(): Promise<void> {
    for (;;) {
      const left = this.#all().filter((memory) => memory.pending > 0 || this.#turns.isAtWork(memory))
      if (left.length === 0 || !this.#turns.isOpen) return
      // Who is only at work needs no further turn.
      this.#turns.ask(
        left.filter((memory) => memory.pending > 0),
        0,
      )
      await Promise.all(left.map((memory) => this.#turns.ended(memory)))
    }
  }

  async checkpoint(asset: AssetId): Promise<Checkpoint | undefined> {
    const memory = this.#memories[asset]
    if (memory === undefined || !this.#held.has(asset)) return undefined
    // One after the other, or the end of one would let batches in on the next.
    while (this.#still.has(asset)) await this.#still.get(asset)
    const image = this.#image(memory)
    this.#still.set(asset, image)
    try {
      return await image
    } finally {
      this.#still.delete(asset)
    }
  }

  async #image(memory: AssetMemory): Promise<Checkpoint | undefined> {
    const asset = memory.asset.id
    // Nothing may be in the ring or at work while the image is taken: the offset must belong to it exactly.
    while (!this.#turns.isBroken && (memory.pending > 0 || this.#turns.isAtWork(memory))) {
      // Without a pool nobody will ever take what waits in the ring.
      if (!this.#turns.isOpen && !this.#turns.isAtWork(memory)) return undefined
      if (memory.pending > 0) this.#turns.ask([memory], EVERYTHING)
      await this.#turns.ended(memory)
    }
    const offset = this.#offsets.get(asset)
    if (offset === undefined || this.#turns.isBroken) return undefined
    const { layoutVersion } = this.#map
    return { asset, offset, clockMs: memory.head('clockMs'), layout: layoutVersion, image: memory.image() }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end()
    return this.#stopping
  }

  async #end(): Promise<void> {
    clearInterval(this.#timer)
    await this.drained()
    await this.#turns.close()
  }

  #tick(): void {
    this.#ticks++
    for (const memory of this.#all()) {
      // Spread over the assets, so that no turn carries all refreshes.
      if ((this.#ticks + memory.asset.id) % limits.refreshTicks === 0) memory.refresh()
    }
    const { unhurriedFrom } = this.#options
    const isHurried = unhurriedFrom !== undefined && this.#ticks % limits.unhurriedTicks !== 0
    const skip = isHurried ? EVERYTHING & ~((1 << unhurriedFrom) - 1) : 0
    const busy = this.#all().filter((memory) => memory.pending > 0 || memory.active !== 0)
    this.#turns.ask(busy, skip)
  }

  #read(memory: AssetMemory): void {
    readMessages(memory.out(), memory.asset.id, this.#options.outputs)
    memory.clearOut()
  }

  /** Nothing that is accepted now would ever be applied. */
  get #isClosed(): boolean {
    return this.#turns.isBroken || (this.#stopping !== undefined && !this.#turns.isOpen)
  }

  #heldMemory(asset: AssetId): AssetMemory | undefined {
    return this.#held.has(asset) ? this.#memories[asset] : undefined
  }

  #memoryOf(asset: AssetId): AssetMemory {
    const memory = this.#memories[asset]
    assert(memory !== undefined, `asset ${asset} is worked on here`)
    return memory
  }

  /** Of the assets that are worked on. */
  #all(): AssetMemory[] {
    return this.#memories.filter((memory) => memory !== undefined && this.#held.has(memory.asset.id)) as AssetMemory[]
  }
}
