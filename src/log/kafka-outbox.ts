import { setTimeout as pause } from 'node:timers/promises'
import { BatchCursor } from '../model/batch-cursor.ts'
import { assert, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { AssetId } from '../model/units.ts'
import { BATCHES_PER_MESSAGE } from './kafka-offset.ts'

/** Whole batches of one asset, one after the other. */
export interface OutboxMessage {
  readonly asset: AssetId
  readonly value: Uint8Array
  readonly batches: number
}

export interface OutboxOptions {
  readonly partitions: number
  /** Resolves when the broker has the messages; a coded error is final, after any other the same messages come again. */
  readonly send: (partition: number, messages: readonly OutboxMessage[]) => Promise<void>
  readonly lost: (error: unknown) => void
  readonly back: () => void
  readonly fail: (error: LmapError) => void
}

interface Gathering {
  parts: Uint8Array[]
  bytes: number
  batches: number
}

/** What goes to one partition. One request at a time, so that order and the broker's duplicate check hold. */
interface Lane {
  readonly partition: number
  readonly gathering: Map<AssetId, Gathering>
  readonly sealed: OutboxMessage[]
  /** Bytes gathered and not yet on their way. */
  bytes: number
  /** Bytes of all time: written, and taken by the broker. */
  written: number
  taken: number
  sending: boolean
}

interface Waiter {
  ready(): boolean
  resolve(open: boolean): void
  reject(error: unknown): void
}

/** Gathers batches into messages and brings them to the broker, however long that takes. */
export class KafkaOutbox {
  readonly #options: OutboxOptions
  readonly #lanes: readonly Lane[]
  readonly #cursor = new BatchCursor()
  readonly #abandoned = new AbortController()
  #waiters: Waiter[] = []
  #timer: NodeJS.Timeout | undefined
  /** Bytes and batches that the broker does not have yet. */
  #bytes = 0
  #batches = 0
  #flushing = 0
  #closed = false
  #failure: LmapError | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#lanes = Array.from({ length: options.partitions }, (_, partition) => ({
      partition,
      gathering: new Map(),
      sealed: [],
      bytes: 0,
      written: 0,
      taken: 0,
      sending: false,
    }))
  }

  get corrupt(): number {
    return this.#cursor.corrupt
  }

  /** Batches that the broker does not have yet. */
  get waiting(): number {
    return this.#batches
  }

  write(batches: Uint8Array): true | Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.resolve(false)
    assert(this.#bytes + batches.length <= limits.logBytesMax, 'a writer waits for the promise it was given')
    this.#gather(batches)
    if (this.#bytes > 0) this.#timer ??= setTimeout(() => this.#send(), limits.kafkaLingerMs)
    if (this.#bytes < limits.kafkaBytesMax) return true
    return this.#until(() => this.#bytes < limits.kafkaBytesMax / 2)
  }

  /** Resolves when the broker has everything written so far; false: it was abandoned. */
  async flush(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#bytes === 0) return true
    const targets = this.#lanes.map((lane) => lane.written)
    this.#flushing++
    this.#send()
    try {
      return await this.#until(() => this.#lanes.every((lane) => lane.taken >= targets[lane.partition]!))
    } finally {
      this.#flushing--
    }
  }

  /** Takes no more, sends what it has if the broker is there. Resolves to the number of batches that were left behind. */
  async close(): Promise<number> {
    this.#closed = true
    if (this.#failure === undefined && this.#bytes > 0) {
      const over = new AbortController()
      const late = pause(limits.kafkaFlushMsMax, false, { signal: over.signal }).catch(() => false)
      // A failure in between has been told to everybody who waits.
      await Promise.race([this.flush().catch(() => false), late])
      over.abort()
    }
    clearTimeout(this.#timer)
    this.#abandoned.abort()
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(false)
    return this.#batches
  }

  /** Copies each run of neighbouring batches of one asset: the caller reuses its array. */
  #gather(batches: Uint8Array): void {
    const cursor = this.#cursor
    cursor.open(batches)
    let asset = 0 as AssetId
    let start = 0
    let end = 0
    let count = 0
    while (cursor.next()) {
      const joins =
        count > 0 &&
        cursor.asset === asset &&
        cursor.start === end &&
        cursor.end - start <= limits.kafkaMessageBytesMax &&
        count < BATCHES_PER_MESSAGE
      if (!joins) {
        if (count > 0) this.#append(asset, batches.subarray(start, end), count)
        asset = cursor.asset
        start = cursor.start
        count = 0
      }
      end = cursor.end
      count++
    }
    if (count > 0) this.#append(asset, batches.subarray(start, end), count)
  }

  #append(asset: AssetId, run: Uint8Array, batches: number): void {
    // Not slice(): a Buffer's is a view.
    const part = new Uint8Array(run)
    const lane = this.#lanes[asset % this.#lanes.length]!
    let gathering = lane.gathering.get(asset)
    if (
      gathering !== undefined &&
      (gathering.bytes + part.length > limits.kafkaMessageBytesMax || gathering.batches + batches > BATCHES_PER_MESSAGE)
    ) {
      seal(lane, asset, gathering)
      gathering = undefined
    }
    if (gathering === undefined) {
      gathering = { parts: [], bytes: 0, batches: 0 }
      lane.gathering.set(asset, gathering)
    }
    gathering.parts.push(part)
    gathering.bytes += part.length
    gathering.batches += batches
    lane.bytes += part.length
    lane.written += part.length
    this.#bytes += part.length
    this.#batches += batches
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const lane of this.#lanes) if (!lane.sending && lane.bytes > 0) this.#empty(lane)
  }

  /** Never rejects: a failure is kept and told to everybody who waits. */
  async #empty(lane: Lane): Promise<void> {
    lane.sending = true
    // What has gathered while a request was on its way goes at the next tick, unless it is much or somebody waits.
    do {
      const messages = takeMessages(lane)
      if (!(await this.#bring(lane.partition, messages))) return
      for (const message of messages) {
        lane.taken += message.value.length
        this.#bytes -= message.value.length
        this.#batches -= message.batches
      }
      this.#wake()
    } while (lane.bytes >= limits.kafkaSendBytesMax || (this.#flushing > 0 && lane.bytes > 0))
    lane.sending = false
    if (lane.bytes > 0) this.#timer ??= setTimeout(() => this.#send(), limits.kafkaLingerMs)
  }

  /** Tries until the broker has them. The messages stay the same, so that the broker recognises what it already has. */
  async #bring(partition: number, messages: readonly OutboxMessage[]): Promise<boolean> {
    for (let waitMs: number = limits.kafkaRetryMsMin; ; waitMs = Math.min(2 * waitMs, limits.kafkaRetryMsMax)) {
      try {
        await this.#options.send(partition, messages)
        this.#options.back()
        return true
      } catch (error) {
        if (error instanceof LmapError) {
          this.#fail(error)
          return false
        }
        this.#options.lost(error)
      }
      // Rejects only when the outbox is abandoned, which the next line asks for.
      await pause(waitMs, undefined, { signal: this.#abandoned.signal }).catch(() => undefined)
      if (this.#abandoned.signal.aborted || this.#failure !== undefined) return false
    }
  }

  #fail(error: LmapError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
    this.#options.fail(error)
  }

  #wake(): void {
    if (this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = waiters.filter((waiter) => !waiter.ready())
    for (const waiter of waiters) if (waiter.ready()) waiter.resolve(true)
  }

  #until(ready: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => this.#waiters.push({ ready, resolve, reject }))
  }
}

function seal(lane: Lane, asset: AssetId, gathering: Gathering): void {
  const { parts, bytes, batches } = gathering
  const value = parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes)
  lane.sealed.push({ asset, value, batches })
  lane.gathering.delete(asset)
}

/** The oldest messages, as many as one request carries. */
function takeMessages(lane: Lane): OutboxMessage[] {
  for (const [asset, gathering] of lane.gathering) seal(lane, asset, gathering)
  let bytes = 0
  let count = 0
  while (count < lane.sealed.length) {
    const next = lane.sealed[count]!.value.length
    if (count > 0 && bytes + next > limits.kafkaSendBytesMax) break
    bytes += next
    count++
  }
  lane.bytes -= bytes
  return lane.sealed.splice(0, count)
}
