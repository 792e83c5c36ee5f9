// Guards that both encoders, the core's and this folder's, write the same bytes: every block that the core says of a
// hostile market is decoded and written again.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import {
  BlockType,
  type Column,
  decodeColumn,
  decodeDelta,
  emptyColumn,
  encodeColumn,
  encodeDelta,
} from '../../src/wire/blocks.ts'
import { type Build, builds, CoreUnderTest } from '../assembly/core.ts'
import { hostileBatches } from '../assembly/market.ts'
import { prng, seed } from '../reference/prng.ts'

const START_MS = Date.UTC(2026, 0, 1, 23, 40)
const TIMEFRAMES_WATCHED = [0, 1, 4]

describe.each(Object.keys(builds) as Build[])('core, %s build', (build) => {
  test(`blocks are byte for byte those of src/wire (seed ${seed})`, () => {
    const core = new CoreUnderTest(build, assetByName('BTC')!)
    for (const timeframe of TIMEFRAMES_WATCHED) core.memory.activate(timeframe, true)
    let turns = 0
    for (const batch of hostileBatches(prng(seed), 1_500, START_MS)) {
      if (++turns % 50 === 0) core.memory.refresh()
      core.apply(batch)
    }
    const live = new Map<number, Column>()
    const seen = { closed: 0, key: 0, delta: 0, refresh: 0 }
    for (const { kind, block, timeframe } of core.live) {
      seen[kind]++
      const column = kind === 'delta' ? live.get(timeframe)! : emptyColumn()
      const before = column.cells.slice()
      const end = kind === 'delta' ? decodeDelta(block, 0, column) : decodeColumn(block, 0, column)
      expect(end).toBe(block.length)
      const again =
        kind === 'delta'
          ? encodeDelta(before, column.cells, column)
          : encodeColumn(kind === 'closed' ? BlockType.closed : BlockType.key, column)
      expect(Buffer.compare(again, block), `${kind} block ${seen[kind]}`).toBe(0)
      if (kind !== 'closed') live.set(timeframe, column)
    }
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(5)
  })
})
