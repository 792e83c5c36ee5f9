// Guards the core's books, grid and columns: on a hostile market both builds must give what the plain twin gives,
// cell for cell; and a memory image taken anywhere must go on exactly as the original does.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchWriter, EventKind } from '../../src/model/events.ts'
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

  test('a silence is not observed, and what rested before it weighs no more for it', () => {
    const writer = new BatchWriter()
    const core = new CoreUnderTest(build, asset)
    const minuteMs = Date.UTC(2026, 0, 1, 12)
    let sequence = 0
    const apply = (
      second: number,
      records: readonly (readonly [kind: number, tick: number, value: number])[],
    ): void => {
      const timeMs = minuteMs + second * 1_000
      writer.begin(0, asset.id, ++sequence, timeMs, timeMs, 0.1)
      for (const [kind, tick, value] of records) writer.add(kind, 0, tick, value)
      core.apply(writer.take())
    }
    apply(0, [[EventKind.markPrice, 0, 60_000]])
    apply(5, [[EventKind.bookLevel, 599_000, 2]])
    apply(10, [[EventKind.heartbeat, 0, 0]])
    apply(45, [[EventKind.bookLevel, 599_000, 4]]) // 35 silent seconds
    for (let second = 46; second <= 60; second++) apply(second, [[EventKind.heartbeat, 0, 0]])
    apply(61, [[EventKind.heartbeat, 0, 0]])
    apply(500, [[EventKind.heartbeat, 0, 0]]) // 439 silent seconds
    const columns = core.columns.filter(({ timeframe }) => timeframe < 2)
    expect(columns.map(({ timeframe, openMs, observedMs }) => [timeframe, openMs - minuteMs, observedMs])).toEqual([
      [0, 0, 25_000],
      [0, 60_000, 1_000],
      [1, 0, 26_000],
    ])
    // Five seconds of nothing, five of 2 coins, fifteen of 4, and for the longer column one more.
    const coins = [(5 * 2 + 15 * 4) / 25, 4, (5 * 2 + 16 * 4) / 26]
    columns.forEach((column, i) => {
      const cell = Math.floor(59_900 / column.step) - column.baseBucket
      expect(column.cells[cell]).toBe(codeOfUsd(coins[i]! * 59_900, column.quantumUsd))
    })
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
