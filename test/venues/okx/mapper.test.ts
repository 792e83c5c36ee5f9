// Guards OKX's continuity (`prevSeqId` is the last `seqId`, keep-alives and maintenance resets are legal, numbers beyond
// 2^53 stay exact), contracts turned into coins, and the order side of its liquidations.
import { describe, expect, test } from 'vitest'
import { createOkxMapper } from '../../../src/venues/okx/mapper.ts'
import { brief } from '../decode.ts'
import { openSession } from '../session.ts'

const T = 1_763_800_000_120

/** As text: the numbers do not fit a double. */
function book(action: string, seqId: string, prevSeqId: string, bids: unknown[], asks: unknown[] = []): string {
  const rows = `"asks":${JSON.stringify(asks)},"bids":${JSON.stringify(bids)}`
  const arg = '{"channel":"books","instId":"BTC-USDT-SWAP"}'
  return `{"arg":${arg},"action":"${action}","data":[{${rows},"ts":"${T}","checksum":0,"seqId":${seqId},"prevSeqId":${prevSeqId}}]}`
}

describe('book', () => {
  const a = '9007199254740993'
  const b = '9007199254740994'

  test('neighbouring numbers beyond 2^53 are told apart', () => {
    const session = openSession(createOkxMapper)
    session.frame(book('snapshot', a, '-1', [['86000.1', '12', '0', '3']]), T)
    expect(brief(session.frame(book('update', '9007199254740999', b, [['86000.1', '0', '0', '0']]), T))).toEqual([
      'bookReset 0 0 0',
    ])
    expect(session.mapper.status().gaps).toBe(1)
    expect(session.resyncs).toEqual(['BTC-USDT-SWAP'])
  })

  test('contracts become coins; keep-alives and maintenance resets keep the chain', () => {
    const session = openSession(createOkxMapper)
    expect(brief(session.frame(book('snapshot', a, '-1', [['86000.1', '12', '0', '3']]), T))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 860001 0.12',
    ])
    expect(brief(session.frame(book('update', b, a, [], [['86000.5', '100', '0', '1']]), T))).toEqual([
      'bookLevel 1 860005 1',
    ])
    expect(session.frame(book('update', b, b, []), T)).toEqual([])
    expect(session.resyncs).toEqual([])
    // After maintenance the numbers start low: it still chains, and a fresh subscription is asked for.
    expect(brief(session.frame(book('update', '3', b, [['86000.1', '0', '0', '0']]), T))).toHaveLength(1)
    expect(session.resyncs).toEqual(['BTC-USDT-SWAP'])
    expect(session.mapper.status()).toMatchObject({ gaps: 0, booksLive: 1 })
  })
})

describe('other frames', () => {
  test('liquidations: the order side, every detail, none from the past', () => {
    const session = openSession(createOkxMapper)
    const detail = { side: 'sell', posSide: 'net', bkPx: '85000.1', sz: '13', bkLoss: '0', ccy: '', ts: `${T}` }
    const details = [detail, { ...detail, side: 'buy' }, { ...detail, ts: `${T - 120_000}` }]
    const data = [
      { instType: 'SWAP', instId: 'BTC-USDT-SWAP', details },
      { instId: 'WNCG-USDT-SWAP', details },
    ]
    const arg = { channel: 'liquidation-orders', instType: 'SWAP' }
    expect(brief(session.frame({ arg, data }, T + 20))).toEqual([
      'liquidation 2 850001 0.13',
      'liquidation 3 850001 0.13',
    ])
    expect(session.mapper.status()).toMatchObject({ unknown: 1, rejected: 0 })
  })

  test('open interest is taken in coins and marked as unverified', () => {
    const session = openSession(createOkxMapper)
    const row = { instId: 'BTC-USDT-SWAP', oi: '2660239.59', oiCcy: '26602.3959', ts: `${T}` }
    const arg = { channel: 'open-interest', instId: 'BTC-USDT-SWAP' }
    expect(brief(session.frame({ arg, data: [row] }, T))).toEqual(['openInterest 1 0 26602.3959'])
  })

  test('pongs and notices are ignored, errors counted', () => {
    const session = openSession(createOkxMapper)
    session.frame('pong', T)
    session.frame({ event: 'notice', code: '64008', msg: 'closing' }, T)
    session.frame({ event: 'error', code: '60018', msg: 'unknown' }, T)
    expect(session.mapper.status()).toMatchObject({ rejected: 1, frames: 3 })
  })
})
