// Guards the way from a venue's decimal text to a tick: exact for every price on the grid, nearest for every other, and
// nothing that is no number gets through.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalOf, tickGrid, ticksOf } from '../../src/venues/decimal.ts'
import { seed } from '../reference/prng.ts'

const cases = [
  ['61800.20', '0.10', 618002],
  ['61837.63000000', '0.01', 6183763],
  ['60616.50', '0.5', 121233],
  ['0.0000000001', '0.0000000001', 1],
  ['7.611', '0.0010', 7611],
  ['5', '5', 1],
  ['1e-7', '0.0000001', 1],
  ['1.5E3', '0.5', 3000],
  [63374, '1', 63374],
  [0.3198, '0.0001', 3198],
  ['98450.50', '1', 98450.5],
  ['0', '0.1', 0],
] as const

describe('ticks of a price', () => {
  test.each(cases)('%s on a grid of %s is %s', (price, tick, ticks) => {
    expect(ticksOf(price, tickGrid(tick))).toBe(ticks)
  })

  test.each([
    '',
    '-1',
    '+1',
    '.5',
    '1.2.3',
    '0x10',
    'NaN',
    'Infinity',
    '1e',
    '1,5',
    ' 1',
    null,
    undefined,
    {},
    [1],
    true,
    -3,
  ])('%j is no price', (price) => {
    expect(ticksOf(price, tickGrid('0.1'))).toBeNaN()
    expect(decimalOf(price)).toBeNaN()
  })

  const grids = fc.record({ scale: fc.integer({ min: 0, max: 10 }), step: fc.constantFrom(1, 2, 5, 25) })

  test(`a price on the grid is exact, however it is written (seed ${seed})`, () => {
    const prices = fc.record({ tick: fc.integer({ min: 0, max: 0xffff_ffff }), zeros: fc.integer({ min: 0, max: 8 }) })
    fc.assert(
      fc.property(grids, prices, ({ scale, step }, { tick, zeros }) => {
        const grid = tickGrid(decimalText(BigInt(step), scale))
        const text = decimalText(BigInt(tick) * BigInt(step), scale) + (scale > 0 ? '0'.repeat(zeros) : '')
        expect(ticksOf(text, grid)).toBe(tick)
      }),
      { seed, numRuns: 2000 },
    )
  })

  test(`a price off the grid is a fraction that rounds to the nearest tick (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        grids,
        fc.bigInt({ min: 1n, max: 10n ** 13n }),
        fc.integer({ min: 1, max: 3 }),
        (grid, mantissa, more) => {
          const text = decimalText(mantissa, grid.scale + more)
          const unit = BigInt(grid.step) * 10n ** BigInt(more)
          const exact = ticksOf(text, tickGrid(decimalText(BigInt(grid.step), grid.scale)))
          expect(Number.isInteger(exact)).toBe(mantissa % unit === 0n)
          // Half a tick may go either way; everything else must be the nearest.
          const off = BigInt(Math.round(exact)) * unit - mantissa
          expect((off < 0n ? -off : off) * 2n <= unit).toBe(true)
        },
      ),
      { seed, numRuns: 2000 },
    )
  })
})

/** mantissa * 10^-scale without a float. */
function decimalText(mantissa: bigint, scale: number): string {
  if (scale === 0) return mantissa.toString()
  const digits = mantissa.toString().padStart(scale + 1, '0')
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
