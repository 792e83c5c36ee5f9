// Guards a change of owners: an asset that was taken on from a checkpoint, even where another state of it had been worked
// on before, goes on to the same columns as one that was never disturbed, and one that was released is
// forgotten, but for what was counted of it.
import { expect, test } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { assetByName } from '../../src/model/assets.ts'
import { BatchCursor } from '../../src/model/batch-cursor.ts'
import { describeError } from '../../src/model/errors.ts'
import type { ClosedColumn, LiveBlock } from '../../src/model/stages.ts'
import { bytesOf, digestOf, stageLog } from '../integration/wiring.ts'

const seed = Number(process.env.LMAP_SEED ?? 9_303)
const btc = assetByName('BTC')!.id
const START_MS = Date.UTC(2026, 0, 5, 10)

async function vacantEngine() {
  const columns: ClosedColumn[] = []
  const live: LiveBlock[] = []
  const nothing = (): void => undefined
  const engine = await createEngine({
    workers: 1,
    log: stageLog,
    assets: [btc],
    isVacant: true,
    unhurriedFrom: 1,
    outputs: {
      column: (column) => columns.push(column),
      live: (block) => live.push(block),
      ...{ liquidation: nothing, score: nothing, report: nothing, lift: nothing, turned: nothing },
    },
    room: () => true,
    failed: (error) => expect.unreachable(describeError(error)),
  })
  await engine.start()
  return { engine, columns, live }
}

test(`an asset changes hands and back (seed ${seed})`, async () => {
  const options = { seed, startMs: START_MS, levelsPerSecond: 400, speed: 'max', assets: ['BTC'], durationMs: 400_000 }
  const cursor = new BatchCursor()
  cursor.open(await bytesOf({ kind: 'simulator', options: options as never }))
  const batches: Uint8Array[] = []
  while (cursor.next()) batches.push(cursor.batch)
  const half = Math.floor(batches.length / 2)
  const feed = async ({ engine }: Awaited<ReturnType<typeof vacantEngine>>, from: number, end: number) => {
    for (let offset = from; offset < end; offset++) {
      const taken = engine.accept(btc, offset, batches[offset]!)
      if (taken !== true) expect(await taken).toBe(true)
    }
    await engine.drained()
  }

  const calm = await vacantEngine()
  expect(await calm.engine.adopt(btc, undefined)).toBeUndefined()
  await feed(calm, 0, batches.length)

  const [first, second] = [await vacantEngine(), await vacantEngine()]
  await first.engine.adopt(btc, undefined)
  await feed(first, 0, half)
  const checkpoint = await first.engine.checkpoint(btc)
  expect(checkpoint).toMatchObject({ offset: half - 1 })
  // The second one has worked on it before, from elsewhere.
  await second.engine.adopt(btc, undefined)
  await feed(second, half, half + 500)
  const foreign = second.engine.status()
  expect(foreign.batches).toBeGreaterThan(0)
  await second.engine.release(btc)
  second.columns.length = 0
  expect(second.engine.price(btc)).toBe(0)
  expect(second.engine.accept(btc, half, batches[half]!)).toBe(true)
  expect(await second.engine.checkpoint(btc)).toBeUndefined()
  const { batches: kept, levels, pending } = second.engine.status()
  // Sums of what was done here: they do not fall when an asset goes,
  expect([kept, levels, pending]).toEqual([foreign.batches, foreign.levels, 0])
  expect(await second.engine.lift(btc)).toEqual([])

  expect(await second.engine.adopt(btc, checkpoint)).toBe(half)
  // nor jump when one comes.
  expect(second.engine.status().batches).toBe(kept)
  second.engine.activate(btc, 0, true)
  await feed(second, half, batches.length)
  const applied = calm.engine.status().batches - first.engine.status().batches
  expect(second.engine.status().batches).toBe(kept + applied)
  expect(calm.columns.length).toBeGreaterThan(5)
  expect(digestOf([...first.columns, ...second.columns])).toBe(digestOf(calm.columns))
  expect(second.live.find(({ kind }) => kind !== 'closed')?.kind).toBe('key')
  for (const { engine } of [calm, first, second]) await engine.stop()
})

test('a state of another version is not taken, and the asset begins empty', async () => {
  const { engine } = await vacantEngine()
  const image = new Uint8Array(8)
  expect(await engine.adopt(btc, { asset: btc, offset: 5, clockMs: START_MS, layout: 0, image })).toBeUndefined()
  expect(engine.price(btc)).toBe(0)
  await engine.stop()
})
