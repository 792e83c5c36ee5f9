// Guards the core's books, grid and columns: on a hostile market both builds must give what the plain twin gives,
// cell for cell; and a memory image taken anywhere must go on exactly as the original does.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BUCKETS, codeOfUsd, QUANTUM_RATIO } from '../../src/model/layers.ts'
import { limits } from '../../src/model/limits.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import { ReferenceAsset, type ReferenceColumn, referenceStep } from '../reference/asset.ts'
import { prng, seed } from '../reference/prng.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'
import { hostileBatches } from './market.ts'

const asset = assetByName('BTC')!
const START_MS = Date.UTC(2026, 0, 1, 23, 40)
const BATCHES = 6_000

function expectColumn(column: ClosedColumn, reference: ReferenceColumn): void {
  const { usd, ...plain } = reference
  expect(column).toMatchObject({ ...plain, volumeUsd: expect.closeTo(plain.volumeUsd, 4) })
  usd.forEach((cells, layer) => {
    for (let cell = 0; cell < BUCKETS; cell++) {
      const code = column.cells[layer * BUCKETS + cell]!
      if (code === codeOfUsd(cells[cell]!, column.quantumUsd)) continue
      // Only a value on the very border of two codes may fall to the other side.
      const exact = Math.log(cells[cell]! / column.quantumUsd) / Math.log(QUANTUM_RATIO) + 1
      expect(Math.abs(exact - code), `layer ${layer} cell ${cell}: ${cells[cell]} USD`).toBeLessThan(0.5005)
    }
  })
}

describe.each(Object.keys(builds) as Build[])('core, %s build', (build) => {
  test(`books and columns equal the twin's (seed ${seed})`, () => {
    const core = new CoreUnderTest(build, asset)
    const reference = new ReferenceAsset(asset.gridTick, limits.clockSkewMsMax)
    for (const batch of hostileBatches(prng(seed), BATCHES, START_MS)) {
      core.apply(batch)
      reference.apply(batch)
    }
    expect(reference.closed.length).toBeGreaterThan(40)
    expect(new Set(core.columns.map((column) => column.step)).size, 'the grid was chosen anew').toBeGreaterThan(1)
    expect(core.columns.length).toBe(reference.closed.length)
    for (const [i, column] of core.columns.entries()) expectColumn(column, reference.closed[i]!)
    for (const [venue, { levels, tickSize }] of reference.books) {
      expect(core.book(venue)).toEqual(levels)
      const status = core.memory.venue(venue)
      const bids = [...levels].filter(([, size]) => size > 0).map(([tick]) => tick)
      const asks = [...levels].filter(([, size]) => size < 0).map(([tick]) => tick)
      expect(status.tickSize).toBe(tickSize)
      expect(status.bidTick).toBe(bids.length === 0 ? -1 : Math.max(...bids))
      expect(status.askTick).toBe(asks.length === 0 ? 2 ** 31 - 1 : Math.min(...asks))
    }
  })

  test(`an image goes on where it was taken (seed ${seed})`, () => {
    const batches = [...hostileBatches(prng(seed + 1), 2_000, START_MS)]
    const cut = 700 + (seed % 600)
    const whole = new CoreUnderTest(build, asset)
    const before = new CoreUnderTest(build, asset)
    for (const batch of batches) whole.apply(batch)
    for (const batch of batches.slice(0, cut)) before.apply(batch)
    const after = new CoreUnderTest(build, asset, before.memory.image())
    for (const batch of batches.slice(cut)) after.apply(batch)
    expect([...before.columns, ...after.columns]).toEqual(whole.columns)
    expect(after.memory.image()).toEqual(whole.memory.image())
  })

  test('the grid step is the multiple nearest to 3 bp, for prices over twelve decades', () => {
    const core = new CoreUnderTest(build, asset)
    const random = prng(seed)
    for (let i = 0; i < 3_000; i++) {
      const price = 10 ** (random() * 12 - 6)
      const tick = Number(`1e${Math.floor(Math.log10(price)) - 1 - Math.floor(random() * 6)}`)
      expect(core.gridStep(price, tick) / tick).toBeCloseTo(referenceStep(price, tick) / tick, 6)
    }
  })
})
