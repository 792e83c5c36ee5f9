import { TickMarkType } from 'lightweight-charts'
// Guards the small readers and writers of the page: USD and prices as people read them, addresses, and the list of
// assets, each with input that somebody else wrote.
import { expect, test } from 'vitest'
import { formatTick } from '../../src/web/candle-chart.ts'
import { readCatalogue } from '../../src/web/catalogue.ts'
import { decimalsOf, formatAge, formatPrice, formatTime, formatUsd } from '../../src/web/format.ts'
import { formatRoute, parseRoute, routeDefault } from '../../src/web/route.ts'

test.each([
  [0, '$0'],
  [0.5, '$0.50'],
  [999, '$999'],
  [999.9, '$1.00K'],
  [12_345, '$12.3K'],
  [999_960, '$1.00M'],
  [123_456_789, '$123M'],
  [4.2e9, '$4.20B'],
  [1.5e12, '$1.50T'],
])('%s USD reads %s', (usd, text) => expect(formatUsd(usd)).toBe(text))

test.each([
  [0.1, 1],
  [1, 0],
  [25, 0],
  [0.0001, 4],
  [1e-10, 10],
])('a tick of %s has %s decimals', (tick, decimals) => expect(decimalsOf(tick)).toBe(decimals))

test('prices, ages and times', () => {
  expect(formatPrice(77041.25, 1)).toBe('77,041.3')
  expect(formatPrice(1234567, 0)).toBe('1,234,567')
  expect(formatPrice(999, 0)).toBe('999')
  expect(formatPrice(1234.56789, 5)).toBe('1,234.56789')
  expect(formatPrice(0.00001234, 8)).toBe('0.00001234')
  expect([0, 59_400, 60_000, 7_200_000, 172_800_000].map(formatAge)).toEqual(['0 s', '59 s', '1 min', '2 h', '2 d'])
  expect(formatTime(0)).toBe('1970-01-01 00:00 UTC')
})

test('the time axis names years, months, days and times, in UTC', () => {
  const midnight = Date.UTC(2026, 10, 23)
  expect(formatTick(midnight, TickMarkType.Year)).toBe('2026')
  expect(formatTick(midnight, TickMarkType.Month)).toBe('Nov')
  expect(formatTick(midnight, TickMarkType.DayOfMonth)).toBe('23')
  expect(formatTick(midnight, TickMarkType.Time)).toBe('00:00')
  expect(formatTick(midnight + 50_709_000, TickMarkType.TimeWithSeconds)).toBe('14:05:09')
})

test('an address says what is shown; what it does not say or says wrong is the default', () => {
  const assets = ['BTC', 'ETH']
  expect(parseRoute('#eth/4h/raw', assets)).toEqual({ asset: 'ETH', timeframe: '4h', mode: 'raw' })
  expect(parseRoute('', assets)).toEqual(routeDefault)
  expect(parseRoute('#<script>/9y/%00', assets)).toEqual(routeDefault)
  expect(parseRoute('#XYZ', ['SOL'])).toMatchObject({ asset: 'SOL' })
  const route = { asset: 'ETH', timeframe: '5m', mode: 'heatmap' } as const
  expect(parseRoute(formatRoute(route), assets)).toEqual(route)
})

test('an address can name a price and a moment', () => {
  const assets = ['BTC', 'ETH']
  const atMs = Date.UTC(2026, 10, 22, 10, 15)
  expect(parseRoute('#BTC/1m/hybrid@2026-11-22T10:15:00Z', assets)).toMatchObject({ asset: 'BTC', atMs })
  expect(parseRoute('#BTC/1m/hybrid@2026-11-22T10%3A15%3A00Z', assets)).toMatchObject({ atMs })
  expect(parseRoute('#ETH@2026-11-22T12:15:00.000+02:00', assets)).toMatchObject({ asset: 'ETH', mode: 'hybrid', atMs })
  const full = { asset: 'BTC', timeframe: '1h', mode: 'raw', level: 64210.5, atMs } as const
  expect(formatRoute(full)).toBe('#BTC/1h/raw/64210.5@2026-11-22T10:15:00Z')
  expect(parseRoute(formatRoute(full), assets)).toEqual(full)
  for (const bad of ['2026-11-22', '10:15', '-1', '1e99', "2026-11-22T10:15:00Z'", '', '%', '99999999999999']) {
    expect(parseRoute(`#BTC/1m/hybrid@${bad}`, assets).atMs, bad).toBeUndefined()
  }
  for (const bad of ['-1', '0', '1e5', 'NaN', '1,000', '<b>', '1'.repeat(40)]) {
    expect(parseRoute(`#BTC/1m/hybrid/${bad}`, assets).level, bad).toBeUndefined()
  }
})

test('a list of assets is read or refused in words', () => {
  const good = { source: 'simulator', simulated: true, assets: [{ name: 'BTC', gridTick: 0.1, more: 1 }] }
  expect(readCatalogue(good)).toEqual({
    source: 'simulator',
    simulated: true,
    assets: [{ name: 'BTC', gridTick: 0.1 }],
  })
  for (const bad of [null, 5, {}, { assets: [] }, { assets: [null] }, { assets: [{ name: 'BTC', gridTick: 0 }] }]) {
    expect(() => readCatalogue(bad)).toThrow(/list of assets/)
  }
})
