import { BATCH_HEADER_BYTES, EventKind, RECORD_BYTES } from '../model/events.ts'
import { limits } from '../model/limits.ts'
import type { VenueMinuteRow } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import { VENUES } from '../model/venues.ts'

const MINUTE_MS = 60_000

export interface VenueMinutesOptions {
  readonly row: (row: VenueMinuteRow) => void
  /** State of a venue for an asset now, as a position in venueStates. */
  readonly state: (asset: AssetId, venue: number) => number
}

type Row = { -readonly [Name in keyof Omit<VenueMinuteRow, 'state'>]: VenueMinuteRow[Name] }
interface Minute {
  readonly row: Row
  /** Where the log has its first batch. */
  readonly offset: number
}

/**
 * Reads the market facts of each venue out of the event batches, minute by minute. A minute is told when the next one of
 * the same market begins, so which rows there are is decided by the log alone; a market that falls silent tells its last
 * minute by `finish`.
 */
export class VenueMinutes {
  readonly #options: VenueMinutesOptions
  readonly #open = new Map<number, Minute>()
  /** By asset: where counting was begun, as told by `begin`. */
  readonly #begun = new Map<AssetId, number>()
  /** Of the buffer that the last batch lay in: batches come many to a buffer. */
  #view: DataView = new DataView(new ArrayBuffer(0))

  constructor(options: VenueMinutesOptions) {
    this.#options = options
  }

  /** An asset is taken over: what was open of it is counted anew from here on, and nothing before. */
  begin(asset: AssetId, offset: number): void {
    this.#begun.set(asset, offset)
  }

  /** One batch that the log has accepted as whole, and its place there. */
  add(asset: AssetId, offset: number, batch: Uint8Array): void {
    if (offset < (this.#begun.get(asset) ?? 0)) return
    if (this.#view.buffer !== batch.buffer) this.#view = new DataView(batch.buffer)
    const view = this.#view
    const start = batch.byteOffset
    const minute = this.#minuteOf(asset, offset, start)
    if (minute === undefined) return
    minute.batches++
    const tickSize = view.getFloat64(start + 32, true)
    const end = BATCH_HEADER_BYTES + view.getUint16(start + 6, true) * RECORD_BYTES
    for (let at = BATCH_HEADER_BYTES; at < end; at += RECORD_BYTES) {
      const kind = batch[at]
      // Nearly all records are levels: nothing of them is read.
      if (kind === EventKind.bookLevel) continue
      if (kind === EventKind.trade) addTrade(minute, view, start + at, tickSize)
      else if (kind === EventKind.markPrice) minute.mark = view.getFloat64(start + at + 8, true)
      else if (kind === EventKind.openInterest) addOpenInterest(minute, view, start + at, tickSize)
    }
  }

  /** Where a reader must begin who wants to count anew all that is open of an asset; undefined where nothing is. */
  offsetOf(asset: AssetId): number | undefined {
    let least: number | undefined
    for (let key = asset * VENUES; key < (asset + 1) * VENUES; key++) {
      const offset = this.#open.get(key)?.offset
      if (offset !== undefined && !(offset >= (least ?? Number.POSITIVE_INFINITY))) least = offset
    }
    // Taken over, and nothing read yet: what the one before had open is still to be counted.
    return least ?? this.#begun.get(asset)
  }

  /** Tells what is open of one asset, which somebody else goes on with. */
  leave(asset: AssetId): void {
    for (let key = asset * VENUES; key < (asset + 1) * VENUES; key++) {
      const minute = this.#open.get(key)
      if (minute === undefined) continue
      this.#tell(minute)
      this.#open.delete(key)
    }
    this.#begun.delete(asset)
  }

  /** Tells every minute that is still open. */
  finish(): void {
    for (const minute of this.#open.values()) this.#tell(minute)
    this.#open.clear()
  }

  /** Undefined where the batch comes too late for its minute, which has been told. */
  #minuteOf(asset: AssetId, offset: number, start: number): Row | undefined {
    const view = this.#view
    const venue = view.getUint8(start + 3)
    const receiveMs = view.getFloat64(start + 16, true)
    const venueMs = view.getFloat64(start + 24, true)
    // A venue's clock that cannot be right would put the batch into another day.
    const timeMs = Math.abs(venueMs - receiveMs) > limits.clockSkewMsMax ? receiveMs : venueMs
    const minuteMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS
    const key = asset * VENUES + venue
    const open = this.#open.get(key)
    if (open?.row.minuteMs === minuteMs) return open.row
    if (open !== undefined) {
      if (minuteMs < open.row.minuteMs) return undefined
      this.#tell(open)
    }
    const row: Row = { asset, venue, minuteMs, batches: 0, mark: 0, ...noTrades, ...noOpenInterest }
    this.#open.set(key, { row, offset })
    return row
  }

  #tell({ row }: Minute): void {
    this.#options.row({ ...row, state: this.#options.state(row.asset, row.venue) })
  }
}

const noTrades = { buyUsd: 0, sellUsd: 0, trades: 0 }
const noOpenInterest = { openInterest: 0, openInterestUsd: 0 }

function addTrade(minute: Row, view: DataView, at: number, tickSize: number): void {
  const usd = view.getFloat64(at + 8, true) * view.getUint32(at + 4, true) * tickSize
  if ((view.getUint8(at + 1) & 1) === 0) minute.buyUsd += usd
  else minute.sellUsd += usd
  minute.trades++
}

function addOpenInterest(minute: Row, view: DataView, at: number, tickSize: number): void {
  const tick = view.getUint32(at + 4, true)
  minute.openInterest = view.getFloat64(at + 8, true)
  // Tick 0: the venue values it at its mark.
  minute.openInterestUsd = minute.openInterest * (tick === 0 ? minute.mark : tick * tickSize)
}
