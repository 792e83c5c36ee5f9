// Guards the layer codec: what is encoded reads back exactly against any reference, the size stays within its
// bound, and no bytes whatever make the decoder read outside its input, run on or throw.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS } from '../../src/model/layers.ts'
import { decodeCells, encodeCells, LAYER_BYTES_MAX } from '../../src/wire/cells.ts'
import { seed } from './seed.ts'

/** Layers of every density: empty, a few far cells (long gaps), runs, noise. */
const layer = fc
  .tuple(fc.constantFrom(0, 0.002, 0.02, 0.3, 1), fc.integer({ min: 1, max: 2 ** 31 }), fc.boolean())
  .map(([density, start, smooth]) => {
    const cells = new Uint8Array(BUCKETS)
    let state = start
    const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
    let code = 100
    for (let cell = 0; cell < BUCKETS; cell++) {
      code = smooth ? Math.min(255, Math.max(1, code + Math.round(next() * 8 - 4))) : Math.floor(next() * 256)
      if (next() < density) cells[cell] = code
    }
    return cells
  })

test(`encode then decode is the layer (seed ${seed})`, () => {
  fc.assert(
    fc.property(layer, fc.option(layer, { nil: undefined }), fc.nat(9), (cells, reference, at) => {
      const target = new Uint8Array(LAYER_BYTES_MAX + at).fill(0xee)
      const end = encodeCells(cells, reference, target, at)
      const read = reference === undefined ? new Uint8Array(BUCKETS) : reference.slice()
      expect(decodeCells(target, at, end, read)).toBe(end)
      expect(read).toEqual(cells)
    }),
    { seed, numRuns: 200 },
  )
})

test(`the largest layer fits its bound`, () => {
  const cells = new Uint8Array(BUCKETS).map((_, cell) => (cell % 2 === 0 ? 255 : 1))
  expect(encodeCells(cells, undefined, new Uint8Array(LAYER_BYTES_MAX), 0)).toBe(LAYER_BYTES_MAX)
})

test(`random bytes are refused or decoded, never overrun (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), layer, (noise, reference) => {
      const cells = reference.slice()
      const end = decodeCells(noise, 0, noise.length, cells)
      expect(end === -1 || (end >= 4 && end <= noise.length)).toBe(true)
    }),
    { seed, numRuns: 500 },
  )
})

test(`a cut or a mutated layer never reads outside its input (seed ${seed})`, () => {
  fc.assert(
    fc.property(layer, fc.nat(5000), fc.nat(255), fc.nat(5000), (cells, place, value, cut) => {
      const target = new Uint8Array(LAYER_BYTES_MAX)
      const bytes = target.slice(0, encodeCells(cells, undefined, target, 0))
      bytes[place % bytes.length] = value
      const shorter = bytes.subarray(0, cut % (bytes.length + 1))
      for (const input of [bytes, shorter]) {
        const end = decodeCells(input, 0, input.length, new Uint8Array(BUCKETS))
        expect(end === -1 || end <= input.length).toBe(true)
      }
    }),
    { seed, numRuns: 300 },
  )
})

test('bytes behind the last cell and a padding that is not 0 are refused', () => {
  const empty = () => new Uint8Array(BUCKETS)
  const one = Uint8Array.of(1, 0, 1, 0, 0x80) // one cell: gap 0, step +1
  expect(decodeCells(one, 0, one.length, empty())).toBe(5)
  const trailing = Uint8Array.of(1, 0, 2, 0, 0x80, 0)
  expect(decodeCells(trailing, 0, trailing.length, empty())).toBe(-1)
  const padded = Uint8Array.of(1, 0, 3, 0, 0xf0, 0xff, 0x0f) // gap 0, absolute 255, then padding 0
  expect(decodeCells(padded, 0, padded.length, empty())).toBe(-1)
  const dirty = Uint8Array.of(1, 0, 2, 0, 0xf0, 0xff)
  const cells = empty()
  expect(decodeCells(dirty, 0, dirty.length, cells)).toBe(6)
  expect(cells[0]).toBe(255)
  const below = Uint8Array.of(1, 0, 1, 0, 0x60) // 0 - 1 is no code
  expect(decodeCells(below, 0, below.length, empty())).toBe(-1)
})
