import type { Incoming, LanePlan, VenueProtocol } from '../live/feed.ts'
import { shares } from '../live/shares.ts'
import type { Market } from '../mapper-market.ts'
import { createOkxMapper } from './mapper.ts'

/** Fewer than 30 deep books to a socket are advised: three sockets of 22. */
const BOOKS_PER_SOCKET = 22
const TRADES_PER_SOCKET = 100
const PATH = '/ws/v5/public'
/** A quiet book says so once a minute. Among several, one always moves. */
const QUIET_BOOK_MS_MAX = 75_000
const BUSY_BOOKS = 5
const BUSY_BOOKS_MS_MAX = 15_000
const MARKS_MS_MAX = 15_000
/** Covers all contracts; it must not name one. */
const LIQUIDATIONS = 'liquidation-orders:SWAP'
/** "Closing in 60 s": a successor is wanted now. */
const CLOSING_CODE = '64008'

/** OKX v5 swaps. Everything streams; a topic is `channel:instrument`, as the arguments of a subscription name it. */
export const okxProtocol: VenueProtocol = {
  venue: 'okx',
  urls: { socket: 'wss://ws.okx.com', rest: 'https://openapi.okx.com' },
  createMapper: createOkxMapper,
  lanes,
  subscribe: (topics, id) => request('subscribe', topics, id),
  unsubscribe: (topics, id) => request('unsubscribe', topics, id),
  classify,
  // 480 requests an hour and socket, three new sockets a second.
  pace: { connectGapMs: 500, topicsPerFrame: 20, frameBytesMax: 16_384, frameGapMs: 250 },
  // Idle sockets are closed after 30 s.
  ping: { frame: 'ping', everyMs: 20_000, deadMs: 10_000 },
  socketMsMax: undefined,
  resync: { by: 'resubscribe' },
  polls: () => [],
  rest: { weightMax: 15, windowMs: 2_000, gapMs: 100 },
}

function lanes(markets: readonly Market[]): LanePlan[] {
  const books = shares(markets, BOOKS_PER_SOCKET).map((share, index): LanePlan => {
    const ofBook = share.map((market) => ({ market, topics: [`books:${market.symbol}`] }))
    const topics = ofBook.flatMap((book) => book.topics)
    const deadMs = share.length < BUSY_BOOKS ? QUIET_BOOK_MS_MAX : BUSY_BOOKS_MS_MAX
    return {
      name: `books ${index + 1}`,
      path: PATH,
      topics,
      pulseOnly: [],
      pulses: [{ topics, deadMs }],
      books: ofBook,
      markets: share,
    }
  })
  const trades = shares(markets, TRADES_PER_SOCKET).map((share, index): LanePlan => {
    const marks = share.map(({ symbol }) => `mark-price:${symbol}`)
    return {
      name: `trades ${index + 1}`,
      path: PATH,
      topics: [
        ...marks,
        ...share.flatMap(({ symbol }) => [`trades:${symbol}`, `open-interest:${symbol}`]),
        // The mapper of each socket keeps to its own markets, so each asks for the liquidations of all.
        LIQUIDATIONS,
      ],
      pulseOnly: [],
      pulses: [{ topics: marks, deadMs: MARKS_MS_MAX }],
      books: [],
      markets: share,
    }
  })
  return [...books, ...trades]
}

function request(op: 'subscribe' | 'unsubscribe', topics: readonly string[], id: number): string {
  const args = topics.map((topic) => {
    const [channel, of] = topic.split(':')
    return topic === LIQUIDATIONS ? { channel, instType: of } : { channel, instId: of }
  })
  return JSON.stringify({ id: String(id), op, args })
}

function classify(frame: string): Incoming {
  if (frame === 'pong') return { kind: 'pong' }
  const event = eventOf(frame)
  if (event === undefined) return { kind: 'data', topic: topicOf(frame) }
  switch (event) {
    case 'subscribe':
    case 'unsubscribe':
      // Each argument of a request is acknowledged by itself.
      return { kind: 'ack', id: undefined, topic: topicOf(frame) }
    case 'error':
      return refused(frame)
    case 'notice':
      return frame.includes(`"${CLOSING_CODE}"`) ? { kind: 'closing', reason: messageOf(frame) } : { kind: 'other' }
    default:
      return { kind: 'other' }
  }
}

/** Data frames begin with their argument and have no event: the usual case costs one look. */
function eventOf(frame: string): string | undefined {
  return frame.startsWith('{"arg":') ? undefined : /"event":\s*"([^"]+)"/.exec(frame)?.[1]
}

function topicOf(frame: string): string | undefined {
  const arg = /"arg":\s*\{([^}]*)\}/.exec(frame)?.[1]
  if (arg === undefined) return undefined
  const channel = /"channel":\s*"([^"]+)"/.exec(arg)?.[1]
  const of = /"inst(?:Id|Type)":\s*"([^"]+)"/.exec(arg)?.[1]
  return channel === undefined || of === undefined ? undefined : `${channel}:${of}`
}

/** One argument was refused, which only the words tell: "... channel:books,instId:X-USDT-SWAP doesn't exist." */
function refused(frame: string): Incoming {
  const reason = messageOf(frame)
  const named = /channel:\s*([\w-]+)\s*,\s*inst(?:Id|Type):\s*([\w-]+)/.exec(reason)
  const topic = named === null ? topicOf(frame) : `${named[1]}:${named[2]}`
  const id = /"id":\s*"(\d+)"/.exec(frame)?.[1]
  return { kind: 'refused', id: topic === undefined && id !== undefined ? Number(id) : undefined, topic, reason }
}

function messageOf(frame: string): string {
  const message = /"msg":\s*"((?:[^"\\]|\\.)*)"/.exec(frame)?.[1] ?? 'no reason'
  const code = /"code":\s*"(\d+)"/.exec(frame)?.[1]
  return code === undefined ? message : `${message} (${code})`
}
