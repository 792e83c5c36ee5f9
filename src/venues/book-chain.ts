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
  readonly #parts = [new OffGrid(), new OffGrid()] as const
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

  /** Somebody bids at least what another asks: no market stands like that for long. */
  get isCrossed(): boolean {
    const [bids, asks] = this.#sides
    return bids.size > 0 && asks.size > 0 && bids.tickAt(0) >= asks.tickAt(0)
  }

  /** No update has followed the snapshot yet: the first may overlap it. */
  get isJoining(): boolean {
    return this.#isJoining
  }

  /** Replaces the whole book. */
  snapshot(levels: Levels, receiveMs: number, venueMs: number, out: BatchOut): void {
    this.#clear()
    for (let i = 0; i < levels.count; i++) {
      const side = levels.sides[i] as 0 | 1
      this.#sides[side].set(levels.ticks[i]!, this.#whole(side, levels, i))
    }
    for (const side of [0, 1] as const) while (this.#sides[side].size > this.depth) this.#dropWorst(side)
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
    for (let i = 0; i < levels.count; i++) {
      const side = levels.sides[i] as 0 | 1
      this.#set(side, levels.ticks[i]!, this.#whole(side, levels, i), out)
    }
    for (const side of [0, 1] as const) {
      while (this.#sides[side].size > this.depth) out.add(EventKind.bookLevel, side, this.#dropWorst(side), 0)
    }
    out.end()
  }

  /** `levels` are all there is of each side as far out as they go; `isWhole`: there is nothing beyond either. */
  merge(levels: Levels, isWhole: boolean, receiveMs: number, venueMs: number, out: BatchOut): void {
    this.#isLive = true
    this.#venueMs = venueMs
    out.begin(this.market, receiveMs, venueMs)
    for (const side of [0, 1] as const) {
      const book = this.#sides[side]
      const fresh = new Map<number, number>()
      let edge: number | undefined
      for (let i = 0; i < levels.count; i++) {
        if (levels.sides[i] !== side) continue
        const tick = levels.ticks[i]!
        fresh.set(tick, (fresh.get(tick) ?? 0) + levels.coins[i]!)
        if (edge === undefined || book.isWithin(edge, tick)) edge = tick
      }
      const gone = [...book.levels()].filter(
        ([tick]) => !fresh.has(tick) && (isWhole || (edge !== undefined && book.isWithin(tick, edge))),
      )
      for (const [tick] of gone) this.#set(side, tick, 0, out)
      for (const [tick, coins] of fresh) this.#set(side, tick, coins, out)
    }
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

  #set(side: 0 | 1, tick: number, coins: number, out: BatchOut): void {
    const book = this.#sides[side]
    if (book.get(tick) === coins) return
    book.set(tick, coins)
    out.add(EventKind.bookLevel, side, tick, coins)
  }

  /** Coins of the whole tick once level `i` is in it. */
  #whole(side: 0 | 1, levels: Levels, i: number): number {
    const tick = levels.ticks[i]!
    return this.#parts[side].whole(tick, levels.exacts[i]!, levels.coins[i]!, this.#sides[side])
  }

  #dropWorst(side: 0 | 1): number {
    const tick = this.#sides[side].dropWorst()
    this.#parts[side].delete(tick)
    return tick
  }

  #clear(): void {
    this.#isLive = false
    for (const side of [0, 1] as const) {
      this.#sides[side].clear()
      this.#parts[side].clear()
    }
  }
}

/**
 * Ticks that hold prices off the grid: old orders after a change of the tick size, or a tick that our table does not know
 * yet. Rounding puts several of them into one tick, whose size is their sum.
 */
class OffGrid {
  readonly #ticks = new Map<number, Map<number, number>>()

  whole(tick: number, exact: number, coins: number, book: BookSide): number {
    let parts = this.#ticks.get(tick)
    if (parts === undefined) {
      if (exact === tick) return coins
      parts = new Map()
      if (book.get(tick) > 0) parts.set(tick, book.get(tick))
      this.#ticks.set(tick, parts)
    }
    if (coins > 0) parts.set(exact, coins)
    else parts.delete(exact)
    if (parts.size === 0) this.#ticks.delete(tick)
    let sum = 0
    for (const part of parts.values()) sum += part
    return sum
  }

  delete(tick: number): void {
    this.#ticks.delete(tick)
  }

  clear(): void {
    this.#ticks.clear()
  }
}
