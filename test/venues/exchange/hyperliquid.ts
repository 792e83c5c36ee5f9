import type { MarketEvent, SampleBook } from './market.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

interface Subscription {
  readonly type: string
  readonly coin: string
  readonly fast?: boolean
}

const FAST_LEVELS = 5
/** Frames of a book between two that show all of it. */
const SLOW_EVERY = 5
const known = new Set(['l2Book', 'trades', 'activeAssetCtx'])

/**
 * Hyperliquid: one topic to a message, every frame of a book whole as far as it goes, recent trades repeated to whoever
 * is new. The slow frames show all of the sample books and not twenty levels, so that books can be compared.
 */
export const hyperliquidScript: VenueScript = {
  venue: 'hyperliquid',
  bookTopic: (symbol) => `fast:${symbol}`,
  greeting: () => 'Websocket connection established.',
  message(text, client, market) {
    const { method, subscription } = JSON.parse(text) as { method: string; subscription: Subscription }
    if (method === 'ping') {
      client.send('{"channel":"pong"}')
      return
    }
    const { type, coin } = subscription
    if (method === 'subscribe' && (!known.has(type) || market.book(coin) === undefined)) {
      client.send(JSON.stringify({ channel: 'error', data: `Invalid subscription ${JSON.stringify(subscription)}` }))
      return
    }
    client.send(JSON.stringify({ channel: 'subscriptionResponse', data: { method, subscription } }))
    const topic = `${type === 'l2Book' ? (subscription.fast ? 'fast' : 'slow') : type}:${coin}`
    if (method === 'subscribe') client.subscribe(topic)
    else client.unsubscribe(topic)
  },
  isServed: (_topic, path) => path === '/ws',
  frames,
  first(topic, market, nowMs) {
    const [type, symbol = ''] = topic.split(':')
    const of = market.book(symbol)
    if (of === undefined) return []
    if (type === 'slow') return [book(of, Number.POSITIVE_INFINITY, nowMs)]
    if (type === 'fast') return [book(of, FAST_LEVELS, nowMs)]
    return type === 'activeAssetCtx' ? [ticker(of)] : []
  },
  rest: () => undefined,
  tooMany: { status: 429, headers: {}, body: 'null' },
  // The next frame is whole again before anybody could tell.
  unnoticed: ['gap', 'reorder', 'one frame in twenty lost', 'stale snapshot', 'absurd price'],
}

function book(of: SampleBook, depth: number, nowMs: number): string {
  const levels = ([0, 1] as const).map((side) => of.rows(side, depth).map(([px, sz]) => ({ px, sz, n: 1 })))
  const fast = depth === FAST_LEVELS ? { fast: true } : {}
  return JSON.stringify({ channel: 'l2Book', data: { coin: of.symbol, time: Math.floor(nowMs), levels, ...fast } })
}

function ticker(of: SampleBook): string {
  const price = of.price(of.mid)
  const ctx = {
    funding: '0.0000125',
    openInterest: of.size(of.openUnits),
    markPx: price,
    oraclePx: price,
    midPx: price,
  }
  return JSON.stringify({ channel: 'activeAssetCtx', data: { coin: of.symbol, ctx } })
}

function frames(event: MarketEvent, nowMs: number): TopicFrame[] {
  const { of } = event
  switch (event.kind) {
    case 'depth': {
      const fast = { topic: `fast:${of.symbol}`, text: book(of, FAST_LEVELS, nowMs) }
      if (of.update % SLOW_EVERY !== 0) return [fast]
      return [{ topic: `slow:${of.symbol}`, text: book(of, Number.POSITIVE_INFINITY, nowMs) }, fast]
    }
    case 'trade':
    // A liquidation has no topic of its own: it is a trade like any other.
    case 'liquidation': {
      const { side, tick, units, id } = event.print
      const taker = event.kind === 'trade' ? side : 1 - side
      const row = { coin: of.symbol, side: taker === 0 ? 'B' : 'A', px: of.price(tick), sz: of.size(units) }
      const data = [{ ...row, time: Math.floor(nowMs), hash: '0x0', tid: id, users: ['0x1', '0x2'] }]
      const topic = `trades:${of.symbol}`
      return [{ topic, text: JSON.stringify({ channel: 'trades', data }) }]
    }
    case 'ticker':
      return [{ topic: `activeAssetCtx:${of.symbol}`, text: ticker(of) }]
  }
}
