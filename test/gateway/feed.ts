import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import type { ClosedColumn, LiveBlock } from '../../src/model/stages.ts'
import type { AssetId } from '../../src/model/units.ts'
import { BlockType, type Column, emptyColumn, encodeColumn, encodeDelta } from '../../src/wire/blocks.ts'
import { prng } from '../reference/prng.ts'

/** One stream's truth: a live column that changes, closes and begins anew, told in blocks as an engine tells it. */
export class Feed {
  readonly asset: AssetId
  readonly timeframe: number
  readonly closed: Column[] = []
  live: Column
  clockMs = 1_700_000_000_000
  step = 0.5
  readonly #random: () => number
  readonly #take: (live: LiveBlock) => void

  constructor(asset: number, timeframe: number, seed: number, take: (live: LiveBlock) => void) {
    this.asset = asset as AssetId
    this.timeframe = timeframe
    this.#random = prng(seed)
    this.#take = take
    this.live = this.#begin()
  }

  /** The whole live column, as after an activation. */
  key(kind: 'key' | 'refresh' = 'key'): void {
    this.#send(kind, encodeColumn(BlockType.key, this.live))
  }

  /** `cells` random cells change. */
  delta(cells = 40): void {
    const before = this.live.cells.slice()
    for (let i = 0; i < cells; i++) {
      this.live.cells[Math.floor(this.#random() * LAYERS * BUCKETS)] = Math.floor(this.#random() * 256)
    }
    this.live.close = Math.fround(100 + this.#random())
    this.live.high = Math.max(this.live.high, this.live.close)
    this.live.low = Math.min(this.live.low, this.live.close)
    this.live.volumeUsd = Math.fround(this.live.volumeUsd + this.#random())
    this.clockMs += 250
    this.#send('delta', encodeDelta(before, this.live.cells, this.live))
  }

  close(): void {
    this.#send('closed', encodeColumn(BlockType.closed, this.live))
    this.closed.push(this.live)
    this.live = this.#begin()
    this.key()
  }

  /** Closed columns as a store would give them. */
  stored(): ClosedColumn[] {
    return this.closed.map((column) => ({ ...column, asset: this.asset, timeframe: this.timeframe }))
  }

  #begin(): Column {
    const column = emptyColumn()
    column.openMs = (this.closed.at(-1)?.openMs ?? 1_699_999_980_000) + 60_000
    column.open = column.high = column.low = column.close = Math.fround(100 + this.#random())
    column.step = this.step
    column.quantumUsd = 100
    column.baseBucket = -200
    return column
  }

  #send(kind: LiveBlock['kind'], block: Uint8Array): void {
    this.#take({ asset: this.asset, timeframe: this.timeframe, kind, clockMs: this.clockMs, block })
  }
}
