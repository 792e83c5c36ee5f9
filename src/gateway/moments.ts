import { assets } from '../model/assets.ts'
import { timeframes } from '../model/timeframes.ts'
import type { MapMoment } from './map-json.ts'
import type { Stream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'

export interface MomentsOptions {
  table: StreamTable
  simulated: boolean
  source: string
  /** How long a stream that nobody watched may take to get its live column. */
  liveWaitMsMax: number
}

/** Reads streams as they are at one moment, for requests that do not subscribe. */
export class Moments {
  readonly #options: MomentsOptions
  readonly #waiting = new Map<Stream, Set<() => void>>()

  constructor(options: MomentsOptions) {
    this.#options = options
  }

  /** A user of the stream for as long as it takes to have its history and its live column, or to know of none. */
  async read(stream: Stream, columns: number): Promise<MapMoment> {
    const { table, simulated, source, liveWaitMsMax } = this.#options
    table.acquire(stream)
    try {
      const ready = () => stream.history !== 'loading'
      // The history has a deadline of its own and always ends.
      while (!ready()) await this.#next(stream, undefined)
      if (!stream.hasKey) await this.#next(stream, liveWaitMsMax)
      const live = stream.liveColumn()
      const { name, ms } = timeframes[stream.timeframe]!
      return {
        asset: assets[stream.asset]!.name,
        timeframe: name,
        timeframeMs: ms,
        simulated,
        source,
        clockMs: stream.clockMs,
        closed: stream.closed.newest(live === undefined ? columns : columns - 1),
        live,
        revision: `${stream.epoch}/${stream.sequence}/${stream.closed.changes}`,
      }
    } finally {
      table.release(stream)
    }
  }

  /** A stream has got its history, or can have none, or has got its live column. */
  changed(stream: Stream): void {
    const waiting = this.#waiting.get(stream)
    this.#waiting.delete(stream)
    if (waiting !== undefined) for (const wake of waiting) wake()
  }

  #next(stream: Stream, withinMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      let waiting = this.#waiting.get(stream)
      if (waiting === undefined) this.#waiting.set(stream, (waiting = new Set()))
      const timer = withinMs === undefined ? undefined : setTimeout(() => wake(), withinMs).unref()
      const wake = () => {
        clearTimeout(timer)
        waiting.delete(wake)
        resolve()
      }
      waiting.add(wake)
    })
  }
}
