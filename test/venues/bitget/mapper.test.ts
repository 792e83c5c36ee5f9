// Guards Bitget's continuity (19-digit numbers, quoted or bare; the first update overlaps the snapshot, then `pseq` is the
// last `seq`), and what its liquidations mean: the position's side, an amount in USDT.
import { describe, expect, test } from 'vitest'
import { createBitgetMapper } from '../../../src/venues/bitget/mapper.ts'
import { brief } from '../decode.ts'
import { openSession } from '../session.ts'

const T = 1_763_800_000_120
const N = 1_304_314_508_780_744_700n

function book(action: string, pseq: bigint, seq: bigint, bids: unknown[], isQuoted = false): string {
  const numbers = isQuoted ? `"pseq":"${pseq}","seq":"${seq}"` : `"pseq":${pseq},"seq":${seq}`
  const arg = '{"instType":"usdt-futures","topic":"books","symbol":"BTCUSDT"}'
  return `{"action":"${action}","arg":${arg},"data":[{"a":[],"b":${JSON.stringify(bids)},${numbers},"ts":"${T}"}],"ts":${T + 5}}`
}

describe('book', () => {
  test('the first update may overlap the snapshot, later ones must follow exactly', () => {
    const session = openSession(createBitgetMapper)
    session.frame(book('snapshot', 0n, N, [['86000.0', '1']]), T)
    expect(session.frame(book('update', N - 9n, N - 1n, [['86000.0', '7']]), T)).toEqual([])
    expect(brief(session.frame(book('update', N - 1n, N + 1n, [['86000.0', '2']]), T))).toEqual([
      'bookLevel 0 860000 2',
    ])
    expect(brief(session.frame(book('update', N + 1n, N + 2n, [['86000.0', '3']], true), T))).toEqual([
      'bookLevel 0 860000 3',
    ])
    expect(session.mapper.status().gaps).toBe(0)
    // One less than the last: a plain JSON.parse rounds both to the same double.
    expect(brief(session.frame(book('update', N + 1n, N + 3n, [['86000.0', '4']]), T))).toEqual(['bookReset 0 0 0'])
    expect(session.resyncs).toEqual(['BTCUSDT'])
  })

  test.each([
    ['a hole', N + 1n],
    ['a reset', 0n],
  ])('%s right after the snapshot is a gap', (_, pseq) => {
    const session = openSession(createBitgetMapper)
    session.frame(book('snapshot', 0n, N, [['86000.0', '1']]), T)
    expect(brief(session.frame(book('update', pseq, N + 2n, []), T))).toEqual(['bookReset 0 0 0'])
    expect(session.mapper.status()).toMatchObject({ gaps: 1, booksLive: 0 })
  })
})

describe('other frames', () => {
  test('a liquidation is sized in USDT', () => {
    const session = openSession(createBitgetMapper)
    const row = { symbol: 'BTCUSDT', side: 'sell', price: '85000.0', amount: '17000', ts: `${T}` }
    const arg = { instType: 'usdt-futures', topic: 'liquidation' }
    expect(brief(session.frame({ action: 'update', arg, data: [row] }, T))).toEqual(['liquidation 7 850000 0.2'])
  })

  test('the snapshot of past trades is skipped', () => {
    const session = openSession(createBitgetMapper)
    const row = { i: '1', p: '86000.5', v: '0.01', S: 'sell', T: `${T}` }
    const arg = { instType: 'usdt-futures', topic: 'publicTrade', symbol: 'BTCUSDT' }
    expect(session.frame({ action: 'snapshot', arg, data: [row] }, T)).toEqual([])
    expect(brief(session.frame({ action: 'update', arg, data: [row] }, T))).toEqual(['trade 1 860005 0.01'])
  })

  test('contracts that are settled in coins or USDC are not ours', () => {
    const session = openSession(createBitgetMapper)
    const arg = { instType: 'coin-futures', topic: 'publicTrade', symbol: 'BTCUSDT' }
    expect(session.frame({ action: 'update', arg, data: [] }, T)).toEqual([])
    expect(session.mapper.status().unknown).toBe(1)
  })
})
