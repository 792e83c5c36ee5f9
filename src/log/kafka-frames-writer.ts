import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Message, type Producer } from 'kafkajs'
import { ASSETS } from '../model/assets.ts'
import { assert, type LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { KafkaTopic, refusalOf } from './kafka-client.ts'
import { KafkaLink } from './kafka-link.ts'
import { type Entry, encodeEntry, encodeParcel, OWNER_BYTES, PARCEL_HEADER_BYTES } from './parcel.ts'

export interface FramesWriterOptions {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly partitions: number
  readonly clientId: string
  readonly log: Log
  readonly now: () => number
  /** 16 bytes that no other process has, nor an earlier run of this one. */
  readonly owner: Uint8Array
  /** The generation of the group in which we hold the asset; undefined while that is not certain. */
  readonly generation: (asset: AssetId) => number | undefined
  /** How far behind the log the asset is. */
  readonly behindMs: (asset: AssetId) => number
  readonly failed: (error: LmapError) => void
}

export interface FramesWriterCounts {
  parcels: number
  bytes: number
  /** Entries that were not written: the broker was away, or we were not certain to be the owner. */
  dropped: number
}

export const FRAME_TOPIC_SETTINGS = {
  'compression.type': 'lz4',
  // A gateway starts from the store and the last seconds: an hour is for looking into what happened.
  'retention.ms': String(3_600_000),
  'retention.bytes': String(2 ** 29),
  'segment.bytes': String(2 ** 26),
}

/** What an asset has to say with the next request. */
interface Gathering {
  entries: Uint8Array[]
  bytes: number
}

/** Writes what the engine says live to the frames topic; the engine never waits for it. */
export class KafkaFramesWriter implements Stage {
  readonly name = 'frames'
  readonly counts: FramesWriterCounts = { parcels: 0, bytes: 0, dropped: 0 }
  readonly #options: FramesWriterOptions
  readonly #topic: KafkaTopic
  readonly #link: KafkaLink
  readonly #producer: Producer
  readonly #gathered = new Map<AssetId, Gathering>()
  readonly #sequences = new Float64Array(ASSETS)
  readonly #abandoned = new AbortController()
  #bytes = 0
  #sending: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: FramesWriterOptions) {
    assert(options.owner.length === OWNER_BYTES, 'an owner has 16 bytes')
    this.#options = options
    this.#topic = new KafkaTopic(options)
    this.#link = new KafkaLink(options.brokers, options.log)
    this.#producer = this.#topic.producer()
  }

  async start(): Promise<void> {
    try {
      await this.#topic.make(FRAME_TOPIC_SETTINGS)
      await this.#topic.settled(() => this.#producer.connect())
    } catch (error) {
      throw this.#topic.startError(error)
    }
  }

  /** Belongs to the next request. Over the limit it is dropped, and readers notice by the sequence. */
  add(asset: AssetId, entry: Entry): void {
    if (this.#stopping !== undefined) return
    const encoded = encodeEntry(entry)
    if (encoded === undefined || this.#bytes + encoded.length > limits.framesBytesMax) {
      this.#drop(asset, 1)
      return
    }
    let gathering = this.#gathered.get(asset)
    if (gathering !== undefined && PARCEL_HEADER_BYTES + gathering.bytes + encoded.length > limits.parcelBytesMax) {
      // What one turn says of one asset is far less: the broker is slow, and readers need the next whole columns anyway.
      this.release(asset)
      gathering = undefined
    }
    if (gathering === undefined) this.#gathered.set(asset, (gathering = { entries: [], bytes: 0 }))
    gathering.entries.push(encoded)
    gathering.bytes += encoded.length
    this.#bytes += encoded.length
  }

  /** Sends what has gathered, unless a request is on its way: then it goes with the next. */
  flush(): void {
    if (this.#bytes === 0 || this.#stopping !== undefined) return
    this.#sending ??= this.#empty().finally(() => {
      this.#sending = undefined
    })
  }

  /** Nothing more is said of this asset here. */
  release(asset: AssetId): void {
    const gathering = this.#gathered.get(asset)
    if (gathering === undefined) return
    this.#gathered.delete(asset)
    this.#bytes -= gathering.bytes
    this.#drop(asset, gathering.entries.length)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  #drop(asset: AssetId, entries: number): void {
    this.counts.dropped += entries
    this.#sequences[asset]!++
  }

  async #empty(): Promise<void> {
    while (this.#bytes > 0 && this.#stopping === undefined) {
      const messages = this.#takeMessages()
      if (messages.length > 0 && !(await this.#bring(messages))) return
    }
  }

  #takeMessages(): Message[] {
    const { partitions, owner, now, behindMs } = this.#options
    const messages: Message[] = []
    for (const [asset, { entries }] of this.#gathered) {
      const generation = this.#options.generation(asset)
      if (generation === undefined) {
        this.#drop(asset, entries.length)
        continue
      }
      const sequence = ++this.#sequences[asset]!
      const header = { asset, generation, sequence, owner, sentMs: now(), behindMs: behindMs(asset) }
      const value = encodeParcel(header, entries)
      messages.push({ partition: asset % partitions, key: String(asset), value })
      this.counts.bytes += value.length
    }
    this.counts.parcels += messages.length
    this.#gathered.clear()
    this.#bytes = 0
    return messages
  }

  /** Tries until the broker has them, with the same messages, so that it recognises what it already had. */
  async #bring(messages: Message[]): Promise<boolean> {
    const { topic, failed } = this.#options
    for (let waitMs: number = limits.kafkaRetryMsMin; ; waitMs = Math.min(2 * waitMs, limits.kafkaRetryMsMax)) {
      try {
        await this.#producer.send({ topic, compression: kafkajs.CompressionTypes.LZ4, messages })
        this.#link.back('writing')
        return true
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal !== undefined) {
          failed(refusal)
          return false
        }
        this.#link.lost('writing', error)
      }
      // Rejects only when the writer is stopped, which the next line asks for.
      await sleep(waitMs, undefined, { signal: this.#abandoned.signal }).catch(() => undefined)
      if (this.#abandoned.signal.aborted) return false
    }
  }

  async #stop(): Promise<void> {
    this.#abandoned.abort()
    await this.#sending
    await this.#producer.disconnect()
  }
}
