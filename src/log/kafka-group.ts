import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Consumer, type EachBatchPayload, type PartitionAssigner } from 'kafkajs'
import { assert, describeError, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { BatchHandler, Stage } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { GroupGeneration } from './group-generation.ts'
import { EVENT_TOPIC_SETTINGS, FETCH, withHeartbeat } from './kafka.ts'
import { KafkaTopic, leaveGroup } from './kafka-client.ts'
import { KafkaInbox, type PartitionRange } from './kafka-inbox.ts'
import { KafkaLink } from './kafka-link.ts'
import { claimBytes, readClaim, stickyAssignment } from './sticky-assignment.ts'

/** What a process does with the partitions that the group gives it. */
export interface GroupMember {
  readonly handler: BatchHandler
  /**
   * These are ours from now on; resolves to where each of their assets goes on: 0 is the start of the log, one without
   * begins at its end. Nothing of them is delivered before. Asked again after a failure, for as long as they are ours.
   */
  gained(partitions: readonly number[], ranges: readonly PartitionRange[]): Promise<ReadonlyMap<AssetId, number>>
  /**
   * These are not ours any more: nothing of them is delivered now. Expelled: the group went on without us, somebody else
   * may have had them for a while already. Never rejects.
   */
  lost(partitions: readonly number[], isExpelled: boolean): Promise<void>
}

export interface KafkaGroupOptions {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly group: string
  readonly partitions: number
  readonly clientId: string
  readonly log: Log
  /** What comes from another source is not delivered. */
  readonly source: string
  readonly now: () => number
  readonly member: GroupMember
  /** The group cannot be worked with any more. */
  readonly failed: (error: LmapError) => void
}

/** How far behind the end of its log a partition is. */
export interface PartitionLag {
  readonly partition: number
  readonly messages: number
  /** Age of what was handled last; 0 at the end. */
  readonly ms: number
}

const ASSIGNER = 'lmap-sticky'

/** Reads the event log together with the other processes of a group: each partition has one reader at a time. */
export class KafkaGroup implements Stage {
  readonly name = 'kafka group'
  readonly #options: KafkaGroupOptions
  readonly #topic: KafkaTopic
  readonly #link: KafkaLink
  readonly #inbox: KafkaInbox
  readonly #consumer: Consumer
  /** Given by the group; of these `#placed` are read, the others are being taken over. */
  #assigned: readonly number[] = []
  readonly #placed = new Set<number>()
  /** Read here, and given to nobody else in the newest division: only of these anything may be told. */
  readonly #ours = new Set<number>()
  /** Held when the group expelled us: what became of them there is not known here. */
  readonly #expelled = new Set<number>()
  readonly #ends: number[]
  #changing: Promise<void> | undefined
  readonly #generation = new GroupGeneration()
  #beatMs = Number.NEGATIVE_INFINITY
  #rebalances = 0
  #stopping: Promise<void> | undefined

  constructor(options: KafkaGroupOptions) {
    this.#options = options
    this.#topic = new KafkaTopic(options)
    this.#link = new KafkaLink(options.brokers, options.log)
    const { partitions, source, log, member } = options
    this.#inbox = new KafkaInbox({ partitions, handler: member.handler, source, log })
    this.#ends = Array.from({ length: partitions }, () => 0)
    this.#consumer = this.#topic.consumer(
      {
        groupId: options.group,
        maxWaitTimeInMs: FETCH.waitMs,
        minBytes: FETCH.bytesMin,
        partitionAssigners: [this.#assigner()],
        retry: { restartOnFailure: async () => this.#stopping === undefined },
      },
      (error) => this.#link.lost('reading', error),
    )
  }

  /** Makes the topic and joins the group; partitions come when the group has been divided. */
  async start(): Promise<void> {
    const { topic } = this.#options
    try {
      await this.#topic.make(EVENT_TOPIC_SETTINGS)
      this.#listen()
      await this.#consumer.connect()
      await this.#consumer.subscribe({ topics: [topic], fromBeginning: true })
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#take(payload),
      })
    } catch (error) {
      throw this.#topic.startError(error)
    }
  }

  /** Gives everything away in order, then leaves: who takes over finds the newest state. */
  stop(): Promise<void> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  /** Of the group, as it was confirmed to us last; grows with every division. -1 before the first. */
  get generation(): number {
    return this.#generation.current
  }

  /**
   * The generation in which a partition is ours for certain; undefined where somebody else may have it. While one is
   * handed over its new owner may speak already: under the same generation readers listen to the first who does.
   */
  generationOf(partition: number): number | undefined {
    return this.#ours.has(partition) && this.isLeased && this.generation >= 0 ? this.generation : undefined
  }

  /** The group has heard from us lately: what we hold, nobody else can have been given. */
  get isLeased(): boolean {
    return performance.now() - this.#beatMs < limits.kafkaSessionMs
  }

  /** Partitions that are read here. */
  get held(): readonly number[] {
    return [...this.#placed].sort((a, b) => a - b)
  }

  get rebalances(): number {
    return this.#rebalances
  }

  get corrupt(): number {
    return this.#inbox.corrupt
  }

  lags(): PartitionLag[] {
    const nowMs = this.#options.now()
    return this.held.map((partition) => {
      const messages = Math.max(0, this.#ends[partition]! - this.#inbox.position(partition))
      const newestMs = this.#inbox.newestMs(partition)
      return { partition, messages, ms: messages === 0 || newestMs === 0 ? 0 : Math.max(0, nowMs - newestMs) }
    })
  }

  #listen(): void {
    const consumer = this.#consumer
    const { topic, failed } = this.#options
    consumer.on(consumer.events.HEARTBEAT, ({ payload }) => {
      this.#beatMs = performance.now()
      this.#generation.beat(payload.memberId, payload.groupGenerationId)
      this.#link.back('reading')
    })
    consumer.on(consumer.events.REBALANCING, () => this.#generation.dividing())
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const given = payload.memberAssignment[topic] ?? []
      for (const partition of this.#ours) if (!given.includes(partition)) this.#ours.delete(partition)
      const isAnew = this.#generation.joined(payload.memberId)
      // A division that comes while we leave gives us nothing any more.
      if (this.#stopping !== undefined) return
      this.#assigned = given
      if (isAnew) this.#forget()
      this.#beatMs = performance.now()
      this.#rebalances++
      this.#link.back('reading')
      this.#change()
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) this.#link.lost('reading', payload.error)
      else if (this.#stopping === undefined) failed(this.#topic.startError(payload.error))
    })
  }

  /** A member that comes back under another name was thought dead. */
  #forget(): void {
    this.#options.log.warn(
      { partitions: this.held },
      'The group went on without us: all partitions are taken over anew',
    )
    for (const partition of this.#placed) this.#expelled.add(partition)
    this.#placed.clear()
    this.#ours.clear()
  }

  /** Called while nothing is fetched: what is still ours goes on where we are, the rest stands until it is placed. */
  #change(): void {
    const { topic, partitions } = this.#options
    for (const partition of [...this.#placed]) {
      if (!this.#assigned.includes(partition)) continue
      this.#ours.add(partition)
      this.#seek(partition)
    }
    const waiting = this.#assigned.filter((partition) => !this.#placed.has(partition))
    this.#consumer.pause([{ topic, partitions: waiting }])
    assert(
      this.#assigned.every((partition) => partition < partitions),
      'a partition is of the topic',
    )
    this.#changing ??= this.#settle().finally(() => {
      this.#changing = undefined
    })
  }

  /** Until what is held is what was assigned; the assignment may change meanwhile. */
  async #settle(): Promise<void> {
    const { member, log } = this.#options
    for (let pauseMs: number = limits.kafkaRetryMsMin; ; ) {
      const lost = [...this.#placed].filter((partition) => !this.#assigned.includes(partition))
      for (const partition of lost) this.#placed.delete(partition)
      if (lost.length > 0) await member.lost(lost, false)
      const expelled = [...this.#expelled]
      this.#expelled.clear()
      if (expelled.length > 0) await member.lost(expelled, true)
      const gained = this.#assigned.filter((partition) => !this.#placed.has(partition))
      if (this.#stopping !== undefined) return
      if (gained.length === 0) {
        if (lost.length + expelled.length === 0) return
        continue
      }
      try {
        await this.#place(gained)
        pauseMs = limits.kafkaRetryMsMin
      } catch (error) {
        if (this.#stopping !== undefined) return
        log.warn({ partitions: gained, reason: describeError(error) }, 'partitions cannot be taken over yet')
        await sleep(pauseMs)
        pauseMs = Math.min(2 * pauseMs, limits.kafkaRetryMsMax)
      }
    }
  }

  async #place(gained: readonly number[]): Promise<void> {
    const { member, topic } = this.#options
    const ranges = await this.#topic.ranges()
    const from = await member.gained(gained, ranges)
    for (const partition of gained) {
      // Given to another meanwhile: nothing was read of it, so there is nothing to give away but what was restored.
      if (!this.#assigned.includes(partition)) {
        await member.lost([partition], true)
        continue
      }
      this.#inbox.place(partition, ranges[partition]!, from)
      this.#ends[partition] = ranges[partition]!.high
      this.#placed.add(partition)
      this.#ours.add(partition)
      this.#seek(partition)
      this.#consumer.resume([{ topic, partitions: [partition] }])
    }
  }

  #seek(partition: number): void {
    this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(this.#inbox.position(partition)) })
  }

  async #take({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const { topic, partition } = batch
    const held = (taken: Promise<boolean>) => withHeartbeat(taken, heartbeat, limits.kafkaBeatMs)
    this.#ends[partition] = Math.max(this.#ends[partition]!, Number(batch.highWatermark))
    try {
      for (const message of batch.messages) {
        if (!isRunning() || isStale() || !this.#placed.has(partition)) return
        const { offset, value, timestamp, headers } = message
        const source = headers?.source?.toString()
        if (!(await this.#inbox.take(partition, { offset, value, timestamp, source }, held))) {
          this.#consumer.pause([{ topic }])
          return
        }
        resolveOffset(offset)
      }
      this.#inbox.passed(partition, Number(batch.lastOffset()) + 1)
    } catch (error) {
      // kafkajs handles its own: a rebalance, a lost broker. Anything else is the handler's, and comes again if repeated.
      if (error instanceof kafkajs.KafkaJSError) throw error
      this.#consumer.pause([{ topic }])
      this.#options.failed(new LmapError('LMAP_INTERNAL', 'the handler of the log has failed.', { cause: error }))
    }
  }

  #assigner(): PartitionAssigner {
    const { topic, partitions } = this.#options
    const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol
    return () => ({
      name: ASSIGNER,
      version: 0,
      protocol: ({ topics }) => {
        const userData = claimBytes({ generation: this.generation, owned: this.held })
        return { name: ASSIGNER, metadata: MemberMetadata.encode({ version: 0, topics, userData }) }
      },
      async assign({ members }) {
        const claims = members.map(({ memberId, memberMetadata }) =>
          readClaim(memberId, MemberMetadata.decode(memberMetadata)?.userData ?? null),
        )
        return [...stickyAssignment(partitions, claims)].map(([memberId, mine]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: 0,
            assignment: { [topic]: mine },
            userData: Buffer.alloc(0),
          }),
        }))
      },
    })
  }

  async #leave(): Promise<void> {
    const { topic, member } = this.#options
    const held = this.held
    if (held.length > 0) this.#consumer.pause([{ topic, partitions: [...held] }])
    this.#placed.clear()
    this.#assigned = []
    await this.#changing
    if (held.length > 0) await member.lost(held, false)
    await (this.isLeased ? this.#consumer.disconnect() : leaveGroup(this.#consumer))
  }
}
