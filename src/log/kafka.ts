import kafkajs, { type Consumer, type EachBatchPayload, type Producer } from 'kafkajs'
import { assert, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { BatchHandler, EventLog } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { KafkaTopic, leaveGroup, refusalOf } from './kafka-client.ts'
import { KafkaInbox } from './kafka-inbox.ts'
import { KafkaLink } from './kafka-link.ts'
import { KafkaOutbox, type OutboxMessage } from './kafka-outbox.ts'

export interface KafkaLogOptions {
  /** host:port of one or more brokers of the cluster. */
  readonly brokers: readonly string[]
  readonly topic?: string
  /** Processes of one group share the assets; each group reads everything. */
  readonly group?: string
  readonly partitions?: number
  readonly clientId?: string
  readonly log: Log
  /** Written with every message; what comes from another source is not delivered. */
  readonly source?: string
}

export const kafkaDefaults = { topic: 'lmap.events', group: 'lmap.engine', partitions: 8, clientId: 'liquidity-map' }

// The broker collects an answer for so long, or until it is so large: an answer per request of the writer would cost
// half as much again. It is also the longest that a stop waits for one.
export const FETCH = { waitMs: 40, bytesMin: 1 << 18 }
export const EVENT_TOPIC_SETTINGS = {
  'compression.type': 'lz4',
  // A day, at most 2 GiB per partition: a restart needs what came after the last checkpoint.
  'retention.ms': String(24 * 3_600_000),
  'retention.bytes': String(2 ** 31),
  'segment.bytes': String(2 ** 27),
}

/** The ordered log on a Kafka topic, see docs/kafka.md: partition = asset % partitions, offsets as in kafka-offset.ts. */
export function createKafkaLog(options: KafkaLogOptions): EventLog {
  return new KafkaLog({ ...kafkaDefaults, ...options })
}

type Settings = typeof kafkaDefaults & KafkaLogOptions

class KafkaLog implements EventLog {
  readonly name = 'kafka'
  readonly #settings: Settings
  readonly #topic: KafkaTopic
  readonly #producer: Producer
  readonly #outbox: KafkaOutbox
  readonly #link: KafkaLink
  #consumer: Consumer | undefined
  #inbox: KafkaInbox | undefined
  #assigned: readonly number[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #failure: LmapError | undefined

  constructor(settings: Settings) {
    if (settings.group === '') {
      throw new LmapError('LMAP_KAFKA_CONFIG', 'the group has no name.', { hint: 'Example: --kafka localhost:9092' })
    }
    this.#settings = settings
    this.#topic = new KafkaTopic(settings)
    this.#link = new KafkaLink(settings.brokers, settings.log)
    this.#producer = this.#topic.producer()
    this.#outbox = new KafkaOutbox({
      partitions: settings.partitions,
      send: (partition, messages) => this.#produce(partition, messages),
      lost: (error) => this.#link.lost('writing', error),
      back: () => this.#link.back('writing'),
      fail: (error) => this.#fail(error),
    })
  }

  start(): Promise<void> {
    this.#starting ??= this.#connect()
    return this.#starting
  }

  write(batches: Uint8Array): true | Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return this.#outbox.write(batches)
  }

  async consume(handler: BatchHandler, from: ReadonlyMap<AssetId, number>): Promise<void> {
    assert(this.#inbox === undefined, 'the log has one handler')
    await this.start()
    const { group, source, log, partitions } = this.#settings
    const inbox = new KafkaInbox({ partitions, handler, source, log })
    for (const [partition, range] of (await this.#topic.ranges()).entries()) inbox.place(partition, range, from)
    this.#inbox = inbox
    const consumer = this.#topic.consumer(
      {
        groupId: group,
        maxWaitTimeInMs: FETCH.waitMs,
        minBytes: FETCH.bytesMin,
        retry: { restartOnFailure: async () => this.#stopping === undefined },
      },
      (error) => this.#link.lost('reading', error),
    )
    this.#consumer = consumer
    await this.#read(consumer, inbox)
  }

  async drained(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    await this.#outbox.flush()
    if (this.#inbox === undefined) return
    await this.#inbox.reached(() => this.#assigned, await this.#topic.ranges())
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#disconnect()
    return this.#stopping
  }

  status(): { corrupt: number; waiting: number } {
    return { corrupt: this.#outbox.corrupt + (this.#inbox?.corrupt ?? 0), waiting: this.#outbox.waiting }
  }

  async #connect(): Promise<void> {
    try {
      await this.#topic.make(EVENT_TOPIC_SETTINGS)
      await this.#topic.settled(() => this.#producer.connect())
    } catch (error) {
      throw this.#topic.startError(error)
    }
  }

  async #produce(partition: number, messages: readonly OutboxMessage[]): Promise<void> {
    const { topic, source } = this.#settings
    try {
      await this.#producer.send({
        topic,
        compression: kafkajs.CompressionTypes.LZ4,
        messages: messages.map(({ asset, value }) => ({
          partition,
          key: String(asset),
          value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
          ...(source === undefined ? {} : { headers: { source } }),
        })),
      })
    } catch (error) {
      throw refusalOf(error) ?? error
    }
  }

  /** Resolves when the group has given us our partitions and each is set to where it must go on. */
  async #read(consumer: Consumer, inbox: KafkaInbox): Promise<void> {
    const { topic } = this.#settings
    const { promise: joined, resolve, reject } = Promise.withResolvers<void>()
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = payload.memberAssignment[topic] ?? []
      // Not where the group has committed: our memory belongs to where we are. Nothing is fetched before this.
      for (const partition of this.#assigned) {
        consumer.seek({ topic, partition, offset: String(inbox.position(partition)) })
      }
      this.#link.back('reading')
      inbox.wake()
      resolve()
    })
    consumer.on(consumer.events.HEARTBEAT, () => this.#link.back('reading'))
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) {
        this.#link.lost('reading', payload.error)
        return
      }
      const error = this.#topic.startError(payload.error)
      if (this.#stopping === undefined) this.#fail(error)
      reject(error)
    })
    try {
      await consumer.connect()
      // Every start is a seek; this is for partitions whose oldest messages went while we were away.
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      const run = consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#take(consumer, inbox, payload),
      })
      await Promise.all([run, joined])
    } catch (error) {
      throw this.#topic.startError(error)
    }
  }

  async #take(consumer: Consumer, inbox: KafkaInbox, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload
    const { topic, partition } = batch
    const held = (taken: Promise<boolean>) => withHeartbeat(taken, heartbeat, limits.kafkaBeatMs)
    try {
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) return
        const { offset, value, timestamp, headers } = message
        if (!(await inbox.take(partition, { offset, value, timestamp, source: headers?.source?.toString() }, held))) {
          consumer.pause([{ topic }])
          inbox.fail(new LmapError('LMAP_NOT_READY', 'the handler of the log is closed.'))
          return
        }
        resolveOffset(offset)
      }
      inbox.passed(partition, Number(batch.lastOffset()) + 1)
    } catch (error) {
      // kafkajs handles its own: a rebalance, a lost broker. Anything else is the handler's, and comes again if repeated.
      if (error instanceof kafkajs.KafkaJSError) throw error
      consumer.pause([{ topic }])
      this.#fail(new LmapError('LMAP_INTERNAL', 'the handler of the log has failed.', { cause: error }))
    }
  }

  #fail(error: LmapError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#settings.log.error({ error }, 'The Kafka log has failed')
    this.#inbox?.fail(error)
  }

  async #disconnect(): Promise<void> {
    const left = await this.#outbox.close()
    if (left > 0) this.#settings.log.error({ batches: left }, 'Stopped before these batches could be written to Kafka')
    await this.#producer.disconnect()
    if (this.#consumer !== undefined) await leaveGroup(this.#consumer)
    this.#inbox?.fail(new LmapError('LMAP_NOT_READY', 'the log was stopped.'))
  }
}

/** A group that hears nothing from us gives our partitions to others, so a wait keeps its heart beating. */
export async function withHeartbeat(
  taken: Promise<boolean>,
  heartbeat: () => Promise<void>,
  everyMs: number,
): Promise<boolean> {
  let failure: unknown
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      failure ??= error
    })
  }, everyMs)
  try {
    const open = await taken
    if (open && failure !== undefined) throw failure
    return open
  } finally {
    clearInterval(timer)
  }
}
