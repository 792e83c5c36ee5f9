import { COLUMNS } from '../model/timeframes.ts'
import { VENUE_SLOTS } from '../model/venues.ts'
import { BlockType, blockEnd, type Column, decodeColumn, decodeDelta, emptyColumn } from '../wire/blocks.ts'
import { corrupt, FrameFlag, type FrameHeader, FrameKind } from '../wire/frame.ts'
import { decodeGroup, GROUP_COLUMNS } from '../wire/groups.ts'

/** What a frame did to the map, in ascending weight: a reader that slept takes the heaviest. */
export const MapChange = { none: 0, status: 1, live: 2, columns: 3, snapshot: 4 } as const

/** The columns of one (asset, timeframe) and what is known about them, kept by applying frames in order. */
export class MapState {
  /** Closed columns, oldest first. The array is replaced by a snapshot and changed in place by a close. */
  columns: Column[] = []
  /** The column of now; its cells change in place. Undefined as long as no price is known. */
  live: Column | undefined
  /** Positions in venueStates, by venue id. */
  venueStates: Uint8Array = new Uint8Array(VENUE_SLOTS)
  /** Asset's clock at which each venue was first seen in its present state. */
  readonly venueSinceMs: Float64Array = new Float64Array(VENUE_SLOTS)
  /** Position in modelStates. */
  modelState = 0
  modelId = 0
  simulated = false
  /** The asset's clock, Unix ms. */
  clockMs = 0
  epoch = 0
  sequence = 0
  /** False until the first snapshot, and from a gap to the next one. */
  whole = false

  /**
   * Applies a frame whose header has been decoded. Answers what changed, or 'gap' where a snapshot is needed first.
   * Throws LMAP_FRAME_CORRUPT; then too only a snapshot helps.
   */
  apply(header: FrameHeader, frame: Uint8Array): number | 'gap' {
    if (header.kind === FrameKind.snapshot) {
      this.#snapshot(frame, header.bodyAt)
      this.#status(header)
      this.whole = true
      return MapChange.snapshot
    }
    const next = (this.sequence + 1) >>> 0
    if (!this.whole || header.sequence !== next || header.epoch !== this.epoch) {
      this.whole = false
      return 'gap'
    }
    // Half a delta may have been applied when one of its blocks turns out corrupt.
    this.whole = false
    const change = this.#delta(frame, header.bodyAt)
    this.#status(header)
    this.whole = true
    return change
  }

  #status(header: FrameHeader): void {
    const { status } = header
    if (status !== undefined) {
      for (let venue = 0; venue < VENUE_SLOTS; venue++) {
        if (status.venueStates[venue] !== this.venueStates[venue] || this.venueSinceMs[venue] === 0) {
          this.venueSinceMs[venue] = header.clockMs
        }
      }
      this.venueStates = status.venueStates
      this.modelId = status.modelId
    }
    this.modelState = header.modelState
    this.simulated = (header.flags & FrameFlag.simulated) !== 0
    this.clockMs = header.clockMs
    this.epoch = header.epoch
    this.sequence = header.sequence
  }

  #snapshot(frame: Uint8Array, bodyAt: number): void {
    const newestFirst: Column[] = []
    let live: Column | undefined
    const addOlder = (column: Column) => {
      const newer = newestFirst.at(-1)
      if (newer !== undefined && newer.openMs <= column.openMs) throw corrupt('columns are not newest first')
      // A server sends whole groups: what the oldest holds beyond the map is passed over.
      if (newestFirst.length < COLUMNS - 1) newestFirst.push(column)
    }
    let seen = 0
    for (let at = bodyAt; at < frame.length; ) {
      const type = frame[at]
      if (type === BlockType.delta) {
        if (live === undefined) throw corrupt('a delta before the column that it changes')
        at = decodeDelta(frame, at, live)
      } else if (type === BlockType.key) {
        live = emptyColumn()
        at = decodeColumn(frame, at, live)
      } else {
        if (seen >= COLUMNS) throw corrupt(`more than ${COLUMNS + GROUP_COLUMNS} columns`)
        const columns = closedAt(frame, at)
        seen += columns.length
        for (const column of columns.reverse()) addOlder(column)
        at = blockEnd(frame, at)
      }
    }
    this.columns = newestFirst.reverse()
    this.live = live
  }

  #delta(frame: Uint8Array, bodyAt: number): number {
    let change: number = MapChange.status
    for (let at = bodyAt; at < frame.length; ) {
      if (frame[at] === BlockType.delta) {
        if (this.live === undefined) throw corrupt('a delta before the column that it changes')
        at = decodeDelta(frame, at, this.live)
        change = Math.max(change, MapChange.live)
        continue
      }
      const isLive = frame[at] === BlockType.key
      const column = emptyColumn()
      at = decodeColumn(frame, at, column)
      if (isLive) this.live = column
      else this.#close(column)
      change = MapChange.columns
    }
    return change
  }

  /** Columns close in order, but one that a server had missed may follow later. */
  #close(column: Column): void {
    let place = this.columns.length
    while (place > 0 && this.columns[place - 1]!.openMs >= column.openMs) place--
    if (this.columns[place]?.openMs !== column.openMs) this.columns.splice(place, 0, column)
    if (this.columns.length >= COLUMNS) this.columns.shift()
    if (this.live?.openMs === column.openMs) this.live = undefined
  }
}

/** Closed columns of the block at `at`, oldest first. */
function closedAt(frame: Uint8Array, at: number): Column[] {
  if (frame[at] === BlockType.group) return decodeGroup(frame, at)
  const column = emptyColumn()
  decodeColumn(frame, at, column)
  return [column]
}
