// Guards the engine's ends: one that has stopped takes nothing and never spins, and a core that traps is told once,
// with its code, instead of going on with half a state.
import { expect, test } from 'vitest'
import { loadCore, mapOfCore } from '../../src/engine/core.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { assetByName } from '../../src/model/assets.ts'
import { describeError } from '../../src/model/errors.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import { stageLog } from '../integration/wiring.ts'

const btc = assetByName('BTC')!.id
const START_MS = Date.UTC(2026, 0, 1, 12)

function engineWith(failed: (error: unknown) => void): Promise<Engine> {
  const nothing = (): void => undefined
  return createEngine({
    workers: 1,
    log: stageLog,
    assets: [btc],
    outputs: {
      column: nothing,
      liquidation: nothing,
      score: nothing,
      report: nothing,
      lift: nothing,
      live: nothing,
      turned: nothing,
    },
    room: () => true,
    failed,
  })
}

function mark(sequence: number, timeMs: number): Uint8Array {
  const writer = new BatchWriter()
  writer.begin(0, btc, sequence, timeMs, timeMs, 0.1)
  writer.add(EventKind.markPrice, 0, 0, 60_000)
  return writer.take().slice()
}

test('a stopped engine refuses batches, and its checkpoint is that of the last one applied', async () => {
  const engine = await engineWith((error) => expect.unreachable(describeError(error)))
  await engine.start()
  expect(engine.accept(btc, 7, mark(1, START_MS))).toBe(true)
  await engine.stop()
  expect(await engine.accept(btc, 8, mark(2, START_MS + 1_000))).toBe(false)
  expect(await engine.checkpoint(btc)).toMatchObject({ asset: btc, offset: 7, clockMs: START_MS })
})

test('a core that traps is told with its code, and then nothing more is taken', async () => {
  const { layoutVersion: layout } = mapOfCore(await loadCore())
  const failures: unknown[] = []
  const engine = await engineWith((error) => failures.push(error))
  // One page of state in which the grid reaches beyond the memory: the first minute that closes runs out of it.
  const image = new Uint8Array(4 + 4 + 4096)
  const view = new DataView(image.buffer)
  view.setUint32(0, 1, true)
  const head = 8
  view.setFloat64(head, START_MS, true)
  view.setFloat64(head + 16, 25, true)
  view.setFloat64(head + 24, 60_000, true)
  view.setInt32(head + 60, 2 ** 30, true)
  engine.restore([{ asset: btc, offset: 0, clockMs: START_MS, layout, image }], 'whole')
  await engine.start()
  expect(engine.accept(btc, 1, mark(1, START_MS + 60_000))).toBe(true)
  await engine.drained()
  expect(failures.map(describeError)).toEqual([expect.stringMatching(/^LMAP_CORE_TRAP: the core failed: .+ Please/)])
  expect(await engine.accept(btc, 2, mark(2, START_MS + 61_000))).toBe(false)
  expect(await engine.checkpoint(btc)).toBeUndefined()
  await engine.stop()
})
