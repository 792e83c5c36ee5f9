// Guards the meaning of every kind of frame against an independent reference: for single frames of five venues (API
// versions of 2019-2026) our records must say what the reference's rows say. Where we differ on purpose, the list of
// deviations says why, and a deviation that no frame needs any more fails the test.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { VenueName } from '../../src/model/venues.ts'
import { createBinanceMapper } from '../../src/venues/binance/mapper.ts'
import { createBitgetMapper } from '../../src/venues/bitget/mapper.ts'
import { createBybitMapper } from '../../src/venues/bybit/mapper.ts'
import { createHyperliquidMapper } from '../../src/venues/hyperliquid/mapper.ts'
import type { Mapper, MapperOptions } from '../../src/venues/mapper.ts'
import { createOkxMapper } from '../../src/venues/okx/mapper.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import type { Decoded } from './decode.ts'
import { openSession, plainMarket, type Session } from './session.ts'

interface Row {
  type: string
  symbol: string
  timestamp: string
  price: number
  amount: number
  side: 'buy' | 'sell'
  isSnapshot: boolean
  bids: { price: number; amount: number }[]
  asks: { price: number; amount: number }[]
  openInterest: number | null
  markPrice: number | null
}
interface Pair {
  exchange: string
  test: string
  raw: Record<string, unknown>
  expected: Row[]
}

const name = 'frames/tardis_pairs_dev.jsonl'
const frames = requirement('frames of the reference', sharedMissing(name))
const venues: Record<string, { venue: VenueName; create: (options: MapperOptions) => Mapper }> = {
  'binance-futures': { venue: 'binance', create: createBinanceMapper },
  'binance-delivery': { venue: 'binance', create: createBinanceMapper },
  bybit: { venue: 'bybit', create: createBybitMapper },
  'okex-swap': { venue: 'okx', create: createOkxMapper },
  'okex-futures': { venue: 'okx', create: createOkxMapper },
  'bitget-futures': { venue: 'bitget', create: createBitgetMapper },
  hyperliquid: { venue: 'hyperliquid', create: createHyperliquidMapper },
}
const pairs = frames.skip
  ? []
  : readFileSync(sharedPath(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Pair)
      .filter((pair) => pair.exchange in venues)

/** Frames of which we make nothing, and why. */
const unmapped: { why: string; is: (pair: Pair, text: string) => boolean; seen: number }[] = [
  { why: 'OKX before v5, closed in 2022', is: ({ raw }) => 'table' in raw, seen: 0 },
  { why: 'best-price tickers are no book', is: ({ expected }) => only(expected, 'book_ticker'), seen: 0 },
  {
    why: 'last prices are not used',
    is: ({ expected }, text) => only(expected, 'derivative_ticker') && !/mark|interest|"oi"/i.test(text),
    seen: 0,
  },
  {
    why: 'made by the collector of the reference, not sent by the venue',
    is: (_, text) => text.includes('"generated":true') && !text.includes('liquidation.'),
    seen: 0,
  },
  { why: 'settled in coins: not in our table', is: (_, text) => text.includes('COIN-FUTURES'), seen: 0 },
]

describe.skipIf(frames.skip)(frames.title, () => {
  test('there are frames of all venues', () => expect(new Set(pairs.map((pair) => pair.exchange)).size).toBe(7))

  test.each(pairs.map((pair) => [`${pair.exchange}: ${pair.test}`, pair] as const))('%s', (_, pair) => {
    const { venue, create } = venues[pair.exchange]!
    const text = JSON.stringify(pair.raw)
    const receiveMs = Date.parse(pair.expected[0]?.timestamp ?? '2025-02-25T10:36:47.578Z')
    const symbols = new Map(pair.expected.map((row) => [row.symbol, tickFor(row)]))
    // Where the reference says nothing we must say nothing either, although we know the symbol.
    const sent = /"(?:s|symbol|instId|coin)":"([^"]+)"/.exec(text)?.[1]
    if (sent !== undefined && !symbols.has(sent)) symbols.set(sent, '0.0001')
    const session = openSession(
      create,
      [...symbols]
        .map(([symbol, tick]) => plainMarket(venue, symbol, tick))
        .map((market, asset) => ({ ...market, asset: asset as never })),
    )
    const isUnmapped = unmapped.find((deviation) => deviation.is(pair, text))
    if (!isUnmapped)
      for (const row of pair.expected)
        if (row.type === 'book_change' && !row.isSnapshot) prepare(session, pair, row, receiveMs)
    const records = session.frame(pair.raw, receiveMs)
    if (text.includes('allLiquidation')) {
      // Deviation: the reference stayed silent until the day on which it changed over to this topic.
      expect(records).toMatchObject([{ kind: 'liquidation', flags: 3, tick: 246, value: 2846 }])
      return
    }
    if (isUnmapped) {
      isUnmapped.seen++
      expect(records).toEqual([])
      return
    }
    compare(pair, text, records, receiveMs)
  })

  test.each(unmapped.map((deviation) => [deviation.why, deviation] as const))('still not mapped: %s', (_, { seen }) => {
    expect(seen).toBeGreaterThan(0)
  })
})

function compare(pair: Pair, text: string, records: readonly Decoded[], receiveMs: number): void {
  const rows = pair.expected
  for (const [asset, row] of [...new Map(rows.map((row) => [row.symbol, row])).values()].entries()) {
    expect(records.filter((record) => record.asset === asset).length, row.symbol).toBeGreaterThan(0)
  }
  const trades = rows.filter((row) => row.type === 'trade')
  expect(records.filter((record) => record.kind === 'trade').map(flat)).toEqual(
    trades.map((row) => ['trade', row.side === 'buy' ? 0 : 1, round(row.price), round(row.amount), ms(row, receiveMs)]),
  )
  const liquidations = rows.filter((row) => row.type === 'liquidation')
  const liquidated = records.filter((record) => record.kind === 'liquidation')
  expect(liquidated.length).toBe(liquidations.length)
  for (const [index, row] of liquidations.entries()) {
    const record = liquidated[index]!
    // The reference names the side of the order: what is sold was long.
    expect(record.flags & 1).toBe(row.side === 'sell' ? 0 : 1)
    expect(Math.abs(record.tick * record.tickSize - row.price)).toBeLessThanOrEqual(record.tickSize / 2)
    // Deviation: Bitget's amount is USDT, the reference passes it on as coins.
    const coins = pair.exchange === 'bitget-futures' ? row.amount / row.price : row.amount
    expect(record.value).toBeCloseTo(coins, 9)
    expect(record.timeMs).toBe(ms(row, receiveMs))
  }
  const books = rows.filter((row) => row.type === 'book_change')
  expect(records.filter((record) => record.kind === 'bookReset').length).toBe(
    books.filter((row) => row.isSnapshot).length,
  )
  for (const side of ['bids', 'asks'] as const) {
    const levels = records.filter((record) => record.kind === 'bookLevel' && record.flags === (side === 'bids' ? 0 : 1))
    const expected = books.flatMap((row) => row[side].map((level) => [round(level.price), round(level.amount)]))
    expect(levels.map((record) => flat(record).slice(2, 4)).sort(byPrice)).toEqual(expected.sort(byPrice))
  }
  // The reference repeats all it ever heard of a symbol; we say what the frame says, so ours is a part of its row.
  const ticker = rows.find((row) => row.type === 'derivative_ticker')
  const marks = records.filter((record) => record.kind === 'markPrice')
  const interests = records.filter((record) => record.kind === 'openInterest')
  expect(marks.length).toBe(/mark_?price|markpx|markPriceUpdate/i.test(text) ? 1 : 0)
  for (const record of marks) expect(record.value).toBeCloseTo(ticker!.markPrice!, 9)
  // Deviation: Bybit counts both sides, which the reference keeps.
  const sides = pair.exchange === 'bybit' ? 2 : 1
  for (const record of interests) expect(record.value * sides).toBeCloseTo(ticker!.openInterest!, 6)
  if (/"(openInterest|open_interest|open_interest_e8|oi|holdingAmount)":"?[\d.]/.test(text))
    expect(interests.length).toBe(1)
}

/** Gives a diff something to change: a live book that holds other sizes at the same prices. */
function prepare(session: Session, pair: Pair, row: Row, receiveMs: number): void {
  const levels = (rows: Row['bids']) => rows.map(({ price }) => [`${price}`, '12345.5'])
  const [b, a] = [levels(row.bids), levels(row.asks)]
  const raw = pair.raw as { topic?: string; arg?: unknown; data: { U?: number; u?: number } & Record<string, unknown> }
  if (pair.exchange.startsWith('binance')) {
    session.rest('book', row.symbol, { lastUpdateId: raw.data.U, bids: b, asks: a }, receiveMs)
  } else if (pair.exchange === 'bybit' && raw.topic!.startsWith('orderBookL2')) {
    const rows = (side: string, of: string[][]) => of.map(([price]) => ({ price, side, size: 12345.5 }))
    const data = [...rows('Buy', b), ...rows('Sell', a)]
    session.frame({ topic: raw.topic, type: 'snapshot', data, timestamp_e6: receiveMs * 1000 }, receiveMs)
  } else if (pair.exchange === 'bybit') {
    const data = { b, a, u: raw.data.u! - 1 }
    session.frame({ topic: raw.topic, type: 'snapshot', ts: receiveMs, data }, receiveMs)
  } else {
    const data = [{ asks: a, bids: b, a, b, ts: `${receiveMs}` }]
    session.frame({ action: 'snapshot', arg: raw.arg, data }, receiveMs)
  }
}

/** The finest decimal grid that holds the row's prices and still numbers them with 32 bits. */
function tickFor(row: Row): string {
  const prices = [row.price, ...(row.bids ?? []).map((l) => l.price), ...(row.asks ?? []).map((l) => l.price)].filter(
    (price) => price > 0,
  )
  const scale = Math.max(0, ...prices.map((price) => `${price}`.split('.')[1]?.length ?? 0))
  const largest = Math.max(1, ...prices)
  const most = Math.floor(Math.log10(0xffff_ffff / largest))
  return (10 ** -Math.min(scale, most)).toFixed(Math.min(scale, most))
}

function only(rows: readonly Row[], type: string): boolean {
  return rows.length > 0 && rows.every((row) => row.type === type)
}

function flat(record: Decoded): [string, number, number, number, number] {
  const { kind, flags, tick, tickSize, value, timeMs } = record
  return [kind, flags, round(tick * tickSize), round(value), timeMs]
}

function round(value: number): number {
  return Number(value.toPrecision(12))
}

/** Millisecond of a row; one from before the frame's first row counts as that. */
function ms(row: Row, receiveMs: number): number {
  const time = Math.floor(Date.parse(row.timestamp))
  return Math.max(time, receiveMs)
}

function byPrice(a: readonly unknown[], b: readonly unknown[]): number {
  return (a[0] as number) - (b[0] as number)
}
