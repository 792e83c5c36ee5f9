import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { assert, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { BatchSink } from '../model/stages.ts'
import { Prng } from './simulator/prng.ts'
import type { Feed, FromThread, SourceSpec, SourceThreadData, ToThread } from './source.ts'

/** Gathers batches into chunks for the main thread and keeps the bytes that are on the way below the credit. */
class ChunkSink implements BatchSink {
  readonly #port: MessagePort
  readonly #creditBytes: number
  /** Buffers that came back, to be filled again. */
  readonly #spare: ArrayBuffer[] = []
  #buffer = new ArrayBuffer(limits.sourceWriteBytes)
  #bytes = 0
  #sentBytes = 0
  #timer: NodeJS.Timeout | undefined
  #room: PromiseWithResolvers<boolean> | undefined
  #isClosed = false

  constructor(port: MessagePort, creditBytes: number) {
    this.#port = port
    this.#creditBytes = creditBytes
  }

  write(batches: Uint8Array): true | Promise<boolean> {
    if (this.#bytes + batches.byteLength > this.#buffer.byteLength) {
      this.flush()
      if (batches.byteLength > this.#buffer.byteLength) this.#buffer = new ArrayBuffer(batches.byteLength)
    }
    new Uint8Array(this.#buffer).set(batches, this.#bytes)
    this.#bytes += batches.byteLength
    if (this.#bytes >= limits.sourceWriteBytes) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), limits.sourceChunkMs)
    if (this.#isClosed) return Promise.resolve(false)
    if (this.#sentBytes < this.#creditBytes) return true
    this.#room ??= Promise.withResolvers<boolean>()
    return this.#room.promise
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#bytes === 0) return
    const chunk: FromThread = { type: 'chunk', buffer: this.#buffer, bytes: this.#bytes }
    this.#port.postMessage(chunk, [this.#buffer])
    this.#sentBytes += this.#bytes
    this.#bytes = 0
    this.#buffer = this.#spare.pop() ?? new ArrayBuffer(limits.sourceWriteBytes)
  }

  taken(buffer: ArrayBuffer, bytes: number): void {
    this.#sentBytes -= bytes
    if (buffer.byteLength === limits.sourceWriteBytes) this.#spare.push(buffer)
    if (this.#sentBytes >= this.#creditBytes || this.#room === undefined) return
    this.#room.resolve(true)
    this.#room = undefined
  }

  /** From now on writers are told to stop; what they have written is still sent. */
  close(): void {
    this.#isClosed = true
    this.#room?.resolve(false)
    this.#room = undefined
  }
}

/** Each source loads only its own code. This thread is the feed's composition root: its clock comes from here. */
async function createFeed(spec: SourceSpec): Promise<Feed> {
  if (spec.kind === 'simulator') {
    const { createSimulator } = await import('./simulator/simulator.ts')
    return createSimulator(spec.options, { now: steadyNow })
  }
  if (spec.kind === 'live') {
    const [{ createWarmLive }, { createLog }] = await Promise.all([
      import('./warm-up/warm-live.ts'),
      import('../telemetry/log.ts'),
    ])
    // Chance here only spreads what would come at once: the moment of the start is seed enough.
    const prng = new Prng(Math.floor(steadyNow()), 0)
    const log = createLog({ ...spec.log, stream: process.stdout })
    return createWarmLive(spec.options, { now: steadyNow, chance: () => prng.uniform(), log })
  }
  const { createReplay } = await import('./replay/replay.ts')
  return createReplay(spec.options)
}

/** Unix time that never jumps: the wall clock at the start of the thread, then elapsed time. */
function steadyNow(): number {
  return performance.timeOrigin + performance.now()
}

async function runThread(port: MessagePort, { spec, creditBytes }: SourceThreadData): Promise<void> {
  const send = (message: FromThread) => port.postMessage(message)
  const go = Promise.withResolvers<void>()
  const stopped = new AbortController()
  const sink = new ChunkSink(port, creditBytes)
  port.on('message', (message: ToThread) => {
    if (message.type === 'taken') return sink.taken(message.buffer, message.bytes)
    if (message.type === 'stop') {
      stopped.abort()
      sink.close()
    }
    go.resolve()
  })

  let timer: NodeJS.Timeout | undefined
  try {
    const feed = await createFeed(spec)
    send({ type: 'ready' })
    await go.promise
    timer = setInterval(() => send({ type: 'status', status: feed.status() }), limits.sourceStatusMs)
    try {
      if (!stopped.signal.aborted) await feed.run(sink, stopped.signal)
    } finally {
      sink.flush()
      send({ type: 'status', status: feed.status() })
    }
    send({ type: 'done', status: feed.status() })
  } catch (error) {
    const { message, hint } = error instanceof LmapError ? error : { message: String(error), hint: undefined }
    send({ type: 'failed', code: error instanceof LmapError ? error.code : 'LMAP_INTERNAL', message, hint })
  } finally {
    clearInterval(timer)
    port.close()
  }
}

assert(parentPort !== null, 'source-thread.ts runs in a worker thread')
await runThread(parentPort, workerData as SourceThreadData)
