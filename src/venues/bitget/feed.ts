import type { Incoming, LanePlan, VenueProtocol } from '../live/feed.ts'
import { shares } from '../live/shares.ts'
import type { Market } from '../mapper-market.ts'
import { createBitgetMapper } from './mapper.ts'

/** Fewer than 50 topics to a socket are advised; 33 and the pulse are 34. */
const TOPICS_PER_SOCKET = 33
const PATH = '/v3/ws/public'
const PRODUCT = 'usdt-futures'
const PULSE = 'ticker:BTCUSDT'
const PULSE_MS_MAX = 10_000
/** Covers all symbols and names none. */
const LIQUIDATIONS = 'liquidation'

/** Bitget v3. Everything streams; a topic is `topic:symbol`, as the arguments of a subscription name it. */
export const bitgetProtocol: VenueProtocol = {
  venue: 'bitget',
  urls: { socket: 'wss://ws.bitget.com', rest: 'https://api.bitget.com' },
  createMapper: createBitgetMapper,
  lanes,
  subscribe: (topics) => request('subscribe', topics),
  unsubscribe: (topics) => request('unsubscribe', topics),
  classify,
  // 240 requests an hour and socket, ten messages a second, 4,096 bytes each, 300 new sockets in five minutes.
  pace: { connectGapMs: 1_000, topicsPerFrame: 5, frameBytesMax: 4_096, frameGapMs: 200 },
  // A socket that has not been pinged for two minutes is cut.
  ping: { frame: 'ping', everyMs: 25_000, deadMs: 10_000 },
  socketMsMax: 24 * 3_600_000,
  resync: { by: 'resubscribe' },
  polls: () => [],
  rest: { weightMax: 15, windowMs: 1_000, gapMs: 60 },
}

function lanes(markets: readonly Market[]): LanePlan[] {
  return [
    ...split('books', markets, (market) => `books:${market.symbol}`),
    ...split('trades', markets, (market) => `publicTrade:${market.symbol}`),
    ...split('tickers', markets, (market) => `ticker:${market.symbol}`),
  ]
}

function split(name: string, markets: readonly Market[], topicOf: (market: Market) => string): LanePlan[] {
  return shares(markets, TOPICS_PER_SOCKET).map((share, index) => {
    const own = share.map(topicOf)
    const pulseOnly = own.includes(PULSE) ? [] : [PULSE]
    // The mapper of each socket keeps to its own markets, so each that has tickers asks for the liquidations of all.
    const liquidations = name === 'tickers' ? [LIQUIDATIONS] : []
    return {
      name: `${name} ${index + 1}`,
      path: PATH,
      topics: [...pulseOnly, ...own, ...liquidations],
      pulseOnly,
      pulses: [{ topics: [PULSE], deadMs: PULSE_MS_MAX }],
      books: name === 'books' ? share.map((market) => ({ market, topics: [topicOf(market)] })) : [],
      markets: share,
    }
  })
}

function request(op: 'subscribe' | 'unsubscribe', topics: readonly string[]): string {
  const args = topics.map((name) => {
    const [topic, symbol] = name.split(':')
    return symbol === undefined ? { instType: PRODUCT, topic } : { instType: PRODUCT, topic, symbol }
  })
  return JSON.stringify({ op, args })
}

function classify(frame: string): Incoming {
  if (frame === 'pong') return { kind: 'pong' }
  const topic = topicOf(frame)
  // Data frames begin with their action and have no event: the usual case costs one look.
  const event = frame.startsWith('{"action":') ? undefined : /"event":\s*"([^"]+)"/.exec(frame)?.[1]
  switch (event) {
    case undefined:
      return { kind: 'data', topic }
    case 'subscribe':
    case 'unsubscribe':
      return { kind: 'ack', id: undefined, topic }
    case 'error':
      return { kind: 'refused', id: undefined, topic, reason: messageOf(frame) }
    default:
      return { kind: 'other' }
  }
}

function topicOf(frame: string): string | undefined {
  const arg = /"arg":\s*\{([^}]*)\}/.exec(frame)?.[1]
  if (arg === undefined) return undefined
  const topic = /"topic":\s*"([^"]+)"/.exec(arg)?.[1]
  const symbol = /"symbol":\s*"([^"]+)"/.exec(arg)?.[1]
  // Some servers answer to the topic of all symbols with a symbol of their choice.
  if (topic === undefined || topic === LIQUIDATIONS) return topic
  return symbol === undefined ? undefined : `${topic}:${symbol}`
}

function messageOf(text: string): string {
  const message = /"msg":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? 'no reason'
  const code = /"code":\s*"?(\d+)"?/.exec(text)?.[1]
  return code === undefined ? message : `${message} (${code})`
}
