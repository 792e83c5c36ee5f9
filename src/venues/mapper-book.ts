import { assert } from '../model/errors.ts'

/**
 * One side of one book, best price last, so that the busy end of the arrays is the cheap one to change.
 * Bids ascend, asks descend.
 */
export class BookSide {
  readonly #ascends: boolean
  readonly #ticks: number[] = []
  readonly #coins: number[] = []

  constructor(side: 0 | 1) {
    this.#ascends = side === 0
  }

  get size(): number {
    return this.#ticks.length
  }

  /** Sets a level; 0 coins remove it. */
  set(tick: number, coins: number): void {
    const at = this.#find(tick)
    const isThere = this.#ticks[at] === tick
    if (coins > 0) {
      if (isThere) this.#coins[at] = coins
      else {
        this.#ticks.splice(at, 0, tick)
        this.#coins.splice(at, 0, coins)
      }
    } else if (isThere) {
      this.#ticks.splice(at, 1)
      this.#coins.splice(at, 1)
    }
  }

  get(tick: number): number {
    const at = this.#find(tick)
    return this.#ticks[at] === tick ? this.#coins[at]! : 0
  }

  /** Tick of the level `depth` places behind the best, which is 0. */
  tickAt(depth: number): number {
    const at = this.#ticks.length - 1 - depth
    assert(at >= 0 && depth >= 0, 'there is a level so deep')
    return this.#ticks[at]!
  }

  /** Removes and returns the level farthest from the touch. */
  dropWorst(): number {
    const tick = this.#ticks.shift()
    assert(tick !== undefined, 'the side has a level')
    this.#coins.shift()
    return tick
  }

  clear(): void {
    this.#ticks.length = 0
    this.#coins.length = 0
  }

  /** From the best price outwards. */
  *levels(): Generator<[tick: number, coins: number]> {
    for (let at = this.#ticks.length - 1; at >= 0; at--) yield [this.#ticks[at]!, this.#coins[at]!]
  }

  /** Is `tick` at least as good as `other`? */
  isWithin(tick: number, other: number): boolean {
    return this.#ascends ? tick >= other : tick <= other
  }

  /** Place of a tick, or where it would be put. */
  #find(tick: number): number {
    let low = 0
    let high = this.#ticks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#ticks[middle]!
      if (this.#ascends ? other < tick : other > tick) low = middle + 1
      else high = middle
    }
    return low
  }
}
