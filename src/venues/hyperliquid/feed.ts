import type { Incoming, LanePlan, VenueProtocol } from '../live/feed.ts'
import { shares } from '../live/shares.ts'
import type { Market } from '../mapper-market.ts'
import { createHyperliquidMapper } from './mapper.ts'

/** Two topics to a book; together with trades and contexts far below the 1,000 topics that one address may have. */
const MARKETS_PER_SOCKET = 200
const PATH = '/ws'
/** Five levels a side twice a second, and twenty each five seconds. */
const FAST = 'fast'
const SLOW = 'slow'
const TRADES = 'trades'
/** Mark price and open interest of one coin. The one topic for all tells them in the order of a list that it leaves out. */
const CONTEXT = 'activeAssetCtx'
const PULSE = `${FAST}:BTC`
const PULSE_MS_MAX = 5_000
const SLOW_PULSE = `${SLOW}:BTC`
const SLOW_PULSE_MS_MAX = 20_000
const TRADES_MS_MAX = 20_000

/**
 * Hyperliquid perpetuals. Every book frame is whole as far as it goes, so there is nothing to splice; both cadences of a
 * book are on one socket, since one mapper puts them together. A topic is `kind:coin`; `l2Book` comes as fast and slow.
 */
export const hyperliquidProtocol: VenueProtocol = {
  venue: 'hyperliquid',
  urls: { socket: 'wss://api.hyperliquid.xyz', rest: 'https://api.hyperliquid.xyz' },
  createMapper: createHyperliquidMapper,
  lanes,
  subscribe: (topics) => request('subscribe', topics),
  unsubscribe: (topics) => request('unsubscribe', topics),
  classify,
  // One topic to a message, 2,000 messages a minute; 30 new sockets a minute.
  pace: { connectGapMs: 2_000, topicsPerFrame: 1, frameBytesMax: 1_024, frameGapMs: 50 },
  // A socket on which nothing was sent for 60 s is closed.
  ping: { frame: '{"method":"ping"}', everyMs: 25_000, deadMs: 10_000 },
  socketMsMax: undefined,
  resync: { by: 'resubscribe' },
  polls: () => [],
  // 1,200 a minute are allowed.
  rest: { weightMax: 900, windowMs: 60_000, gapMs: 100 },
}

function lanes(markets: readonly Market[]): LanePlan[] {
  const books = shares(markets, MARKETS_PER_SOCKET).map((share, index): LanePlan => {
    // The fast frames alone show whether a book is alive: the slow ones would hide that they have ended.
    const ofBook = share.map((market) => ({ market, topics: [`${FAST}:${market.symbol}`] }))
    const own = share.flatMap(({ symbol }) => [`${FAST}:${symbol}`, `${SLOW}:${symbol}`])
    const pulseOnly = [PULSE, SLOW_PULSE].filter((topic) => !own.includes(topic))
    return {
      name: `books ${index + 1}`,
      path: PATH,
      topics: [...pulseOnly, ...own],
      pulseOnly,
      pulses: [
        { topics: [PULSE], deadMs: PULSE_MS_MAX },
        { topics: [SLOW_PULSE], deadMs: SLOW_PULSE_MS_MAX },
      ],
      books: ofBook,
      markets: share,
    }
  })
  const trades = shares(markets, MARKETS_PER_SOCKET).map((share, index): LanePlan => {
    const topics = share.flatMap(({ symbol }) => [`${CONTEXT}:${symbol}`, `${TRADES}:${symbol}`])
    return {
      name: `trades ${index + 1}`,
      path: PATH,
      topics,
      pulseOnly: [],
      // Whatever comes shows that the socket lives: the contexts alone change with every price of the oracle.
      pulses: [{ topics, deadMs: TRADES_MS_MAX }],
      books: [],
      markets: share,
    }
  })
  return [...books, ...trades]
}

function request(method: 'subscribe' | 'unsubscribe', topics: readonly string[]): string {
  return JSON.stringify({ method, subscription: subscriptionOf(topics[0]!) })
}

function subscriptionOf(topic: string): Record<string, unknown> {
  const [kind, coin] = topic.split(':')
  if (kind === FAST) return { type: 'l2Book', coin, fast: true }
  if (kind === SLOW) return { type: 'l2Book', coin }
  return { type: kind, coin }
}

function classify(frame: string): Incoming {
  const channel = /"channel":\s*"([^"]+)"/.exec(frame)?.[1]
  switch (channel) {
    case 'l2Book':
      return { kind: 'data', topic: bookTopic(coinOf(frame), frame) }
    case TRADES:
    case CONTEXT: {
      const coin = coinOf(frame)
      return { kind: 'data', topic: coin === undefined ? undefined : `${channel}:${coin}` }
    }
    case 'pong':
      return { kind: 'pong' }
    case 'subscriptionResponse':
      return { kind: 'ack', id: undefined, topic: topicOfSubscription(frame) }
    case 'error':
      return refused(frame)
    case undefined:
      // A greeting in plain words, or no JSON of theirs: the mapper knows the one and counts the other.
      return frame.startsWith('Websocket connection') ? { kind: 'other' } : { kind: 'data', topic: undefined }
    default:
      return { kind: 'other' }
  }
}

/** Errors repeat the subscription inside a text, its quotes escaped. */
function refused(frame: string): Incoming {
  const plain = frame.replaceAll('\\"', '"')
  const topic = topicOfSubscription(plain)
  if (/already subscribed/i.test(plain)) return { kind: 'ack', id: undefined, topic }
  const reason = /"data":\s*"(.*)"\s*\}$/.exec(plain)?.[1] ?? 'no reason'
  return { kind: 'refused', id: undefined, topic, reason }
}

function topicOfSubscription(text: string): string | undefined {
  const type = /"type":\s*"([^"]+)"/.exec(text)?.[1]
  if (type === 'l2Book') return bookTopic(coinOf(text), text)
  const coin = coinOf(text)
  return type === undefined || coin === undefined ? type : `${type}:${coin}`
}

function bookTopic(coin: string | undefined, text: string): string | undefined {
  if (coin === undefined) return undefined
  return `${/"fast":\s*true/.test(text) ? FAST : SLOW}:${coin}`
}

function coinOf(text: string): string | undefined {
  return /"coin":\s*"([^"]+)"/.exec(text)?.[1]
}
