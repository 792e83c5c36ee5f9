// Guards what is said of lift: the words follow the interval, never the difference alone, and conviction needs numbers.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isConvincing,
  type LiftCount,
  liftKinds,
  liftOf,
  liftsOf,
  liftWords,
  partWorth,
  wilson,
} from '../../src/model/lift.ts'
import { seed } from '../reference/prng.ts'

const tally = (held: number, n: number) => ({ n, held, broken: n - held })
const wall = (held: number, n: number, controls: number, controlsN: number) =>
  liftOf('wall', 'support', tally(held, n), tally(controls, controlsN))

test.each([
  [wall(0, 0, 0, 0), 'no lift measured'],
  [wall(3, 4, 0, 0), 'no lift measured: 3 of 4 held, no controls'],
  [wall(0, 0, 20, 40), 'no lift measured'],
  [wall(34, 61, 61, 122), 'unproven: 34 of 61 held, controls 50 %'],
  [wall(10, 10, 1, 10), 'unproven: 10 of 10 held, controls 10 %'],
  [wall(35, 40, 40, 80), 'held more often than controls (+20 to +50 points)'],
  [wall(350, 500, 540, 1000), 'high conviction: held more often than controls (+11 to +21 points)'],
  [wall(40, 200, 200, 400), 'held less often than controls (−37 to −22 points)'],
])('%#: %s', (lift, words) => expect(liftWords(lift)).toBe(words))

test('Wilson and Newcombe give what the literature gives', () => {
  // Newcombe 1998, examples of method 3 and method 10: 81 of 263; 56 of 70 against 48 of 80.
  const [low, high] = wilson(tally(81, 263))
  expect([low.toFixed(4), high.toFixed(4)]).toEqual(['0.2553', '0.3662'])
  const lift = wall(56, 70, 48, 80)
  expect([lift.difference!.toFixed(4), lift.low!.toFixed(4), lift.high!.toFixed(4)]).toEqual([
    '0.2000',
    '0.0524',
    '0.3339',
  ])
})

test(`an interval holds its difference and stays within what rates can be (seed ${seed})`, () => {
  const counts = fc.tuple(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  fc.assert(
    fc.property(counts, counts, ([n, part], [m, other]) => {
      const lift = wall(Math.round(n * part), n, Math.round(m * other), m)
      expect(lift.low!).toBeGreaterThanOrEqual(-1)
      expect(lift.high!).toBeLessThanOrEqual(1)
      expect(lift.low!).toBeLessThanOrEqual(lift.difference! + 1e-12)
      expect(lift.high!).toBeGreaterThanOrEqual(lift.difference! - 1e-12)
      const claims = liftWords(lift).includes('conviction')
      expect(claims).toBe(isConvincing(lift))
      if (claims) expect(lift.low! > 0 && n >= 100 && m >= 100).toBe(true)
    }),
    { seed },
  )
})

test('sides and assets add up', () => {
  const counts: LiftCount[] = [
    { kind: 'sweep', side: 'support', reports: tally(3, 5), controls: tally(4, 10) },
    { kind: 'sweep', side: 'resistance', reports: tally(1, 2), controls: tally(2, 4) },
    { kind: 'sweep', side: 'support', reports: tally(1, 1), controls: tally(0, 2) },
  ]
  const lifts = liftsOf(counts)
  expect(lifts).toHaveLength(3 * liftKinds.length)
  const of = (side: string) => lifts.find((lift) => lift.kind === 'sweep' && lift.side === side)
  expect(of('support')).toMatchObject({ reports: tally(4, 6), controls: tally(4, 12) })
  expect(of('both')).toMatchObject({
    reports: tally(5, 8),
    controls: tally(6, 16),
    heldRate: 0.625,
    controlRate: 0.375,
  })
  expect(lifts[0]).toMatchObject({ kind: 'wall', heldRate: undefined, difference: undefined, low: undefined })
})

test('a part is worth what was measured, and what was assumed until then', () => {
  expect(partWorth(wall(90, 99, 50, 400))).toBe(0.2)
  expect(partWorth(wall(70, 100, 200, 400))).toBeCloseTo(0.2, 12)
  expect(partWorth(wall(62, 100, 200, 400))).toBeCloseTo(0.12, 12)
  expect(partWorth(wall(40, 100, 200, 400))).toBe(0)
})
