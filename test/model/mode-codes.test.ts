// Guards that reading codes into codes says what reading dollars and quantising them says: for every mode, for cells of any
// two codes, where price has been, and for columns of another quantum. Random columns, the seed is printed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, Layer } from '../../src/model/layers.ts'
import { readModeCodes } from '../../src/model/mode-codes.ts'
import { emptyChannels, type Mode, modes, quantise, readMode } from '../../src/model/modes.ts'
import { type Column, emptyColumn } from '../../src/wire/blocks.ts'

const SEED = 20261123
const STRIDE = 4

function byDollars(mode: Mode, column: Column, quantumUsd: number): Uint8Array {
  const codes = new Uint8Array(BUCKETS * STRIDE)
  const channels = emptyChannels()
  readMode(mode, column, channels)
  quantise(channels.realised, quantumUsd, codes, 0, STRIDE)
  quantise(channels.predicted, quantumUsd, codes, 1, STRIDE)
  return codes
}

function byCodes(mode: Mode, column: Column, quantumUsd: number): Uint8Array {
  // What was there before is overwritten, the other channels are not touched.
  const codes = new Uint8Array(BUCKETS * STRIDE).fill(77)
  const at = (channel: number) => ({ codes, at: channel, stride: STRIDE })
  readModeCodes(mode, column, quantumUsd, at(0), at(1))
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    expect(codes[bucket * STRIDE + 2]).toBe(77)
    codes[bucket * STRIDE + 2] = 0
    codes[bucket * STRIDE + 3] = 0
  }
  return codes
}

function priced(low: number, high: number): Column {
  return { ...emptyColumn(), open: low, low, high, close: high, step: 1, baseBucket: 1000, quantumUsd: 100 }
}

test('every pair of codes adds up as its dollars do', () => {
  for (let one = 0; one < 256; one++) {
    const column = priced(0, 0)
    for (let other = 0; other < 256; other++) {
      column.cells[Layer.longLiq * BUCKETS + other] = one
      column.cells[Layer.shortLiq * BUCKETS + other] = other
    }
    expect(byCodes('raw', column, 100)).toEqual(byDollars('raw', column, 100))
  }
})

test(`any column reads the same in every mode (seed ${SEED})`, () => {
  const cell = fc.record({
    layer: fc.constantFrom(Layer.longLiq, Layer.shortLiq, Layer.longLevel, Layer.shortLevel),
    bucket: fc.integer({ min: 0, max: BUCKETS - 1 }),
    code: fc.integer({ min: 0, max: 255 }),
  })
  const range = fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 400 }))
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 300 }), range, fc.constantFrom(100, 250), (cells, [low, more], quantum) => {
      const column = priced(low, low + more)
      for (const { layer, bucket, code } of cells) column.cells[layer * BUCKETS + bucket] = code
      for (const mode of modes) expect(byCodes(mode, column, quantum)).toEqual(byDollars(mode, column, quantum))
    }),
    { seed: SEED, numRuns: 60 },
  )
})
