import { assert } from './errors.ts'

/* Event batch (v1), little-endian, see docs/events.md
     0 u16 magic 0x4c45 | 2 u8 version | 3 u8 venue | 4 u16 asset | 6 u16 count
     8 f64 sequence | 16 f64 receiveMs | 24 f64 venueMs | 32 f64 tickSize
    40 count records of 16 bytes:
         0 u8 kind | 1 u8 flags | 2 u16 delayMs | 4 u32 tick | 8 f64 value
   Whole batches may follow each other without a gap. Everything is aligned to 8 bytes. */
export const BATCH_MAGIC = 0x4c45
export const BATCH_VERSION = 1
export const BATCH_HEADER_BYTES = 40
export const RECORD_BYTES = 16
export const RECORDS_MAX = 4096
/** The core counts ticks in 31 bits and adds to them; no market has so many between nothing and its price. */
export const TICK_MAX = 2 ** 30

export const EventKind = {
  /** tick, value = coins resting there now (absolute, 0 removes the level); flag bit 0: 0 bid, 1 ask. */
  bookLevel: 1,
  /** Empties this venue's book; the levels that follow are the whole of it. */
  bookReset: 2,
  /** tick, value = coins; flag bit 0: the taker 0 bought, 1 sold. */
  trade: 3,
  /** tick, value = coins; flag bit 0: the position closed was 0 long, 1 short; bits 1-2: PriceKind. */
  liquidation: 4,
  /** One-sided open interest: value = coins; tick = the price at which the venue values it (0: use the mark). Bit 0: convention unverified. */
  openInterest: 5,
  /** value = mark price of one coin in USD, unrounded. */
  markPrice: 6,
  /** Nothing happened, but the feed is alive; bit 0: the feed of this venue is down. Moves the asset's clock. */
  heartbeat: 7,
  /**
   * A five-minute bar of the past, to warm the forecast up: five records in a row, flags = BarField, oldest bar first,
   * behind the asset's first mark price and before its first trade (later they are ignored). Venues are pooled by the
   * sender. Does not move the clock.
   */
  bar: 8,
} as const

/** `low`, `high`, `close` in USD of one coin, `volume` in USD, `openInterest` in coins (0: unknown; completes the bar). */
export const BarField = { low: 0, high: 1, close: 2, volume: 3, openInterest: 4 } as const

export const PriceKind = { fill: 0, bankruptcy: 1, mark: 2, unstated: 3 } as const

export interface BatchHeader {
  venue: number
  asset: number
  /** Records in the batch, 1 to RECORDS_MAX. */
  count: number
  /** Grows with every batch of one (venue, asset), also over restarts; gaps are allowed, repeats are not. */
  sequence: number
  /** Our clock when the frame arrived: tells freshness. */
  receiveMs: number
  /** The venue's clock; a record's own time is venueMs + delayMs. Orders events. */
  venueMs: number
  /** USD per tick of one coin. */
  tickSize: number
}

/** Builds batches into one reused buffer. `take()` gives a view that is valid until the next `begin`. */
export class BatchWriter {
  readonly #bytes = new Uint8Array(BATCH_HEADER_BYTES + RECORDS_MAX * RECORD_BYTES)
  readonly #view = new DataView(this.#bytes.buffer)
  #count = 0
  #venueMs = 0

  begin(venue: number, asset: number, sequence: number, receiveMs: number, venueMs: number, tickSize: number): void {
    const view = this.#view
    view.setUint16(0, BATCH_MAGIC, true)
    view.setUint8(2, BATCH_VERSION)
    view.setUint8(3, venue)
    view.setUint16(4, asset, true)
    view.setFloat64(8, sequence, true)
    view.setFloat64(16, receiveMs, true)
    view.setFloat64(24, venueMs, true)
    view.setFloat64(32, tickSize, true)
    this.#count = 0
    this.#venueMs = venueMs
  }

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === RECORDS_MAX
  }

  /** `timeMs` before the batch's own time counts as that time; more than 65 s after it is capped. */
  add(kind: number, flags: number, tick: number, value: number, timeMs: number = this.#venueMs): void {
    assert(this.#count < RECORDS_MAX, 'the batch has room for a record')
    const at = BATCH_HEADER_BYTES + this.#count * RECORD_BYTES
    const delay = timeMs - this.#venueMs
    const view = this.#view
    view.setUint8(at, kind)
    view.setUint8(at + 1, flags)
    view.setUint16(at + 2, delay < 0 ? 0 : Math.min(delay, 65_535), true)
    view.setUint32(at + 4, tick, true)
    view.setFloat64(at + 8, value, true)
    this.#count++
  }

  /** The finished batch. Not a copy. */
  take(): Uint8Array {
    assert(this.#count > 0, 'a batch has at least one record')
    this.#view.setUint16(6, this.#count, true)
    return this.#bytes.subarray(0, BATCH_HEADER_BYTES + this.#count * RECORD_BYTES)
  }
}

/** Bytes of the batch that starts at `at`, header included; 0 if what is there is not a whole batch of this version. */
export function batchBytes(view: DataView, at: number): number {
  if (at + BATCH_HEADER_BYTES > view.byteLength) return 0
  if (view.getUint16(at, true) !== BATCH_MAGIC || view.getUint8(at + 2) !== BATCH_VERSION) return 0
  const count = view.getUint16(at + 6, true)
  if (count === 0 || count > RECORDS_MAX) return 0
  const bytes = BATCH_HEADER_BYTES + count * RECORD_BYTES
  return at + bytes > view.byteLength ? 0 : bytes
}

/** Reads a header whose place batchBytes() has accepted. */
export function readHeader(view: DataView, at: number): BatchHeader {
  return {
    venue: view.getUint8(at + 3),
    asset: view.getUint16(at + 4, true),
    count: view.getUint16(at + 6, true),
    sequence: view.getFloat64(at + 8, true),
    receiveMs: view.getFloat64(at + 16, true),
    venueMs: view.getFloat64(at + 24, true),
    tickSize: view.getFloat64(at + 32, true),
  }
}

/**
 * Why a batch that batchBytes() accepted must not be used, or undefined. Checks the meaning of every field, so that
 * what follows may trust it. `venues` and `assets` are the sizes of the tables.
 */
export function batchFault(view: DataView, at: number, venues: number, assets: number): string | undefined {
  if (view.getUint8(at + 3) >= venues) return 'unknown venue'
  if (view.getUint16(at + 4, true) >= assets) return 'unknown asset'
  const sequence = view.getFloat64(at + 8, true)
  const receiveMs = view.getFloat64(at + 16, true)
  const venueMs = view.getFloat64(at + 24, true)
  const tickSize = view.getFloat64(at + 32, true)
  if (!Number.isSafeInteger(sequence) || sequence < 0) return 'sequence is not a whole number'
  if (!(receiveMs >= 0 && receiveMs < TIME_MS_MAX && venueMs >= 0 && venueMs < TIME_MS_MAX)) return 'time out of range'
  if (!(tickSize > 0 && tickSize < 1e9)) return 'tick size out of range'
  const end = at + BATCH_HEADER_BYTES + view.getUint16(at + 6, true) * RECORD_BYTES
  for (let record = at + BATCH_HEADER_BYTES; record < end; record += RECORD_BYTES) {
    const kind = view.getUint8(record)
    if (kind < EventKind.bookLevel || kind > EventKind.bar) return 'unknown record kind'
    if (view.getUint32(record + 4, true) > TICK_MAX) return 'tick out of range'
    const value = view.getFloat64(record + 8, true)
    if (!(value >= 0 && value < VALUE_MAX)) return 'value out of range'
  }
  return undefined
}

const TIME_MS_MAX = 4_102_444_800_000 // 2100-01-01
const VALUE_MAX = 1e18
