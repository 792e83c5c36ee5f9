// Guards blocks and frames as a whole: columns and deltas read back what was written, the vectors that other
// encoders are checked against still hold, and broken bytes always end in a coded error.
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LmapError } from '../../src/model/errors.ts'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import {
  BlockType,
  blockEnd,
  type Column,
  decodeColumn,
  decodeDelta,
  emptyColumn,
  encodeColumn,
  encodeDelta,
} from '../../src/wire/blocks.ts'
import { decodeHeader, encodeFrame, FrameKind, HEADER_BYTES, SHORT_HEADER_BYTES } from '../../src/wire/frame.ts'
import { decodeGroup, encodeGroup } from '../../src/wire/groups.ts'
import { applyFrame } from './apply.ts'
import { seed } from './seed.ts'
import { fromGroupVector, fromVector, type GroupVector, type Vector } from './vectors/vector.ts'

const cells = fc.array(fc.tuple(fc.nat(LAYERS * BUCKETS - 1), fc.nat(255)), { maxLength: 300 }).map((changes) => {
  const all = new Uint8Array(LAYERS * BUCKETS)
  for (const [cell, code] of changes) all[cell] = code
  return all
})
const usd = fc.double({ min: 0, max: 1e9, noNaN: true })
const column: fc.Arbitrary<Column> = fc.record({
  openMs: fc.integer({ min: 0, max: 4e12 }),
  open: usd,
  high: usd,
  low: usd,
  close: usd,
  volumeUsd: usd,
  step: fc.double({ min: 1e-12, max: 1e4, noNaN: true }),
  baseBucket: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  quantumUsd: fc.constantFrom(0.5, 1, 10, 100),
  observedMs: fc.nat(86_400_000),
  cells,
})
const header = {
  kind: FrameKind.delta,
  asset: 64,
  timeframe: 5,
  flags: 1,
  modelState: 3,
  sequence: 4_000_000_000,
  epoch: 7,
  clockMs: 1.7e12,
  status: { modelId: 9, venueStates: Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0) },
}

test(`columns read back (seed ${seed})`, () => {
  fc.assert(
    fc.property(column, fc.constantFrom(BlockType.closed, BlockType.key), (written, type) => {
      const block = encodeColumn(type, written)
      const read = emptyColumn()
      read.cells.fill(9)
      expect(decodeColumn(block, 0, read)).toBe(block.length)
      expect(read).toEqual(written)
    }),
    { seed, numRuns: 100 },
  )
})

test(`deltas turn one column into the next (seed ${seed})`, () => {
  fc.assert(
    fc.property(column, cells, (before, after) => {
      const prices = { high: 4, low: 1, close: 2, volumeUsd: 1024 }
      const block = encodeDelta(before.cells, after, prices)
      const read = { ...before, cells: before.cells.slice() }
      expect(decodeDelta(block, 0, read)).toBe(block.length)
      expect(read.cells).toEqual(after)
      expect(read).toMatchObject(prices)
    }),
    { seed, numRuns: 100 },
  )
})

test('a header reads back, whole, with its status, and short', () => {
  const body = Uint8Array.of(1, 2, 3)
  const forms = [
    [{ ...header, kind: FrameKind.snapshot }, HEADER_BYTES],
    [header, 36],
    [{ ...header, status: undefined }, SHORT_HEADER_BYTES],
  ] as const
  for (const [written, bodyAt] of forms) {
    const frame = encodeFrame(written, [body])
    expect(frame.length).toBe(bodyAt + body.length)
    expect(decodeHeader(frame)).toEqual({ ...written, bodyAt })
    for (let cut = 0; cut < bodyAt; cut++) {
      expect(() => decodeHeader(frame.subarray(0, cut))).toThrow(
        expect.objectContaining({ code: 'LMAP_FRAME_CORRUPT' }),
      )
    }
  }
})

test('a frame of another version says so', () => {
  const frame = encodeFrame(header, [])
  frame[0] = 1
  expect(() => decodeHeader(frame)).toThrow(expect.objectContaining({ code: 'LMAP_FRAME_VERSION' }))
})

test(`a mutated frame is decoded or refused with LMAP_FRAME_CORRUPT (seed ${seed})`, () => {
  const change = fc.tuple(fc.nat(10_000), fc.nat(255))
  fc.assert(
    fc.property(column, cells, fc.array(change, { maxLength: 4 }), fc.nat(10_000), (written, after, changes, cut) => {
      const blocks = [
        encodeColumn(BlockType.key, written),
        encodeDelta(written.cells, after, written),
        encodeColumn(BlockType.closed, written),
      ]
      const frame = encodeFrame(header, blocks)
      for (const [place, value] of changes) frame[place % frame.length] = value
      for (const bytes of [frame, frame.subarray(0, cut % frame.length)]) {
        try {
          applyFrame(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(LmapError)
          expect(error).toMatchObject({ code: expect.stringMatching(/^LMAP_FRAME_/) })
        }
      }
    }),
    { seed, numRuns: 200 },
  )
})

test(`random bytes never pass for a frame without a check (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      for (const bytes of [noise, encodeFrame(header, [noise])]) {
        try {
          applyFrame(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^LMAP_FRAME_/) })
        }
      }
    }),
    { seed, numRuns: 300 },
  )
})

describe('vectors', () => {
  const folder = new URL('./vectors/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  test('there are some', () => expect(names.length).toBeGreaterThan(3))
  test.each(names.filter((name) => name.startsWith('group-')))('%s', (name) => {
    const { block, columns } = fromGroupVector(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as GroupVector)
    expect(blockEnd(block, 0)).toBe(block.length)
    expect(decodeGroup(block, 0)).toEqual(columns)
    expect(encodeGroup(columns)).toEqual(block)
  })
  test.each(names.filter((name) => !name.startsWith('group-')))('%s', (name) => {
    const { block, before, after } = fromVector(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector)
    const read = before === undefined ? emptyColumn() : { ...before, cells: before.cells.slice() }
    expect(blockEnd(block, 0)).toBe(block.length)
    if (block[0] === BlockType.delta) decodeDelta(block, 0, read)
    else decodeColumn(block, 0, read)
    expect(read).toEqual(after)
    const type = block[0] as 1 | 2
    const again = before === undefined ? encodeColumn(type, after) : encodeDelta(before.cells, after.cells, after)
    expect(again).toEqual(block)
  })
})
