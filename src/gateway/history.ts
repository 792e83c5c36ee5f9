import { setImmediate } from 'node:timers/promises'
import { LmapError } from '../model/errors.ts'
import type { ClosedColumn } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import { BlockType, encodeColumn } from '../wire/blocks.ts'
import type { StreamMetrics } from './gateway-metrics.ts'
import type { Stream } from './stream.ts'

export interface HistoryOptions {
  /** Newest closed columns of a stream, oldest first. */
  read(asset: AssetId, timeframe: number): Promise<ClosedColumn[]>
  log: Log
  metrics: StreamMetrics
  loadsMax: number
  loadMsMax: number
}

/** Columns encoded before other work gets its turn: about a millisecond. */
const COLUMNS_PER_TURN = 24

/** Fills streams with the closed columns that the store has, a few streams at a time. */
export class History {
  readonly #options: HistoryOptions
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /** Resolves when the stream has its history or has to do without; never rejects. */
  async load(stream: Stream): Promise<void> {
    const { log, metrics, loadsMax } = this.#options
    stream.beginHistory()
    if (this.#running >= loadsMax) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      await this.#fill(stream)
      stream.history = 'loaded'
      metrics.histories('loaded').inc()
    } catch (error) {
      // The live map is worth more than its past: the stream goes on, and the next user causes another try.
      stream.history = 'failed'
      metrics.histories('failed').inc()
      log.error(
        { error, asset: stream.asset, timeframe: stream.timeframe },
        'history not read, the stream starts empty',
      )
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
    stream.snapshots.clear()
  }

  async #fill(stream: Stream): Promise<void> {
    const columns = await this.#read(stream)
    let turn = 0
    for (const column of columns) {
      stream.closed.add(column.openMs, encodeColumn(BlockType.closed, column))
      if (++turn % COLUMNS_PER_TURN === 0) await setImmediate()
    }
    while (stream.closed.packNext()) await setImmediate()
  }

  async #read(stream: Stream): Promise<ClosedColumn[]> {
    const { read, loadMsMax } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new LmapError('LMAP_STAGE_TIMEOUT', `The store took more than ${loadMsMax} ms for a history.`))
      }, loadMsMax).unref()
    })
    try {
      return await Promise.race([read(stream.asset, stream.timeframe), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
