import type { MarketEvent, SampleBook } from './market.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

/** Numbers of one event: its updates begin after the last one's end, with a hole in between. */
const IDS = 100

/** Binance USD-M: books on /public, the rest on /market; streams on the wrong path are acknowledged and silent. */
export const binanceScript: VenueScript = {
  venue: 'binance',
  bookTopic: (symbol) => `${symbol.toLowerCase()}@depth@100ms`,
  message(text, client) {
    const { method, params, id } = JSON.parse(text) as { method: string; params: string[]; id: number }
    if (method !== 'SUBSCRIBE' && method !== 'UNSUBSCRIBE') {
      client.send(JSON.stringify({ error: { code: 2, msg: `Invalid request: unknown method ${method}` }, id }))
      return
    }
    client.send(JSON.stringify({ result: null, id }))
    for (const topic of params) method === 'SUBSCRIBE' ? client.subscribe(topic) : client.unsubscribe(topic)
  },
  isServed: (topic, path) => path.startsWith(/@depth|@bookTicker/.test(topic) ? '/public' : '/market'),
  frames,
  first: () => [],
  rest({ url }, market, nowMs) {
    const of = market.book(url.searchParams.get('symbol') ?? '')
    if (of === undefined) return undefined
    if (url.pathname === '/fapi/v1/depth') return snapshot(of, nowMs)
    if (url.pathname !== '/fapi/v1/openInterest') return undefined
    return { symbol: of.symbol, openInterest: of.size(of.openUnits), time: Math.floor(nowMs) }
  },
  tooMany: { status: 429, headers: { 'retry-after': '1' }, body: '{"code":-1003,"msg":"Too many requests"}' },
}

function snapshot(of: SampleBook, nowMs: number): unknown {
  const atMs = Math.floor(nowMs)
  return { lastUpdateId: of.update * IDS, E: atMs, T: atMs, bids: of.rows(0), asks: of.rows(1) }
}

function frames(event: MarketEvent, nowMs: number): TopicFrame[] {
  const { of } = event
  const atMs = Math.floor(nowMs)
  const name = of.symbol.toLowerCase()
  const head = (e: string) => ({ e, E: atMs, s: of.symbol })
  const wrapped = (topic: string, data: unknown): TopicFrame => ({
    topic,
    text: JSON.stringify({ stream: topic, data }),
  })
  switch (event.kind) {
    case 'depth': {
      const rows = (side: 0 | 1) =>
        event.changes.filter((one) => one.side === side).map(({ tick, units }) => [of.price(tick), of.size(units)])
      const last = of.update * IDS
      const data = {
        ...head('depthUpdate'),
        T: atMs,
        U: last - IDS + 7,
        u: last,
        pu: last - IDS,
        b: rows(0),
        a: rows(1),
      }
      return [wrapped(`${name}@depth@100ms`, data), wrapped(`${name}@depth@500ms`, data)]
    }
    case 'trade': {
      const { side, tick, units, id } = event.print
      const data = {
        ...head('aggTrade'),
        a: id,
        p: of.price(tick),
        q: of.size(units),
        f: id,
        l: id,
        T: atMs,
        m: side === 1,
      }
      return [wrapped(`${name}@aggTrade`, data)]
    }
    case 'liquidation': {
      const { side, tick, units } = event.print
      const [price, size] = [of.price(tick), of.size(units)]
      // The order that closes a long sells.
      const o = {
        s: of.symbol,
        S: side === 0 ? 'SELL' : 'BUY',
        q: size,
        p: price,
        ap: price,
        X: 'FILLED',
        l: size,
        z: size,
      }
      return [wrapped('!forceOrder@arr', { e: 'forceOrder', E: atMs, st: 1, o: { ...o, T: atMs } })]
    }
    case 'ticker': {
      const data = { ...head('markPriceUpdate'), p: of.price(of.mid), i: of.price(of.mid), r: '0.0001', st: 1 }
      return [wrapped(`${name}@markPrice@1s`, data), wrapped('!markPrice@arr@1s', [data])]
    }
  }
}
