// Guards which symbol is taken for which asset: names alone decide nothing, a mark price that disagrees is refused and
// told, a venue that cannot be asked keeps what it said last. Real HTTP on loopback, all five venues' REST.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Asset, assetByName, assetsDate, type Instrument } from '../../../src/model/assets.ts'
import { type VenueName, venues } from '../../../src/model/venues.ts'
import type { Log } from '../../../src/telemetry/log.ts'
import { hyperliquidTick } from '../../../src/venues/instruments/hyperliquid.ts'
import { changesBetween, type InstrumentTable } from '../../../src/venues/instruments/instrument-table.ts'
import { askInstruments, Instruments } from '../../../src/venues/instruments/instruments.ts'
import { createRests } from '../../../src/venues/instruments/rest-venues.ts'
import { createAgents } from '../../../src/venues/live/agents.ts'
import { threeCoins } from './contracts.ts'
import { type RestExchange, startRestExchange } from './rest-exchange.ts'

const NOW = Date.UTC(2026, 10, 23, 6)
const assets = ['BTC', 'PEPE', 'XMR'].map((name) => assetByName(name) as Asset)
const all = venues.map(({ name }) => name)
const agents = createAgents({})
let exchange: RestExchange
let folder: string
let lines: string[]

const note = (_fields: object, message: string): void => void lines.push(message)
const log: Log = { debug: note, info: note, warn: note, error: note }

beforeEach(async () => {
  exchange = await startRestExchange(threeCoins())
  folder = mkdtempSync(join(tmpdir(), 'lmap-instruments-'))
  lines = []
})
afterEach(async () => {
  await exchange.close()
  rmSync(folder, { recursive: true })
})

function rests(tries = 1): ReturnType<typeof createRests> {
  return createRests(all, exchange.bases, { agents, now: () => performance.now(), prng: () => 0, tries })
}

function ask(): Promise<InstrumentTable> {
  return askInstruments({ assets, rests: rests(), folder, now: () => NOW, log })
}

function find(table: InstrumentTable, asset: string, venue: VenueName): Instrument | undefined {
  const id = assetByName(asset)!.id
  return table.instruments.find((one) => one.asset === id && one.venue === all.indexOf(venue))
}

describe('what the venues say', () => {
  test('becomes instruments of one coin', async () => {
    const table = await ask()
    expect(table.venues.map(({ venue, origin, date }) => `${venue} ${origin} ${date}`)).toEqual(
      all.map((venue) => `${venue} venue 2026-11-23`),
    )
    expect(find(table, 'BTC', 'binance')).toMatchObject({
      symbol: 'BTCUSDT',
      multiplier: 1,
      tickSize: 0.1,
      coinsPerUnit: 1,
    })
    // A contract value counts as units of size, a multiple divides price and multiplies size.
    expect(find(table, 'BTC', 'okx')).toMatchObject({ symbol: 'BTC-USDT-SWAP', coinsPerUnit: 0.01, tickSize: 0.1 })
    expect(find(table, 'PEPE', 'binance')).toMatchObject({ multiplier: 1000, tickSize: 1e-10, coinsPerUnit: 1000 })
    expect(find(table, 'PEPE', 'okx')).toMatchObject({ multiplier: 1, coinsPerUnit: 1e7 })
    expect(find(table, 'PEPE', 'hyperliquid')).toMatchObject({ symbol: 'kPEPE', multiplier: 1000 })
    expect(find(table, 'BTC', 'hyperliquid')).toMatchObject({ tick: '1', leverageMax: 40, maintenanceRate: 0.0125 })
    expect(find(table, 'XMR', 'okx')).toBeUndefined()
    expect(table.refused).toEqual([])
  })

  test('finds a listing that the table does not know, and one that was renamed, by its price', async () => {
    // The table has no XMR on Bitget, and another name on Bybit.
    exchange.contracts
      .get('bitget')!
      .push({ symbol: 'XMRUSDT', base: 'XMR', price: 401, tick: '0.01', openInterest: 1 })
    const bybit = exchange.contracts.get('bybit')!
    bybit[1] = { ...bybit[1]!, symbol: '10000PEPEUSDT', price: 0.04 }
    const table = await ask()
    expect(find(table, 'XMR', 'bitget')).toMatchObject({ symbol: 'XMRUSDT', multiplier: 1 })
    expect(find(table, 'PEPE', 'bybit')).toMatchObject({
      symbol: '10000PEPEUSDT',
      multiplier: 10_000,
      coinsPerUnit: 10_000,
    })
  })

  test('is not guessed where no other venue seconds it', async () => {
    // Bitget alone lists something by the name that the table lacks there.
    for (const venue of all) if (venue !== 'bitget') exchange.contracts.get(venue)!.splice(0)
    exchange.contracts.get('bitget')!.push({ symbol: 'XMRUSDT', base: 'XMR', price: 3, tick: '0.01', openInterest: 1 })
    const table = await ask()
    expect(find(table, 'XMR', 'bitget')).toBeUndefined()
    expect(find(table, 'BTC', 'bitget')).toBeDefined()
  })

  test('is refused where the price says that it is something else', async () => {
    const okx = exchange.contracts.get('okx')!
    okx[0] = { ...okx[0]!, price: 83_000 }
    const bitget = exchange.contracts.get('bitget')!
    bitget[1] = { ...bitget[1]!, price: 0.004 }
    const table = await ask()
    expect(find(table, 'BTC', 'okx')).toBeUndefined()
    expect(find(table, 'PEPE', 'bitget')).toBeUndefined()
    expect(table.refused.map(({ asset, venue, reason }) => `${asset} ${venue} ${reason}`)).toEqual([
      'BTC okx its mark price is 1.04 times that of the other venues (multiple 1)',
      'PEPE bitget its mark price is 1.00e+3 times that of the other venues (multiple 1)',
    ])
  })

  test('leaves out what does not trade, shares, and rows of a new shape', async () => {
    const binance = exchange.contracts.get('binance')!
    binance[2] = { ...binance[2]!, isTrading: false }
    const bybit = exchange.contracts.get('bybit')!
    bybit[2] = { ...bybit[2]!, isCrypto: false }
    exchange.contracts
      .get('hyperliquid')!
      .push({ symbol: 7 as unknown as string, base: '', price: 1, tick: '', openInterest: 0 })
    const table = await ask()
    expect(find(table, 'XMR', 'binance')).toBeUndefined()
    expect(find(table, 'XMR', 'bybit')).toBeUndefined()
    expect(find(table, 'XMR', 'hyperliquid')).toBeDefined()
  })
})

describe('a venue that cannot be asked', () => {
  test('has the built-in table, with its date and the reason', async () => {
    exchange.fault = (venue) => (venue === 'binance' ? { status: 451 } : undefined)
    const table = await ask()
    expect(table.venues[0]).toEqual({
      venue: 'binance',
      origin: 'table',
      date: assetsDate,
      reason: 'the venue does not serve this region (HTTP 451)',
    })
    expect(find(table, 'PEPE', 'binance')).toMatchObject({ symbol: '1000PEPEUSDT' })
    expect(table.venues[1]).toMatchObject({ venue: 'bybit', origin: 'venue' })
  })

  test('has what it said last, once it has said something', async () => {
    const binance = exchange.contracts.get('binance')!
    binance[0] = { ...binance[0]!, tick: '0.25' }
    await ask()
    exchange.fault = (venue) => (venue === 'binance' ? { status: 503 } : undefined)
    const table = await ask()
    expect(table.venues[0]).toMatchObject({ origin: 'cache', date: '2026-11-23' })
    expect(find(table, 'BTC', 'binance')).toMatchObject({ tick: '0.25', tickSize: 0.25 })
  })

  test('is not believed that nearly everything was delisted', async () => {
    exchange.contracts.set('binance', exchange.contracts.get('binance')!.slice(0, 1))
    const table = await ask()
    expect(table.venues[0]).toMatchObject({ origin: 'table', reason: 'it lists only 1 of 3 known contracts' })
  })

  test('may answer with anything', async () => {
    exchange.fault = (venue) => (venue === 'okx' ? { status: 200, body: '{"code":"0","data":"none"}' } : undefined)
    const table = await ask()
    expect(table.venues[2]).toMatchObject({
      origin: 'table',
      reason: 'its list of contracts is not as documented (not a list)',
    })
  })
})

test('a kept file that is damaged counts as none, and is told of', async () => {
  writeFileSync(
    join(folder, 'instruments.json'),
    '{"version":1,"venues":{"binance":{"date":"2026-01-01","instruments":[{}]}}}',
  )
  exchange.fault = () => ({ status: 503 })
  const table = await ask()
  expect(table.venues.every((facts) => facts.origin === 'table')).toBe(true)
  expect(lines.join('\n')).toMatch(/cannot be used/)
})

test('assets that were not asked for stay in the file', async () => {
  await ask()
  await askInstruments({ assets: assets.slice(0, 1), rests: rests(), folder, now: () => NOW, log })
  const kept = JSON.parse(readFileSync(join(folder, 'instruments.json'), 'utf8'))
  expect(kept.venues.binance.instruments.map((row: { asset: string }) => row.asset)).toEqual(['BTC', 'PEPE', 'XMR'])
})

test('changes are told apart', async () => {
  const before = await ask()
  const bybit = exchange.contracts.get('bybit')!
  bybit[0] = { ...bybit[0]!, tick: '0.1000' }
  const binance = exchange.contracts.get('binance')!
  binance[0] = { ...binance[0]!, tick: '0.50' }
  binance[2] = { ...binance[2]!, isTrading: false }
  const okx = exchange.contracts.get('okx')!
  okx.push({ symbol: 'XMR-USDT-SWAP', base: 'XMR', price: 400, tick: '0.1', openInterest: 1, contractValue: '0.1' })
  const changes = changesBetween(before, await ask())
  expect(changes.map(({ symbol, what }) => `${symbol} ${what}`).sort()).toEqual([
    'BTCUSDT tick 0.10 -> 0.50',
    'XMR-USDT-SWAP listed',
    'XMRUSDT delisted',
  ])
})

test('a step that follows the price stays as it is while it is fine enough', async () => {
  const steps: string[] = []
  for (const price of [400, 99.9, 100.2, 99.9, 1_005]) {
    for (const [venue, symbol] of [
      ['hyperliquid', 'XMR'],
      ['binance', 'XMRUSDT'],
      ['bybit', 'XMRUSDT'],
    ] as const) {
      const own = exchange.contracts.get(venue)!
      const at = own.findIndex((one) => one.symbol === symbol)
      own[at] = { ...own[at]!, price }
    }
    steps.push(find(await ask(), 'XMR', 'hyperliquid')!.tick)
  }
  expect(steps).toEqual(['0.01', '0.001', '0.001', '0.001', '0.1'])
})

test('the stage starts with the table where nobody answers, without waiting for long', async () => {
  const dead = createRests(all, Object.fromEntries(all.map((venue) => [venue, 'http://no-such-venue.invalid'])), {
    agents,
    now: () => performance.now(),
    prng: () => 0,
  })
  const stage = new Instruments({ assets, rests: dead, folder, now: () => NOW, log })
  const begun = performance.now()
  await stage.start()
  await stage.stop()
  expect(performance.now() - begun).toBeLessThan(2_500)
  expect(stage.table.venues.every((facts) => facts.origin === 'table' && facts.reason !== undefined)).toBe(true)
  expect(find(stage.table, 'BTC', 'binance')).toMatchObject({ symbol: 'BTCUSDT' })
})

test.each([
  [80_020, 5, '1'],
  [80_020, 0, '1'],
  [2_414.5, 4, '0.1'],
  [93.8, 2, '0.001'],
  [0.004096, 0, '0.000001'],
  [0.09, 0, '0.000001'],
  [1.4712, 1, '0.0001'],
])('Hyperliquid at %d with %i decimals of size quotes in steps of %s', (price, decimals, tick) => {
  expect(hyperliquidTick(price, decimals)).toBe(tick)
})
