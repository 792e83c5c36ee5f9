/** No tick: this side is empty, or nothing was found. */
export const NO_TICK = -1

/**
 * Sizes by tick in a ring of ticks around price, with one bit per tick that holds something. Both sides share it:
 * what lies at or below the best bid is a bid. The owner keeps all levels within half a window of each other.
 */
export class Book {
  readonly halfWindowTicks: number
  bestBid = NO_TICK
  bestAsk = NO_TICK
  levels = 0
  readonly #sizes: Float64Array
  readonly #occupied: Uint32Array
  readonly #mask: number
  readonly #wordMask: number

  constructor(ticksMin: number) {
    const window = 2 ** Math.max(6, Math.ceil(Math.log2(ticksMin)))
    this.halfWindowTicks = window / 2
    this.#sizes = new Float64Array(window)
    this.#occupied = new Uint32Array(window >>> 5)
    this.#mask = window - 1
    this.#wordMask = (window >>> 5) - 1
  }

  sizeAt(tick: number): number {
    return this.#sizes[tick & this.#mask]!
  }

  set(tick: number, size: number, isAsk: boolean): void {
    const at = tick & this.#mask
    const before = this.#sizes[at]!
    this.#sizes[at] = size
    if (size > 0) {
      if (before === 0) {
        this.levels++
        this.#occupied[at >>> 5]! |= 1 << (at & 31)
      }
      if (isAsk) {
        if (this.bestAsk === NO_TICK || tick < this.bestAsk) this.bestAsk = tick
      } else if (tick > this.bestBid) this.bestBid = tick
      return
    }
    if (before === 0) return
    this.levels--
    this.#occupied[at >>> 5]! &= ~(1 << (at & 31))
    if (tick === this.bestAsk) this.bestAsk = this.up(tick + 1, tick + this.halfWindowTicks)
    else if (tick === this.bestBid) this.bestBid = this.down(tick - 1, Math.max(1, tick - this.halfWindowTicks))
  }

  /** Lowest tick from `from` to `to` that holds something. */
  up(from: number, to: number): number {
    let word = from >>> 5
    const last = to >>> 5
    let bits = this.#occupied[word & this.#wordMask]! & (-1 << (from & 31))
    while (bits === 0) {
      if (++word > last) return NO_TICK
      bits = this.#occupied[word & this.#wordMask]!
    }
    const tick = (word << 5) + 31 - Math.clz32(bits & -bits)
    return tick <= to ? tick : NO_TICK
  }

  /** Highest tick from `from` down to `to` that holds something. */
  down(from: number, to: number): number {
    let word = from >>> 5
    const last = to >>> 5
    let bits = this.#occupied[word & this.#wordMask]! & (-1 >>> (31 - (from & 31)))
    while (bits === 0) {
      if (--word < last) return NO_TICK
      bits = this.#occupied[word & this.#wordMask]!
    }
    const tick = (word << 5) + 31 - Math.clz32(bits)
    return tick >= to ? tick : NO_TICK
  }
}
