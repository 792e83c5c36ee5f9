// Guards groups of closed columns: they read back exactly whatever their windows and steps, they are smaller than the
// columns by themselves, and broken ones end in a coded error.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import { COLUMNS } from '../../src/model/timeframes.ts'
import {
  BlockType,
  blockEnd,
  COLUMN_BLOCK_BYTES_MAX,
  type Column,
  emptyColumn,
  encodeColumn,
} from '../../src/wire/blocks.ts'
import { decodeGroup, encodeGroup, GROUP_COLUMNS, SNAPSHOT_BYTES_MAX } from '../../src/wire/groups.ts'
import { prng } from '../reference/prng.ts'
import { seed } from './seed.ts'

/** A market that moves its window now and then, and once its step. */
function columnsOf(start: number, count: number, density: number): Column[] {
  const random = prng(start)
  const cells = new Uint8Array(LAYERS * BUCKETS)
  let baseBucket = Math.floor(random() * 10_000) - 5_000
  let step = 0.5
  return Array.from({ length: count }, (_, index) => {
    for (let change = 0; change < density * cells.length; change++) {
      const cell = Math.floor(random() * cells.length)
      cells[cell] = random() < 0.2 ? 0 : random() < 0.5 ? cells[cell]! ^ 3 : Math.floor(random() * 256)
    }
    if (random() < 0.3) baseBucket += Math.floor((random() - 0.5) * 3 * BUCKETS)
    if (random() < 0.05) step *= 2
    return {
      ...emptyColumn(),
      openMs: 1_700_000_000_000 + index * 60_000,
      open: random() * 100,
      high: random() * 100,
      low: random() * 100,
      close: random() * 100,
      volumeUsd: random() * 1e9,
      step,
      baseBucket,
      quantumUsd: 100,
      observedMs: Math.floor(random() * 60_000),
      cells: cells.slice(),
    }
  })
}
const columns = fc
  .tuple(fc.nat(2 ** 31), fc.integer({ min: 1, max: GROUP_COLUMNS }), fc.constantFrom(0, 0.0005, 0.02, 0.4))
  .map(([start, count, density]) => columnsOf(start, count, density))

test(`groups read back (seed ${seed})`, () => {
  fc.assert(
    fc.property(columns, (written) => {
      const block = encodeGroup(written)
      expect(blockEnd(block, 0)).toBe(block.length)
      expect(decodeGroup(block, 0)).toEqual(written)
    }),
    { seed, numRuns: 40 },
  )
})

test('windows as far apart as numbers go do not meet', () => {
  const [a, b] = columnsOf(1, 2, 0.01) as [Column, Column]
  const written = [
    { ...a, baseBucket: -(2 ** 31) },
    { ...b, baseBucket: 2 ** 31 - 1, step: a.step },
  ]
  expect(decodeGroup(encodeGroup(written), 0)).toEqual(written)
})

test('columns that resemble each other are smaller together', () => {
  const calm = columnsOf(3, 1, 0.1)
  const written = Array.from({ length: GROUP_COLUMNS }, (_, i) => ({ ...calm[0]!, openMs: i * 60_000 }))
  const alone = written.reduce((sum, column) => sum + encodeColumn(BlockType.closed, column).length, 0)
  expect(encodeGroup(written).length).toBeLessThan(alone / 10)
})

test(`a mutated or cut group is decoded or refused with LMAP_FRAME_CORRUPT (seed ${seed})`, () => {
  const change = fc.tuple(fc.nat(100_000), fc.nat(255))
  fc.assert(
    fc.property(columns, fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(100_000), (written, changes, cut) => {
      const block = encodeGroup(written.slice(0, 6))
      for (const [place, value] of changes) block[place % Math.min(block.length, 2_000)] = value
      for (const bytes of [block, block.subarray(0, cut % block.length)]) {
        try {
          decodeGroup(bytes, 0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'LMAP_FRAME_CORRUPT' })
        }
      }
    }),
    { seed, numRuns: 300 },
  )
})

test('a size that no group has is refused before memory is taken', () => {
  const block = encodeGroup(columnsOf(2, 1, 0.01))
  new DataView(block.buffer).setUint32(8, 0xffff_ffff, true)
  expect(() => decodeGroup(block, 0)).toThrow(expect.objectContaining({ code: 'LMAP_FRAME_CORRUPT' }))
})

test(`no snapshot is larger than there is room for, not even of columns that nothing can foretell (seed ${seed})`, () => {
  const random = prng(seed)
  const wild = Array.from({ length: GROUP_COLUMNS }, () => {
    const column = emptyColumn()
    for (let cell = 0; cell < column.cells.length; cell++) column.cells[cell] = 1 + Math.floor(random() * 255)
    return column
  })
  const alone = encodeColumn(BlockType.key, wild[0]!).length
  expect(alone).toBeLessThanOrEqual(COLUMN_BLOCK_BYTES_MAX)
  expect(alone).toBeGreaterThan(COLUMN_BLOCK_BYTES_MAX * 0.7)
  for (const count of [1, 2, GROUP_COLUMNS]) {
    expect(encodeGroup(wild.slice(0, count)).length).toBeLessThan(count * COLUMN_BLOCK_BYTES_MAX)
  }
  expect(SNAPSHOT_BYTES_MAX).toBeGreaterThan(COLUMNS * COLUMN_BLOCK_BYTES_MAX)
})
