// Guards the prices at which simulated accounts are closed: the definition by its vectors, the code by the definition,
// and the distance 1 / L - m from the entry, which the map's tiers stand for, under either kind of contract.
import { expect, test } from 'vitest'
import { bankruptcyPrice, LONG, liquidationPrice, SHORT } from '../../../src/venues/simulator/liquidation-price.ts'
import { inverseLiquidation, linearLiquidation } from '../../reference/liquidation-price.ts'
import { prng, seed } from '../../reference/prng.ts'

test('vectors of the definition', () => {
  expect(linearLiquidation(1, 10_000, 50, 0.005)).toBeCloseTo(9_849.25, 2)
  expect(linearLiquidation(-1, 8_000, 40, 0.005)).toBeCloseTo(8_159.2, 2)
  expect(inverseLiquidation(1, 2_000, 10, 0.005)).toBeCloseTo(1_826.48, 2)
  expect(inverseLiquidation(-1, 2_000, 10, 0.005)).toBeCloseTo(2_209.94, 2)
})

test(`simulated accounts follow the linear definition; margin is gone at m = 0 (seed ${seed})`, () => {
  const random = prng(seed)
  for (let i = 0; i < 1_000; i++) {
    const entry = 10 ** (random() * 9 - 4)
    const leverage = 2 + random() * 123
    const rate = random() * 0.02
    for (const [side, s] of [[LONG, 1] as const, [SHORT, -1] as const]) {
      expect(liquidationPrice(entry, leverage, rate, side) / linearLiquidation(s, entry, leverage, rate)).toBeCloseTo(
        1,
        12,
      )
      expect(bankruptcyPrice(entry, leverage, side) / linearLiquidation(s, entry, leverage, 0)).toBeCloseTo(1, 12)
    }
  }
})

test('both kinds are 1 / L - m from the entry, but for the square of it', () => {
  for (const leverage of [20, 50, 125]) {
    const distance = 1 / leverage - 0.004
    for (const s of [1, -1] as const) {
      for (const price of [linearLiquidation(s, 1, leverage, 0.004), inverseLiquidation(s, 1, leverage, 0.004)]) {
        expect(Math.abs(s * (1 - price) - distance)).toBeLessThan(1.1 / leverage ** 2)
      }
    }
  }
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
