// Guards what a gateway says of venues: as the processor saw them, stale where the processor is behind or silent, and
// ages that go on growing while nothing is heard.
import { expect, test } from 'vitest'
import { limits } from '../../src/model/limits.ts'
import type { AssetId } from '../../src/model/units.ts'
import { venueStates } from '../../src/model/venues.ts'
import { AssetStates } from '../../src/roles/asset-states.ts'

const btc = 0 as AssetId
const live = venueStates.indexOf('live')
const stale = venueStates.indexOf('stale')
const down = venueStates.indexOf('down')
const status = {
  states: [live, down, 0, 0, 0, 0, 0, 0],
  model: { state: 2, id: 3, mean: 0, error: 0, hours: 1 },
  liquidity: {
    clockMs: 1,
    price: 2,
    step: 3,
    venues: [
      { state: live, ageMs: 100, openInterestUsd: 5 },
      { state: down, ageMs: undefined, openInterestUsd: 0 },
    ],
    realised: [],
  },
}

test('nothing is known before the first word', () => {
  const states = new AssetStates(() => 0)
  expect([...states.venueStates(btc)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  expect(states.model(btc).state).toBe(0)
  expect(states.liquidity(btc)).toBeUndefined()
})

test('live only as long as it is told by one who is not behind', () => {
  let nowMs = 0
  const states = new AssetStates(() => nowMs)
  states.take(btc, status, 0)
  nowMs = limits.behindMsMax
  expect([...states.venueStates(btc)].slice(0, 2)).toEqual([live, down])
  expect(states.liquidity(btc)?.venues.map(({ ageMs }) => ageMs)).toEqual([100 + limits.behindMsMax, undefined])
  nowMs++
  expect([...states.venueStates(btc)].slice(0, 2)).toEqual([stale, down])
  expect(states.liquidity(btc)?.venues[0]?.state).toBe(stale)
  states.take(btc, status, limits.behindMsMax + 1)
  expect(states.venueStates(btc)[0]).toBe(stale)
  states.take(btc, status, 0)
  expect(states.venueStates(btc)[0]).toBe(live)
})
