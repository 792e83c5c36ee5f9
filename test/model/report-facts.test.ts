// Guards the shape in which reports leave the server: names for ids, null for what is not known, amounts of six digits,
// and nothing that JSON could not carry.
import { expect, test } from 'vitest'
import { reportFacts } from '../../src/model/report-facts.ts'
import { absorptionRow, convergenceRow, sweepRow, wallRow } from './report-samples.ts'

test('a wall names its venues, the largest first, and has null where nobody trades towards it', () => {
  const facts = reportFacts(wallRow({ venueUsd: [0, 1_500_000.126, 0, 0, 2_000_000], secondsToEat: undefined }))
  expect(facts).toMatchObject({
    kind: 'wall',
    id: 'wall-BTC-bybit-bid-3209-1700000000000',
    asset: 'BTC',
    venue: 'bybit',
    venues: [
      { name: 'hyperliquid', usd: 2_000_000 },
      { name: 'bybit', usd: 1_500_000 },
    ],
    secondsToEat: null,
    side: 'bid',
    state: 'active',
  })
})

test('prices keep their digits and lose what binary fractions leave', () => {
  expect(reportFacts(sweepRow({ price: 0.1 + 0.2, firstPrice: 0.000012345678 }))).toMatchObject({
    price: 0.3,
    firstPrice: 0.000012345678,
  })
  expect(reportFacts(sweepRow({ usd: 1_234_567.89 })).usd).toBe(1_234_570)
})

test('every kind reads back from JSON as it was', () => {
  for (const row of [wallRow(), sweepRow(), absorptionRow(), convergenceRow()]) {
    const facts = reportFacts(row)
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
    expect(Object.values(facts).filter((value) => value === undefined)).toEqual([])
  }
  expect(reportFacts(convergenceRow())).toMatchObject({ venues: [{ name: 'binance' }, { name: 'okx' }], state: 'chip' })
})
