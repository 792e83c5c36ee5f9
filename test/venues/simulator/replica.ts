import { expect } from 'vitest'
import { NO_TICK } from '../../../src/venues/simulator/book.ts'
import type { Decoded } from '../decode.ts'

/** A book rebuilt from events alone, which fails the test as soon as an event makes no sense. */
export class Replica {
  readonly bids = new Map<number, number>()
  readonly asks = new Map<number, number>()
  bestBid = NO_TICK
  bestAsk = NO_TICK
  sequence = 0
  timeMs = 0
  isKnown = false
  #wantTick = NO_TICK
  #wantSize = 0

  apply(record: Decoded): void {
    const { kind, flags, tick, value } = record
    if (kind === 'heartbeat') return
    check(record.timeMs >= this.timeMs, 'time does not go back', record)
    this.timeMs = record.timeMs
    if (kind === 'bookReset') {
      this.bids.clear()
      this.asks.clear()
      this.bestBid = this.bestAsk = NO_TICK
      this.isKnown = true
    } else if (kind === 'trade') this.#trade(flags === 1, tick, value)
    else if (kind === 'bookLevel') {
      if (this.#wantTick !== NO_TICK) {
        const isWanted = tick === this.#wantTick && Math.abs(value - this.#wantSize) <= this.#wantSize * 1e-9 + 1e-9
        check(isWanted, `a print leaves ${this.#wantSize} at ${this.#wantTick}`, record)
        this.#wantTick = NO_TICK
      }
      this.#level(flags === 1, tick, value)
    }
  }

  sizeAt(tick: number): number {
    return this.bids.get(tick) ?? this.asks.get(tick) ?? 0
  }

  /** A print is at the best resting price and takes what it prints: the level that follows says so. */
  #trade(takerSold: boolean, tick: number, coins: number): void {
    if (!this.isKnown) return
    const best = takerSold ? this.bestBid : this.bestAsk
    const resting = this.sizeAt(tick)
    if (tick !== best) expect.fail(`a print at ${tick}, the best level is ${best}`)
    if (coins > resting * (1 + 1e-9)) expect.fail(`a print of ${coins} at ${tick}, where ${resting} rest`)
    this.#wantTick = tick
    this.#wantSize = resting - coins
  }

  #level(isAsk: boolean, tick: number, coins: number): void {
    const side = isAsk ? this.asks : this.bids
    if (coins > 0) {
      side.set(tick, coins)
      if (isAsk && (this.bestAsk === NO_TICK || tick < this.bestAsk)) this.bestAsk = tick
      if (!isAsk && tick > this.bestBid) this.bestBid = tick
    } else {
      side.delete(tick)
      if (isAsk && tick === this.bestAsk) this.bestAsk = side.size > 0 ? Math.min(...side.keys()) : NO_TICK
      if (!isAsk && tick === this.bestBid) this.bestBid = side.size > 0 ? Math.max(...side.keys()) : NO_TICK
    }
    if (this.isKnown && this.bestBid !== NO_TICK && this.bestAsk !== NO_TICK && this.bestBid >= this.bestAsk) {
      expect.fail(`crossed: bid ${this.bestBid}, ask ${this.bestAsk}`)
    }
  }
}

/** Only what fails costs time: there are a million records. */
function check(holds: boolean, what: string, record: Decoded): void {
  if (!holds) expect.fail(`${what}: ${JSON.stringify(record)}`)
}
