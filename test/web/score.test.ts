// Guards what the page says of the forecast: numbers only of the state that the frames tell, asked for once a minute and
// anew for another asset, and a failure in words.
import { expect, test } from 'vitest'
import { modelBadge } from '../../src/web/model-badge.ts'
import { readScore } from '../../src/web/score.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

test('a score is read or refused in words', () => {
  const good = {
    model: { state: 'scored', id: 1 },
    text: '+0.21 bits/h ± .05',
    hours: 400,
    lacks: ['no volume'],
    more: 1,
  }
  expect(readScore(good)).toEqual({ state: 'scored', text: '+0.21 bits/h ± .05', hours: 400, lacks: ['no volume'] })
  for (const bad of [
    null,
    5,
    {},
    { ...good, model: null },
    { ...good, text: 1 },
    { ...good, hours: '1' },
    { ...good, lacks: [1] },
  ]) {
    expect(() => readScore(bad)).toThrow(/score cannot be read/)
  }
})

test('the badge follows asset and state, and asks no more than it must', async () => {
  const host = { textContent: '', title: '' } as HTMLElement
  let nowMs = 0
  const asked: string[] = []
  let state = 'scored'
  const show = modelBadge(
    host,
    async (asset) => {
      asked.push(asset)
      if (state === 'gone') throw new Error('the server answered 503')
      return { state, text: `text of ${asset}`, hours: 400.5, lacks: asset === 'BTC' ? [] : ['a venue is missing'] }
    },
    () => nowMs,
  )
  show('BTC', 3)
  expect(host.textContent).toBe('Model scored')
  await settled()
  expect(host.textContent).toBe('Model text of BTC')
  expect(host.title).toMatch(/400 hours\.$/)
  for (let i = 0; i < 10; i++) show('BTC', 3)
  expect(asked).toEqual(['BTC'])
  show('ETH', 3)
  expect(host.textContent).toBe('Model scored')
  await settled()
  expect(host.textContent).toBe('Model text of ETH')
  expect(host.title).toContain('It does without: a venue is missing.')
  nowMs = 60_001
  show('ETH', 3)
  expect(asked).toEqual(['BTC', 'ETH', 'ETH'])
  // The frames are newer: what was asked for belongs to another state.
  show('ETH', 2)
  await settled()
  expect(host.textContent).toBe('Model unproven')
  state = 'gone'
  show('ETH', 1)
  await settled()
  expect(host.textContent).toBe('Model not scored yet')
  expect(host.title).toContain('503')
})
