// Guards the one word of the read: a side is named for what rests there, contested where sides meet, unproven where only
// reports speak whose worth nobody has measured; and conviction is never claimed without a lift that says so.
import { expect, test } from 'vitest'
import { type Lift, type LiftSide, liftOf } from '../../src/model/lift.ts'
import { type ReadInput, type ReadLabel, readLabels, readOf } from '../../src/model/read.ts'
import type { Asymmetry, ConvergenceRow } from '../../src/model/reports.ts'
import { convergenceRow } from './report-samples.ts'

const PRICE = 64_200
const none = { above: undefined, below: undefined }

function lean(book: number, change: Partial<Asymmetry> = {}): Asymmetry {
  const side = Math.abs(book) <= 0.15 ? 'balanced' : book > 0 ? 'bid' : 'ask'
  return { book, walls: 0, agreeing: 4, venues: 5, side, ...change }
}

const support = convergenceRow()
const resistance = convergenceRow({ id: 'r', side: 'resistance', price: 64_400 })
const far = (row: ConvergenceRow) => ({ ...row, price: PRICE * 1.011 })

/** Of so many trials: reports held this often, controls half the time. */
function lift(kind: Lift['kind'], side: LiftSide, n: number, held: number): Lift {
  return liftOf(kind, side, { n, held, broken: n - held }, { n, held: n / 2, broken: n / 2 })
}

function read(change: Partial<ReadInput>) {
  return readOf({
    price: PRICE,
    asymmetry: lean(0),
    convergences: [],
    magnets: none,
    modelState: 3,
    lifts: [],
    ...change,
  })
}

const cases: [string, Partial<ReadInput>, ReadLabel, RegExp][] = [
  [
    'a book that leans to bids',
    { asymmetry: lean(0.3) },
    'support-heavy',
    /^Bids outweigh asks near price \(\+0\.30\), on 4 of 5 venues\.$/,
  ],
  [
    'a book that leans to asks',
    { asymmetry: lean(-0.3) },
    'resistance-heavy',
    /Asks outweigh bids near price \(−0\.30\)/,
  ],
  ['nothing', {}, 'balanced', /^The book is balanced near price \(\+0\.00\)\.$/],
  [
    'a lean of too few venues',
    { asymmetry: lean(0.3, { side: 'balanced', agreeing: 2 }) },
    'balanced',
    /only on 2 of 5 venues/,
  ],
  [
    'a book and a chip of one side',
    { asymmetry: lean(0.3), convergences: [support] },
    'support-heavy',
    /1 chip of support at 64190; chips: no lift measured/,
  ],
  [
    'a book against a chip',
    { asymmetry: lean(0.3), convergences: [resistance] },
    'contested',
    /1 chip of resistance at 64400/,
  ],
  ['a book against walls', { asymmetry: lean(0.3, { walls: -0.5 }) }, 'contested', /Walls .* lean to asks \(−0\.50\)/],
  ['chips of both sides', { convergences: [support, resistance] }, 'contested', /chip of support/],
  [
    'a contested convergence',
    { asymmetry: lean(0.3), convergences: [{ ...support, state: 'contested' }] },
    'contested',
    /^Both sides meet at 64190\.$/,
  ],
  ['a chip by itself', { convergences: [support] }, 'unproven', /not measured to hold more often/],
  ['walls by themselves', { asymmetry: lean(0, { walls: 0.9 }) }, 'unproven', /Walls .* lean to bids/],
  ['a watch', { convergences: [{ ...support, state: 'watch' }] }, 'balanced', /balanced/],
  ['a chip far away', { convergences: [far(support)] }, 'balanced', /balanced/],
  [
    'two books',
    { asymmetry: lean(0.3, { venues: 2, agreeing: 2, side: 'balanced' }) },
    'unproven',
    /^2 venues have a book here, 3 are needed/,
  ],
  ['one book', { asymmetry: lean(0.3, { venues: 1 }) }, 'unproven', /^1 venue has a book here/],
  ['no book', { asymmetry: undefined }, 'unproven', /^No venues have a book here/],
  ['no price', { price: 0, convergences: [support] }, 'balanced', /balanced/],
]

test.each(cases)('%s', (_, change, label, reason) => {
  const { label: found, reasons } = read(change)
  expect(found).toBe(label)
  expect(reasons.some((text) => reason.test(text))).toBe(true)
})

test('a chip whose lift is proven names its side by itself, one that is not does not', () => {
  const proven = read({ convergences: [support], lifts: [lift('chip', 'support', 400, 280)] })
  expect(proven).toMatchObject({ label: 'support-heavy' })
  expect(proven.reasons[0]).toContain('high conviction: held more often than controls')
  for (const unproven of [
    [lift('chip', 'resistance', 400, 280)],
    [lift('wall', 'support', 400, 280)],
    [lift('chip', 'support', 400, 205)],
    [lift('chip', 'support', 50, 45)],
  ]) {
    const { label, reasons } = read({ convergences: [support], lifts: unproven })
    expect(label).toBe('unproven')
    expect(reasons.join()).not.toContain('high conviction')
  }
})

test('no mixture claims conviction without a lift', () => {
  const states = ['watch', 'chip', 'chip+', 'contested'] as const
  for (const book of [-0.9, -0.2, 0, 0.2, 0.9]) {
    for (const walls of [-1, 0, 1]) {
      for (const state of states) {
        for (const venues of [0, 3, 5]) {
          const convergences = [
            { ...support, state },
            { ...resistance, state: 'watch' as const },
          ]
          const { label, reasons } = read({ asymmetry: lean(book, { walls, venues, agreeing: venues }), convergences })
          expect(readLabels).toContain(label)
          expect(reasons.length).toBeGreaterThan(0)
          expect(reasons.join()).not.toContain('conviction')
        }
      }
    }
  }
})

test('magnets are told as modelled, and as not proven unless the forecast is scored', () => {
  const cluster = { kind: 'modelled', side: 'long', low: 63_000, high: 63_100, peak: 63_050, usd: 8.14e6 } as const
  const rest = { venueUsd: undefined, freshnessMs: undefined, ageMs: undefined, isFar: false }
  const below = { cluster: { ...cluster, ...rest }, distance: -0.0179, strengthUsd: 1 }
  const text = 'Modelled forced orders of 8.1 M USD would sit at 63050, 1.8 % below.'
  expect(read({ magnets: { above: undefined, below } }).reasons.slice(1)).toEqual([text])
  expect(read({ magnets: { above: undefined, below }, modelState: 2 }).reasons.slice(1)).toEqual([
    text,
    'The forecast is unproven: magnets are not proven.',
  ])
  expect(read({ modelState: 0 }).reasons.slice(1)).toEqual(['There is no forecast of forced orders.'])
})
