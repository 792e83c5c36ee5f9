// Guards the simulated market as a reader of its events sees it: sound batches, books that rebuild and never cross,
// prints that take what rested, liquidations told by each venue's rule, open interest equal to the positions, and a
// truth whose every row can be found in the events.
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { assetByName, assets } from '../../../src/model/assets.ts'
import { VENUES, venueId } from '../../../src/model/venues.ts'
import { Market, SLOT_MS } from '../../../src/venues/simulator/market.ts'
import { type SimulatorOptions, simulatorSettings } from '../../../src/venues/simulator/options.ts'
import type { TruthRow } from '../../../src/venues/simulator/truth.ts'
import { type Decoded, decode } from '../decode.ts'
import { Replica } from './replica.ts'

const START_MS = 1_790_000_000_000
const SEED = 20_261
const SECONDS = 40

type Row<Kind extends TruthRow['kind']> = Extract<TruthRow, { kind: Kind }>

interface Run {
  market: Market
  truth: TruthRow[]
  /** Level updates by second. */
  levels: number[]
}

function run(
  options: Partial<SimulatorOptions>,
  seconds: number,
  each: (bytes: Uint8Array, market: Market) => void,
): Run {
  const truth: TruthRow[] = []
  const market = new Market(simulatorSettings({ seed: SEED, startMs: START_MS, ...options }), (row) => truth.push(row))
  const levels: number[] = []
  let before = 0
  for (let ms = 0; ms < seconds * 1_000; ms += SLOT_MS) {
    each(market.step(START_MS + ms), market)
    if ((ms + SLOT_MS) % 1_000 !== 0) continue
    levels.push(market.outbox.levels - before)
    before = market.outbox.levels
  }
  market.close()
  return { market, truth, levels }
}

function hashOf(options: Partial<SimulatorOptions>): string {
  const hash = createHash('sha256')
  run(options, 5, (bytes) => hash.update(bytes))
  return hash.digest('hex')
}

describe('determinism', () => {
  const few = { assets: ['BTC', 'SOL', 'PEPE', 'STRK'], levelsPerSecond: 2_000 }

  test('the same seed gives the same bytes, another seed others', () => {
    const first = hashOf(few)
    expect(hashOf(few)).toBe(first)
    expect(hashOf({ ...few, seed: SEED + 1 })).not.toBe(first)
  })

  test('a restart starts at the prices given', () => {
    const { market } = run({ ...few, startPrices: { BTC: 50_000, PEPE: 0.001 } }, 1, () => undefined)
    expect(market.assets[0]!.price.usd / 50_000).toBeCloseTo(1, 2)
    expect(market.assets[2]!.asset.name).toBe('PEPE')
    expect(market.assets[2]!.price.usd / 0.001).toBeCloseTo(1, 1)
  })
})

describe(`all assets for ${SECONDS} s (seed ${SEED})`, () => {
  const replicas = new Map<number, Replica>()
  const byBook = new Map<number, Decoded[]>()
  const clocks = new Map<number, number>()
  let result: Run
  const bookOf = (asset: number, venue: number) => asset * VENUES + venue
  const bookOfRow = (row: { asset: string; venue: string }) => bookOf(assetByName(row.asset)!.id, venueId(row.venue))
  const recordsOf = (row: { asset: string; venue: string }) => byBook.get(bookOfRow(row)) ?? []
  const rows = <Kind extends TruthRow['kind']>(kind: Kind) => {
    const found = result.truth.filter((row): row is Row<Kind> => row.kind === kind)
    expect(found.length).toBeGreaterThan(0)
    return found
  }
  const tickOf = (row: { asset: string; venue: string; price: number }) =>
    Math.round(row.price / recordsOf(row)[0]!.tickSize)

  beforeAll(() => {
    result = run({}, SECONDS, (bytes, market) => {
      for (const record of decode(bytes)) {
        const book = bookOf(record.asset, record.venue)
        let replica = replicas.get(book)
        if (replica === undefined) {
          replica = new Replica()
          replicas.set(book, replica)
          byBook.set(book, [])
        }
        if (record.sequence < replica.sequence) expect.fail(`sequence goes back: ${JSON.stringify(record)}`)
        replica.sequence = record.sequence
        replica.apply(record)
        byBook.get(book)!.push(record)
        if (record.kind === 'heartbeat') clocks.set(record.asset, record.timeMs)
        if (record.kind !== 'openInterest') continue
        expect(record.value).toBe(market.assets[record.asset]!.openInterestCoins(record.venue))
      }
    })
  })

  test('every asset has a book on every venue, two-sided and as the simulator has it', () => {
    expect(replicas.size).toBe(assets.length * VENUES)
    for (const { asset, books } of result.market.assets) {
      for (const { book, listing } of books) {
        const replica = replicas.get(bookOf(asset.id, listing.venue))!
        expect([replica.bestBid, replica.bestAsk]).toEqual([book.bestBid, book.bestAsk])
        expect(replica.bids.size + replica.asks.size).toBe(book.levels)
        const levels = [...replica.bids, ...replica.asks]
        expect(levels.filter(([tick, size]) => size !== book.sizeAt(tick))).toEqual([])
      }
    }
  })

  test('sequences start where a later start goes on', () => {
    for (const records of byBook.values()) {
      expect(records[0]!.sequence).toBe(START_MS * 4096)
      expect(records.at(-1)!.sequence).toBeLessThan((START_MS + 1_000) * 4096)
    }
  })

  test('the clock of every asset moves', () => {
    for (const { id } of assets) expect(clocks.get(id)!).toBeGreaterThan(START_MS + (SECONDS - 3) * 1_000)
  })

  test('a full book comes every 30 s', () => {
    for (const records of byBook.values()) {
      const resets = records.filter((record) => record.kind === 'bookReset').map((record) => record.timeMs)
      expect(resets.length).toBeGreaterThanOrEqual(2)
      for (let i = 1; i < resets.length; i++) expect(resets[i]! - resets[i - 1]!).toBeLessThanOrEqual(30_200)
    }
  })

  test('level updates come at the rate asked for', () => {
    const settled = result.levels.slice(5)
    const mean = settled.reduce((sum, count) => sum + count, 0) / settled.length
    expect(mean).toBeGreaterThan(18_000)
    expect(mean).toBeLessThan(22_000)
  })

  test('open interest is what the positions hold, one-sided, and near the table', () => {
    for (const market of result.market.assets) {
      const sums = Array.from({ length: VENUES }, () => [0, 0])
      for (const { venue, side, coins } of market.positions()) sums[venue]![side]! += coins
      let usd = 0
      for (const [venue, pair] of sums.entries()) {
        const coins = market.openInterestCoins(venue)
        expect(coins / Math.max(...pair)).toBeCloseTo(1, 9)
        usd += coins * market.price.usd
      }
      expect(usd / market.asset.openInterestUsd).toBeGreaterThan(0.5)
      expect(usd / market.asset.openInterestUsd).toBeLessThan(1.6)
    }
  })

  test('accounts are closed once the published mark has reached their price, and none before', () => {
    for (const row of rows('liquidation')) {
      if (row.side === 'long') expect(row.markPrice).toBeLessThanOrEqual(row.liquidationPrice)
      else expect(row.markPrice).toBeGreaterThanOrEqual(row.liquidationPrice)
      expect(recordsOf(row).some((record) => record.kind === 'markPrice' && record.value === row.markPrice)).toBe(true)
    }
    for (const market of result.market.assets) {
      for (const { side, liquidationPrice } of market.positions()) {
        // Venues differ from the common price, and one step is open.
        const room = side === 0 ? market.price.usd / liquidationPrice : liquidationPrice / market.price.usd
        if (room < 0.998) expect.fail(`${market.asset.name} is past an open position at ${liquidationPrice}`)
      }
    }
  })

  test('liquidations are told by the rule of each venue', () => {
    const told = (venue: string) =>
      [...byBook.values()].flat().filter((one) => one.kind === 'liquidation' && one.venue === venueId(venue))
    const done = rows('liquidation').filter((row) => row.venue === 'bybit')
    expect(
      told('bybit')
        .map((one) => one.value)
        .sort(),
    ).toEqual(done.map((row) => row.coins).sort())
    expect(told('hyperliquid')).toEqual([])
    const kinds = { binance: 0, bybit: 1, okx: 1, bitget: 3 }
    for (const [venue, kind] of Object.entries(kinds)) {
      for (const { flags } of told(venue)) expect(flags >> 1).toBe(kind)
    }
    for (const venue of ['binance', 'okx', 'bitget']) {
      const seconds = told(venue).map(
        (one) => `${one.asset} ${venue === 'bitget' ? one.flags & 1 : ''} ${Math.floor(one.receiveMs / 1_000)}`,
      )
      expect(new Set(seconds).size).toBe(seconds.length)
    }
  })

  test('every wall stands in the book from its start, and leaves it as its fate says', () => {
    for (const wall of rows('wall')) {
      const tick = tickOf(wall)
      const levels = recordsOf(wall).filter((record) => record.kind === 'bookLevel' && record.tick === tick)
      const placed = levels.find((record) => record.timeMs === wall.startMs && record.value >= wall.coins)
      expect(placed, `placed: ${JSON.stringify(wall)}`).toBeDefined()
      expect(placed!.flags).toBe(wall.side === 'ask' ? 1 : 0)
      const traded = recordsOf(wall)
        .filter((record) => record.kind === 'trade' && record.tick === tick)
        .filter((record) => record.timeMs >= wall.startMs && record.timeMs <= wall.endMs)
        .reduce((sum, record) => sum + record.value, 0)
      expect(traded).toBeGreaterThanOrEqual(wall.filledCoins * 0.999)
      if (wall.fate === 'filled') expect(wall.filledCoins).toBeGreaterThan(0.9 * wall.coins)
      if (wall.fate === 'filled' || wall.fate === 'open') continue
      const last = levels.findLast((record) => record.timeMs <= wall.endMs)!
      expect(last.timeMs, `withdrawn: ${JSON.stringify(wall)}`).toBe(wall.endMs)
    }
  })

  test('every sweep and every absorption has its prints', () => {
    const between = (row: { asset: string; venue: string; startMs: number; endMs: number }, takerSold: boolean) =>
      recordsOf(row)
        .filter((record) => record.kind === 'trade' && record.flags === (takerSold ? 1 : 0))
        .filter((record) => record.timeMs >= row.startMs && record.timeMs <= row.endMs)
    for (const sweep of rows('sweep')) {
      const prints = between(sweep, sweep.side === 'sell')
      expect(prints.reduce((sum, print) => sum + print.value, 0)).toBeGreaterThanOrEqual(sweep.coins * 0.999)
      expect(new Set(prints.map((print) => print.tick)).size).toBeGreaterThanOrEqual(sweep.levels)
      expect(sweep.endMs - sweep.startMs).toBeLessThan(500)
    }
    for (const absorption of rows('absorption')) {
      const prints = between(absorption, absorption.side === 'bid').filter((print) => print.tick === tickOf(absorption))
      const usd = prints.reduce((sum, print) => sum + print.value * absorption.price, 0)
      expect(usd).toBeGreaterThanOrEqual(absorption.usd * 0.999)
    }
  })

  test('the truth ends with the open positions', () => {
    const listed = rows('positions')
    expect(listed.map((row) => row.asset)).toEqual(assets.map((asset) => asset.name))
    expect(listed[0]!.open).toHaveLength(result.market.positions('BTC').length)
  })
})
