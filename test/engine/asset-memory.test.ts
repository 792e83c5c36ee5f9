// Guards what a restart begins with: a damaged image must leave nothing behind, a gap in the log must count as unknown, and
// listeners who come back before the first event must get the whole column first, not a change of what they never had.
import { expect, test } from 'vitest'
import { AssetMemory } from '../../src/engine/asset-memory.ts'
import { assetByName } from '../../src/model/assets.ts'
import { LmapError } from '../../src/model/errors.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
import { CoreUnderTest } from '../assembly/core.ts'
import { hostileBatches } from '../assembly/market.ts'
import { prng, seed } from '../reference/prng.ts'

const asset = assetByName('BTC')!
const START_MS = Date.UTC(2026, 0, 1, 12)
const MINUTE = 0

function used(): CoreUnderTest {
  const core = new CoreUnderTest('release', asset)
  core.memory.activate(MINUTE, true)
  for (const batch of hostileBatches(prng(seed), 300, START_MS)) core.apply(batch)
  return core
}

test(`a restored asset opens its streams with a key (seed ${seed})`, () => {
  const before = used()
  expect(before.live.some(({ kind }) => kind === 'delta')).toBe(true)
  const after = new CoreUnderTest('release', asset, before.memory.image())
  after.memory.activate(MINUTE, true)
  after.turn()
  expect(after.live.map(({ kind }) => kind)).toEqual(['key'])
})

test('a second that is missing in the log is not observed', () => {
  const writer = new BatchWriter()
  const mark = (sequence: number, timeMs: number): Uint8Array => {
    writer.begin(0, asset.id, sequence, timeMs, timeMs, 0.1)
    writer.add(EventKind.markPrice, 0, 0, 60_000)
    return writer.take()
  }
  const observed = (log: 'whole' | 'interrupted'): number[] => {
    const before = new CoreUnderTest('release', asset)
    for (let second = 0; second <= 58; second++) before.apply(mark(second + 1, START_MS + second * 1_000))
    const after = new CoreUnderTest('release', asset, before.memory.image())
    if (log === 'interrupted') after.memory.interrupt()
    for (let second = 59; second <= 120; second++) after.apply(mark(second + 1, START_MS + second * 1_000))
    return after.columns.filter(({ timeframe }) => timeframe === MINUTE).map(({ observedMs }) => observedMs)
  }
  expect(observed('whole')).toEqual([60_000, 60_000])
  // So of two versions of a minute the store keeps the one of the run that heard all of it.
  expect(observed('interrupted')).toEqual([59_000, 60_000])
})

test(`an image with a page beyond the state is refused whole (seed ${seed})`, () => {
  const { memory, map } = used()
  const image = memory.image()
  const view = new DataView(image.buffer)
  const pages = view.getUint32(0, true)
  expect(pages).toBeGreaterThan(1)
  view.setUint32(4 + (pages - 1) * 4, 0xffffff, true)
  const fresh = new AssetMemory(asset, map)
  expect(() => fresh.restore(image)).toThrow(LmapError)
  expect(fresh.head('clockMs')).toBe(0)
  const state = new Uint8Array(fresh.memory.buffer, map.state, map.stateEnd - map.state)
  expect(state.every((byte) => byte === 0)).toBe(true)
})
