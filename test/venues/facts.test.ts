// Guards the facts of each venue that ruin a map in silence: whose side a liquidation names, which price it tells and in
// what it is sized, and whose feed is whole. One frame per fact, all venues side by side.
import { describe, expect, test } from 'vitest'
import { PriceKind } from '../../src/model/events.ts'
import { type VenueName, venues } from '../../src/model/venues.ts'
import { createBinanceMapper } from '../../src/venues/binance/mapper.ts'
import { createBitgetMapper } from '../../src/venues/bitget/mapper.ts'
import { createBybitMapper } from '../../src/venues/bybit/mapper.ts'
import { createHyperliquidMapper } from '../../src/venues/hyperliquid/mapper.ts'
import type { Mapper, MapperOptions } from '../../src/venues/mapper.ts'
import { createOkxMapper } from '../../src/venues/okx/mapper.ts'
import { openSession } from './session.ts'

const T = 1_763_800_000_120
const PRICE = 85_000.1
const COINS = 0.5

interface Fact {
  readonly venue: VenueName
  readonly create: (options: MapperOptions) => Mapper
  readonly said: (word: string) => unknown
  readonly long: string
  readonly short: string
  readonly price: keyof typeof PriceKind
}

const facts: readonly Fact[] = [
  {
    venue: 'binance',
    create: createBinanceMapper,
    said: (S) => ({
      e: 'forceOrder',
      E: T,
      o: { s: 'BTCUSDT', S, q: '0.5', p: '84000', ap: `${PRICE}`, l: '0.5', z: '0.5', T },
    }),
    long: 'SELL', // the order's side
    short: 'BUY',
    price: 'fill',
  },
  {
    venue: 'bybit',
    create: createBybitMapper,
    said: (S) => ({
      topic: 'allLiquidation.BTCUSDT',
      type: 'snapshot',
      ts: T,
      data: [{ T, s: 'BTCUSDT', S, v: '0.5', p: `${PRICE}` }],
    }),
    long: 'Buy', // the position's side
    short: 'Sell',
    price: 'bankruptcy',
  },
  {
    venue: 'okx',
    create: createOkxMapper,
    said: (side) => ({
      arg: { channel: 'liquidation-orders', instType: 'SWAP' },
      data: [
        {
          instType: 'SWAP',
          instId: 'BTC-USDT-SWAP',
          details: [{ side, posSide: 'net', bkPx: `${PRICE}`, sz: '50', bkLoss: '0', ccy: '', ts: `${T}` }],
        },
      ],
    }),
    long: 'sell', // the order's side; sizes are contracts of 0.01 coins
    short: 'buy',
    price: 'bankruptcy',
  },
  {
    venue: 'bitget',
    create: createBitgetMapper,
    said: (side) => ({
      action: 'update',
      arg: { instType: 'usdt-futures', topic: 'liquidation' },
      data: [{ symbol: 'BTCUSDT', side, price: `${PRICE}`, amount: `${PRICE * COINS}`, ts: `${T}` }],
    }),
    long: 'buy', // the position's side; sizes are USDT
    short: 'sell',
    price: 'unstated',
  },
]

describe.each(facts)('$venue', ({ venue, create, said, long, short, price }) => {
  test.each([
    [0, long],
    [1, short],
  ])('a liquidation of side %i is said as %s', (side, word) => {
    const rows = openSession(create).frame(said(word), T)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ kind: 'liquidation', venue: venues.findIndex(({ name }) => name === venue) })
    expect(rows[0]!.flags & 1, 'side of the position').toBe(side)
    expect(rows[0]!.flags >> 1, 'kind of the price').toBe(PriceKind[price])
    expect(rows[0]!.tick * rows[0]!.tickSize).toBeCloseTo(PRICE, 6)
    expect(rows[0]!.value).toBeCloseTo(COINS, 9)
  })
})

test('Hyperliquid tells no liquidations', () => {
  expect(openSession(createHyperliquidMapper).frame({ channel: 'liquidations', data: [] }, T)).toEqual([])
})

test('only a whole feed says how much', () => {
  const told = Object.fromEntries(venues.map(({ name, liquidations }) => [name, liquidations]))
  expect(told).toEqual({ binance: 'floor', bybit: 'complete', okx: 'floor', bitget: 'floor', hyperliquid: 'none' })
})
