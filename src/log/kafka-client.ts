import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin, type Consumer, type ConsumerConfig, type Kafka, type Producer } from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Log } from '../telemetry/log.ts'
import type { PartitionRange } from './kafka-inbox.ts'
import { brokerSocket } from './kafka-socket.ts'

export interface TopicOptions {
  /** host:port of one or more brokers of the cluster. */
  readonly brokers: readonly string[]
  readonly topic: string
  readonly partitions: number
  readonly clientId: string
  readonly log: Log
}

// kafkajs gives up after about a second; what happens then is decided here, in one place.
const RETRY = { retries: 3, initialRetryTime: 100, maxRetryTime: 500 }
// Not so a reader: one that gives up comes back as a new member, and the group then waits out the session of the one that
// it was. One that holds on for some minutes is known to the broker that comes back, and goes on where it was.
const HOLD_ON = { ...RETRY, retries: 600 }
const CONNECT_MS = 1_500
const REQUEST_MS = 10_000
/** What kafkajs says of a connection that took longer; it gives no code for it. */
const CONNECT_LATE = 'Connection timeout'
const START_HINT = 'Start one with `npm run kafka`, or name another broker.'

// Readers in Java refuse frames with a content checksum; the record batch has its own.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = () => ({
  compress: (encoder: { buffer: Buffer }) => compressFrame(encoder.buffer, { contentChecksum: false }),
  decompress: (buffer: Buffer) => decompressFrame(buffer),
})

/** One topic of a cluster: its making, its ends, and the client that reads and writes it. */
export class KafkaTopic {
  readonly options: TopicOptions
  readonly kafka: Kafka

  constructor(options: TopicOptions) {
    checkOptions(options)
    this.options = options
    this.kafka = this.#client(RETRY)
  }

  /** For one who reads in a group, and says where from. `lost` is told each time when no broker has answered for about a second. */
  consumer(config: ConsumerConfig, lost: (error: unknown) => void): Consumer {
    const client = this.#client(HOLD_ON, (failedTries, message) => {
      if (failedTries >= RETRY.retries) lost(new LmapError('LMAP_KAFKA_DOWN', message))
    })
    return client.consumer({
      ...config,
      sessionTimeout: limits.kafkaSessionMs,
      heartbeatInterval: limits.kafkaBeatMs,
      rebalanceTimeout: limits.kafkaRebalanceMs,
      allowAutoTopicCreation: false,
      retry: { ...HOLD_ON, ...config.retry },
    })
  }

  /** For one who names the partition of each message. */
  producer(): Producer {
    return this.kafka.producer({
      idempotent: true,
      retry: RETRY,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition!,
    })
  }

  /** Makes the topic where it is missing; refuses one with another number of partitions. */
  async make(settings: Readonly<Record<string, string>>): Promise<void> {
    const { topic, partitions } = this.options
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
    const found = await this.early(async (admin) => {
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true })
      return (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions.length
    })
    if (found !== partitions) {
      throw new LmapError('LMAP_KAFKA_CONFIG', `topic ${topic} has ${found} partitions, not ${partitions}.`, {
        hint: 'Use another topic, or set the same number of partitions: it decides where an asset is written.',
      })
    }
  }

  /** Resolves when a broker answers. */
  async greet(): Promise<void> {
    try {
      await this.administer((admin) => admin.describeCluster())
    } catch (error) {
      throw this.startError(error)
    }
  }

  /** By partition. */
  async ranges(): Promise<PartitionRange[]> {
    const { topic } = this.options
    const offsets = await this.early((admin) => admin.fetchTopicOffsets(topic))
    return offsets
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ low, high }) => ({ low: Number(low), high: Number(high) }))
  }

  /** By partition: the first message that is not older than `timeMs`, or the end. */
  async offsetsAt(timeMs: number): Promise<number[]> {
    const { topic } = this.options
    const offsets = await this.early((admin) => admin.fetchTopicOffsetsByTimestamp(topic, timeMs))
    return offsets.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset))
  }

  async administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin({ retry: RETRY })
    try {
      await admin.connect()
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }

  /** What made a start fail, with its code. */
  startError(error: unknown): LmapError {
    if (error instanceof LmapError) return error
    const { brokers } = this.options
    return (
      refusalOf(error) ??
      new LmapError('LMAP_KAFKA_DOWN', `no Kafka broker answers at ${brokers.join(', ')}.`, {
        hint: START_HINT,
        cause: error,
      })
    )
  }

  #client(retry: typeof RETRY, unreached?: (failedTries: number, message: string) => void): Kafka {
    const { clientId, brokers, log } = this.options
    return new kafkajs.Kafka({
      clientId,
      brokers: [...brokers],
      connectionTimeout: CONNECT_MS,
      requestTimeout: REQUEST_MS,
      socketFactory: brokerSocket,
      retry,
      logLevel: kafkajs.logLevel.WARN,
      // It repeats itself with every try: what matters is said once, by whoever tries.
      logCreator:
        () =>
        ({ namespace, log: { message, retryCount } }) => {
          log.debug({ namespace }, `kafkajs: ${message}`)
          // Nothing else tells of tries that it goes on with: here it looks for any broker that answers.
          if (namespace === 'BrokerPool' && retryCount !== undefined) unreached?.(retryCount, message)
        },
    })
  }

  /** A broker that has just begun, or a topic that was just made, may not be able to answer yet. */
  early<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    return this.settled(() => this.administer(ask))
  }

  /** The client's own retries are over in a second: what will pass is tried somewhat longer. */
  async settled<T>(work: () => Promise<T>): Promise<T> {
    const untilMs = performance.now() + limits.kafkaSettleMsMax
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!passes(error) || performance.now() > untilMs) throw this.startError(error)
        this.options.log.debug({ reason: String(error) }, 'Kafka cannot answer yet')
        await sleep(limits.kafkaRetryMsMin)
      }
    }
  }
}

/** Tells the group that a reader leaves; a broker that is away must not hold a stop up. */
export async function leaveGroup(consumer: Consumer): Promise<void> {
  const over = new AbortController()
  const late = sleep(limits.kafkaLeaveMsMax, undefined, { signal: over.signal }).catch(() => undefined)
  await Promise.race([consumer.disconnect(), late])
  over.abort()
}

/**
 * What will be over soon: a leader that is being chosen, a coordinator that is loading; and what only took too long,
 * because the broker had no turn, or our own thread.
 */
function passes(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof kafkajs.KafkaJSProtocolError) return cause.retriable
    if (cause instanceof kafkajs.KafkaJSRequestTimeoutError) return true
    if (cause instanceof kafkajs.KafkaJSConnectionError && cause.message === CONNECT_LATE) return true
  }
  return false
}

/** What the broker will not change its mind about: rights, sizes, settings. */
export function refusalOf(error: unknown): LmapError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof kafkajs.KafkaJSProtocolError && !cause.retriable) {
      return new LmapError('LMAP_KAFKA_CONFIG', `Kafka refuses: ${cause.message}`, { cause: error })
    }
  }
  return undefined
}

function checkOptions({ brokers, partitions, topic }: TopicOptions): void {
  const bad = brokers.find((broker) => !/^[^\s:]+:\d{1,5}$/.test(broker))
  let problem: string | undefined
  if (brokers.length === 0) problem = 'no broker was named'
  else if (bad !== undefined) problem = `"${bad}" is not the address of a broker`
  else if (!/^[\w.-]{1,249}$/.test(topic)) problem = `"${topic}" cannot be the name of a topic`
  else if (!Number.isInteger(partitions) || partitions < 1) problem = `${partitions} is not a number of partitions`
  if (problem !== undefined) {
    throw new LmapError('LMAP_KAFKA_CONFIG', `${problem}.`, { hint: 'Example: --kafka localhost:9092' })
  }
}
