import kafkajs, { type Consumer, type EachBatchPayload } from 'kafkajs'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { Log } from '../telemetry/log.ts'
import { KafkaTopic, leaveGroup } from './kafka-client.ts'
import { FRAME_TOPIC_SETTINGS } from './kafka-frames-writer.ts'
import { KafkaLink } from './kafka-link.ts'

export interface FramesReaderOptions {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly partitions: number
  readonly clientId: string
  /** A group of its own for every reader: each reads everything. */
  readonly group: string
  readonly log: Log
  readonly now: () => number
  /** One parcel, in the order of its partition. The bytes are Kafka's. */
  readonly take: (bytes: Uint8Array) => void
  /** What has come at once has been taken. */
  readonly taken: () => void
  readonly failed: (error: LmapError) => void
}

// A parcel is on its way to clients: the broker answers as soon as it has one.
const FETCH_WAIT_MS = 250
const FETCH_BYTES_MIN = 1

/** Reads the frames topic from the last seconds on. */
export class KafkaFramesReader implements Stage {
  readonly name = 'frames'
  readonly #options: FramesReaderOptions
  readonly #topic: KafkaTopic
  readonly #link: KafkaLink
  #consumer: Consumer | undefined
  /** By partition: the first message that was not taken. */
  #positions: number[] = []
  #lags: number[] = []
  #stopping: Promise<void> | undefined

  constructor(options: FramesReaderOptions) {
    this.#options = options
    this.#topic = new KafkaTopic(options)
    this.#link = new KafkaLink(options.brokers, options.log)
  }

  /** Messages that were written and are not read yet. */
  get lag(): number {
    return this.#lags.reduce((sum, lag) => sum + lag, 0)
  }

  async start(): Promise<void> {
    const { topic, group, now, failed, partitions } = this.#options
    try {
      await this.#topic.make(FRAME_TOPIC_SETTINGS)
      this.#positions = await this.#topic.offsetsAt(now() - limits.framesBackMs)
      this.#lags = Array.from({ length: partitions }, () => 0)
      const consumer = this.#topic.consumer(
        {
          groupId: group,
          maxWaitTimeInMs: FETCH_WAIT_MS,
          minBytes: FETCH_BYTES_MIN,
          retry: { restartOnFailure: async () => this.#stopping === undefined },
        },
        (error) => this.#link.lost('reading', error),
      )
      this.#consumer = consumer
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        for (const partition of payload.memberAssignment[topic] ?? []) {
          consumer.seek({ topic, partition, offset: String(this.#positions[partition]) })
        }
        this.#link.back('reading')
      })
      consumer.on(consumer.events.HEARTBEAT, () => this.#link.back('reading'))
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (payload.restart) this.#link.lost('reading', payload.error)
        else if (this.#stopping === undefined) failed(this.#topic.startError(payload.error))
      })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: false })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#take(consumer, payload),
      })
    } catch (error) {
      throw this.#topic.startError(error)
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#consumer === undefined ? Promise.resolve() : leaveGroup(this.#consumer)
    return this.#stopping
  }

  async #take(consumer: Consumer, { batch, resolveOffset, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = batch
    const { take, taken, failed } = this.#options
    try {
      for (const { offset, value } of messages) {
        if (!isRunning() || isStale()) return
        // After a lost broker the same messages may come again; the sequence of their owner tells them.
        if (value !== null) take(value)
        this.#positions[partition] = Number(offset) + 1
        resolveOffset(offset)
      }
      this.#positions[partition] = Number(batch.lastOffset()) + 1
      this.#lags[partition] = Math.max(0, Number(batch.highWatermark) - this.#positions[partition]!)
      taken()
    } catch (error) {
      if (error instanceof kafkajs.KafkaJSError) throw error
      consumer.pause([{ topic }])
      failed(new LmapError('LMAP_INTERNAL', 'what reads the frames has failed.', { cause: error }))
    }
  }
}
