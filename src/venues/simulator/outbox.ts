import { BarField, BatchWriter, EventKind } from '../../model/events.ts'
import type { Listing } from './listing.ts'

const BYTES_FIRST = 1 << 18

/** Turns what happens in the market into event batches, one after the other in one buffer, and counts it. */
export class Outbox {
  records = 0
  levels = 0
  liquidations = 0
  readonly #writer = new BatchWriter()
  #bytes = new Uint8Array(BYTES_FIRST)
  #length = 0
  #listing: Listing | undefined
  #receiveMs = 0
  #venueMs = 0
  #atMs = 0

  /** Venue time of the next record: never before the one before it. */
  get atMs(): number {
    return this.#atMs
  }

  /** What follows belongs to one book and happened at `nowMs` less the venue's lag. Nothing is sent if nothing follows. */
  open(listing: Listing, nowMs: number): void {
    this.#listing = listing
    this.#receiveMs = nowMs
    this.#venueMs = nowMs - listing.lagMs
    this.#atMs = this.#venueMs
    this.#begin()
  }

  close(): void {
    const listing = this.#listing
    if (listing === undefined || this.#writer.count === 0) return
    const batch = this.#writer.take()
    listing.sequence++
    if (this.#length + batch.byteLength > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#length + batch.byteLength))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(batch, this.#length)
    this.#length += batch.byteLength
    this.#listing = undefined
  }

  /** A heartbeat is a batch of its own: it has a time of its own. */
  heartbeat(listing: Listing, receiveMs: number, venueMs: number): void {
    this.#listing = listing
    this.#receiveMs = receiveMs
    this.#venueMs = this.#atMs = venueMs
    this.#begin()
    this.#add(EventKind.heartbeat, 0, 0, 0)
    this.close()
  }

  /** All batches since the last call; valid until the next batch is closed. */
  take(): Uint8Array {
    const batches = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return batches
  }

  /** Later records of this batch happened so much later, but within one step. */
  pass(ms: number, most: number): void {
    const atMs = this.#atMs + ms
    if (atMs <= this.#venueMs + most) this.#atMs = atMs
  }

  level(isAsk: boolean, tick: number, coins: number): void {
    this.levels++
    this.#add(EventKind.bookLevel, isAsk ? 1 : 0, tick, coins)
  }

  reset(): void {
    this.#add(EventKind.bookReset, 0, 0, 0)
  }

  trade(takerSold: boolean, tick: number, coins: number): void {
    this.#add(EventKind.trade, takerSold ? 1 : 0, tick, coins)
  }

  liquidation(side: number, priceKind: number, tick: number, coins: number): void {
    this.liquidations++
    this.#add(EventKind.liquidation, side | (priceKind << 1), tick, coins)
  }

  openInterest(coins: number): void {
    this.#add(EventKind.openInterest, 0, 0, coins)
  }

  markPrice(price: number): void {
    this.#add(EventKind.markPrice, 0, 0, price)
  }

  /** A bar of the past, see EventKind.bar. */
  bar(low: number, high: number, close: number, volumeUsd: number, openInterestCoins: number): void {
    this.#add(EventKind.bar, BarField.low, 0, low)
    this.#add(EventKind.bar, BarField.high, 0, high)
    this.#add(EventKind.bar, BarField.close, 0, close)
    this.#add(EventKind.bar, BarField.volume, 0, volumeUsd)
    this.#add(EventKind.bar, BarField.openInterest, 0, openInterestCoins)
  }

  #begin(): void {
    const listing = this.#listing
    if (listing === undefined) return
    this.#writer.begin(listing.venue, listing.asset, listing.sequence, this.#receiveMs, this.#venueMs, listing.tickSize)
  }

  #add(kind: number, flags: number, tick: number, value: number): void {
    if (this.#writer.isFull) {
      const listing = this.#listing
      this.close()
      this.#listing = listing
      this.#begin()
    }
    this.records++
    this.#writer.add(kind, flags, tick, value, this.#atMs)
  }
}
