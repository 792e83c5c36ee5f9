import { BUCKETS, codeOfUsd, Layer } from '../../src/model/layers.ts'
import { type Column, emptyColumn } from '../../src/wire/blocks.ts'

export function prng(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const LEVERAGES = [10, 20, 25, 40, 50, 75, 100]
/** Turns in which a column is made. */
const TURNS = 24

/**
 * A made-up market for looking at the page: a walk, walls that stay, predicted levels at the usual leverages that
 * grow, age and are realised when price meets them. It knows nothing of how real markets move.
 */
export class Market {
  readonly #random: () => number
  readonly #step: number
  readonly #quantumUsd: number
  readonly #scaleUsd: number
  readonly #volatility: number
  readonly #longLevels = new Map<number, number>()
  readonly #shortLevels = new Map<number, number>()
  readonly #walls = new Map<number, number>()
  #drift = 0
  price: number

  constructor(seed: number, price: number, quantumUsd: number, volatility: number) {
    this.#random = prng(seed)
    this.price = price
    this.#step = price * 3e-4
    this.#quantumUsd = quantumUsd
    this.#scaleUsd = quantumUsd * 4000
    this.#volatility = volatility
  }

  open(openMs: number): Column {
    const bucket = Math.floor(this.price / this.#step)
    return {
      ...emptyColumn(),
      openMs,
      open: this.price,
      high: this.price,
      low: this.price,
      close: this.price,
      step: this.#step,
      baseBucket: bucket - BUCKETS / 2,
      quantumUsd: this.#quantumUsd,
    }
  }

  /** Everything that happens in a column, at once. */
  fill(column: Column, timeframeMs: number): void {
    for (let turn = 0; turn < TURNS; turn++) this.turn(column)
    column.observedMs = timeframeMs
  }

  /** Moves the price a little and brings the column up to it. */
  turn(column: Column): void {
    const random = this.#random
    this.#drift = this.#drift * 0.97 + (random() - 0.5) * 0.1
    const move = (random() + random() + random() - 1.5 + this.#drift) * this.#volatility
    const before = Math.floor(this.price / this.#step)
    this.price *= Math.exp(move)
    const after = Math.floor(this.price / this.#step)
    column.close = this.price
    column.high = Math.max(column.high, this.price)
    column.low = Math.min(column.low, this.price)
    column.volumeUsd += this.#scaleUsd * random() * 3
    this.#seed()
    for (let bucket = Math.min(before, after); bucket <= Math.max(before, after); bucket++) this.#cross(column, bucket)
    this.#draw(column, after)
  }

  #seed(): void {
    const random = this.#random
    const leverage = LEVERAGES[Math.floor(random() * LEVERAGES.length)]!
    // Entries crowd at round prices, so levels form clusters.
    const entry = (Math.round(this.price / this.#step / 12) * 12 + Math.round(random() ** 2 * 3)) * this.#step
    const isLong = random() < 0.5
    const bucket = Math.floor((entry * (isLong ? 1 - 0.96 / leverage : 1 + 0.96 / leverage)) / this.#step)
    const levels = isLong ? this.#longLevels : this.#shortLevels
    levels.set(bucket, (levels.get(bucket) ?? 0) + this.#scaleUsd * random() ** 8 * 5)
    if (levels.size > 260) levels.delete(levels.keys().next().value!)
    if (random() < 0.04) {
      const distance = Math.round((random() - 0.5) * 160)
      if (Math.abs(distance) > 4) this.#walls.set(Math.floor(this.price / this.#step) + distance, 3 + random() * 12)
      if (this.#walls.size > 14) this.#walls.delete(this.#walls.keys().next().value!)
    }
  }

  #cross(column: Column, bucket: number): void {
    for (const [levels, layer] of [
      [this.#longLevels, Layer.longLiq],
      [this.#shortLevels, Layer.shortLiq],
    ] as const) {
      const usd = levels.get(bucket)
      if (usd === undefined) continue
      levels.delete(bucket)
      if (usd > this.#scaleUsd * 0.4) this.#set(column, layer, bucket, usd * 0.5)
    }
    this.#walls.delete(bucket)
  }

  #draw(column: Column, at: number): void {
    for (const layer of [Layer.bid, Layer.ask, Layer.bidLast, Layer.askLast, Layer.longLevel, Layer.shortLevel]) {
      column.cells.fill(0, layer * BUCKETS, (layer + 1) * BUCKETS)
    }
    for (let distance = 1; distance < 400; distance++) {
      const usd = this.#scaleUsd * 0.12 * Math.exp(-distance / 150) * (0.5 + hash(at + distance))
      const bid = usd * (this.#walls.get(at - distance) ?? 1)
      const ask = usd * (this.#walls.get(at + distance) ?? 1)
      this.#set(column, Layer.bid, at - distance, bid)
      this.#set(column, Layer.bidLast, at - distance, bid * (0.8 + 0.4 * this.#random()))
      this.#set(column, Layer.ask, at + distance, ask)
      this.#set(column, Layer.askLast, at + distance, ask * (0.8 + 0.4 * this.#random()))
    }
    for (const [bucket, usd] of this.#longLevels) this.#set(column, Layer.longLevel, bucket, usd)
    for (const [bucket, usd] of this.#shortLevels) this.#set(column, Layer.shortLevel, bucket, usd)
  }

  #set(column: Column, layer: number, bucket: number, usd: number): void {
    const cell = bucket - column.baseBucket
    if (cell < 0 || cell >= BUCKETS) return
    column.cells[layer * BUCKETS + cell] = codeOfUsd(usd, this.#quantumUsd)
  }
}

/** 0 to 1, the same for the same bucket: the texture of a book that stays put. */
function hash(bucket: number): number {
  const mixed = Math.imul(bucket ^ 0x9e3779b9, 0x85ebca6b)
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32
}
