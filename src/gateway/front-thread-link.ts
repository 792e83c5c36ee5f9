import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { LmapError } from '../model/errors.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Door } from './admission.ts'
import { addTally } from './counter-tally.ts'
import type { Holder } from './hub.ts'
import type { Reply, Request } from './reply.ts'
import {
  errorOf,
  type FromThread,
  faultOf,
  type ThreadData,
  type ThreadReply,
  type ToThread,
} from './thread-protocol.ts'

export interface FrontThreadLinkOptions {
  readonly data: ThreadData
  readonly name: string
  /** What the thread runs. */
  readonly file: URL
  readonly holder: Holder
  readonly door: Door
  readonly metrics: Metrics
  readonly answer: (request: Request) => Promise<Reply>
  /** Whether an opening that was written behind this place of the ring is on its way. */
  readonly isComing: (topic: string, part: number, position: number) => boolean
}

/** The main thread's end of one gateway thread: answers what it asks, and lets go of all it held when it has ended. */
export class FrontThreadLink {
  readonly name: string
  /** Counted up by who looks for threads that hang. */
  sweepsSilent = 0
  readonly #options: FrontThreadLinkOptions
  readonly #worker: Worker
  readonly #started = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<LmapError | undefined>()
  /** Bodies whose pieces are asked for one by one. */
  readonly #bodies = new Map<number, Iterator<string> | AsyncIterator<string>>()
  #fault: LmapError | undefined
  #clients = 0
  #subscriptions = 0

  constructor(options: FrontThreadLinkOptions) {
    this.#options = options
    this.#started.promise.catch(() => undefined)
    const { data: workerData, name, file } = options
    this.name = name
    // Flags of this process are not for threads: some of them a thread does not take.
    this.#worker = new Worker(file, { workerData, name, execArgv: [] })
    this.#worker.on('message', (message: FromThread) => this.#receive(message))
    this.#worker.on('error', (cause) => {
      this.#fault ??= new LmapError('LMAP_GATEWAY_THREAD', `${name} has failed: ${faultOf(cause).message}.`, { cause })
    })
    this.#worker.on('exit', () => this.#end())
  }

  /** Rejects where the thread cannot listen. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** Resolves when the thread is gone, with the reason where it was not asked to go. */
  get ended(): Promise<LmapError | undefined> {
    return this.#ended.promise
  }

  get clientCount(): number {
    return this.#clients
  }

  get subscriptionCount(): number {
    return this.#subscriptions
  }

  say(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromThread): void {
    const { holder, door, metrics, isComing } = this.#options
    if (message.kind === 'acquire') holder.acquire(message.topic)
    else if (message.kind === 'release') holder.release(message.topic)
    else if (message.kind === 'want') {
      const { topic, part, position } = message
      if (!isComing(topic, part, position)) holder.want(topic, part)
    } else if (message.kind === 'enter') {
      const refusal = door.enter(message.entrant)
      this.say({ kind: 'entered', id: message.id, refusal: refusal && faultOf(refusal) })
    } else if (message.kind === 'leave') door.leave(message.entrant)
    else if (message.kind === 'request') void this.#answer(message.id, message.request)
    else if (message.kind === 'next') void this.#next(message.id)
    else if (message.kind === 'drop') this.#drop(message.id)
    else if (message.kind === 'counts') {
      this.sweepsSilent = 0
      addTally(metrics, message.tally)
      this.#clients = message.clients
      this.#subscriptions = message.subscriptions
    } else if (message.kind === 'started') this.#started.resolve()
    else this.#fault = errorOf(message.fault)
  }

  async #answer(id: number, request: Request): Promise<void> {
    const { status, headers, body } = await this.#options.answer(request)
    let whole: ThreadReply['body']
    if (typeof body === 'string') whole = body
    // A copy of its own: a view would take the whole buffer behind it along.
    else if (body instanceof Uint8Array) whole = Uint8Array.from(body)
    else this.#bodies.set(id, Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]())
    this.say({ kind: 'reply', id, reply: { status, headers, body: whole } })
  }

  async #next(id: number): Promise<void> {
    // Other work gets its turn between two pieces.
    await setImmediate()
    try {
      const next = await this.#bodies.get(id)?.next()
      if (next === undefined || next.done === true) this.#bodies.delete(id)
      this.say({ kind: 'piece', id, piece: next?.done === false ? next.value : undefined })
    } catch (error) {
      this.#bodies.delete(id)
      this.say({ kind: 'piece', id, piece: undefined, fault: faultOf(error) })
    }
  }

  /** Nobody will ask for the rest. */
  #drop(id: number): void {
    void this.#bodies.get(id)?.return?.()
    this.#bodies.delete(id)
  }

  #end(): void {
    const { holder, door, name } = this.#options
    for (const id of this.#bodies.keys()) this.#drop(id)
    this.#clients = 0
    this.#subscriptions = 0
    holder.leave()
    door.close()
    const gone = new LmapError('LMAP_GATEWAY_THREAD', `${name} has ended.`)
    this.#started.reject(this.#fault ?? gone)
    this.#ended.resolve(this.#fault)
  }
}
