import type { MapState } from '../client/map-state.ts'
import { describeError } from '../model/errors.ts'
import { COLUMNS, timeframeId, timeframes } from '../model/timeframes.ts'
import type { Column } from '../wire/blocks.ts'
import { whenFree } from './busy-retry.ts'
import { type LoadPast, TimeShelf } from './time-shelf.ts'

/** Reads a map as it was known at a time: a connection's `at`. */
export type ReadPast = (
  asset: string,
  timeframe: string,
  atMs: number,
  columns: number,
  signal: AbortSignal,
) => Promise<MapState>

export interface Moment {
  readonly asset: string
  readonly timeframe: string
  readonly atMs: number
}

export interface TravelOptions {
  readonly read: ReadPast
  /** Columns of the live map of this asset and timeframe: history has the newest a second later. */
  readonly recent: () => readonly Column[]
  readonly onChange: () => void
}

/** One map's way through time: what is shown of which moment, and what is being read. A newer wish ends an older one. */
export class TimeTravel {
  readonly #options: TravelOptions
  #wanted: Moment | undefined
  #map: MapState | undefined
  #shownMs = 0
  #fault: string | undefined
  #shelf: TimeShelf | undefined
  #shelfKey = ''
  #reading: AbortController | undefined
  /** A map that was read ahead. */
  #ahead: { readonly atMs: number; readonly map: Promise<MapState | undefined> } | undefined

  constructor(options: TravelOptions) {
    this.#options = options
  }

  /** The moment asked for; undefined: now. */
  get wanted(): Moment | undefined {
    return this.#wanted
  }

  /** Of the moment `shownMs`, or the one before as long as the wanted one is being read; undefined before the first. */
  get map(): MapState | undefined {
    return this.#map
  }

  get shownMs(): number {
    return this.#shownMs
  }

  /** Why the wanted moment could not be read. */
  get fault(): string | undefined {
    return this.#fault
  }

  get isReading(): boolean {
    return this.#reading !== undefined
  }

  /** To another moment, or back to now. */
  go(moment: Moment | undefined): void {
    if (isSame(moment, this.#wanted)) return
    this.#reading?.abort()
    this.#reading = undefined
    this.#fault = undefined
    const isElsewhere = moment?.asset !== this.#wanted?.asset || moment?.timeframe !== this.#wanted?.timeframe
    this.#wanted = moment
    // A map of another asset must not stand under the name of this one, not even for the time of a request.
    if (isElsewhere) this.#leave()
    if (moment !== undefined) void this.#read(moment)
    this.#options.onChange()
  }

  /** Once more, after a fault. */
  retry(): void {
    const moment = this.#wanted
    if (moment === undefined || this.#reading !== undefined) return
    this.#fault = undefined
    void this.#read(moment)
    this.#options.onChange()
  }

  /** Reads a moment of the same map that will be asked for soon. */
  prepare(atMs: number): void {
    if (this.#wanted === undefined || this.#reading !== undefined || this.#ahead?.atMs === atMs) return
    const shelf = this.#shelfOf(this.#wanted)
    const map = shelf.at(atMs, new AbortController().signal).catch(() => undefined)
    this.#ahead = { atMs, map }
  }

  #leave(): void {
    this.#map = undefined
    this.#shownMs = 0
    this.#shelf = undefined
    this.#shelfKey = ''
    this.#ahead = undefined
  }

  async #read(moment: Moment): Promise<void> {
    const reading = new AbortController()
    this.#reading = reading
    const { atMs } = moment
    try {
      const ready = this.#ahead?.atMs === atMs ? await this.#ahead.map : undefined
      if (reading.signal.aborted) return
      const map = ready ?? (await this.#shelfOf(moment).at(atMs, reading.signal))
      if (reading.signal.aborted) return
      this.#addRecent(map, moment)
      this.#map = map
      this.#shownMs = atMs
    } catch (error) {
      if (reading.signal.aborted) return
      this.#fault = describeError(error)
    }
    this.#reading = undefined
    this.#options.onChange()
  }

  #shelfOf({ asset, timeframe }: Moment): TimeShelf {
    const key = `${asset}/${timeframe}`
    if (this.#shelf === undefined || this.#shelfKey !== key) {
      const { read } = this.#options
      const load: LoadPast = (atMs, columns, signal) =>
        whenFree(() => read(asset, timeframe, atMs, columns, signal), signal)
      this.#shelf = new TimeShelf(timeframes[timeframeId(timeframe)]!.ms, load)
      this.#shelfKey = key
    }
    return this.#shelf
  }

  /** Columns that had closed by then and that history does not have yet: they are the same bytes. */
  #addRecent(map: MapState, { timeframe, atMs }: Moment): void {
    const { ms } = timeframes[timeframeId(timeframe)]!
    const newestMs = map.columns.at(-1)?.openMs ?? Number.POSITIVE_INFINITY
    const later = this.#options.recent().filter(({ openMs }) => openMs > newestMs && openMs + ms <= atMs)
    if (later.length === 0) return
    map.columns = [...map.columns, ...later].slice(-(COLUMNS - 1))
    map.clockMs = Math.max(map.clockMs, later.at(-1)!.openMs + ms)
    if (map.live !== undefined && later.some(({ openMs }) => openMs >= map.live!.openMs)) map.live = undefined
  }
}

function isSame(one: Moment | undefined, other: Moment | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.asset === other.asset && one.timeframe === other.timeframe && one.atMs === other.atMs
}
