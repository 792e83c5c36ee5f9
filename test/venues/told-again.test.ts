// Guards against counting twice what OKX, Bitget and Hyperliquid tell twice: after a reconnect, while one socket takes over
// from another, or because a frame was doubled; and against a venue's clock that was wrong for a while.
import { expect, test } from 'vitest'
import { createBitgetMapper } from '../../src/venues/bitget/mapper.ts'
import { createHyperliquidMapper } from '../../src/venues/hyperliquid/mapper.ts'
import { createOkxMapper } from '../../src/venues/okx/mapper.ts'
import { brief } from './decode.ts'
import { openSession, plainMarket } from './session.ts'

const T = 1_763_800_000_000

test('OKX: trades by their id, liquidations by all that is told, the last book frame once more', () => {
  const session = openSession(createOkxMapper, [plainMarket('okx', 'BTC-USDT-SWAP', '0.1')])
  const arg = { channel: 'trades', instId: 'BTC-USDT-SWAP' }
  const trade = { tradeId: '7', px: '10.0', sz: '2', side: 'buy', ts: String(T) }
  expect(brief(session.frame({ arg, data: [trade] }, T))).toEqual(['trade 0 100 2'])
  expect(session.frame({ arg, data: [trade] }, T)).toEqual([])
  expect(session.frame({ arg, data: [{ ...trade, tradeId: '8' }] }, T)).toHaveLength(1)

  const details = [{ side: 'sell', posSide: 'long', bkPx: '9.0', sz: '3', ts: String(T) }]
  const liquidation = { arg: { channel: 'liquidation-orders' }, data: [{ instId: 'BTC-USDT-SWAP', details }] }
  expect(session.frame(liquidation, T)).toHaveLength(1)
  expect(session.frame(liquidation, T)).toEqual([])

  const book = (action: string, prevSeqId: number, seqId: number) => ({
    arg: { channel: 'books', instId: 'BTC-USDT-SWAP' },
    action,
    data: [{ bids: [['9.9', '1', '0', '1']], asks: [], ts: String(T), seqId, prevSeqId }],
  })
  session.frame(book('snapshot', -1, 5), T)
  session.frame(book('update', 5, 6), T)
  session.frame(book('update', 5, 6), T)
  expect(session.mapper.status().gaps).toBe(0)
  // An older one is no repetition of the last.
  session.frame(book('update', 3, 5), T)
  expect(session.mapper.status().gaps).toBe(1)
})

test('Bitget: trades by their id, liquidations by all that is told', () => {
  const session = openSession(createBitgetMapper, [plainMarket('bitget', 'BTCUSDT', '0.1')])
  const arg = { instType: 'usdt-futures', topic: 'publicTrade', symbol: 'BTCUSDT' }
  const trade = { i: '1304314508780744706', p: '10.0', v: '2', S: 'sell', T: String(T) }
  expect(brief(session.frame({ action: 'update', arg, data: [trade, trade] }, T))).toEqual(['trade 1 100 2'])
  expect(session.frame({ action: 'update', arg, data: [trade] }, T)).toEqual([])

  const row = { symbol: 'BTCUSDT', side: 'buy', price: '10.0', amount: '30', ts: String(T) }
  const liquidation = { action: 'update', arg: { instType: 'usdt-futures', topic: 'liquidation' }, data: [row] }
  expect(brief(session.frame(liquidation, T))).toEqual(['liquidation 6 100 3'])
  expect(session.frame(liquidation, T)).toEqual([])
})

test('Hyperliquid: an overtaken book is ignored, a clock that was wrong does not hold books back', () => {
  const session = openSession(createHyperliquidMapper, [plainMarket('hyperliquid', 'BTC', '1')])
  const book = (time: number, px: string) => ({
    channel: 'l2Book',
    data: { coin: 'BTC', time, levels: [[{ px, sz: '1', n: 1 }], [{ px: '200', sz: '1', n: 1 }]] },
  })
  session.frame(book(T, '100'), T)
  expect(session.frame(book(T - 500, '101'), T)).toEqual([])
  session.frame(book(T + 3_600_000, '102'), T + 1)
  expect(brief(session.frame(book(T + 1_000, '103'), T + 1_000))).toEqual(['bookLevel 0 102 0', 'bookLevel 0 103 1'])
})

test('Hyperliquid: quotes finer than our tick do not tear the outermost tick of a fast frame', () => {
  const session = openSession(createHyperliquidMapper, [plainMarket('hyperliquid', 'BTC', '1')])
  const levels = (...prices: string[]) => prices.map((px) => ({ px, sz: '1', n: 1 }))
  const book = (time: number, bids: unknown, fast: object) => ({
    channel: 'l2Book',
    data: { coin: 'BTC', time, levels: [bids, levels('200')], ...fast },
  })
  session.frame(book(T, levels('100', '99.4', '99'), {}), T)
  // 99.4 and 99 are one tick of ours: two coins, of which this frame shows one.
  expect(session.frame(book(T + 1, levels('100', '99.4'), { fast: true }), T + 1)).toEqual([])
})
