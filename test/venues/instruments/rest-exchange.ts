import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type VenueName, venues } from '../../../src/model/venues.ts'
import type { RestBases } from '../../../src/venues/instruments/rest-venues.ts'

/** One contract of the invented market. */
export interface Contract {
  readonly symbol: string
  readonly base: string
  /** As quoted. */
  readonly price: number
  readonly tick: string
  /** Units of size, as the venue counts them. */
  readonly openInterest: number
  readonly contractValue?: string
  readonly isTrading?: boolean
  readonly isCrypto?: boolean
}

/** What a test decides: an answer of its own, or undefined for the usual one. */
export type Fault = (venue: VenueName, path: string, query: URLSearchParams) => Answer | undefined
export interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface RestExchange {
  readonly bases: RestBases
  readonly contracts: Map<VenueName, Contract[]>
  /** `venue path?query` of each request, in order. */
  readonly asked: string[]
  fault: Fault | undefined
  /** The clock that the venues show. */
  clockMs(): number
  /** What a candle of a venue is: close, USD traded. */
  candle: (venue: VenueName, symbol: string, openMs: number) => { close: number; volumeUsd: number } | undefined
  close(): Promise<void>
}

const BAR_MS = 300_000
const HOUR_MS = 3_600_000

/** All five venues' REST interfaces on one loopback port, each below a path of its own. */
export async function startRestExchange(
  contracts: Partial<Record<VenueName, Contract[]>>,
  nowMs: () => number = () => Date.now(),
): Promise<RestExchange> {
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const exchange: RestExchange = {
    bases: Object.fromEntries(venues.map(({ name }) => [name, `http://127.0.0.1:${port}/${name}`])),
    contracts: new Map(venues.map(({ name }) => [name, contracts[name] ?? []])),
    asked: [],
    fault: undefined,
    clockMs: nowMs,
    candle: (venue, symbol) => {
      const contract = exchange.contracts.get(venue)?.find((one) => one.symbol === symbol)
      return contract && { close: contract.price, volumeUsd: 1_000 }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let sent = ''
    for await (const part of request) sent += String(part)
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const [, name = '', ...rest] = url.pathname.split('/')
    const venue = name as VenueName
    const path = `/${rest.join('/')}`
    const body = sent === '' ? undefined : (JSON.parse(sent) as Record<string, unknown>)
    exchange.asked.push(`${venue} ${path}${url.search}${sent}`)
    const fault = exchange.fault?.(venue, path, url.searchParams)
    const answer = fault ?? {
      status: 200,
      body: JSON.stringify(answerOf(exchange, venue, path, url.searchParams, body)),
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(answer.body ?? '')
  }
  return exchange
}

type Body = Record<string, unknown> | undefined

function answerOf(exchange: RestExchange, venue: VenueName, path: string, query: URLSearchParams, body: Body): unknown {
  const contracts = exchange.contracts.get(venue) ?? []
  switch (venue) {
    case 'binance':
      return binance(exchange, contracts, path, query)
    case 'bybit':
      return { retCode: 0, retMsg: 'OK', time: exchange.clockMs(), result: bybit(exchange, contracts, path, query) }
    case 'okx':
      return { code: '0', msg: '', data: okx(exchange, contracts, path, query) }
    case 'bitget':
      return {
        code: '00000',
        msg: 'success',
        requestTime: exchange.clockMs(),
        data: bitget(exchange, contracts, path, query),
      }
    case 'hyperliquid':
      return hyperliquid(exchange, contracts, body)
  }
}

function binance(exchange: RestExchange, contracts: Contract[], path: string, query: URLSearchParams): unknown {
  const number = (name: string): number => Number(query.get(name))
  if (path === '/fapi/v1/time') return { serverTime: exchange.clockMs() }
  if (path === '/fapi/v1/exchangeInfo') {
    const symbols = contracts.map(({ symbol, base, tick, isTrading = true, isCrypto = true }) => ({
      symbol,
      contractType: isCrypto ? 'PERPETUAL' : 'TRADIFI_PERPETUAL',
      status: isTrading ? 'TRADING' : 'SETTLING',
      baseAsset: base,
      quoteAsset: 'USDT',
      marginAsset: 'USDT',
      filters: [
        { filterType: 'PRICE_FILTER', tickSize: tick },
        { filterType: 'LOT_SIZE', stepSize: '1' },
      ],
    }))
    return { symbols }
  }
  if (path === '/fapi/v1/premiumIndex') {
    return contracts.map(({ symbol, price }) => ({ symbol, markPrice: String(price) }))
  }
  if (path === '/fapi/v1/openInterest') {
    const contract = contracts.find((one) => one.symbol === query.get('symbol'))
    return { symbol: query.get('symbol'), openInterest: String(contract?.openInterest ?? 0) }
  }
  if (path === '/fapi/v1/klines') {
    const from = number('startTime')
    return opens(from, number('endTime'))
      .slice(0, number('limit'))
      .flatMap((openMs) => {
        const bar = exchange.candle('binance', query.get('symbol')!, openMs)
        if (bar === undefined) return []
        const { low, high, close } = prices(bar.close)
        return [[openMs, close, high, low, close, '1', openMs + BAR_MS - 1, String(bar.volumeUsd), 5, '0', '0', '0']]
      })
  }
  if (path === '/futures/data/openInterestHist') {
    const contract = contracts.find((one) => one.symbol === query.get('symbol'))
    return hours(number('startTime'), number('endTime')).map((timestamp) => ({
      symbol: query.get('symbol'),
      sumOpenInterest: String(contract?.openInterest),
      timestamp,
    }))
  }
  return { code: -1121, msg: 'Invalid path.' }
}

function bybit(exchange: RestExchange, contracts: Contract[], path: string, query: URLSearchParams): unknown {
  const number = (name: string): number => Number(query.get(name))
  if (path === '/v5/market/instruments-info') {
    // In pages of two, so that the cursor has to be followed.
    const from = Number(query.get('cursor') ?? 0)
    const list = contracts.slice(from, from + 2).map(({ symbol, base, tick, isTrading = true, isCrypto = true }) => ({
      symbol,
      baseCoin: base,
      settleCoin: 'USDT',
      contractType: 'LinearPerpetual',
      symbolType: isCrypto ? '' : 'stock',
      status: isTrading ? 'Trading' : 'Closed',
      priceFilter: { tickSize: tick },
      lotSizeFilter: { qtyStep: '1' },
      leverageFilter: { maxLeverage: '50.00' },
    }))
    return { list, nextPageCursor: from + 2 < contracts.length ? String(from + 2) : '' }
  }
  if (path === '/v5/market/tickers') {
    return {
      list: contracts.map(({ symbol, price, openInterest }) => ({
        symbol,
        markPrice: String(price),
        openInterest: String(2 * openInterest),
        singleOpenInterest: String(openInterest),
      })),
    }
  }
  if (path === '/v5/market/kline') {
    const list = opens(number('start'), number('end')).flatMap((openMs) => {
      const bar = exchange.candle('bybit', query.get('symbol')!, openMs)
      if (bar === undefined) return []
      const { low, high, close } = prices(bar.close)
      return [[String(openMs), close, high, low, close, '1', String(bar.volumeUsd)]]
    })
    return { list: list.reverse().slice(0, number('limit')) }
  }
  if (path === '/v5/market/open-interest') {
    const contract = contracts.find((one) => one.symbol === query.get('symbol'))
    const list = hours(number('startTime'), number('endTime')).map((ms) => ({
      openInterest: String(2 * (contract?.openInterest ?? 0)),
      timestamp: String(ms),
    }))
    return { list: list.reverse() }
  }
  return {}
}

function okx(exchange: RestExchange, contracts: Contract[], path: string, query: URLSearchParams): unknown[] {
  const number = (name: string): number => Number(query.get(name))
  if (path === '/api/v5/public/time') return [{ ts: String(exchange.clockMs()) }]
  if (path === '/api/v5/public/instruments') {
    return contracts.map(({ symbol, tick, contractValue = '1', isTrading = true, isCrypto = true }) => ({
      instId: symbol,
      ctVal: contractValue,
      ctMult: '1',
      ctType: 'linear',
      settleCcy: 'USDT',
      tickSz: tick,
      lotSz: '1',
      lever: '50',
      state: isTrading ? 'live' : 'suspend',
      instCategory: isCrypto ? '1' : '3',
    }))
  }
  if (path === '/api/v5/public/mark-price') {
    return contracts.map(({ symbol, price }) => ({ instId: symbol, markPx: String(price) }))
  }
  if (path === '/api/v5/public/open-interest') {
    return contracts.map(({ symbol, openInterest }) => ({ instId: symbol, oi: String(openInterest) }))
  }
  if (path === '/api/v5/market/history-candles') {
    const until = number('after')
    return opens(until - number('limit') * BAR_MS, until - 1)
      .reverse()
      .flatMap((openMs) => {
        const bar = exchange.candle('okx', query.get('instId')!, openMs)
        if (bar === undefined) return []
        const { low, high, close } = prices(bar.close)
        return [[String(openMs), close, high, low, close, '1', '1', String(bar.volumeUsd), '1']]
      })
  }
  if (path === '/api/v5/rubik/stat/contracts/open-interest-history') {
    const contract = contracts.find((one) => one.symbol === query.get('instId'))
    const coins = (contract?.openInterest ?? 0) * Number(contract?.contractValue ?? 1)
    return hours(number('begin'), number('end'))
      .reverse()
      .slice(0, number('limit'))
      .map((ms) => [String(ms), '0', String(coins), '0'])
  }
  return []
}

function bitget(exchange: RestExchange, contracts: Contract[], path: string, query: URLSearchParams): unknown {
  const number = (name: string): number => Number(query.get(name))
  if (path === '/api/v3/public/time') return { serverTime: String(exchange.clockMs()) }
  if (path === '/api/v3/market/instruments') {
    return contracts.map(({ symbol, base, tick, isTrading = true, isCrypto = true }) => ({
      symbol,
      baseCoin: base,
      quoteCoin: 'USDT',
      type: 'perpetual',
      symbolType: isCrypto ? 'crypto' : 'stock',
      isRwa: 'NO',
      status: isTrading ? 'online' : 'offline',
      pricePrecision: '1',
      priceMultiplier: tick,
      quantityMultiplier: '1',
      maxLeverage: '75',
    }))
  }
  if (path === '/api/v3/market/tickers') {
    return contracts.map(({ symbol, price, openInterest }) => ({
      symbol,
      markPrice: String(price),
      openInterest: String(openInterest),
    }))
  }
  if (path === '/api/v3/market/history-candles') {
    const until = number('endTime')
    return opens(until - number('limit') * BAR_MS, until).flatMap((openMs) => {
      const bar = exchange.candle('bitget', query.get('symbol')!, openMs)
      if (bar === undefined) return []
      const { low, high, close } = prices(bar.close)
      return [[String(openMs), close, high, low, close, '1', String(bar.volumeUsd)]]
    })
  }
  return []
}

function hyperliquid(exchange: RestExchange, contracts: Contract[], body: Body): unknown {
  const universe = contracts.map(({ symbol, isTrading = true }) => ({
    name: symbol,
    szDecimals: 2,
    maxLeverage: 40,
    marginTableId: 56,
    ...(!isTrading && { isDelisted: true }),
  }))
  const meta = {
    universe,
    marginTables: [[56, { description: '', marginTiers: [{ lowerBound: '0', maxLeverage: 40 }] }]],
  }
  if (body?.type === 'meta') return meta
  if (body?.type === 'exchangeStatus') return { time: exchange.clockMs(), specialStatuses: null }
  if (body?.type === 'metaAndAssetCtxs') {
    return [
      meta,
      contracts.map(({ price, openInterest }) => ({ markPx: String(price), openInterest: String(openInterest) })),
    ]
  }
  if (body?.type === 'candleSnapshot') {
    const { coin, startTime, endTime } = body.req as { coin: string; startTime: number; endTime: number }
    return opens(startTime, endTime).flatMap((t) => {
      const bar = exchange.candle('hyperliquid', coin, t)
      if (bar === undefined) return []
      const { low, high, close } = prices(bar.close)
      const middle = (Number(low) + Number(high) + Number(close)) / 3
      return [
        {
          t,
          T: t + BAR_MS - 1,
          s: coin,
          i: '5m',
          o: close,
          c: close,
          h: high,
          l: low,
          v: String(bar.volumeUsd / middle),
          n: 3,
        },
      ]
    })
  }
  return null
}

function prices(close: number): { low: string; high: string; close: string } {
  return { low: String(close * 0.999), high: String(close * 1.001), close: String(close) }
}

/** Opening times of bars from one moment to another, both included. */
function opens(fromMs: number, untilMs: number): number[] {
  const times: number[] = []
  for (let at = Math.ceil(fromMs / BAR_MS) * BAR_MS; at <= untilMs; at += BAR_MS) times.push(at)
  return times
}

function hours(fromMs: number, untilMs: number): number[] {
  const times: number[] = []
  for (let at = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; at <= untilMs; at += HOUR_MS) times.push(at)
  return times
}
