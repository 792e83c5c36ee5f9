// Guards the realised liquidations of the last day by venue: what fades, what is gone, and whose it was, against a twin
// that keeps every single one; and that a checkpoint carries it.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchWriter, EventKind, PriceKind } from '../../src/model/events.ts'
import type { RealisedCell } from '../../src/model/liquidity.ts'
import { VENUES } from '../../src/model/venues.ts'
import { prng, seed } from '../reference/prng.ts'
import { ReferenceRealised } from '../reference/realised.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'

const asset = assetByName('BTC')!
const TICK = 0.1
const START_MS = Date.UTC(2026, 4, 1) + 1234
/** Half cents may be rounded either way: the bound is a few cents for a cell. */
const ROUNDING_USD = 0.05

describe.each(Object.keys(builds) as Build[])('realised by venue, %s build', (build) => {
  test(`equals the twin over three days (seed ${seed})`, () => {
    const random = prng(seed)
    const core = new CoreUnderTest(build, asset)
    const twin = new ReferenceRealised()
    const writer = new BatchWriter()
    let sequence = 0
    let timeMs = START_MS
    const send = (venue: number, kind: number, flags: number, tick: number, value: number): void => {
      writer.begin(venue, asset.id, ++sequence, timeMs, timeMs, TICK)
      writer.add(kind, flags, tick, value)
      core.apply(writer.take())
    }
    send(0, EventKind.markPrice, 0, 0, 70_000)
    const { price } = core.memory.liquidity()
    expect(price).toBe(70_000)
    const step = core.gridStep(price, asset.gridTick)
    twin.clock(timeMs)
    let checked = 0
    for (let i = 0; i < 900; i++) {
      timeMs += Math.floor(random() < 0.01 ? random() * 30 * 3_600_000 : random() * 400_000)
      const venue = Math.floor(random() * VENUES)
      const side = random() < 0.5 ? 0 : 1
      const tick = 700_000 + Math.floor((random() - 0.5) * 12_000)
      const coins = Math.ceil(random() * 5000) / 1000
      twin.clock(timeMs)
      twin.add(venue, side, Math.floor((tick * TICK) / step + 1e-9), Math.round(tick * TICK * coins * 100), timeMs)
      send(venue, EventKind.liquidation, side | (PriceKind.fill << 1), tick, coins)
      if (i % 30 !== 0) continue
      const found = core.memory.liquidity().realised
      expect(new Set(found.map(keyOf))).toEqual(new Set(twin.cells.keys()))
      for (const cell of found) {
        const usd = twin.usd(keyOf(cell), VENUES)
        for (const [id, value] of cell.venueUsd.entries()) {
          expect(Math.abs(value - usd[id]!)).toBeLessThan(ROUNDING_USD)
        }
        const times = twin.cells.get(keyOf(cell))!.map((one) => one.timeMs)
        expect([cell.firstMs, cell.lastMs]).toEqual([Math.min(...times), Math.max(...times)])
        checked++
      }
    }
    console.log(`${checked} cells compared`)
    const later = new CoreUnderTest(build, asset, core.memory.image())
    expect(later.memory.liquidity()).toEqual(core.memory.liquidity())
  })
})

function keyOf({ side, bucket }: RealisedCell): string {
  return `${side === 'long' ? 0 : 1} ${bucket}`
}
