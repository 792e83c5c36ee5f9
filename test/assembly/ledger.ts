import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { type Build, builds, type CoreUnderTest } from './core.ts'

/** The ledger as assembly/estimator-state.ts lays it out. */
export const LEDGER = { buckets: 2802, row: 2816, tiers: 12, width: 5e-4, cells: 1344 + 8 * 2816 }
/** Absolute buckets of the canonical grid. */
export const GRID_BUCKETS = 8192

interface Reader {
  estimatorMap(base: number, longs: number, shorts: number, first: number, step: number, cells: number): void
  estimatorExposure(base: number, side: number, term: number): number
}

/** Looks at the ledger in the memory of a core under test, with an instance of its own: nothing is changed by it. */
export class Ledger {
  readonly #core: CoreUnderTest
  readonly #view: DataView
  readonly #reader: Reader
  readonly #base: number

  /** The core must have heard its first price, and nothing after it. */
  constructor(build: Build, core: CoreUnderTest, price: number) {
    const { memory } = core.memory
    const module = new WebAssembly.Module(readFileSync(new URL(builds[build], import.meta.url)) as BufferSource)
    this.#core = core
    this.#view = new DataView(memory.buffer)
    this.#reader = new WebAssembly.Instance(module, { env: { memory, abort: expect.unreachable } })
      .exports as unknown as Reader
    // Decay and share are 1, price and price of the step before are the first price.
    const isEmptyLedger = (at: number): boolean =>
      this.f64(8, at) === price && this.f64(88, at) === price && this.f64(0, at) === 1 && this.f64(96, at) === 1
    let base = core.map.state
    while (base < core.map.stateEnd && !isEmptyLedger(base)) base += 16
    expect(base, 'a ledger').toBeLessThan(core.map.stateEnd)
    this.#base = base
  }

  f64(offset: number, base: number = this.#base): number {
    return this.#view.getFloat64(base + offset, true)
  }

  get tiersInUse(): number {
    return LEDGER.tiers - this.#view.getInt32(this.#base + 60, true)
  }

  get decay(): number {
    return this.f64(0)
  }

  row(side: number, tier: number): Float32Array {
    const at = this.#base + LEDGER.cells + 4 * LEDGER.row * (side * LEDGER.tiers + tier)
    return new Float32Array(this.#core.memory.memory.buffer, at, LEDGER.buckets)
  }

  rows(): Float32Array[] {
    return Array.from({ length: 2 * LEDGER.tiers }, (_, i) =>
      this.row(Math.floor(i / LEDGER.tiers), i % LEDGER.tiers).slice(),
    )
  }

  /** USD on one side, tiers weighted; unweighted without weights. */
  mass(side: number, weightOf: (tier: number) => number = () => 1, from = 0, to: number = LEDGER.buckets): number {
    let sum = 0
    for (let tier = 0; tier < LEDGER.tiers; tier++) {
      const weight = weightOf(tier)
      for (const usd of this.row(side, tier).subarray(from, to)) sum += weight * usd
    }
    return sum * this.decay
  }

  /** USD that sweeps have taken on one side since the hour began. */
  exposure(side: number): number {
    let sum = 0
    for (let tier = 0; tier < LEDGER.tiers; tier++) sum += this.#reader.estimatorExposure(this.#base, side, tier)
    return sum
  }

  /** Bucket and the offset in it. */
  position(price: number): number {
    return (Math.log(price) - this.f64(16)) / LEDGER.width
  }

  priceAt(position: number): number {
    return Math.exp(this.f64(16) + position * LEDGER.width)
  }

  /** The predicted map over all buckets of the grid. */
  map(): [longs: Float32Array, shorts: Float32Array] {
    const { out } = this.#core.map
    this.#reader.estimatorMap(this.#base, out, out + 4 * GRID_BUCKETS, 0, this.step, GRID_BUCKETS)
    const cells = new Float32Array(this.#core.memory.memory.buffer, out, 2 * GRID_BUCKETS).slice()
    return [cells.subarray(0, GRID_BUCKETS), cells.subarray(GRID_BUCKETS)]
  }

  get step(): number {
    return this.#core.memory.head('step')
  }
}
