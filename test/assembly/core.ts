import { readFileSync } from 'node:fs'
import { AssetMemory } from '../../src/engine/asset-memory.ts'
import { type CoreMap, instantiateCore, mapOfCore } from '../../src/engine/core.ts'
import { readMessages } from '../../src/engine/messages.ts'
import type { Asset } from '../../src/model/assets.ts'
import type { LiftRow } from '../../src/model/lift.ts'
import type { Report } from '../../src/model/reports.ts'
import type { ClosedColumn, LiquidationRow, LiveBlock, ScoreRow } from '../../src/model/stages.ts'

export const builds = { release: '../../build/core.wasm', debug: '../../build/core.debug.wasm' } as const
export type Build = keyof typeof builds

/** One asset on one build of the core, driven by hand: what the engine does, without threads. */
export class CoreUnderTest {
  readonly map: CoreMap
  readonly memory: AssetMemory
  readonly columns: ClosedColumn[] = []
  readonly liquidations: LiquidationRow[] = []
  readonly scores: ScoreRow[] = []
  readonly reports: Report[] = []
  readonly lifts: LiftRow[] = []
  readonly live: LiveBlock[] = []
  readonly #core: ReturnType<typeof instantiateCore>

  constructor(build: Build, asset: Asset, image?: Uint8Array) {
    const module = new WebAssembly.Module(readFileSync(new URL(builds[build], import.meta.url)) as BufferSource)
    this.map = mapOfCore(module)
    this.memory = new AssetMemory(asset, this.map)
    this.#core = instantiateCore(module, this.memory.memory)
    if (image === undefined) this.#core.init()
    else this.memory.restore(image)
  }

  apply(batch: Uint8Array): void {
    if (!this.memory.append(batch)) throw new Error('the ring is full')
    this.turn()
  }

  turn(): void {
    let done = false
    while (!done) {
      done = this.#core.tick() !== 0
      readMessages(this.memory.out(), this.memory.asset.id, {
        column: (column) => this.columns.push(column),
        liquidation: (row) => this.liquidations.push(row),
        score: (row) => this.scores.push(row),
        report: (row) => this.reports.push(row),
        lift: (row) => this.lifts.push(row),
        live: (block) => this.live.push(block),
      })
      this.memory.clearOut()
    }
  }

  /** Coins by tick, bids positive and asks negative. */
  book(venue: number): Map<number, number> {
    const most = this.map.outBytes >> 4
    const count = this.#core.bookLevels(venue, this.map.out, most)
    const view = new DataView(this.memory.memory.buffer, this.map.out)
    const levels = new Map<number, number>()
    for (let i = 0; i < count; i++) levels.set(view.getInt32(i * 16, true), view.getFloat64(i * 16 + 8, true))
    return levels
  }

  gridStep(price: number, tick: number): number {
    return this.#core.gridStep(price, tick)
  }
}
