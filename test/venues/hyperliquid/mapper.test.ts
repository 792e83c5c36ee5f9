// Guards how Hyperliquid's two books become one (five fast levels are the truth as far as they go, twenty slow ones
// beyond), that repeated trades count once, and that contexts find their coins.
import { describe, expect, test } from 'vitest'
import { createHyperliquidMapper } from '../../../src/venues/hyperliquid/mapper.ts'
import { bookOf, brief } from '../decode.ts'
import { openSession } from '../session.ts'

const T = 1_763_800_000_120

function book(time: number, bids: [number, number][], asks: [number, number][], fast?: true) {
  const rows = (side: [number, number][]) => side.map(([px, sz]) => ({ px: `${px}.0`, sz: `${sz}`, n: 1 }))
  return { channel: 'l2Book', data: { coin: 'BTC', time, levels: [rows(bids), rows(asks)], ...(fast ? { fast } : {}) } }
}

test('a fast frame replaces the top, a slow one everything, an older one nothing', () => {
  const session = openSession(createHyperliquidMapper)
  const records = session.frame(
    book(
      T,
      [
        [100, 1],
        [99, 2],
        [98, 3],
      ],
      [
        [101, 1],
        [102, 2],
      ],
    ),
    T,
  )
  expect(records[0]!.kind).toBe('bookReset')
  // The market fell: 100 and 99 are gone, 98 is where it was, 97 is new.
  const fast = session.frame(
    book(
      T + 500,
      [
        [98, 5],
        [97, 1],
      ],
      [
        [99, 4],
        [101, 1],
      ],
      true,
    ),
    T + 500,
  )
  expect(brief(fast)).toEqual([
    'bookLevel 0 100 0',
    'bookLevel 0 99 0',
    'bookLevel 0 98 5',
    'bookLevel 0 97 1',
    'bookLevel 1 99 4',
  ])
  const later = bookOf(fast, bookOf(records))
  expect(later.get('1:102')).toBe(2)
  expect(session.frame(book(T + 100, [[50, 1]], [[51, 1]]), T + 600)).toEqual([])
  const slow = session.frame(book(T + 900, [[98, 5]], [[99, 4]]), T + 900)
  expect([...bookOf(slow, later)].sort()).toEqual([
    ['0:98', 5],
    ['1:99', 4],
  ])
})

test('trades that were repeated after a new subscription count once', () => {
  const session = openSession(createHyperliquidMapper)
  const row = { coin: 'BTC', side: 'A', px: '86000.0', sz: '0.1', time: T, hash: '0x', tid: 118906512037719 }
  const data = [row, { ...row, tid: 2, side: 'B' }]
  expect(brief(session.frame({ channel: 'trades', data }, T))).toEqual(['trade 1 86000 0.1', 'trade 0 86000 0.1'])
  session.reset(T + 10)
  expect(session.frame({ channel: 'trades', data }, T + 20)).toEqual([])
})

describe('contexts', () => {
  const ctx = { openInterest: '26000.1', markPx: '86001.0' }
  const values = ['markPrice 0 0 86001', 'openInterest 1 0 26000.1']

  test('one coin', () => {
    const session = openSession(createHyperliquidMapper)
    expect(brief(session.frame({ channel: 'activeAssetCtx', data: { coin: 'BTC', ctx } }, T))).toEqual(values)
  })

  test('all coins, in the order of the universe, once it is known', () => {
    const session = openSession(createHyperliquidMapper)
    const frame = { channel: 'assetCtxs', data: { dex: '', ctxs: [{ openInterest: '1', markPx: '2' }, ctx] } }
    expect(session.frame(frame, T)).toEqual([])
    session.rest('meta', '', { universe: [{ name: 'NOPE' }, { name: 'BTC' }] }, T)
    expect(brief(session.frame(frame, T))).toEqual(values)
    expect(session.frame({ channel: 'assetCtxs', data: { dex: 'xyz', ctxs: [ctx] } }, T)).toEqual([])
  })

  test('coins of a thousand are counted by one', () => {
    const session = openSession(createHyperliquidMapper)
    const k = { openInterest: '5', markPx: '0.004' }
    expect(brief(session.frame({ channel: 'activeAssetCtx', data: { coin: 'kPEPE', ctx: k } }, T))).toEqual([
      'markPrice 0 0 0.000004',
      'openInterest 1 0 5000',
    ])
  })
})
