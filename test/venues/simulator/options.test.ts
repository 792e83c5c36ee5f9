// Guards what a caller may ask for: every wrong option is one coded error, the rest is filled in.
import { expect, test } from 'vitest'
import { ASSETS } from '../../../src/model/assets.ts'
import {
  LEVELS_PER_SECOND_DEFAULT,
  type SimulatorOptions,
  simulatorSettings,
} from '../../../src/venues/simulator/options.ts'

const usual = { seed: 1, startMs: 1_790_000_000_000 }

test('what is left out is filled in', () => {
  const settings = simulatorSettings(usual)
  expect(settings.assets).toHaveLength(ASSETS)
  expect(settings).toMatchObject({ levelsPerSecond: LEVELS_PER_SECOND_DEFAULT, speed: 1, noise: 1, planting: 1 })
})

test('names may repeat and come in any case and order', () => {
  expect(simulatorSettings({ ...usual, assets: ['eth', 'BTC', 'ETH'] }).assets).toEqual([0, 1])
})

const wrong: [string, Partial<SimulatorOptions>][] = [
  ['an unknown asset', { assets: ['NOSUCH'] }],
  ['no asset', { assets: [] }],
  ['a seed with a fraction', { seed: 0.5 }],
  ['a start that is no time', { startMs: -1 }],
  ['speed 0', { speed: 0 }],
  ['no duration', { durationMs: 0 }],
  ['negative noise', { noise: -1 }],
  ['no planting', { planting: 0 }],
  ['fewer levels than the books need', { levelsPerSecond: 100 }],
  ['a price of 0', { startPrices: { BTC: 0 } }],
  ['a price of an unknown asset', { startPrices: { NOSUCH: 1 } }],
]
test.each(wrong)('%s is refused', (_, options) => {
  expect(() => simulatorSettings({ ...usual, ...options })).toThrow(expect.objectContaining({ code: 'LMAP_CONFIG' }))
})
