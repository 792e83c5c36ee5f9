import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import type { BatchSink, SourceStatus } from '../../model/stages.ts'
import type { Mapper } from '../mapper.ts'
import { BatchOut } from '../mapper-out.ts'
import type { Feed } from '../source.ts'
import { openPath } from './open.ts'
import type { Recording, Step } from './recording.ts'

export interface ReplayOptions {
  /** A file, or a folder whose files are one recording. */
  readonly path: string
  /** 1: as recorded; 10: ten times as fast; max: as fast as the sink takes it. */
  readonly speed: number | 'max'
  /** Names of the assets to replay; all without. */
  readonly assets?: readonly string[]
}

/** A timer takes no more than 31 bits of milliseconds: a longer wait is slept in parts. */
const SLEEP_MS_MAX = 2 ** 30

/** Plays a recording. All times in the batches are those of the recording; only the pace is ours. */
export function createReplay(options: ReplayOptions, elapsedMs: () => number = () => performance.now()): Feed {
  assert(options.speed === 'max' || options.speed > 0, 'a replay has a speed')
  return new Replay(options, elapsedMs)
}

class Replay implements Feed {
  readonly #options: ReplayOptions
  readonly #elapsedMs: () => number
  readonly #out = new BatchOut()
  #recording: Recording | undefined
  #hasEnded = false
  /** Recorded time of the first step, and when we played it. */
  #startMs: number | undefined
  #startedMs = 0
  #heartbeatMs = Number.POSITIVE_INFINITY
  #refreshMs = Number.POSITIVE_INFINITY

  constructor(options: ReplayOptions, elapsedMs: () => number) {
    this.#options = options
    this.#elapsedMs = elapsedMs
  }

  async run(sink: BatchSink, stopped: AbortSignal): Promise<void> {
    const recording = await openPath(this.#options.path, this.#options.assets)
    this.#recording = recording
    const playing = { sink, stopped, mapper: recording.mapper }
    try {
      for await (const steps of recording.steps()) {
        for (const step of steps) if (!(await this.#play(step, playing))) return
      }
      this.#hasEnded = true
    } finally {
      // A break in the file is told after everything before it was handed over.
      await this.#flush(sink)
    }
  }

  status(): SourceStatus {
    const { records, levels, liquidations } = this.#out.counts
    const mapped = this.#recording?.mapper?.status()
    const refused = this.#recording?.rejected() ?? 0
    return {
      records,
      levels,
      liquidations,
      gaps: mapped?.gaps ?? 0,
      rejected: refused + (mapped === undefined ? 0 : mapped.rejected + mapped.unknown),
      progress: this.#hasEnded ? 1 : (this.#recording?.progress() ?? 0),
    }
  }

  /** False: the sink was closed or the replay stopped. */
  async #play(step: Step, { sink, stopped, mapper }: Playing): Promise<boolean> {
    const atMs = step.receiveMs
    if (this.#startMs === undefined) this.#start(atMs)
    // Recordings of frames have no heartbeats; ours have those of their source.
    if (mapper !== undefined && !(await this.#beat(atMs, mapper, sink, stopped))) return false
    if (this.#options.speed !== 'max' && !(await this.#wait(atMs, sink, stopped))) return false
    step.play(this.#out)
    if (stopped.aborted) return false
    return this.#out.bytes < limits.sourceWriteBytes || this.#flush(sink)
  }

  #start(atMs: number): void {
    this.#startMs = atMs
    this.#startedMs = this.#elapsedMs()
    this.#heartbeatMs = atMs + limits.heartbeatMs
    this.#refreshMs = atMs + limits.bookRefreshMs
  }

  /** What a live feed would have said while nothing was recorded: that it is alive, and its whole books now and then. */
  async #beat(atMs: number, mapper: Mapper, sink: BatchSink, stopped: AbortSignal): Promise<boolean> {
    // A hole in the recording: nobody knows that the feed was alive in there.
    if (atMs - this.#heartbeatMs > limits.venueDownMs) this.#heartbeatMs = atMs
    for (; this.#heartbeatMs <= atMs; this.#heartbeatMs += limits.heartbeatMs) {
      if (this.#options.speed !== 'max' && !(await this.#wait(this.#heartbeatMs, sink, stopped))) return false
      mapper.heartbeat(this.#heartbeatMs, this.#out)
    }
    if (atMs >= this.#refreshMs) {
      mapper.refresh(atMs, this.#out)
      this.#refreshMs = atMs + limits.bookRefreshMs
    }
    return true
  }

  /** Until it is time for what was recorded at `atMs`. What was mapped so far goes out before. */
  async #wait(atMs: number, sink: BatchSink, stopped: AbortSignal): Promise<boolean> {
    const speed = this.#options.speed as number
    const dueMs = this.#startedMs + (atMs - this.#startMs!) / speed
    if (dueMs <= this.#elapsedMs()) return true
    if (!(await this.#flush(sink))) return false
    for (let leftMs = dueMs - this.#elapsedMs(); leftMs > 0; leftMs = dueMs - this.#elapsedMs()) {
      // The only reason for which a sleep fails is the signal, and that is what the answer says.
      await sleep(Math.min(leftMs, SLEEP_MS_MAX), undefined, { signal: stopped }).catch(() => undefined)
      if (stopped.aborted) return false
    }
    return true
  }

  async #flush(sink: BatchSink): Promise<boolean> {
    if (this.#out.bytes === 0) return true
    const written = sink.write(this.#out.take())
    return written === true || written
  }
}

interface Playing {
  readonly sink: BatchSink
  readonly stopped: AbortSignal
  readonly mapper: Mapper | undefined
}
