import { ASSETS } from '../model/assets.ts'
import { BatchCursor } from '../model/batch-cursor.ts'
import type { BatchHandler } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { BATCHES_PER_MESSAGE, messageOf, offsetOf } from './kafka-offset.ts'

/** Message offsets that a partition holds: `low` is the oldest, `high` the one that will be written next. */
export interface PartitionRange {
  readonly low: number
  readonly high: number
}

export interface InboxMessage {
  readonly offset: string
  readonly value: Buffer | null
  /** Unix ms, when it was written. */
  readonly timestamp: string
  /** What the writer said it writes: simulator, replay or live. */
  readonly source: string | undefined
}

export interface InboxOptions {
  readonly partitions: number
  readonly handler: BatchHandler
  /** Messages of another source are not delivered: simulated and real data never mix. */
  readonly source: string | undefined
  readonly log: Log
}

/** Where each asset's reading stands, and the way of a message's batches to the handler. */
export class KafkaInbox {
  readonly #options: InboxOptions
  readonly #partitions: number
  readonly #cursor = new BatchCursor()
  /** By asset: the first offset that was not handled. */
  readonly #next = new Float64Array(ASSETS)
  /** By partition: the first message that was not handled. */
  readonly #positions: number[]
  /** By partition: when the newest message that was handled was written. */
  readonly #newestMs: number[]
  #corrupt = 0
  #foreign = 0
  #failure: unknown
  #waiters: { ready(): boolean; resolve(): void; reject(error: unknown): void }[] = []

  constructor(options: InboxOptions) {
    this.#options = options
    this.#partitions = options.partitions
    this.#positions = Array.from({ length: options.partitions }, () => 0)
    this.#newestMs = this.#positions.slice()
  }

  get corrupt(): number {
    return this.#corrupt + this.#cursor.corrupt
  }

  /** The first message of a partition that is still wanted. */
  position(partition: number): number {
    return this.#positions[partition]!
  }

  /** When the newest message that was handled was written; 0 before the first. */
  newestMs(partition: number): number {
    return this.#newestMs[partition]!
  }

  /** Where the reading of a partition begins: at the offsets given, at its end for an asset without. */
  place(partition: number, range: PartitionRange, from: ReadonlyMap<AssetId, number>): void {
    this.#positions[partition] = range.high
    this.#newestMs[partition] = 0
    for (let asset = partition; asset < ASSETS; asset += this.#partitions) {
      this.#placeAsset(asset as AssetId, partition, range, from.get(asset as AssetId))
    }
  }

  /** Hands over the batches that are new. False: the handler is closed. */
  async take(partition: number, message: InboxMessage, held: (taken: Promise<boolean>) => Promise<boolean>) {
    const missing = Number(message.offset) - this.#positions[partition]!
    if (missing > 0) {
      this.#options.log.warn({ partition, messages: missing }, 'Kafka no longer has these messages: they were too old')
    }
    if (message.value !== null && this.#isOurs(message)) {
      if (!(await this.#deliver(partition, message.offset, message.value, held))) return false
    } else if (message.value === null) this.#corrupt++
    this.#newestMs[partition] = Number(message.timestamp)
    this.passed(partition, Number(message.offset) + 1)
    return true
  }

  /** Everything before this message is done, also where the broker had nothing to show. */
  passed(partition: number, position: number): void {
    if (position > this.#positions[partition]!) this.#positions[partition] = position
    this.wake()
  }

  /** Resolves when the reading of those partitions that `assigned` names has come to the end given. */
  reached(assigned: () => readonly number[], ends: readonly PartitionRange[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const ready = () => assigned().every((partition) => this.#positions[partition]! >= ends[partition]!.high)
    if (ready()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ ready, resolve, reject }))
  }

  wake(): void {
    if (this.#waiters.length === 0) return
    for (const waiter of this.#waiters) if (waiter.ready()) waiter.resolve()
    this.#waiters = this.#waiters.filter((waiter) => !waiter.ready())
  }

  /** Nothing more will be read: whoever waits learns why. */
  fail(error: unknown): void {
    this.#failure ??= error
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }

  #placeAsset(asset: AssetId, partition: number, { low, high }: PartitionRange, wanted: number | undefined): void {
    const { log } = this.#options
    let first = wanted === undefined ? high : messageOf(wanted)
    this.#next[asset] = wanted ?? high * BATCHES_PER_MESSAGE
    if (wanted !== undefined && wanted > high * BATCHES_PER_MESSAGE) {
      // Happens where the topic was made anew under a store that stayed.
      log.warn(
        { asset, partition, wanted: first, high },
        'The topic is younger than the checkpoint: read from its start',
      )
      first = low
      this.#next[asset] = low * BATCHES_PER_MESSAGE
    } else if (wanted === 0) {
      // From the start, wherever that is by now.
      first = low
    } else if (first < low) {
      log.warn({ asset, partition, messages: low - first }, 'Kafka no longer has these messages: they were too old')
      first = low
    }
    if (first < this.#positions[partition]!) this.#positions[partition] = first
  }

  #isOurs(message: InboxMessage): boolean {
    const { source, log } = this.#options
    if (source === undefined || message.source === undefined || message.source === source) return true
    if (this.#foreign++ === 0) {
      log.warn({ ours: source, theirs: message.source }, 'The topic also holds another source, which is skipped')
    }
    return false
  }

  async #deliver(
    partition: number,
    message: string,
    value: Buffer,
    held: (taken: Promise<boolean>) => Promise<boolean>,
  ): Promise<boolean> {
    const cursor = this.#cursor
    cursor.open(value)
    for (let index = 0; cursor.next(); index++) {
      const asset = cursor.asset
      // Not written by us: such a place has no offset, or an offset in a partition that others read.
      if (index >= BATCHES_PER_MESSAGE || asset % this.#partitions !== partition) {
        this.#corrupt++
        continue
      }
      const offset = offsetOf(message, index)
      if (offset < this.#next[asset]!) continue
      const taken = this.#options.handler(asset, offset, cursor.batch)
      // Taken from here on: a wait that a rebalance breaks off must not bring the batch again.
      this.#next[asset] = offset + 1
      if (taken !== true && !(await held(taken))) return false
    }
    return true
  }
}
