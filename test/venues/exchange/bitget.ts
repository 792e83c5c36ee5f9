import type { MarketEvent, SampleBook } from './market.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

interface Arg {
  readonly instType: string
  readonly topic: string
  readonly symbol?: string
}

/** Beyond what a double holds: whoever rounds these sees gaps or misses them. */
const SEQUENCE = 1_304_314_508_780_744_704n
const PRODUCT = 'usdt-futures'

/** Bitget v3: numbers of 19 digits, one of them bare; new subscribers of trades hear of the past first. */
export const bitgetScript: VenueScript = {
  venue: 'bitget',
  bookTopic: (symbol) => `books:${symbol}`,
  message(text, client, market) {
    if (text === 'ping') {
      client.send('pong')
      return
    }
    const { op, args } = JSON.parse(text) as { op: string; args: Arg[] }
    for (const arg of args) {
      const { topic, symbol } = arg
      const isKnown = symbol === undefined ? topic === 'liquidation' : market.book(symbol) !== undefined
      if (op === 'subscribe' && !isKnown) {
        const msg = `instType:${PRODUCT},topic:${topic},symbol:${symbol} doesn't exist`
        client.send(JSON.stringify({ event: 'error', code: 30001, msg, arg }))
        continue
      }
      client.send(JSON.stringify({ event: op, arg, connId: '1b7d' }))
      const name = symbol === undefined ? topic : `${topic}:${symbol}`
      if (op === 'subscribe') client.subscribe(name)
      else client.unsubscribe(name)
    }
  },
  isServed: (_topic, path) => path === '/v3/ws/public',
  frames,
  first(name, market, nowMs) {
    const [topic, symbol = ''] = name.split(':')
    const of = market.book(symbol)
    if (of === undefined) return []
    if (topic === 'books') return [book(of, 'snapshot', of.rows(0), of.rows(1), nowMs)]
    if (topic === 'ticker') return [ticker(of, 'snapshot', nowMs)]
    if (topic !== 'publicTrade') return []
    const T = String(Math.floor(nowMs) - 1_000)
    const past = [{ i: '1', p: of.price(of.mid), v: '7.777', S: 'buy', T, isRPI: 'no' }]
    return [frame(of.symbol, 'publicTrade', 'snapshot', past, nowMs)]
  },
  rest: () => undefined,
  tooMany: { status: 429, headers: {}, body: '{"code":"429","msg":"Too Many Requests"}' },
}

function frame(symbol: string | undefined, topic: string, action: string, data: unknown[], nowMs: number): string {
  const arg = { instType: PRODUCT, topic, ...(symbol !== undefined && { symbol }) }
  return JSON.stringify({ action, arg, data, ts: Math.floor(nowMs) })
}

type Row = [price: string, size: string]

function book(of: SampleBook, action: string, b: Row[], a: Row[], nowMs: number): string {
  const seq = SEQUENCE + BigInt(of.update)
  const previous = action === 'snapshot' ? 0n : seq - 1n
  const row = { a, b, pseq: String(previous), seq: String(seq), ts: String(Math.floor(nowMs)) }
  // One of the two is sent bare.
  return frame(of.symbol, 'books', action, [row], nowMs).replace(/"pseq":"(\d+)"/, '"pseq":$1')
}

function ticker(of: SampleBook, action: string, nowMs: number): string {
  const price = of.price(of.mid)
  const row = { symbol: of.symbol, lastPrice: price, markPrice: price, openInterest: of.size(of.openUnits) }
  return frame(of.symbol, 'ticker', action, [{ ...row, ts: String(Math.floor(nowMs)) }], nowMs)
}

function frames(event: MarketEvent, nowMs: number): TopicFrame[] {
  const { of } = event
  const T = String(Math.floor(nowMs))
  switch (event.kind) {
    case 'depth': {
      const changed = (side: 0 | 1): Row[] =>
        event.changes.filter((one) => one.side === side).map(({ tick, units }) => [of.price(tick), of.size(units)])
      return [{ topic: `books:${of.symbol}`, text: book(of, 'update', changed(0), changed(1), nowMs) }]
    }
    case 'trade': {
      const { side, tick, units, id } = event.print
      const row = {
        i: String(id),
        p: of.price(tick),
        v: of.size(units),
        S: side === 0 ? 'buy' : 'sell',
        T,
        isRPI: 'no',
      }
      return [{ topic: `publicTrade:${of.symbol}`, text: frame(of.symbol, 'publicTrade', 'update', [row], nowMs) }]
    }
    case 'liquidation': {
      const { side, tick, units } = event.print
      const price = of.price(tick)
      // The position's side, and USDT instead of coins.
      const amount = String(Number(price) * Number(of.size(units)))
      const row = { symbol: of.symbol, side: side === 0 ? 'buy' : 'sell', price, amount, ts: T }
      return [{ topic: 'liquidation', text: frame(undefined, 'liquidation', 'update', [row], nowMs) }]
    }
    case 'ticker':
      return [{ topic: `ticker:${of.symbol}`, text: ticker(of, 'snapshot', nowMs) }]
  }
}
