// Guards the packing of snapshots: it reads back, it is LZ4 as others write and read it, and no bytes whatever make
// the unpacker leave its input or its output.
import fc from 'fast-check'
import { compressSync, uncompressSync } from 'lz4-napi'
import { expect, test } from 'vitest'
import { pack, packedBytesMax, unpack } from '../../src/wire/lz4.ts'
import { seed } from './seed.ts'

/** Runs, repetitions near and far, and noise. */
const bytes = fc
  .array(fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 9 })), { maxLength: 30 })
  .map((parts) =>
    Uint8Array.from(
      parts.flatMap(([start, length, stride]) => Array.from({ length }, (_, i) => (start + (i % stride) * 37) & 255)),
    ),
  )

function packed(source: Uint8Array): Uint8Array {
  const target = new Uint8Array(packedBytesMax(source.length))
  return target.slice(0, pack(source, target, 0))
}

test(`what is packed unpacks (seed ${seed})`, () => {
  fc.assert(
    fc.property(bytes, (source) => {
      const small = packed(source)
      const target = new Uint8Array(source.length)
      expect(unpack(small, 0, small.length, target)).toBe(true)
      expect(target).toEqual(source)
    }),
    { seed, numRuns: 300 },
  )
})

test(`lz4-napi reads ours and we read its (seed ${seed})`, () => {
  fc.assert(
    fc.property(bytes, (source) => {
      // Its blocks carry their size in front.
      const sized = Buffer.alloc(4 + packedBytesMax(source.length))
      sized.writeUInt32LE(source.length)
      const end = pack(source, sized, 4)
      expect(new Uint8Array(uncompressSync(sized.subarray(0, end)))).toEqual(source)
      const theirs = compressSync(Buffer.from(source)).subarray(4)
      const target = new Uint8Array(source.length)
      expect(unpack(theirs, 0, theirs.length, target)).toBe(true)
      expect(target).toEqual(source)
    }),
    { seed, numRuns: 200 },
  )
})

test('noise grows by no more than its bound', () => {
  let state = seed
  const noise = Uint8Array.from(
    { length: 70_000 },
    () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24,
  )
  expect(packed(noise).length).toBeLessThanOrEqual(packedBytesMax(noise.length))
})

test(`broken bytes are refused or fill the target, never more (seed ${seed})`, () => {
  const change = fc.tuple(fc.nat(10_000), fc.nat(255))
  fc.assert(
    fc.property(bytes, fc.array(change, { maxLength: 4 }), fc.nat(10_000), (source, changes, cut) => {
      const small = packed(source)
      for (const [place, value] of changes) small[place % small.length] = value
      const guarded = new Uint8Array(source.length + 2).fill(0xee)
      for (const end of [small.length, cut % small.length]) {
        expect(typeof unpack(small, 0, end, guarded.subarray(1, -1))).toBe('boolean')
        expect([guarded[0], guarded.at(-1)]).toEqual([0xee, 0xee])
      }
    }),
    { seed, numRuns: 500 },
  )
})

test('each rule of a sequence is checked', () => {
  const fills = (source: number[], size: number) =>
    unpack(Uint8Array.from(source), 0, source.length, new Uint8Array(size))
  expect(fills([0x10, 7], 1)).toBe(true)
  expect(fills([0x10, 7], 2)).toBe(false) // too little
  expect(fills([0x20, 7, 7], 1)).toBe(false) // too much
  expect(fills([0x10], 1)).toBe(false) // literals cut
  expect(fills([0xf0], 20)).toBe(false) // length cut
  expect(fills([0x10, 7, 0, 0, 0x10, 7], 6)).toBe(false) // offset 0
  expect(fills([0x10, 7, 2, 0, 0x10, 7], 6)).toBe(false) // before the start
  expect(fills([0x10, 7, 1, 0, 0x10, 8], 6)).toBe(true)
  expect(fills([0x1f, 7, 1, 0, 255], 600)).toBe(false) // match length cut
  expect(fills([0x10, 7, 1, 0], 5)).toBe(false) // ends with a match
  expect(fills([], 0)).toBe(false)
})
