// Guards Bybit's continuity (each update follows the last by one, a snapshot or update 1 replaces the book), the position
// side of its liquidations, its two kinds of open interest, and the trim to the subscribed depth.
import { describe, expect, test } from 'vitest'
import { createBybitMapper } from '../../../src/venues/bybit/mapper.ts'
import { brief } from '../decode.ts'
import { openSession } from '../session.ts'

const T = 1_763_800_000_120

function book(type: string, u: number, b: unknown[], a: unknown[] = [], depth = 200) {
  return { topic: `orderbook.${depth}.BTCUSDT`, type, ts: T + 3, cts: T, data: { s: 'BTCUSDT', b, a, u, seq: u * 7 } }
}

describe('book', () => {
  test('a jump of the update number empties the book and asks for the topic again', () => {
    const session = openSession(createBybitMapper)
    expect(session.frame(book('delta', 9, [['86000.1', '1']]), T)).toEqual([])
    expect(brief(session.frame(book('snapshot', 10, [['86000.1', '1']], [['86000.5', '2']]), T))).toHaveLength(3)
    expect(brief(session.frame(book('delta', 11, [['86000.1', '0']]), T))).toEqual(['bookLevel 0 860001 0'])
    expect(session.frame(book('delta', 11, [['86000.1', '5']]), T)).toEqual([])
    expect(brief(session.frame(book('delta', 13, [['86000.1', '5']]), T))).toEqual(['bookReset 0 0 0'])
    expect(session.frame(book('delta', 14, [['86000.1', '5']]), T)).toEqual([])
    expect(session.resyncs).toEqual(['BTCUSDT'])
    expect(session.mapper.status()).toMatchObject({ gaps: 1, waiting: 2, booksLive: 0 })
    expect(brief(session.frame(book('snapshot', 20, [['86000.0', '3']]), T))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 860000 3',
    ])
  })

  test('update 1 is a whole book, whatever its type', () => {
    const session = openSession(createBybitMapper)
    session.frame(book('snapshot', 500, [['86000.1', '1']]), T)
    expect(brief(session.frame(book('delta', 1, [['85000.0', '4']]), T))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 850000 4',
    ])
    expect(session.mapper.status().gaps).toBe(0)
  })

  test('levels beyond the subscribed depth are let go', () => {
    const session = openSession(createBybitMapper)
    const bids = Array.from({ length: 50 }, (_, i) => [`${86000 - i}.0`, '1'])
    session.frame(book('snapshot', 10, bids, [], 50), T)
    expect(brief(session.frame(book('delta', 11, [['86001.0', '2']], [], 50), T))).toEqual([
      'bookLevel 0 860010 2',
      'bookLevel 0 859510 0',
    ])
  })

  test('an order at an absurd price is no level: in the core its tick would be below nothing', () => {
    const session = openSession(createBybitMapper)
    const asks = [
      ['86000.5', '2'],
      ['300000000.0', '1'],
    ]
    expect(brief(session.frame(book('snapshot', 10, [['86000.1', '1']], asks), T))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 860001 1',
      'bookLevel 1 860005 2',
    ])
  })

  test('prices between two ticks share a tick, and its size is their sum', () => {
    const session = openSession(createBybitMapper)
    const bids = [
      ['86000.1', '1'],
      ['86000.12', '2'],
      ['86000.08', '4'],
      ['85999.96', '9'],
    ]
    expect(brief(session.frame(book('snapshot', 10, bids), T))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 860001 7',
      'bookLevel 0 860000 9',
    ])
    expect(brief(session.frame(book('delta', 11, [['86000.12', '0']]), T))).toEqual(['bookLevel 0 860001 5'])
    expect(
      brief(
        session.frame(
          book('delta', 12, [
            ['86000.1', '0'],
            ['85999.96', '0'],
          ]),
          T,
        ),
      ),
    ).toEqual(['bookLevel 0 860001 4', 'bookLevel 0 860000 0'])
    expect(brief(session.frame(book('delta', 13, [['86000.08', '0']]), T))).toEqual(['bookLevel 0 860001 0'])
    expect(session.mapper.status().offGrid).toBe(6)
  })

  test('the best-price topic is no book', () => {
    const session = openSession(createBybitMapper)
    expect(session.frame(book('snapshot', 10, [['86000.1', '1']], [], 1), T)).toEqual([])
  })
})

describe('other frames', () => {
  test('a liquidation names the side of the position', () => {
    const session = openSession(createBybitMapper)
    const row = { T, s: 'BTCUSDT', S: 'Buy', v: '0.5', p: '85000.0' }
    const data = [row, { ...row, S: 'Sell', T: T + 40 }]
    const rows = session.frame({ topic: 'allLiquidation.BTCUSDT', type: 'snapshot', ts: T, data }, T + 300)
    expect(brief(rows)).toEqual(['liquidation 2 850000 0.5', 'liquidation 3 850000 0.5'])
    expect(rows[1]!.timeMs).toBe(T + 40)
  })

  test('one-sided open interest wins; the other is halved', () => {
    const session = openSession(createBybitMapper)
    const ticker = (data: object) => ({ topic: 'tickers.BTCUSDT', type: 'delta', ts: T, data })
    const both = { symbol: 'BTCUSDT', singleOpenInterest: '26000', openInterest: '52001', markPrice: '86001.15' }
    expect(brief(session.frame(ticker(both), T))).toEqual(['markPrice 0 0 86001.15', 'openInterest 0 0 26000'])
    expect(brief(session.frame(ticker({ openInterest: '52001' }), T))).toEqual(['openInterest 0 0 26000.5'])
    expect(session.frame(ticker({ bid1Price: '86000' }), T)).toEqual([])
  })

  test('block trades are left out', () => {
    const session = openSession(createBybitMapper)
    const row = { T, s: 'BTCUSDT', S: 'Sell', v: '0.001', p: '86000.5', BT: false }
    const data = [row, { ...row, BT: true }, { ...row, S: 'Buy', T: T + 7 }]
    const rows = session.frame({ topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: T, data }, T)
    expect(brief(rows)).toEqual(['trade 1 860005 0.001', 'trade 0 860005 0.001'])
  })

  test('acknowledgements are ignored, refusals counted', () => {
    const session = openSession(createBybitMapper)
    session.frame({ success: true, ret_msg: 'pong', op: 'ping' }, T)
    session.frame({ success: false, ret_msg: 'error:handler not found', op: 'subscribe' }, T)
    expect(session.mapper.status()).toMatchObject({ rejected: 1, unknown: 0 })
  })
})
