import type { Incoming, LanePlan, VenueProtocol } from '../live/feed.ts'
import { shares } from '../live/shares.ts'
import type { Market } from '../mapper-market.ts'
import { createBybitMapper } from './mapper.ts'

const BOOKS_PER_SOCKET = 33
/** Three topics each, together far below the 21,000 characters that one socket may ask for. */
const TRADES_PER_SOCKET = 200
const PULSE = 'tickers.BTCUSDT'
const PULSE_MS_MAX = 5_000
const PATH = '/v5/public/linear'
const TOPIC = '{"topic":"'

/** Bybit v5 linear. Everything streams, open interest included; a lost book comes back with a new subscription. */
export const bybitProtocol: VenueProtocol = {
  venue: 'bybit',
  urls: { socket: 'wss://stream.bybit.com', rest: 'https://api.bybit.com' },
  createMapper: createBybitMapper,
  lanes,
  subscribe: (topics, id) => JSON.stringify({ req_id: String(id), op: 'subscribe', args: topics }),
  unsubscribe: (topics, id) => JSON.stringify({ req_id: String(id), op: 'unsubscribe', args: topics }),
  classify,
  pace: { connectGapMs: 500, topicsPerFrame: 10, frameBytesMax: 4_096, frameGapMs: 100 },
  ping: { frame: '{"op":"ping"}', everyMs: 20_000, deadMs: 10_000 },
  // No rule; drops after 6 to 12 hours are called normal and met as any other.
  socketMsMax: undefined,
  resync: { by: 'resubscribe' },
  polls: () => [],
  rest: { weightMax: 100, windowMs: 5_000, gapMs: 50 },
}

function lanes(markets: readonly Market[]): LanePlan[] {
  const books = shares(markets, BOOKS_PER_SOCKET).map((share, index): LanePlan => {
    const ofBook = share.map((market) => ({ market, topics: [`orderbook.200.${market.symbol}`] }))
    return {
      name: `books ${index + 1}`,
      path: PATH,
      topics: [PULSE, ...ofBook.flatMap(({ topics }) => topics)],
      pulseOnly: [PULSE],
      pulses: [{ topics: [PULSE], deadMs: PULSE_MS_MAX }],
      books: ofBook,
      markets: share,
    }
  })
  const trades = shares(markets, TRADES_PER_SOCKET).map((share, index): LanePlan => {
    const own = share.flatMap(({ symbol }) => [
      `publicTrade.${symbol}`,
      `allLiquidation.${symbol}`,
      `tickers.${symbol}`,
    ])
    const pulseOnly = own.includes(PULSE) ? [] : [PULSE]
    return {
      name: `trades ${index + 1}`,
      path: PATH,
      topics: [...pulseOnly, ...own],
      pulseOnly,
      pulses: [{ topics: [PULSE], deadMs: PULSE_MS_MAX }],
      books: [],
      markets: share,
    }
  })
  return [...books, ...trades]
}

function classify(frame: string): Incoming {
  if (frame.startsWith(TOPIC)) {
    return { kind: 'data', topic: frame.slice(TOPIC.length, frame.indexOf('"', TOPIC.length)) }
  }
  const topic = /"topic":\s*"([^"]+)"/.exec(frame)?.[1]
  const op = /"op":\s*"([^"]+)"/.exec(frame)?.[1]
  if (topic !== undefined || op === undefined) return { kind: 'data', topic }
  if (op === 'ping' || op === 'pong') return { kind: 'pong' }
  const request = /"req_id":\s*"(\d+)"/.exec(frame)?.[1]
  const id = request === undefined ? undefined : Number(request)
  if (!/"success":\s*false/.test(frame)) return { kind: 'ack', id, topic: undefined }
  return { kind: 'refused', id, topic: undefined, reason: /"ret_msg":\s*"([^"]*)"/.exec(frame)?.[1] ?? 'no reason' }
}
