import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin, type Consumer, type EachBatchPayload, type Kafka, type Producer } from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { assert, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { BatchHandler, EventLog } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { KafkaInbox, type PartitionRange } from './kafka-inbox.ts'
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

// Brokers take no session under 6 s. A short one frees the partitions of a process that died soon.
const SESSION_MS = 10_000
const HEARTBEAT_MS = 2_000
const REBALANCE_MS = 15_000
// The broker collects an answer for so long, or until it is so large: an answer per request of the writer would cost
// half as much again. It is also the longest that a stop waits for one.
const FETCH_WAIT_MS = 40
const FETCH_BYTES_MIN = 1 << 18
const CONNECT_MS = 1_500
const REQUEST_MS = 10_000
// kafkajs gives up after about a second; what happens then is decided here, in one place.
const RETRY = { retries: 3, initialRetryTime: 100, maxRetryTime: 500 }
const TOPIC_SETTINGS = {
  'compression.type': 'lz4',
  // A day, at most 2 GiB per partition: a restart needs what came after the last checkpoint.
  'retention.ms': String(24 * 3_600_000),
  'retention.bytes': String(2 ** 31),
  'segment.bytes': String(2 ** 27),
}
const START_HINT = 'Start one with `npm run kafka`, or name another broker.'

// Readers in Java refuse frames with a content checksum; the record batch has its own.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = () => ({
  compress: (encoder: { buffer: Buffer }) => compressFrame(encoder.buffer, { contentChecksum: false }),
  decompress: (buffer: Buffer) => decompressFrame(buffer),
})

/** The ordered log on a Kafka topic, see docs/kafka.md: partition = asset % partitions, offsets as in kafka-offset.ts. */
export function createKafkaLog(options: KafkaLogOptions): EventLog {
  return new KafkaLog({ ...kafkaDefaults, ...options })
}

type Settings = typeof kafkaDefaults & KafkaLogOptions

class KafkaLog implements EventLog {
  readonly name = 'kafka'
  readonly #settings: Settings
  readonly #kafka: Kafka
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
    checkSettings(settings)
    this.#settings = settings
    this.#link = new KafkaLink(settings.brokers, settings.log)
    this.#kafka = new kafkajs.Kafka({
      clientId: settings.clientId,
      brokers: [...settings.brokers],
      connectionTimeout: CONNECT_MS,
      requestTimeout: REQUEST_MS,
      retry: RETRY,
      logLevel: kafkajs.logLevel.WARN,
      // It repeats itself with every try: what matters is said once by the link.
      logCreator:
        () =>
        ({ namespace, log: { message } }) =>
          settings.log.debug({ namespace }, `kafkajs: ${message}`),
    })
    this.#producer = this.#kafka.producer({
      idempotent: true,
      retry: RETRY,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition!,
    })
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
    const { group, source, log } = this.#settings
    const inbox = new KafkaInbox({ ranges: await this.#ranges(), handler, from, source, log })
    this.#inbox = inbox
    const consumer = this.#kafka.consumer({
      groupId: group,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      minBytes: FETCH_BYTES_MIN,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: async () => this.#stopping === undefined },
    })
    this.#consumer = consumer
    await this.#read(consumer, inbox)
  }

  async drained(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    await this.#outbox.flush()
    if (this.#inbox === undefined) return
    await this.#inbox.reached(() => this.#assigned, await this.#ranges())
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#disconnect()
    return this.#stopping
  }

  status(): { corrupt: number; waiting: number } {
    return { corrupt: this.#outbox.corrupt + (this.#inbox?.corrupt ?? 0), waiting: this.#outbox.waiting }
  }

  async #connect(): Promise<void> {
    const { topic, partitions, brokers } = this.#settings
    try {
      const found = await this.#administer(async (admin) => {
        await admin.createTopics({ topics: [topicConfig(topic, partitions)], waitForLeaders: true })
        return (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions.length
      })
      if (found !== partitions) {
        throw new LmapError('LMAP_KAFKA_CONFIG', `topic ${topic} has ${found} partitions, not ${partitions}.`, {
          hint: 'Use another topic, or set the same number of partitions: it decides where an asset is written.',
        })
      }
      await this.#producer.connect()
    } catch (error) {
      throw startError(error, brokers)
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
    const { topic, brokers } = this.#settings
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
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) {
        this.#link.lost('reading', payload.error)
        return
      }
      const error = startError(payload.error, brokers)
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
      throw startError(error, brokers)
    }
  }

  async #take(consumer: Consumer, inbox: KafkaInbox, payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload
    const { topic, partition } = batch
    const held = (taken: Promise<boolean>) => withHeartbeat(taken, heartbeat)
    try {
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) return
        const { offset, value, headers } = message
        if (!(await inbox.take(partition, { offset, value, source: headers?.source?.toString() }, held))) {
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

  async #ranges(): Promise<PartitionRange[]> {
    const { topic, brokers } = this.#settings
    const untilMs = performance.now() + limits.kafkaRetryMsMax
    for (;;) {
      try {
        const offsets = await this.#administer((admin) => admin.fetchTopicOffsets(topic))
        return offsets
          .toSorted((a, b) => a.partition - b.partition)
          .map(({ low, high }) => ({ low: Number(low), high: Number(high) }))
      } catch (error) {
        // A topic that was made a moment ago may have no leader yet, and the client's own retries do not cover this.
        const isEarly = error instanceof kafkajs.KafkaJSProtocolError && error.retriable
        if (!isEarly || performance.now() > untilMs) throw startError(error, brokers)
        await sleep(limits.kafkaRetryMsMin)
      }
    }
  }

  async #administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin({ retry: RETRY })
    try {
      await admin.connect()
      return await work(admin)
    } finally {
      await admin.disconnect()
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
    await this.#consumer?.disconnect()
    this.#inbox?.fail(new LmapError('LMAP_NOT_READY', 'the log was stopped.'))
  }
}

/** A group that hears nothing from us gives our partitions to others, so a wait keeps its heart beating. */
async function withHeartbeat(taken: Promise<boolean>, heartbeat: () => Promise<void>): Promise<boolean> {
  let failure: unknown
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      failure ??= error
    })
  }, HEARTBEAT_MS)
  try {
    const open = await taken
    if (open && failure !== undefined) throw failure
    return open
  } finally {
    clearInterval(timer)
  }
}

function topicConfig(topic: string, numPartitions: number) {
  const configEntries = Object.entries(TOPIC_SETTINGS).map(([name, value]) => ({ name, value }))
  return { topic, numPartitions, configEntries }
}

function checkSettings({ brokers, partitions, topic, group }: Settings): void {
  const bad = brokers.find((broker) => !/^[^\s:]+:\d{1,5}$/.test(broker))
  let problem: string | undefined
  if (brokers.length === 0) problem = 'no broker was named'
  else if (bad !== undefined) problem = `"${bad}" is not the address of a broker`
  else if (!/^[\w.-]{1,249}$/.test(topic)) problem = `"${topic}" cannot be the name of a topic`
  else if (group === '') problem = 'the group has no name'
  else if (!Number.isInteger(partitions) || partitions < 1) problem = `${partitions} is not a number of partitions`
  if (problem !== undefined) {
    throw new LmapError('LMAP_KAFKA_CONFIG', `${problem}.`, { hint: 'Example: --kafka localhost:9092' })
  }
}

function startError(error: unknown, brokers: readonly string[]): LmapError {
  if (error instanceof LmapError) return error
  return (
    refusalOf(error) ??
    new LmapError('LMAP_KAFKA_DOWN', `no Kafka broker answers at ${brokers.join(', ')}.`, {
      hint: START_HINT,
      cause: error,
    })
  )
}

/** What the broker will not change its mind about: rights, sizes, settings. */
function refusalOf(error: unknown): LmapError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof kafkajs.KafkaJSProtocolError && !cause.retriable) {
      return new LmapError('LMAP_KAFKA_CONFIG', `Kafka refuses: ${cause.message}`, { cause: error })
    }
  }
  return undefined
}
