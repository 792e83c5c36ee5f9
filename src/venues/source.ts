import { Worker } from 'node:worker_threads'
import { assert, type ErrorCode, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { BatchSink, Source, SourceStatus } from '../model/stages.ts'
import type { LogLevel } from '../telemetry/log.ts'
import type { ReplayOptions } from './replay/replay.ts'
import type { SimulatorOptions } from './simulator/options.ts'
import type { WarmLiveOptions } from './warm-up/warm-live.ts'

/** What a source thread runs: it makes event batches until it has ended or is asked to stop. */
export interface Feed {
  /** Resolves when the feed has ended by itself, or soon after `stopped`; rejects with a coded error. */
  run(sink: BatchSink, stopped: AbortSignal): Promise<void>
  status(): SourceStatus
}

export type SourceSpec =
  | { readonly kind: 'simulator'; readonly options: SimulatorOptions }
  | { readonly kind: 'replay'; readonly options: ReplayOptions }
  | { readonly kind: 'live'; readonly options: WarmLiveOptions; readonly log: SourceLog }

/** How the thread writes its lines, which go to the process's stdout. */
export interface SourceLog {
  readonly level: LogLevel
  readonly pretty: boolean
}

export interface SourceThreadData {
  readonly spec: SourceSpec
  /** Bytes that the thread may have sent without an answer. */
  readonly creditBytes: number
}

/** `ready`, then after `go` any number of chunks and statuses, then `done` or `failed`, after which nothing comes. */
export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'chunk'; readonly buffer: ArrayBuffer; readonly bytes: number }
  | { readonly type: 'status'; readonly status: SourceStatus }
  | { readonly type: 'done'; readonly status: SourceStatus }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }

/** `taken` gives the credit of one chunk back, and its buffer to be filled again. */
export type ToThread =
  | { readonly type: 'go' }
  | { readonly type: 'taken'; readonly buffer: ArrayBuffer; readonly bytes: number }
  | { readonly type: 'stop' }

/** A feed in a thread of its own: making and parsing events costs the main thread one message per chunk. */
export function createSource(spec: SourceSpec): Source {
  return new ThreadSource(spec)
}

class ThreadSource implements Source {
  readonly name: string
  readonly kind: SourceSpec['kind']
  readonly ended: Promise<void>
  readonly #spec: SourceSpec
  readonly #end = Promise.withResolvers<void>()
  readonly #settled = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<void>()
  /** Chunks that arrived while the sink made us wait; together never more than the credit. */
  readonly #waiting: { buffer: ArrayBuffer; bytes: number }[] = []
  #worker: Worker | undefined
  #sink: BatchSink | undefined
  #status: SourceStatus = { records: 0, levels: 0, liquidations: 0, gaps: 0, rejected: 0, progress: undefined }
  #isReady = false
  #isDelivering = false
  #isStopping = false
  #isDone = false
  #hasExited = false
  #failure: unknown

  constructor(spec: SourceSpec) {
    this.#spec = spec
    this.kind = spec.kind
    this.name = `source ${spec.kind}`
    this.ended = this.#end.promise
    // A failure is told to whoever waits on the promise; that nobody does yet must not end the process.
    this.ended.catch(() => undefined)
    this.#opened.promise.catch(() => undefined)
  }

  async start(): Promise<void> {
    assert(this.#worker === undefined, 'a source is started once')
    const workerData: SourceThreadData = { spec: this.#spec, creditBytes: limits.sourceBytesMax }
    const worker = new Worker(new URL('./source-thread.ts', import.meta.url), { workerData, name: this.name })
    this.#worker = worker
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', (cause: unknown) => this.#fail(new LmapError('LMAP_INTERNAL', threadFailure(cause), { cause })))
    worker.on('exit', () => {
      if (!this.#isDone && !this.#isStopping) this.#fail(new LmapError('LMAP_INTERNAL', 'the source thread has exited'))
      this.#hasExited = true
      this.#settle()
    })
    await this.#opened.promise
  }

  connect(sink: BatchSink): void {
    assert(this.#sink === undefined, 'a source has one sink')
    this.#sink = sink
    this.#go()
  }

  status(): SourceStatus {
    return this.#status
  }

  async stop(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    if (!this.#isStopping) {
      this.#isStopping = true
      this.#send({ type: 'stop' })
      this.#letGo()
    }
    const isLate = await isLaterThan(this.#settled.promise, limits.stopMsMax)
    if (!isLate) return
    await worker.terminate()
    throw new LmapError('LMAP_STAGE_TIMEOUT', `${this.name} has not stopped within ${limits.stopMsMax} ms`)
  }

  #receive(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        this.#isReady = true
        this.#opened.resolve()
        this.#go()
        return
      case 'chunk':
        this.#waiting.push(message)
        void this.#deliver()
        return
      case 'status':
        this.#status = message.status
        return
      case 'done':
        this.#status = message.status
        this.#isDone = true
        this.#letGo()
        this.#settle()
        return
      case 'failed':
        this.#fail(new LmapError(message.code, message.message, message.hint ? { hint: message.hint } : {}))
    }
  }

  #go(): void {
    if (this.#isReady && this.#sink !== undefined) this.#send({ type: 'go' })
  }

  /** One at a time and in order: the next chunk is written when the sink has room again. */
  async #deliver(): Promise<void> {
    if (this.#isDelivering) return
    this.#isDelivering = true
    try {
      for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
        const written = this.#sink?.write(new Uint8Array(chunk.buffer, 0, chunk.bytes))
        const isOpen = written === true || (await written)
        if (!isOpen && !this.#isStopping) {
          // The taker is closed: there is nobody left to make events for.
          this.#isStopping = true
          this.#send({ type: 'stop' })
        }
        this.#send({ type: 'taken', buffer: chunk.buffer, bytes: chunk.bytes })
      }
    } catch (error) {
      this.#waiting.length = 0
      this.#fail(error)
      this.#isStopping = true
      this.#send({ type: 'stop' })
    }
    this.#isDelivering = false
    this.#settle()
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#isDone = true
    this.#opened.reject(error)
    this.#settle()
  }

  /** The end is told after the last chunk was taken, also when the end is a failure; an end that was asked for is none. */
  #settle(): void {
    if (this.#isDelivering || this.#waiting.length > 0) return
    if (this.#failure !== undefined) this.#end.reject(this.#failure)
    else if (this.#isDone && !this.#isStopping) this.#end.resolve()
    if (this.#hasExited || this.#isDone) this.#settled.resolve()
  }

  /** A thread that has said its last word may still be held by what cannot be called back, such as the search for a name. */
  #letGo(): void {
    if (this.#isDone && this.#isStopping) void this.#worker?.terminate()
  }

  #send(message: ToThread): void {
    this.#worker?.postMessage(message, message.type === 'taken' ? [message.buffer] : [])
  }
}

function threadFailure(cause: unknown): string {
  return `the source thread failed: ${cause instanceof Error ? cause.message : String(cause)}`
}

async function isLaterThan(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, true)
  })
  try {
    return await Promise.race([promise.then(() => false), deadline])
  } finally {
    clearTimeout(timer)
  }
}
