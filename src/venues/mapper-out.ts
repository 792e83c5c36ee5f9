import { assert } from '../model/errors.ts'
import { BATCH_HEADER_BYTES, BatchWriter, EventKind, RECORD_BYTES } from '../model/events.ts'
import { limits } from '../model/limits.ts'
import type { Market } from './mapper-market.ts'

/** Records that were put out, and those whose venue time was too far off to be used. */
export interface OutCounts {
  records: number
  levels: number
  liquidations: number
  skewed: number
}

/**
 * Where mappers put what they understood: event batches, one after the other, until the feed takes them away.
 * A frame is `begin`, records, `end`; or `discard` where it turned out to be malformed half-way.
 */
export class BatchOut {
  readonly #writer = new BatchWriter()
  /** Last sequence of each (venue, asset). */
  readonly #sequences = new Map<number, number>()
  #bytes = new Uint8Array(4 * limits.sourceWriteBytes)
  #used = 0
  #mark = 0
  #market: Market | undefined
  #receiveMs = 0
  #venueMs = 0
  #frame: OutCounts = { records: 0, levels: 0, liquidations: 0, skewed: 0 }
  readonly counts: OutCounts = { records: 0, levels: 0, liquidations: 0, skewed: 0 }

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.#used
  }

  begin(market: Market, receiveMs: number, venueMs: number): void {
    assert(this.#market === undefined, 'the last frame was ended')
    // A venue clock that is far off would tear the asset's time: our own is the better guess then.
    const isSkewed = !(Math.abs(venueMs - receiveMs) <= limits.clockSkewMsMax)
    this.#frame = { records: 0, levels: 0, liquidations: 0, skewed: isSkewed ? 1 : 0 }
    this.#market = market
    this.#mark = this.#used
    this.#receiveMs = Math.floor(receiveMs)
    this.#venueMs = Math.floor(isSkewed ? receiveMs : venueMs)
    this.#open(market)
  }

  /** `timeMs`: the record's own time where it differs from the frame's. */
  add(kind: number, flags: number, tick: number, value: number, timeMs: number = this.#venueMs): void {
    assert(this.#market !== undefined, 'a frame was begun')
    if (this.#writer.isFull) {
      this.#close()
      this.#open(this.#market)
    }
    this.#writer.add(kind, flags, tick, value, timeMs)
    this.#frame.records++
    if (kind === EventKind.bookLevel) this.#frame.levels++
    else if (kind === EventKind.liquidation) this.#frame.liquidations++
  }

  /** A frame without a record leaves nothing behind. */
  end(): void {
    if (this.#writer.count > 0) this.#close()
    this.#count(this.#frame)
    this.#market = undefined
  }

  /** Forgets the frame that is open, if there is one. */
  discard(): void {
    if (this.#market === undefined) return
    this.#used = this.#mark
    this.#market = undefined
  }

  /** Passes on whole batches that were made elsewhere, byte by byte. */
  append(batches: Uint8Array, counts: OutCounts): void {
    assert(this.#market === undefined, 'the last frame was ended')
    this.#reserve(batches.byteLength)
    this.#bytes.set(batches, this.#used)
    this.#used += batches.byteLength
    this.#count(counts)
  }

  /** Everything put out so far. Not a copy: it may be used until the next frame begins. */
  take(): Uint8Array {
    assert(this.#market === undefined, 'the last frame was ended')
    const taken = this.#bytes.subarray(0, this.#used)
    this.#used = 0
    return taken
  }

  #open(market: Market): void {
    // The time of arrival in microseconds, so that a later run goes on above an earlier one; or the next number.
    const key = market.venue * 65_536 + market.asset
    const sequence = Math.max((this.#sequences.get(key) ?? 0) + 1, this.#receiveMs * 1000)
    this.#sequences.set(key, sequence)
    this.#writer.begin(market.venue, market.asset, sequence, this.#receiveMs, this.#venueMs, market.tickSize)
  }

  #close(): void {
    this.#reserve(BATCH_HEADER_BYTES + this.#writer.count * RECORD_BYTES)
    const batch = this.#writer.take()
    this.#bytes.set(batch, this.#used)
    this.#used += batch.byteLength
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes
    if (needed <= this.#bytes.byteLength) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.byteLength))
    larger.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = larger
  }

  #count(counts: OutCounts): void {
    this.counts.records += counts.records
    this.counts.levels += counts.levels
    this.counts.liquidations += counts.liquidations
    this.counts.skewed += counts.skewed
  }
}
