import { EventKind } from '../model/events.ts'
import { limits } from '../model/limits.ts'
import { BookSide } from './mapper-book.ts'
import type { Levels } from './mapper-levels.ts'
import type { Market } from './mapper-market.ts'
import type { BatchOut } from './mapper-out.ts'

/**
 * The book of one symbol as far as its frames chain up. It is `live` from a snapshot until a gap; in between nothing of
 * it is put out. Only what a frame really changes becomes a record.
 */
export class BookChain {
  readonly market: Market
  readonly #sides = [new BookSide(0), new BookSide(1)] as const
  #isLive = false
  #isJoining = false
  #venueMs = 0
  /** The venue's number of the last frame taken: its rules are the mapper's matter. */
  last: bigint | number = 0
  /** Levels a side that the venue keeps us informed of. What lies beyond would rot, so it is let go. */
  depth: number = limits.bookLevelsMax

  constructor(market: Market) {
    this.market = market
  }

  get isLive(): boolean {
    return this.#isLive
  }

  /** No update has followed the snapshot yet: the first may overlap it. */
  get isJoining(): boolean {
    return this.#isJoining
  }

  /** Replaces the whole book. */
  snapshot(levels: Levels, receiveMs: number, venueMs: number, out: BatchOut): void {
    this.#clear()
    for (let i = 0; i < levels.count; i++) this.#side(levels.sides[i]!).set(levels.ticks[i]!, levels.coins[i]!)
    for (const side of this.#sides) while (side.size > this.depth) side.dropWorst()
    this.#isLive = true
    this.#isJoining = true
    this.#venueMs = venueMs
    this.#putWhole(receiveMs, venueMs, out)
  }

  /** Absolute sizes of some levels; 0 removes one. */
  apply(levels: Levels, receiveMs: number, venueMs: number, out: BatchOut): void {
    this.#isJoining = false
    this.#venueMs = venueMs
    out.begin(this.market, receiveMs, venueMs)
    for (let i = 0; i < levels.count; i++) this.#set(levels.sides[i]!, levels.ticks[i]!, levels.coins[i]!, out)
    this.#trim(out)
    out.end()
  }

  /** `levels` are all there is of each side as far out as they go; `isWhole`: there is nothing beyond either. */
  merge(levels: Levels, isWhole: boolean, receiveMs: number, venueMs: number, out: BatchOut): void {
    this.#isLive = true
    this.#venueMs = venueMs
    out.begin(this.market, receiveMs, venueMs)
    for (const side of [0, 1] as const) {
      const book = this.#sides[side]
      const fresh = new Set<number>()
      let edge: number | undefined
      for (let i = 0; i < levels.count; i++) {
        if (levels.sides[i] !== side) continue
        const tick = levels.ticks[i]!
        fresh.add(tick)
        if (edge === undefined || book.isWithin(edge, tick)) edge = tick
      }
      const gone = [...book.levels()].filter(
        ([tick]) => !fresh.has(tick) && (isWhole || (edge !== undefined && book.isWithin(tick, edge))),
      )
      for (const [tick] of gone) this.#set(side, tick, 0, out)
    }
    for (let i = 0; i < levels.count; i++) this.#set(levels.sides[i]!, levels.ticks[i]!, levels.coins[i]!, out)
    out.end()
  }

  /** The frames no longer chain up: nothing is known until the next snapshot. */
  lose(receiveMs: number, out: BatchOut): void {
    if (!this.#isLive) return
    this.#clear()
    out.begin(this.market, receiveMs, Math.max(this.#venueMs, receiveMs - limits.heartbeatMs))
    out.add(EventKind.bookReset, 0, 0, 0)
    out.end()
  }

  /** Puts the whole book out once more. */
  refresh(receiveMs: number, out: BatchOut): void {
    if (this.#isLive) this.#putWhole(receiveMs, Math.max(this.#venueMs, receiveMs - limits.heartbeatMs), out)
  }

  #putWhole(receiveMs: number, venueMs: number, out: BatchOut): void {
    out.begin(this.market, receiveMs, venueMs)
    out.add(EventKind.bookReset, 0, 0, 0)
    for (const side of [0, 1] as const) {
      for (const [tick, coins] of this.#sides[side].levels()) out.add(EventKind.bookLevel, side, tick, coins)
    }
    out.end()
  }

  #set(side: number, tick: number, coins: number, out: BatchOut): void {
    const book = this.#side(side)
    if (book.get(tick) === coins) return
    book.set(tick, coins)
    out.add(EventKind.bookLevel, side, tick, coins)
  }

  #trim(out: BatchOut): void {
    for (const side of [0, 1] as const) {
      const book = this.#sides[side]
      while (book.size > this.depth) out.add(EventKind.bookLevel, side, book.dropWorst(), 0)
    }
  }

  #side(side: number): BookSide {
    return side === 0 ? this.#sides[0] : this.#sides[1]
  }

  #clear(): void {
    this.#isLive = false
    for (const side of this.#sides) side.clear()
  }
}
