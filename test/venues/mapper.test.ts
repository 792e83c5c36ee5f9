// Guards the promise that a mapper never throws and that one bad frame harms nothing but its own book: frames of every
// venue are damaged at random, and every batch that still comes out must be sound.
import { afterAll, describe, expect, test } from 'vitest'
import { createBinanceMapper } from '../../src/venues/binance/mapper.ts'
import { createBitgetMapper } from '../../src/venues/bitget/mapper.ts'
import { createBybitMapper } from '../../src/venues/bybit/mapper.ts'
import { createHyperliquidMapper } from '../../src/venues/hyperliquid/mapper.ts'
import { createOkxMapper } from '../../src/venues/okx/mapper.ts'
import { prng, seed } from '../reference/prng.ts'
import { openSession } from './session.ts'

const T = 1_763_800_000_120
const level = [['86000.1', '12', '0', '3']]

const venues = {
  binance: {
    create: createBinanceMapper,
    frames: [
      { e: 'depthUpdate', E: T, T, s: 'BTCUSDT', U: 11, u: 12, pu: 10, b: level, a: [] },
      { e: 'aggTrade', E: T, s: 'BTCUSDT', p: '86000.10', q: '0.100', T, m: true },
      { e: 'forceOrder', E: T, o: { s: 'BTCUSDT', S: 'SELL', p: '85010.00', ap: '85120.30', z: '0.014', T } },
      { e: 'markPriceUpdate', E: T, s: 'BTCUSDT', p: '86001.10' },
    ],
  },
  bybit: {
    create: createBybitMapper,
    frames: [
      { topic: 'orderbook.200.BTCUSDT', type: 'snapshot', ts: T, cts: T, data: { b: level, a: level, u: 7 } },
      { topic: 'publicTrade.BTCUSDT', ts: T, data: [{ T, S: 'Buy', v: '0.001', p: '86000.5' }] },
      { topic: 'allLiquidation.BTCUSDT', ts: T, data: [{ T, S: 'Buy', v: '0.5', p: '85000.0' }] },
      { topic: 'tickers.BTCUSDT', ts: T, data: { markPrice: '86001.10', openInterest: '26000.123' } },
      { topic: 'instrument_info.100ms.BTCUSDT', timestamp_e6: T * 1000, data: { update: [{ mark_price_e4: '5' }] } },
      { topic: 'orderBookL2_25.BTCUSDT', type: 'delta', timestamp_e6: T * 1000, data: { delete: [], update: [] } },
    ],
  },
  okx: {
    create: createOkxMapper,
    frames: [
      {
        arg: { channel: 'books', instId: 'BTC-USDT-SWAP' },
        action: 'snapshot',
        data: [{ asks: level, bids: [], ts: `${T}`, seqId: 124, prevSeqId: -1 }],
      },
      {
        arg: { channel: 'liquidation-orders' },
        data: [{ instId: 'BTC-USDT-SWAP', details: [{ side: 'sell', bkPx: '8.1', sz: '13', ts: `${T}` }] }],
      },
      { arg: { channel: 'open-interest' }, data: [{ instId: 'BTC-USDT-SWAP', oiCcy: '2.5', ts: `${T}` }] },
    ],
  },
  bitget: {
    create: createBitgetMapper,
    frames: [
      {
        action: 'snapshot',
        arg: { instType: 'usdt-futures', topic: 'books', symbol: 'BTCUSDT' },
        data: [{ a: level, b: level, pseq: 0, seq: '1304314508780744705', ts: `${T}` }],
      },
      {
        action: 'update',
        arg: { instType: 'usdt-futures', topic: 'liquidation' },
        data: [{ symbol: 'BTCUSDT', side: 'buy', price: '85000.1', amount: '12345.6', ts: `${T}` }],
      },
      {
        action: 'update',
        arg: { instType: 'mc', channel: 'trade', instId: 'BTCUSDT' },
        data: [[`${T}`, '9', '1', 'sell']],
      },
    ],
  },
  hyperliquid: {
    create: createHyperliquidMapper,
    frames: [
      { channel: 'l2Book', data: { coin: 'BTC', time: T, levels: [[{ px: '86000.0', sz: '1.2', n: 4 }], []] } },
      {
        channel: 'trades',
        data: [{ coin: 'BTC', side: 'A', px: '86000.0', sz: '0.1', time: T, tid: 118906512037719 }],
      },
      { channel: 'activeAssetCtx', data: { coin: 'BTC', ctx: { openInterest: '26000.1', markPx: '86001.0' } } },
    ],
  },
}
const junk = [
  null,
  true,
  '',
  'x',
  -1,
  1e300,
  1e-300,
  '1e400',
  '99999999999999999999',
  0,
  '0',
  [],
  {},
  [[]],
  [null],
  [['1']],
]
const counts: Record<string, unknown> = {}

describe.each(Object.entries(venues))('%s', (name, { create, frames }) => {
  test(`damaged frames (seed ${seed})`, () => {
    const random = prng(seed)
    const session = openSession(create)
    let records = 0
    for (let round = 0; round < 3000; round++) {
      const frame = JSON.stringify(frames[Math.floor(random() * frames.length)])
      // `frame` decodes what comes out, and the decoder refuses unsound batches.
      records += session.frame(damaged(frame, random), T + round).length
    }
    const { rejected, frames: seen } = session.mapper.status()
    counts[name] = { records, rejected }
    expect(seen).toBe(3000)
    expect(records).toBeGreaterThan(0)
    expect(rejected).toBeGreaterThan(0)
  })
})

afterAll(() => {
  for (const [name, count] of Object.entries(counts)) console.log(name, JSON.stringify(count))
})

/** Cut off, or with one value of any depth replaced by another. */
function damaged(frame: string, random: () => number): string {
  if (random() < 0.2) return frame.slice(0, Math.floor(random() * frame.length))
  const values = [...frame.matchAll(/"[^"]*":?|-?\d+(?:\.\d+)?|true|false|\[|\{/g)].filter(
    ([text]) => !text.endsWith(':'),
  )
  const value = values[Math.floor(random() * values.length)]!
  const other = JSON.stringify(junk[Math.floor(random() * junk.length)])
  const end = value.index + lengthOf(frame, value.index, value[0])
  return frame.slice(0, value.index) + other + frame.slice(end)
}

/** Of a text or number its own; of a list or an object up to its end. */
function lengthOf(frame: string, at: number, value: string): number {
  if (value !== '[' && value !== '{') return value.length
  let depth = 0
  for (let i = at; i < frame.length; i++) {
    if (frame[i] === '[' || frame[i] === '{') depth++
    if ((frame[i] === ']' || frame[i] === '}') && --depth === 0) return i - at + 1
  }
  return frame.length - at
}
