import { MapState } from '../client/map-state.ts'
import { COLUMNS } from '../model/timeframes.ts'
import type { Column } from '../wire/blocks.ts'

/** Columns kept at most: a map's length on both sides of what is shown, and one more. Each is 16 KB. */
const COLUMNS_KEPT = 4 * COLUMNS

/** Reads a map as it was known at a time, with at most so many of its newest columns. */
export type LoadPast = (atMs: number, columns: number, signal: AbortSignal) => Promise<MapState>

/**
 * Closed columns of the past, one stretch of time without holes. A closed column never changes, so a step in time asks
 * only for what lies beyond the stretch, and for what a time has of its own: the open column and the forecast's state.
 */
export class TimeShelf {
  readonly #timeframeMs: number
  readonly #load: LoadPast
  #columns: Column[] = []
  /** Every column that had closed from here on is on the shelf ... */
  #fromMs = 0
  /** ... up to here; both 0 while the shelf is empty. */
  #untilMs = 0

  constructor(timeframeMs: number, load: LoadPast) {
    this.#timeframeMs = timeframeMs
    this.#load = load
  }

  get length(): number {
    return this.#columns.length
  }

  /** The map as known at a time. */
  async at(atMs: number, signal: AbortSignal): Promise<MapState> {
    const wanted = this.#missing(atMs)
    const answer = await this.#load(atMs, wanted, signal)
    this.#keep(answer.columns, wanted - (answer.live === undefined ? 0 : 1))
    this.#trim(atMs)
    const map = new MapState()
    map.columns = this.#columns.filter((column) => this.#isClosed(column, atMs)).slice(-(COLUMNS - 1))
    map.live = answer.live
    map.venueStates = answer.venueStates
    map.modelState = answer.modelState
    map.modelId = answer.modelId
    map.simulated = answer.simulated
    map.clockMs = answer.clockMs
    map.whole = true
    return map
  }

  /** Columns to ask for so that those of a map are all here. */
  #missing(atMs: number): number {
    if (this.#untilMs === 0 || atMs < this.#fromMs) return COLUMNS
    // One that was open and one that has closed since the stretch's end, wherever in a column that lies.
    const beyond = Math.max(0, Math.ceil((atMs - this.#untilMs) / this.#timeframeMs)) + 2
    if (beyond >= COLUMNS) return COLUMNS
    const known = this.#columns.filter((column) => this.#isClosed(column, atMs)).length
    return known + beyond - 2 >= COLUMNS - 1 || this.#fromMs === Number.NEGATIVE_INFINITY ? beyond : COLUMNS
  }

  #keep(columns: readonly Column[], asked: number): void {
    const first = columns[0]
    if (first === undefined) return
    // Fewer than asked for is all there is.
    const fromMs = columns.length < Math.min(asked, COLUMNS - 1) ? Number.NEGATIVE_INFINITY : first.openMs
    // Not the time asked for: what has closed a moment ago may still be on its way to the history.
    const untilMs = columns.at(-1)!.openMs + this.#timeframeMs
    if (this.#untilMs === 0 || fromMs > this.#untilMs || untilMs < this.#fromMs) {
      this.#columns = [...columns]
      this.#fromMs = fromMs
      this.#untilMs = untilMs
      return
    }
    const byTime = new Map([...this.#columns, ...columns].map((column) => [column.openMs, column]))
    this.#columns = [...byTime.values()].sort((a, b) => a.openMs - b.openMs)
    this.#fromMs = Math.min(fromMs, this.#fromMs)
    this.#untilMs = Math.max(untilMs, this.#untilMs)
  }

  /** Gives up the end that lies farther away. */
  #trim(atMs: number): void {
    const over = this.#columns.length - COLUMNS_KEPT
    if (over <= 0) return
    const after = this.#columns.filter((column) => !this.#isClosed(column, atMs)).length
    if (after > COLUMNS_KEPT / 2) {
      this.#columns.length -= over
      this.#untilMs = this.#columns.at(-1)!.openMs + this.#timeframeMs
    } else {
      this.#columns.splice(0, over)
      this.#fromMs = this.#columns[0]!.openMs
    }
  }

  #isClosed({ openMs }: Column, atMs: number): boolean {
    return openMs + this.#timeframeMs <= atMs
  }
}
