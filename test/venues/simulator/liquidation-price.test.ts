// Guards the prices at which simulated accounts are closed: the vectors of the definition, and its ordering.
import { expect, test } from 'vitest'
import { bankruptcyPrice, LONG, liquidationPrice, SHORT } from '../../../src/venues/simulator/liquidation-price.ts'

test('linear vectors', () => {
  expect(liquidationPrice(10_000, 50, 0.005, LONG)).toBeCloseTo(9_849.25, 2)
  expect(liquidationPrice(8_000, 40, 0.005, SHORT)).toBeCloseTo(8_159.2, 2)
})

test('bankruptcy lies beyond liquidation, and both beyond the entry', () => {
  for (const leverage of [3, 10, 50, 99]) {
    const long = liquidationPrice(100, leverage, 0.005, LONG)
    expect(bankruptcyPrice(100, leverage, LONG)).toBeLessThan(long)
    expect(long).toBeLessThan(100)
    const short = liquidationPrice(100, leverage, 0.005, SHORT)
    expect(bankruptcyPrice(100, leverage, SHORT)).toBeGreaterThan(short)
    expect(short).toBeGreaterThan(100)
  }
})
