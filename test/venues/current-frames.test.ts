// Guards the mapping of messages as current clients document them: each file of the second set of fixtures, with what it
// must become. Symbols and prices in them are samples, so the ticks are ours.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { VenueName } from '../../src/model/venues.ts'
import { createBinanceMapper } from '../../src/venues/binance/mapper.ts'
import { createBybitMapper } from '../../src/venues/bybit/mapper.ts'
import { createHyperliquidMapper } from '../../src/venues/hyperliquid/mapper.ts'
import type { Mapper, MapperOptions } from '../../src/venues/mapper.ts'
import { createOkxMapper } from '../../src/venues/okx/mapper.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import { brief } from './decode.ts'
import { openSession, plainMarket, type Session } from './session.ts'

const folder = 'frames/nautilus_fixtures'
const frames = requirement('single frames', sharedMissing(folder))
const creators: Partial<Record<VenueName, (options: MapperOptions) => Mapper>> = {
  binance: createBinanceMapper,
  bybit: createBybitMapper,
  okx: createOkxMapper,
  hyperliquid: createHyperliquidMapper,
}
const T = 1_763_800_000_000

/** File, symbol, tick, what comes out; `before` is sent first. Nothing comes out of what is not needed. */
const cases: {
  file: string
  symbol: string
  tick: string
  out: string[]
  rejected?: number
  before?: (session: Session) => void
}[] = [
  { file: 'binance/agg_trade_stream.json', symbol: 'BTCUSDT', tick: '0.001', out: ['trade 1 1 100'] },
  { file: 'binance/trade_stream.json', symbol: 'BTCUSDT', tick: '0.001', out: ['trade 1 1 100'] },
  {
    file: 'binance/depth_update_stream.json',
    symbol: 'BTCUSDT',
    tick: '0.0001',
    out: ['bookLevel 0 24 10', 'bookLevel 1 26 100'],
    before: (session) => session.rest('book', 'BTCUSDT', { lastUpdateId: 158, bids: [], asks: [] }, T),
  },
  // Side: the order sold, a long was closed. The average price has more digits than the grid.
  { file: 'binance/liquidation_stream.json', symbol: 'BTCUSDT', tick: '0.1', out: ['liquidation 0 99101 0.014'] },
  { file: 'binance/mark_price_stream.json', symbol: 'BTCUSDT', tick: '0.1', out: ['markPrice 0 0 11794.15'] },
  { file: 'binance/book_ticker_stream.json', symbol: 'BNBUSDT', tick: '0.1', out: [] },
  { file: 'binance/kline_stream_open.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  { file: 'binance/kline_stream_closed.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  { file: 'binance/ticker_stream.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  // Depth 1 is a best-price ticker.
  { file: 'bybit/ws_orderbook_snapshot.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  { file: 'bybit/ws_orderbook_delta.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  // Its topic is `trade.linear.BTCUSDT`, which neither API version ever had: our trades are `publicTrade.BTCUSDT`.
  { file: 'bybit/ws_public_trade.json', symbol: 'BTCUSDT', tick: '0.1', out: [], rejected: 1 },
  {
    file: 'bybit/ws_ticker_linear.json',
    symbol: 'BTCUSDT',
    tick: '0.1',
    out: ['markPrice 0 0 17217.33', 'openInterest 0 0 34372.3805'],
  },
  { file: 'bybit/ws_ticker_option.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  { file: 'bybit/ws_kline.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  { file: 'bybit/ws_subscription_ack.json', symbol: 'BTCUSDT', tick: '0.1', out: [] },
  {
    file: 'okx/ws_books_snapshot.json',
    symbol: 'BTC-USDT',
    tick: '0.01',
    out: ['bookReset 0 0 0', ...okxLevels()],
  },
  {
    file: 'okx/ws_books_update.json',
    symbol: 'BTC-USDT',
    tick: '0.01',
    out: okxLevels('update'),
    before: (session) => {
      const row = { asks: [], bids: [], ts: `${T}`, seqId: 123456, prevSeqId: -1 }
      session.frame({ arg: { channel: 'books', instId: 'BTC-USDT' }, action: 'snapshot', data: [row] }, T)
    },
  },
  { file: 'okx/ws_trades.json', symbol: 'BTC-USD', tick: '0.1', out: ['trade 0 422199 0.12060306'] },
  { file: 'okx/ws_bbo_tbt.json', symbol: 'BTC-USDT', tick: '0.01', out: [] },
  { file: 'okx/ws_tickers.json', symbol: 'BTC-USDT', tick: '0.01', out: [] },
  { file: 'okx/ws_candle.json', symbol: 'BTC-USDT', tick: '0.01', out: [] },
  { file: 'okx/ws_funding_rate.json', symbol: 'BTC-USDT-SWAP', tick: '0.01', out: [] },
  { file: 'okx/ws_instruments.json', symbol: 'BTC-USDT-SWAP', tick: '0.01', out: [] },
  { file: 'hyperliquid/ws_allmids.json', symbol: 'BTC', tick: '1', out: [] },
  // Somebody's own fills: no public feed, so no liquidation of ours.
  { file: 'hyperliquid/ws_user_fill_liquidation.json', symbol: 'BTC', tick: '1', out: [] },
  {
    file: 'hyperliquid/ws_all_dexs_asset_ctxs.json',
    symbol: 'BTC',
    tick: '1',
    out: ['markPrice 0 0 77562', 'openInterest 1 0 27353.17682'],
    before: (session) => session.rest('meta', '', { universe: [{ name: 'BTC' }] }, T),
  },
]

describe.skipIf(frames.skip)(frames.title, () => {
  test.each(cases.map((one) => [one.file, one] as const))('%s', (file, { symbol, tick, out, before, rejected = 0 }) => {
    const venue = file.split('/')[0] as VenueName
    const session = openSession(creators[venue]!, [plainMarket(venue, symbol, tick)])
    before?.(session)
    const { gaps } = session.mapper.status()
    expect(brief(session.frame(readFileSync(sharedPath(`${folder}/${file}`), 'utf8'), T))).toEqual(out)
    expect(session.mapper.status()).toMatchObject({ rejected, gaps })
  })

  test.each(['http_l2_book_btc', 'http_l2_book_snapshot', 'ws_book_data'])('hyperliquid/%s.json', (name) => {
    const body = JSON.parse(readFileSync(sharedPath(`${folder}/hyperliquid/${name}.json`), 'utf8'))
    const session = openSession(createHyperliquidMapper, [plainMarket('hyperliquid', body.coin, '0.25')])
    const records = session.rest('book', body.coin, body, T)
    const sent = body.levels.flatMap((side: { px: string; sz: string }[], flags: number) =>
      side.map(({ px, sz }) => `bookLevel ${flags} ${Number(px) * 4} ${Number(sz)}`),
    )
    expect(brief(records)).toEqual(['bookReset 0 0 0', ...sent])
  })
})

/** Both OKX fixtures hold the same rows; a snapshot comes out from the best price, an update as it was sent. */
function okxLevels(name: 'snapshot' | 'update' = 'snapshot'): string[] {
  if (frames.skip) return []
  const { data } = JSON.parse(readFileSync(sharedPath(`${folder}/okx/ws_books_${name}.json`), 'utf8'))
  const rows = (side: number, of: string[][]) =>
    of.map(([price, size]) => `bookLevel ${side} ${Math.round(Number(price) * 100)} ${Number(size)}`)
  return [...rows(0, data[0].bids), ...rows(1, data[0].asks)]
}
