import { AssetMemory } from '../src/engine/asset-memory.ts'
import { instantiateCore, loadCore, mapOfCore } from '../src/engine/core.ts'
import { readMessages } from '../src/engine/messages.ts'
import { assetByName } from '../src/model/assets.ts'
import { BatchCursor } from '../src/model/batch-cursor.ts'
import { LmapError } from '../src/model/errors.ts'
import type { ClosedColumn, LiquidationRow, ScoreRow } from '../src/model/stages.ts'
import { createSource } from '../src/venues/source.ts'

export interface Shapes {
  /** Of all timeframes, as they closed. */
  readonly columns: ClosedColumn[]
  readonly liquidations: LiquidationRow[]
  readonly scores: ScoreRow[]
}

/** What one simulated asset leaves behind in so many minutes, through the core as in the running system. */
export async function shapesOf(name: string, startMs: number, minutes: number, rate: number): Promise<Shapes> {
  const asset = assetByName(name)
  if (asset === undefined) throw new LmapError('LMAP_CONFIG', `there is no asset ${name}.`)
  const module = await loadCore()
  const memory = new AssetMemory(asset, mapOfCore(module))
  const core = instantiateCore(module, memory.memory)
  core.init()
  const shapes: Shapes = { columns: [], liquidations: [], scores: [] }
  const turn = () => {
    let done = false
    while (!done) {
      done = core.tick() !== 0
      readMessages(memory.out(), asset.id, {
        column: (column) => shapes.columns.push(column),
        liquidation: (row) => shapes.liquidations.push(row),
        score: (row) => shapes.scores.push(row),
        report: () => undefined,
        lift: () => undefined,
        live: () => undefined,
      })
      memory.clearOut()
    }
  }
  const cursor = new BatchCursor()
  const source = createSource({
    kind: 'simulator',
    options: { seed: 1, startMs, durationMs: minutes * 60_000, levelsPerSecond: rate, speed: 'max', assets: [name] },
  })
  await source.start()
  source.connect({
    write(batches) {
      cursor.open(batches)
      while (cursor.next()) {
        if (memory.append(cursor.batch)) continue
        turn()
        if (!memory.append(cursor.batch)) throw new LmapError('LMAP_INTERNAL', 'an emptied ring holds any batch.')
      }
      turn()
      return true
    },
  })
  await source.ended
  await source.stop()
  return shapes
}
