// Guards the four readings: no mode adds what happened to what is modelled, smoothing keeps every dollar, and
// hybrid shows nothing predicted where price has been.
import { expect, test } from 'vitest'
import { BUCKETS, codeOfUsd, Layer, usdOfCode } from '../../src/model/layers.ts'
import { modelStates } from '../../src/model/model-states.ts'
import { emptyChannels, modeShown, modes, quantise, readMode, smooth, traversed } from '../../src/model/modes.ts'
import { type Column, emptyColumn } from '../../src/wire/blocks.ts'

const sum = (usd: Float64Array) => usd.reduce((total, value) => total + value, 0)

function column(): Column {
  const column = {
    ...emptyColumn(),
    open: 1000,
    low: 999,
    high: 1001.5,
    close: 1000,
    step: 1,
    baseBucket: 0,
    quantumUsd: 100,
  }
  const set = (layer: number, bucket: number, usd: number) => {
    column.cells[layer * BUCKETS + bucket] = codeOfUsd(usd, column.quantumUsd)
  }
  set(Layer.longLiq, 999, 50_000)
  set(Layer.shortLiq, 999, 20_000)
  for (const bucket of [0, 998, 999, 1001, 1002, BUCKETS - 1]) set(Layer.longLevel, bucket, 1e6)
  set(Layer.shortLevel, 1100, 3e6)
  set(Layer.bid, 998, 9e6)
  return column
}

test('raw is realised only, both sides added', () => {
  const out = emptyChannels()
  readMode('raw', column(), out)
  expect(out.realised[999]! / 70_000).toBeCloseTo(1, 1)
  expect(sum(out.predicted)).toBe(0)
})

test('synthetic is predicted only', () => {
  const out = emptyChannels()
  readMode('synthetic', column(), out)
  expect(sum(out.realised)).toBe(0)
  expect(out.predicted[1001]! / 1e6).toBeCloseTo(1, 1)
  expect(out.predicted[1100]! / 3e6).toBeCloseTo(1, 1)
})

test('hybrid clears predictions between low and high, both included, and no other', () => {
  const out = emptyChannels()
  const given = column()
  readMode('hybrid', given, out)
  expect(traversed(given)).toEqual({ first: 999, last: 1001 })
  expect([out.predicted[999], out.predicted[1001]]).toEqual([0, 0])
  expect(Math.min(out.predicted[998]!, out.predicted[1002]!, out.predicted[0]!)).toBeGreaterThan(9e5)
  expect(out.realised[999]).toBeGreaterThan(0)
})

test('hybrid of a column without a price keeps every prediction', () => {
  const out = emptyChannels()
  readMode('hybrid', { ...column(), high: 0, low: 0, close: 0 }, out)
  expect(out.predicted[999]).toBeGreaterThan(0)
})

test('a range outside the window clears nothing', () => {
  const out = emptyChannels()
  readMode('hybrid', { ...column(), baseBucket: 5000 }, out)
  expect(sum(out.predicted)).toBeGreaterThan(6e6)
})

test('heatmap keeps the mass, at the edges of the window too', () => {
  const smoothed = emptyChannels()
  const plain = emptyChannels()
  readMode('heatmap', column(), smoothed)
  readMode('synthetic', column(), plain)
  expect(sum(smoothed.predicted) / sum(plain.predicted)).toBeCloseTo(1, 12)
  expect(smoothed.predicted[1099]).toBeGreaterThan(0)
  const edge = new Float64Array(BUCKETS)
  edge[0] = 5
  smooth(edge)
  expect(sum(edge)).toBeCloseTo(5, 12)
})

test('reading a column twice in any mode overwrites what was there', () => {
  const once = emptyChannels()
  const twice = emptyChannels()
  for (const mode of modes) readMode(mode, column(), twice)
  readMode('hybrid', column(), once)
  expect(twice).toEqual(once)
})

test('quantise agrees with the model', () => {
  const usd = Float64Array.from({ length: BUCKETS }, (_, bucket) =>
    bucket < 300 ? usdOfCode(bucket % 256, 100) : bucket,
  )
  const codes = new Uint8Array(BUCKETS * 4)
  quantise(usd, 100, codes, 1, 4)
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    expect(codes[bucket * 4 + 1], `bucket ${bucket}`).toBe(codeOfUsd(usd[bucket]!, 100))
  }
})

test('hybrid of an unproven forecast shows what happened alone, and no other mode or state changes', () => {
  const shown = modelStates.map((_, state) => modeShown('hybrid', state))
  expect(shown).toEqual(['hybrid', 'hybrid', 'raw', 'hybrid'])
  for (const mode of modes) if (mode !== 'hybrid') expect(modeShown(mode, modelStates.indexOf('unproven'))).toBe(mode)
})
