// Guards what the heat layer draws from: columns sit in the slot of their time, gaps stay empty, rows are reused
// oldest first, and scales follow what is shown.
import { describe, expect, test } from 'vitest'
import { BUCKETS, codeOfUsd, Layer } from '../../src/model/layers.ts'
import { COLUMNS } from '../../src/model/timeframes.ts'
import { HeatField, ROWS, SLOT_FIELDS, SLOTS } from '../../src/web/heat-field.ts'
import { emptyScale, fitScale } from '../../src/web/heat-scale.ts'
import { CHANNELS, Channel } from '../../src/web/palette.ts'
import { type Column, emptyColumn } from '../../src/wire/blocks.ts'

const MINUTE = 60_000
const START = 1_700_000_040_000

function column(minute: number, quantumUsd = 100): Column {
  const made = { ...emptyColumn(), openMs: START + minute * MINUTE, step: 1, baseBucket: minute, quantumUsd }
  made.cells[Layer.bid * BUCKETS + 7] = codeOfUsd(1e6, quantumUsd)
  made.cells[Layer.longLevel * BUCKETS + 9] = codeOfUsd(2e6, quantumUsd)
  made.cells[Layer.shortLiq * BUCKETS + 11] = codeOfUsd(3e6, quantumUsd)
  return made
}

const rowOf = (field: HeatField, slot: number) => field.slots[slot * SLOT_FIELDS]!
const codeAt = (field: HeatField, slot: number, bucket: number, channel: number) =>
  field.codes[(rowOf(field, slot) * BUCKETS + bucket) * CHANNELS + channel]

test('columns lie in the slot of their time, and gaps stay gaps', () => {
  const field = new HeatField()
  field.reset([column(0), column(1), column(4)], column(5), MINUTE, 'hybrid')
  expect([0, 1, 2, 3, 4, 5].map((slot) => rowOf(field, slot) >= 0)).toEqual([true, true, false, false, true, true])
  expect(field.lastSlot).toBe(5)
  expect(field.msOf(4)).toBe(START + 4 * MINUTE)
  expect(field.slots[4 * SLOT_FIELDS + 1]).toBe(4)
})

test('modes decide which channels are filled', () => {
  const field = new HeatField()
  field.reset([column(0)], undefined, MINUTE, 'hybrid')
  expect(codeAt(field, 0, 7, Channel.bid)).toBe(codeOfUsd(1e6, 100))
  expect(codeAt(field, 0, 9, Channel.predicted)).toBe(codeOfUsd(2e6, 100))
  expect(codeAt(field, 0, 11, Channel.realised)).toBe(codeOfUsd(3e6, 100))
  field.reset([column(0)], undefined, MINUTE, 'raw')
  expect(codeAt(field, 0, 9, Channel.predicted)).toBe(0)
  field.reset([column(0)], undefined, MINUTE, 'synthetic')
  expect(codeAt(field, 0, 11, Channel.realised)).toBe(0)
})

test('columns of another quantum are brought to one scale', () => {
  const field = new HeatField()
  field.reset([column(0, 1000), column(1, 100)], undefined, MINUTE, 'hybrid')
  for (const [bucket, channel] of [
    [7, Channel.bid],
    [9, Channel.predicted],
  ] as const) {
    const [before, after] = [codeAt(field, 0, bucket, channel)!, codeAt(field, 1, bucket, channel)!]
    expect(Math.abs(before - after)).toBeLessThanOrEqual(1)
  }
})

test('a column drawn again stays in its row; new ones take the oldest row', () => {
  const field = new HeatField()
  const columns = Array.from({ length: COLUMNS }, (_, minute) => column(minute))
  field.reset(columns, undefined, MINUTE, 'hybrid')
  const row = rowOf(field, COLUMNS - 1)
  expect(field.put(column(COLUMNS - 1))).toBe(true)
  expect(rowOf(field, COLUMNS - 1)).toBe(row)
  expect(field.put(column(COLUMNS))).toBe(true)
  expect(rowOf(field, 0)).toBe(-1)
  expect(rowOf(field, COLUMNS)).toBe(0)
  expect(field.oldestSlot).toBe(1)
})

test('a column beyond the slots is refused, and far history is left out', () => {
  const field = new HeatField()
  field.reset([column(0)], column(SLOTS), MINUTE, 'hybrid')
  expect(field.lastSlot).toBe(0)
  expect(field.put(column(SLOTS * 2))).toBe(false)
  expect(field.put(column(0))).toBe(false)
})

describe('scale', () => {
  test('an empty field has a scale that draws nothing and divides by nothing', () => {
    const scale = emptyScale()
    fitScale(new HeatField(), scale)
    expect([...scale.isEmpty]).toEqual([1, 1, 1, 1])
    for (let channel = 0; channel < CHANNELS; channel++) {
      expect(scale.ceiling[channel]! - scale.floor[channel]!).toBeGreaterThan(0)
    }
  })

  test('bids and asks share a scale, and the strongest code ends it', () => {
    const field = new HeatField()
    field.reset(
      Array.from({ length: ROWS }, (_, minute) => column(minute)),
      undefined,
      MINUTE,
      'hybrid',
    )
    const scale = emptyScale()
    fitScale(field, scale)
    expect(scale.ceiling[Channel.bid]).toBe(codeOfUsd(1e6, 100))
    expect(scale.ceiling[Channel.ask]).toBe(scale.ceiling[Channel.bid])
    expect(scale.ceiling[Channel.realised]).toBe(codeOfUsd(3e6, 100))
    expect(scale.isEmpty[Channel.predicted]).toBe(0)
  })
})
