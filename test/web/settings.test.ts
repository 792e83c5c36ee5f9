// Guards what the page remembers: everything comes back as it was left, rubbish takes its default field by field, and
// addresses of several maps are read and written without loss.
import { expect, test } from 'vitest'
import { formatLayout, PANES_MAX, parseLayout } from '../../src/web/layout-route.ts'
import { lookDefault, lookOfAttributes, readLook } from '../../src/web/map-look.ts'
import { readSettings } from '../../src/web/settings.ts'

const whole = {
  theme: 'light',
  look: {
    palette: 'viridis',
    threshold: 0.3,
    gamma: 2,
    range: '5',
    switches: { depth: false, walls: true, chips: false, sweeps: true, labels: false },
  },
  panes: ['BTC/1m/hybrid', 'ETH/5m/raw'],
  paneCount: 2,
}

test('settings come back as they were left', () => {
  expect(readSettings(JSON.parse(JSON.stringify(whole)))).toEqual(whole)
})

test.each([undefined, null, 5, 'x', [], { look: 5, panes: 'x', paneCount: 9, theme: 'pink' }])(
  '%j is as good as no settings',
  (value) => expect(readSettings(value)).toEqual({ theme: 'auto', look: lookDefault, panes: [], paneCount: 1 }),
)

test('one field that makes no sense takes none of the others along', () => {
  const look = readLook({ ...whole.look, palette: 'toString', threshold: 2, gamma: Number.NaN, range: '3' })
  expect(look).toEqual({ ...lookDefault, switches: whole.look.switches })
  const { panes } = readSettings({ ...whole, panes: ['a'.repeat(500), 7, 'SOL/1h/raw', ...whole.panes, 'x', 'y', 'z'] })
  expect(panes).toEqual(['SOL/1h/raw', ...whole.panes, 'x'])
})

test('attributes say how a map is painted', () => {
  const attributes: Record<string, string> = {
    layers: 'depth, walls',
    palette: 'viridis',
    gamma: '1.5',
    threshold: 'x',
  }
  const look = lookOfAttributes((name) => attributes[name] ?? null)
  expect(look).toEqual({
    palette: 'viridis',
    threshold: lookDefault.threshold,
    gamma: 1.5,
    range: 'fit',
    switches: { depth: true, walls: true, chips: false, sweeps: false, labels: false },
  })
  expect(lookOfAttributes(() => null)).toEqual(lookDefault)
})

test('an address holds one to four maps', () => {
  const assets = ['BTC', 'ETH']
  const routes = parseLayout('#eth/5m/raw+BTC/1h/hybrid/64210.5@2026-11-22T10:15:00Z', assets)
  expect(routes.map(({ asset, timeframe, mode }) => [asset, timeframe, mode])).toEqual([
    ['ETH', '5m', 'raw'],
    ['BTC', '1h', 'hybrid'],
  ])
  expect(parseLayout(formatLayout(routes), assets)).toEqual(routes)
  expect(parseLayout('#', assets)).toHaveLength(1)
  expect(parseLayout(`#${'BTC/1m/raw+'.repeat(50)}`, assets)).toHaveLength(PANES_MAX)
})
