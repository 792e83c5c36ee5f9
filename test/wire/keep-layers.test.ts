// Guards blocks cut down to some layers: those read back as they were, nothing of the others is left.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import {
  BlockType,
  type Column,
  decodeColumn,
  decodeDelta,
  emptyColumn,
  encodeColumn,
  encodeDelta,
} from '../../src/wire/blocks.ts'
import { decodeGroup, encodeGroup } from '../../src/wire/groups.ts'
import { ALL_LAYERS, keepLayers, keepNewest } from '../../src/wire/keep-layers.ts'
import { seed } from './seed.ts'

const cells = fc.array(fc.tuple(fc.nat(LAYERS * BUCKETS - 1), fc.nat(255)), { maxLength: 200 }).map((changes) => {
  const all = new Uint8Array(LAYERS * BUCKETS)
  for (const [cell, code] of changes) all[cell] = code
  return all
})
const mask = fc.nat(ALL_LAYERS)

function columnOf(openMs: number, codes: Uint8Array): Column {
  return { ...emptyColumn(), openMs, open: 1, high: 1, low: 1, close: 1, step: 1, quantumUsd: 1, cells: codes }
}

function only(codes: Uint8Array, kept: number): Uint8Array {
  return codes.map((code, at) => ((kept & (1 << Math.floor(at / BUCKETS))) === 0 ? 0 : code))
}

test(`columns, deltas and groups keep their layers and no others (seed ${seed})`, () => {
  fc.assert(
    fc.property(cells, cells, mask, (before, after, kept) => {
      const read = emptyColumn()
      decodeColumn(keepLayers(encodeColumn(BlockType.key, columnOf(0, before)), kept), 0, read)
      expect(read.cells).toEqual(only(before, kept))
      const delta = keepLayers(encodeDelta(before, after, read), kept)
      expect(decodeDelta(delta, 0, read)).toBe(delta.length)
      expect(read.cells).toEqual(only(after, kept))
      const group = keepLayers(encodeGroup([columnOf(0, before), columnOf(1, after)]), kept)
      expect(decodeGroup(group, 0).map((column) => column.cells)).toEqual([only(before, kept), only(after, kept)])
    }),
    { seed, numRuns: 60 },
  )
})

test('what has no other layers is not copied', () => {
  const block = encodeColumn(BlockType.key, columnOf(0, new Uint8Array(LAYERS * BUCKETS)))
  expect(keepLayers(block, 0)).toBe(block)
})

test('the newest columns of a group', () => {
  const columns = [1, 2, 3].map((openMs) => columnOf(openMs, new Uint8Array(LAYERS * BUCKETS).fill(openMs)))
  const group = encodeGroup(columns)
  expect(decodeGroup(keepNewest(group, 2), 0)).toEqual(columns.slice(1))
  expect(keepNewest(group, 3)).toBe(group)
})
