import type { Asset } from '../../src/model/assets.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import { prng } from '../reference/prng.ts'
import { type Build, CoreUnderTest } from './core.ts'

const START_MS = Date.UTC(2026, 0, 5, 12)
const PRICE = 77_000
const TICK = 0.1
const SECOND_MS = 1_000
/** Buckets of the book on each side, what rests in each, and in a wall. */
const DEPTH = 60
const BUCKET_USD = 200_000
const WALL_USD = 8e6
/** Buckets that price goes in a second, as a standard deviation. */
const SCATTER = 0.15
/** A wall is planted this often, 2 to 6 buckets from price, and stands at most so long. */
const WALL_SECONDS = 150
const WALL_SECONDS_MAX = 900

interface Wall {
  /** Bids below price, asks above. */
  readonly side: 0 | 1
  readonly bucket: number
  readonly untilSecond: number
}

export interface LiftMarketOptions {
  readonly build: Build
  readonly asset: Asset
  readonly seed: number
  /** How often a step of price into a wall is thrown back. 0: walls mean nothing. */
  readonly holds: number
}

/**
 * One venue whose price is a random walk, in steps of a second, among walls that are planted around it. Whether walls hold
 * it is an option, so what their lift must be is known.
 */
export class LiftMarket {
  readonly core: CoreUnderTest
  readonly #asset: Asset
  readonly #holds: number
  readonly #random: () => number
  readonly #step: number
  readonly #writer = new BatchWriter()
  #walls: Wall[] = []
  #price = PRICE
  #second = 0
  #sequence = 0

  constructor({ build, asset, seed, holds }: LiftMarketOptions) {
    this.core = new CoreUnderTest(build, asset)
    this.#asset = asset
    this.#holds = holds
    this.#random = prng(seed)
    this.#step = this.core.gridStep(PRICE, asset.gridTick)
  }

  get #bucket(): number {
    return Math.floor(this.#price / this.#step)
  }

  pass(seconds: number): void {
    for (const end = this.#second + seconds; this.#second < end; this.#second++) {
      this.#move()
      if (this.#second % WALL_SECONDS === 0) this.#plant()
      const standing = this.#walls.filter((wall) => this.#second < wall.untilSecond && this.#isAhead(wall))
      // A book that follows price, told as a whole each minute and whenever a wall comes or goes.
      const isChanged = standing.length !== this.#walls.length || this.#second % WALL_SECONDS === 0
      this.#walls = standing
      const atMs = START_MS + this.#second * SECOND_MS
      this.#writer.begin(0, this.#asset.id, ++this.#sequence, atMs, atMs, TICK)
      if (isChanged || this.#second % 60 === 0) this.#book()
      this.#writer.add(EventKind.trade, this.#random() < 0.5 ? 0 : 1, Math.round(this.#price / TICK), 0.01)
      this.core.apply(this.#writer.take())
    }
  }

  #move(): void {
    const next = this.#price + SCATTER * this.#step * this.#normal()
    const bucket = Math.floor(next / this.#step)
    const wall = this.#walls.find(({ side, bucket: at }) => (side === 0 ? bucket <= at : bucket >= at))
    if (wall !== undefined && this.#random() < this.#holds) return
    this.#price = next
  }

  #isAhead({ side, bucket }: Wall): boolean {
    return side === 0 ? bucket <= this.#bucket : bucket >= this.#bucket
  }

  #plant(): void {
    const side = this.#random() < 0.5 ? 0 : 1
    const away = 2 + Math.floor(5 * this.#random())
    const bucket = this.#bucket + (side === 0 ? -away : away)
    this.#walls = [...this.#walls, { side, bucket, untilSecond: this.#second + WALL_SECONDS_MAX }]
  }

  #book(): void {
    this.#writer.add(EventKind.bookReset, 0, 0, 0)
    for (const side of [0, 1] as const) {
      const held = new Set(this.#walls.filter((wall) => wall.side === side).map((wall) => wall.bucket))
      for (let away = 0; away < DEPTH; away++) {
        const bucket = this.#bucket + (side === 0 ? -away : away)
        // A quarter of a bucket from its edge, so that bids and asks of the bucket of price do not meet.
        const tick = Math.round(((bucket + (side === 0 ? 0.25 : 0.75)) * this.#step) / TICK)
        const usd = BUCKET_USD + (held.has(bucket) ? WALL_USD : 0)
        this.#writer.add(EventKind.bookLevel, side, tick, usd / PRICE)
      }
    }
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random())
  }
}
