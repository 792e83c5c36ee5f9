import { ASSETS } from '../model/assets.ts'
import { BatchCursor } from '../model/batch-cursor.ts'
import { assert } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { BatchHandler, EventLog } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'

export interface InProcessLogOptions {
  /** Bytes that may wait for the handler; a writer that ignores its promise runs into this. */
  readonly bytesMax?: number
}

/**
 * The log of the one-process default: a write goes straight through to the handler, without a copy, as long as the
 * handler has room. Only while it holds do batches wait, in memory. Nothing is kept, so offsets are those that the
 * checkpoints know: each asset goes on where `from` says.
 *
 * The handler sees the writer's own bytes: it must be done with them when it returns, even when it returns a promise.
 */
export function createInProcessLog(options: InProcessLogOptions = {}): EventLog {
  return new InProcessLog(options.bytesMax ?? limits.logBytesMax)
}

interface Waiter {
  resolve(open: boolean): void
  reject(error: unknown): void
}

class InProcessLog implements EventLog {
  readonly name = 'log'
  readonly #bytesMax: number
  readonly #cursor = new BatchCursor()
  /** A handler may write while it is called, so the queue has a cursor of its own. */
  readonly #queueCursor = new BatchCursor()
  readonly #offsets = new Float64Array(ASSETS)
  #handler: BatchHandler | undefined
  #queue: { asset: AssetId; batch: Uint8Array }[] = []
  /** Next batch of the queue; an index, because shifting a long array is slow. */
  #head = 0
  #queuedBytes = 0
  /** The handler is running or holds: whoever writes now must queue. */
  #busy = false
  #closed = false
  #failure: unknown
  #waiters: Waiter[] = []

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  async start(): Promise<void> {}

  async consume(handler: BatchHandler, from: ReadonlyMap<AssetId, number>): Promise<void> {
    assert(this.#handler === undefined, 'the log has one handler')
    this.#handler = handler
    for (const [asset, offset] of from) this.#offsets[asset] = offset
    if (this.#waiting > 0 && !this.#closed) {
      this.#busy = true
      this.#pump(Promise.resolve(true))
    }
  }

  write(batches: Uint8Array): true | Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.resolve(false)
    if (this.#busy || this.#handler === undefined) {
      this.#enqueue(batches)
      return this.#idle()
    }
    this.#busy = true
    let held: Promise<boolean> | undefined
    try {
      held = this.#deliver(this.#handler, batches) ?? this.#deliverQueue(this.#handler)
    } catch (error) {
      this.#fail(error)
      throw error
    }
    if (held === undefined) {
      this.#rest()
      return true
    }
    const idle = this.#idle()
    this.#pump(held)
    return idle
  }

  async drained(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#busy || this.#waiting > 0) await this.#idle()
  }

  async stop(): Promise<void> {
    this.#closed = true
    // Without a handler nobody will ever take what waits.
    if (this.#handler === undefined) this.#discard()
    if (this.#busy && this.#failure === undefined) await this.#idle()
  }

  status(): { corrupt: number; waiting: number } {
    return { corrupt: this.#cursor.corrupt + this.#queueCursor.corrupt, waiting: this.#waiting }
  }

  get #waiting(): number {
    return this.#queue.length - this.#head
  }

  /** The handler's promise if it holds; then what is left of the write has been queued. */
  #deliver(handler: BatchHandler, batches: Uint8Array): Promise<boolean> | undefined {
    const cursor = this.#cursor
    cursor.open(batches)
    while (cursor.next()) {
      const end = cursor.end
      const taken = handler(cursor.asset, this.#offsets[cursor.asset]!++, cursor.batch)
      if (taken === true) continue
      if (end < batches.length) this.#enqueue(batches.subarray(end))
      return taken
    }
    return undefined
  }

  #deliverQueue(handler: BatchHandler): Promise<boolean> | undefined {
    while (this.#head < this.#queue.length) {
      const { asset, batch } = this.#queue[this.#head++]!
      this.#queuedBytes -= batch.length
      const taken = handler(asset, this.#offsets[asset]!++, batch)
      if (taken !== true) return taken
    }
    this.#queue = []
    this.#head = 0
    return undefined
  }

  #enqueue(batches: Uint8Array): void {
    assert(this.#queuedBytes + batches.length <= this.#bytesMax, 'a writer waits for the promise it was given')
    // Not slice(): a Buffer's is a view.
    const copy = new Uint8Array(batches)
    const cursor = this.#queueCursor
    cursor.open(copy)
    while (cursor.next()) {
      const batch = cursor.batch
      this.#queue.push({ asset: cursor.asset, batch })
      this.#queuedBytes += batch.length
    }
  }

  /** Never rejects: whoever waits is told, and so is every later caller. */
  async #pump(held: Promise<boolean>): Promise<void> {
    try {
      for (let taken: Promise<boolean> | undefined = held; taken !== undefined; ) {
        if (!(await taken)) {
          this.#closed = true
          this.#discard()
          return
        }
        taken = this.#deliverQueue(this.#handler!)
      }
      this.#rest()
    } catch (error) {
      this.#fail(error)
    }
  }

  #rest(): void {
    this.#busy = false
    if (this.#waiters.length > 0) this.#release((waiter) => waiter.resolve(true))
  }

  #discard(): void {
    this.#busy = false
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    this.#release((waiter) => waiter.resolve(false))
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#busy = false
    this.#release((waiter) => waiter.reject(error))
  }

  #release(tell: (waiter: Waiter) => void): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) tell(waiter)
  }

  #idle(): Promise<boolean> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }
}
