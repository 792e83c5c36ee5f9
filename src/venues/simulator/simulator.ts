import { limits } from '../../model/limits.ts'
import type { BatchSink, SourceStatus } from '../../model/stages.ts'
import type { Feed } from '../source.ts'
import { Market, SLOT_MS } from './market.ts'
import { type SimulatorOptions, type SimulatorSettings, simulatorSettings } from './options.ts'
import type { Position } from './positions.ts'
import { TruthFile, type TruthRow, type TruthSink } from './truth.ts'

/** A start further back than this was meant: it is history that is simulated. */
const START_LATE_MS_MAX = 60_000

export interface SimulatorContext {
  /** Unix time, ms: paces the feed. In real time a market whose start is just past begins at this clock's time. */
  readonly now: () => number
  /** Hears what was planted, besides the file. */
  readonly truth?: TruthSink
}

export interface Simulator extends Feed {
  /** Open positions of one asset, as they are now. */
  positions(asset: string): Position[]
}

export function createSimulator(options: SimulatorOptions, context: SimulatorContext): Simulator {
  return new SimulatorFeed(simulatorSettings(options), context)
}

class SimulatorFeed implements Simulator {
  readonly #settings: SimulatorSettings
  readonly #now: () => number
  readonly #truthFile: TruthFile | undefined
  readonly #market: Market
  #gaps = 0
  #elapsedMs = 0

  constructor(settings: SimulatorSettings, context: SimulatorContext) {
    this.#settings = settings
    this.#now = context.now
    this.#truthFile = settings.truthPath === undefined ? undefined : new TruthFile(settings.truthPath)
    this.#market = new Market(settings, (row: TruthRow) => {
      this.#truthFile?.write(row)
      context.truth?.(row)
    })
  }

  positions(asset: string): Position[] {
    return this.#market.positions(asset)
  }

  status(): SourceStatus {
    const { records, levels, liquidations } = this.#market.outbox
    const { durationMs } = this.#settings
    const progress = durationMs === Number.POSITIVE_INFINITY ? undefined : Math.min(1, this.#elapsedMs / durationMs)
    return { records, levels, liquidations, gaps: this.#gaps, rejected: 0, progress }
  }

  async run(sink: BatchSink, stopped: AbortSignal): Promise<void> {
    const { startMs, speed, durationMs } = this.#settings
    /** Where the clock stood when simulated time began. */
    const zeroMs = this.#now()
    // Getting ready took a moment; what happens now should not carry the time of then.
    const readyMs = Math.round(zeroMs) - startMs
    const beginMs = speed === 1 && readyMs > 0 && readyMs < START_LATE_MS_MAX ? startMs + readyMs : startMs
    try {
      for (; this.#elapsedMs < durationMs && !stopped.aborted; this.#elapsedMs += SLOT_MS) {
        if (speed !== 'max') {
          const dueMs = zeroMs + this.#elapsedMs / speed
          const lateMs = this.#now() - dueMs
          if (lateMs < 0) await sleep(-lateMs, stopped)
          if (lateMs > limits.sourceLagMsMax) {
            // Too slow, or the machine slept: time is lost rather than dragged along.
            const lostMs = Math.floor((lateMs * speed) / SLOT_MS) * SLOT_MS
            this.#elapsedMs += lostMs
            this.#gaps++
          }
        }
        const batches = this.#market.step(beginMs + this.#elapsedMs)
        if (batches.byteLength === 0) continue
        const written = sink.write(batches)
        if (written !== true && !(await written)) return
      }
    } finally {
      this.#market.close()
      this.#truthFile?.close()
    }
  }
}

/** Resolves after `ms`, or at once when stopped. */
function sleep(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) return resolve()
    const wake = () => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    stopped.addEventListener('abort', wake)
  })
}
