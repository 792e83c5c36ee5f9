// Guards the splice of Binance's REST snapshot and its stream, the `pu` chain, and what a gap does: the book is emptied,
// updates wait, one snapshot is asked for. Also sides, price kinds and the filters of trades.
import { describe, expect, test } from 'vitest'
import { createBinanceMapper } from '../../../src/venues/binance/mapper.ts'
import { bookOf, brief } from '../decode.ts'
import { openSession, type Session } from '../session.ts'

const T = 1_763_800_000_120

function depth(first: number, last: number, previous: number, bids: unknown[], asks: unknown[] = []) {
  const data = { e: 'depthUpdate', E: T + 3, T, s: 'BTCUSDT', U: first, u: last, pu: previous, b: bids, a: asks }
  return { stream: 'btcusdt@depth@100ms', data }
}

function snapshot(session: Session, lastUpdateId: number, bids: unknown[] = [['86000.10', '1']]) {
  return session.rest('book', 'BTCUSDT', { lastUpdateId, E: T, T, bids, asks: [['86000.20', '2']] }, T + 5)
}

function live(): Session {
  const session = openSession(createBinanceMapper)
  session.frame(depth(1001, 1010, 1000, [['86000.00', '5']]), T)
  snapshot(session, 1005)
  return session
}

describe('splice', () => {
  test('updates wait for the snapshot, those it contains are dropped, the first that overlaps it is applied', () => {
    const session = openSession(createBinanceMapper)
    expect(session.frame(depth(990, 1000, 980, [['85000.00', '9']]), T)).toEqual([])
    expect(session.frame(depth(1001, 1010, 1000, [['86000.00', '5']]), T)).toEqual([])
    expect(session.resyncs).toEqual(['BTCUSDT'])
    expect(brief(snapshot(session, 1005))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 860001 1',
      'bookLevel 1 860002 2',
      'bookLevel 0 860000 5',
    ])
    expect(brief(session.frame(depth(1020, 1030, 1010, [['86000.10', '0.000']]), T))).toEqual(['bookLevel 0 860001 0'])
    expect(session.mapper.status()).toMatchObject({ gaps: 0, rejected: 0, booksLive: 1 })
  })

  test('an update whose predecessor is the snapshot is a legal start', () => {
    const session = openSession(createBinanceMapper)
    session.frame(depth(1006, 1010, 1005, [['86000.00', '5']]), T)
    expect(bookOf(snapshot(session, 1005)).get('0:860000')).toBe(5)
  })

  test('a snapshot older than the first update is refused and asked for again', () => {
    const session = openSession(createBinanceMapper)
    session.frame(depth(1001, 1010, 1000, [['86000.00', '5']]), T)
    expect(snapshot(session, 900)).toEqual([])
    expect(session.resyncs).toEqual(['BTCUSDT', 'BTCUSDT'])
    expect(bookOf(snapshot(session, 1003)).size).toBe(3)
  })

  test('a snapshot newer than every update is kept; the next update must join it', () => {
    const session = openSession(createBinanceMapper)
    session.frame(depth(1001, 1010, 1000, [['86000.00', '5']]), T)
    expect(brief(snapshot(session, 1050))).toHaveLength(3)
    expect(session.frame(depth(1011, 1040, 1010, [['86000.00', '6']]), T)).toEqual([])
    expect(brief(session.frame(depth(1041, 1060, 1040, [['86000.00', '7']]), T))).toEqual(['bookLevel 0 860000 7'])
    expect(session.mapper.status().gaps).toBe(0)
  })
})

describe('gap', () => {
  test('a broken chain empties the book once, lets updates wait and starts anew from a snapshot', () => {
    const session = live()
    const lost = session.frame(depth(1100, 1110, 1099, [['86000.00', '1']]), T)
    expect(brief(lost)).toEqual(['bookReset 0 0 0'])
    expect(session.frame(depth(1111, 1120, 1110, [['85999.90', '2']]), T)).toEqual([])
    expect(session.resyncs).toEqual(['BTCUSDT', 'BTCUSDT'])
    expect(session.mapper.status()).toMatchObject({ gaps: 1, booksLive: 0 })
    const book = bookOf(snapshot(session, 1105))
    expect([...book]).toEqual([
      ['0:860001', 1],
      ['1:860002', 2],
      ['0:860000', 1],
      ['0:859999', 2],
    ])
  })

  test('a stale duplicate is ignored', () => {
    const session = live()
    expect(session.frame(depth(1001, 1010, 1000, [['86000.00', '77']]), T)).toEqual([])
    expect(session.mapper.status().gaps).toBe(0)
  })

  test('an update that cannot be read breaks the chain at once', () => {
    const session = live()
    expect(brief(session.frame(depth(1011, 1020, 1010, [['86000.00', 'x']]), T))).toEqual(['bookReset 0 0 0'])
    expect(session.mapper.status()).toMatchObject({ gaps: 1, rejected: 1 })
  })

  test('a lost connection empties every book and is no gap', () => {
    const session = live()
    expect(brief(session.reset(T + 50))).toEqual(['bookReset 0 0 0'])
    expect(session.reset(T + 60)).toEqual([])
    session.frame(depth(2001, 2010, 2000, []), T + 70)
    expect(session.resyncs).toEqual(['BTCUSDT', 'BTCUSDT'])
    expect(session.mapper.status().gaps).toBe(0)
  })
})

describe('other frames', () => {
  test('trades: the maker bought, so the taker sold; only market fills count', () => {
    const session = openSession(createBinanceMapper)
    const trade = { e: 'trade', E: T, T, s: 'BTCUSDT', t: 1, p: '86000.10', q: '0.25', X: 'MARKET', m: true }
    const [sold] = session.frame(trade, T + 4)
    expect(sold).toMatchObject({ kind: 'trade', flags: 1, tick: 860001, value: 0.25, timeMs: T, receiveMs: T + 4 })
    expect(session.frame({ ...trade, X: 'INSURANCE_FUND' }, T)).toEqual([])
    expect(brief(session.frame({ ...trade, e: 'aggTrade', a: 7, m: false }, T))).toEqual(['trade 0 860001 0.25'])
    expect(session.frame({ ...trade, t: 2, m: 'yes' }, T)).toEqual([])
    expect(session.mapper.status().rejected).toBe(1)
    expect(session.frame(trade, T + 9), 'told again').toEqual([])
  })

  test('liquidations: SELL closes a long; average fill if there is one, else the limit', () => {
    const session = openSession(createBinanceMapper)
    const o = { s: 'BTCUSDT', S: 'SELL', q: '0.014', p: '85010.00', ap: '85120.30', l: '0.010', z: '0.014', T }
    expect(brief(session.frame({ e: 'forceOrder', E: T, st: 1, o }, T))).toEqual(['liquidation 0 851203 0.014'])
    expect(session.frame({ e: 'forceOrder', E: T, st: 1, o }, T), 'told again').toEqual([])
    const short = { ...o, S: 'BUY', ap: '0' }
    expect(brief(session.frame([{ e: 'forceOrder', o: short }], T))).toEqual(['liquidation 3 850100 0.014'])
  })

  test('sizes and prices of multiples are of one coin', () => {
    const session = openSession(createBinanceMapper)
    const pepe = { e: 'aggTrade', T, s: '1000PEPEUSDT', p: '0.0040960', q: '7', m: false }
    const [trade] = session.frame(pepe, T)
    expect(trade).toMatchObject({ tick: 40960, value: 7000, tickSize: 1e-10 })
    const mark = { e: 'markPriceUpdate', E: T, s: '1000PEPEUSDT', p: '0.00409650' }
    expect(session.frame({ stream: '!markPrice@arr@1s', data: [mark] }, T)[0]!.value).toBeCloseTo(4.0965e-6, 12)
  })

  test('open interest is one-sided and in coins', () => {
    const session = openSession(createBinanceMapper)
    const body = { symbol: 'BTCUSDT', openInterest: '81000.5', time: T }
    expect(brief(session.rest('openInterest', 'BTCUSDT', body, T))).toEqual(['openInterest 0 0 81000.5'])
  })

  test('heartbeats and whole books go to what was heard of, and to nothing else', () => {
    const session = live()
    expect(session.heartbeat(T + 2000)).toMatchObject([{ kind: 'heartbeat', flags: 0, timeMs: T + 1000 }])
    expect(brief(session.refresh(T + 2000))).toEqual([
      'bookReset 0 0 0',
      'bookLevel 0 860001 1',
      'bookLevel 0 860000 5',
      'bookLevel 1 860002 2',
    ])
  })

  test('a clock that is far off is replaced by ours', () => {
    const session = openSession(createBinanceMapper)
    const [trade] = session.frame({ e: 'aggTrade', T, s: 'BTCUSDT', p: '1.0', q: '1', m: true }, T + 60_000)
    expect(trade!.timeMs).toBe(T + 60_000)
  })
})
