// Guards what listeners get: keys and deltas of the core, applied in order by the wire's decoder, must always be the
// column that the core itself sends whole, whoever joins or leaves in between; and a closed block says what the store gets.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { type Column, decodeColumn, decodeDelta, emptyColumn } from '../../src/wire/blocks.ts'
import { prng, seed } from '../reference/prng.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'
import { hostileBatches } from './market.ts'

const asset = assetByName('BTC')!
const START_MS = Date.UTC(2026, 0, 1, 23, 40)

describe.each(Object.keys(builds) as Build[])('live blocks, %s build', (build) => {
  test(`keys and deltas add up to the whole column (seed ${seed})`, () => {
    const random = prng(seed)
    const core = new CoreUnderTest(build, asset)
    const held = new Map<number, Column>()
    const counts = { closed: 0, key: 0, delta: 0, refresh: 0 }
    for (const batch of hostileBatches(prng(seed), 3_000, START_MS)) {
      if (random() < 0.02) core.memory.activate(Math.floor(random() * 6), random() < 0.7)
      if (random() < 0.2) core.memory.refresh()
      core.apply(batch)
      for (const { kind, block, timeframe } of core.live.splice(0)) {
        counts[kind]++
        const mine = held.get(timeframe)
        if (kind === 'delta') {
          expect(mine, 'a key comes before the first delta').toBeDefined()
          expect(decodeDelta(block, 0, mine!)).toBe(block.length)
          continue
        }
        const whole = emptyColumn()
        expect(decodeColumn(block, 0, whole)).toBe(block.length)
        if (kind === 'key') held.set(timeframe, whole)
        if (kind === 'refresh') {
          expect(Buffer.compare(mine!.cells, whole.cells)).toBe(0)
          expect(mine!.close).toBeCloseTo(whole.close, 1)
        }
        if (kind === 'closed') {
          const stored = core.columns.shift()!
          expect(stored.timeframe).toBe(timeframe)
          expect(Buffer.compare(stored.cells, whole.cells)).toBe(0)
          held.delete(timeframe)
        }
      }
    }
    for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(10)
  })
})
