// Guards blocks cut down to a range around price: what lies in the range reads back as it was, nothing else is left.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import { BlockType, type Column, decodeColumn, emptyColumn, encodeColumn } from '../../src/wire/blocks.ts'
import { decodeGroup, encodeGroup } from '../../src/wire/groups.ts'
import { keepRange, ranges, spanOf } from '../../src/wire/keep-range.ts'
import { seed } from './seed.ts'

const column: fc.Arbitrary<Column> = fc
  .record({
    low: fc.double({ min: 90, max: 100, noNaN: true }),
    rise: fc.double({ min: 1, max: 1.2, noNaN: true }),
    baseBucket: fc.integer({ min: -900, max: 900 }),
    changes: fc.array(fc.tuple(fc.nat(LAYERS * BUCKETS - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 3_000 }),
  })
  .map(({ low, rise, baseBucket, changes }) => {
    const prices = { open: low, low, high: low * rise, close: low }
    const made = { ...emptyColumn(), ...prices, step: 0.1, quantumUsd: 1, baseBucket }
    for (const [cell, code] of changes) made.cells[cell] = code
    return made
  })

/** Cell by cell, by the price in the middle of each; the buckets in which the range ends are either way. */
function expectCut(cut: Column, whole: Column, range: number): void {
  const [from, to] = [whole.low * (1 - range / 100), whole.high * (1 + range / 100)]
  for (let cell = 0; cell < BUCKETS; cell++) {
    const price = (whole.baseBucket + cell + 0.5) * whole.step
    if (Math.abs(price - from) < whole.step || Math.abs(price - to) < whole.step) continue
    const isKept = price > from && price < to
    for (let layer = 0; layer < LAYERS; layer++) {
      const at = layer * BUCKETS + cell
      if (cut.cells[at] !== (isKept ? whole.cells[at] : 0)) expect.fail(`cell ${cell} of layer ${layer}, ${range} %`)
    }
  }
}

test(`columns and groups keep what is in range and no more (seed ${seed})`, () => {
  fc.assert(
    fc.property(column, column, fc.constantFrom(...ranges), (a, b, range) => {
      const read = emptyColumn()
      decodeColumn(keepRange(encodeColumn(BlockType.closed, a), range), 0, read)
      expectCut(read, a, range)
      expect({ ...read, cells: a.cells }).toEqual(a)
      const group = decodeGroup(keepRange(encodeGroup([a, { ...b, openMs: 1 }]), range), 0)
      expectCut(group[0]!, a, range)
      expectCut(group[1]!, b, range)
    }),
    { seed, numRuns: 60 },
  )
})

test('without a range, and without a price, nothing is cut', () => {
  const block = encodeColumn(BlockType.closed, { ...emptyColumn(), step: 1, quantumUsd: 1 })
  expect(keepRange(block, 0)).toBe(block)
  expect(spanOf({ step: 1, baseBucket: 0 }, 0, 0, 2)).toEqual({ first: 0, last: BUCKETS - 1 })
})

test('a price beyond the window leaves no cell, and none outside of it', () => {
  for (const price of [1e-9, 1e9]) {
    const { first, last } = spanOf({ step: 1, baseBucket: 1_000 }, price, price, 5)
    expect(last).toBeLessThan(first)
    expect([first >= 0, last < BUCKETS]).toEqual([true, true])
  }
})
