import type { Incoming, LanePlan, Poll, VenueProtocol } from '../live/feed.ts'
import { shares } from '../live/shares.ts'
import type { Market } from '../mapper-market.ts'
import { createBinanceMapper } from './mapper.ts'

/** Depth of 33 symbols on one socket: two sockets for all, each with half of the busy ones. */
const BOOKS_PER_SOCKET = 33
const PULSE_SYMBOL = 'btcusdt'
const PULSE_MS_MAX = 5_000
/** A snapshot of 1,000 levels a side, the most there is, and what it costs. */
const SNAPSHOT_LEVELS = 1_000
const SNAPSHOT_WEIGHT = 20
const OPEN_INTEREST_MS = 10_000
/** Control frames are short; only those are parsed twice. */
const CONTROL_BYTES_MAX = 1_024
const STREAM = '{"stream":"'

/** Binance USD-M. Books are on /public, everything else on /market: elsewhere streams are acknowledged and stay silent. */
export const binanceProtocol: VenueProtocol = {
  venue: 'binance',
  urls: { socket: 'wss://fstream.binance.com', rest: 'https://fapi.binance.com' },
  createMapper: createBinanceMapper,
  lanes,
  subscribe: (topics, id) => JSON.stringify({ method: 'SUBSCRIBE', params: topics, id }),
  unsubscribe: (topics, id) => JSON.stringify({ method: 'UNSUBSCRIBE', params: topics, id }),
  classify,
  // Ten messages a second are allowed, pongs included.
  pace: { connectGapMs: 500, topicsPerFrame: 50, frameBytesMax: 4_096, frameGapMs: 250 },
  ping: undefined,
  socketMsMax: 24 * 3_600_000,
  resync: {
    by: 'rest',
    snapshot: (market) => ({
      path: `/fapi/v1/depth?symbol=${market.symbol}&limit=${SNAPSHOT_LEVELS}`,
      weight: SNAPSHOT_WEIGHT,
    }),
  },
  polls,
  rest: {
    // 2,400 a minute are allowed; all first snapshots (1,300) fit into one minute.
    weightMax: 1_900,
    windowMs: 60_000,
    gapMs: 150,
    used: { header: 'x-mbx-used-weight-1m', max: 2_100 },
  },
}

function lanes(markets: readonly Market[]): LanePlan[] {
  const books = shares(markets, BOOKS_PER_SOCKET).map((share, index): LanePlan => {
    const topics = share.map(depthTopic)
    const own = depthTopic({ symbol: PULSE_SYMBOL })
    // Where this socket has no book of the busiest symbol, a slower stream of it is the pulse.
    const pulse = topics.includes(own) ? own : `${PULSE_SYMBOL}@depth@500ms`
    const pulseOnly = pulse === own ? [] : [pulse]
    return {
      name: `books ${index + 1}`,
      path: '/public/stream',
      topics: [...pulseOnly, ...topics],
      pulseOnly,
      pulses: [{ topics: [pulse], deadMs: PULSE_MS_MAX }],
      books: share.map((market) => ({ market, topics: [depthTopic(market)] })),
      markets: share,
    }
  })
  if (markets.length === 0) return []
  const marks = '!markPrice@arr@1s'
  const pulse = `${PULSE_SYMBOL}@markPrice@1s`
  const trades = markets.map((market) => `${market.symbol.toLowerCase()}@aggTrade`)
  const market = { path: '/market/stream', books: [], markets }
  return [
    ...books,
    {
      ...market,
      name: 'trades',
      topics: [pulse, ...trades],
      pulseOnly: [pulse],
      pulses: [{ topics: [pulse], deadMs: PULSE_MS_MAX }],
    },
    {
      ...market,
      name: 'liquidations and marks',
      topics: ['!forceOrder@arr', marks],
      pulseOnly: [],
      pulses: [{ topics: [marks], deadMs: PULSE_MS_MAX }],
    },
  ]
}

function depthTopic({ symbol }: { symbol: string }): string {
  return `${symbol.toLowerCase()}@depth@100ms`
}

function classify(frame: string): Incoming {
  if (frame.startsWith(STREAM)) {
    return { kind: 'data', topic: frame.slice(STREAM.length, frame.indexOf('"', STREAM.length)) }
  }
  if (frame.length > CONTROL_BYTES_MAX) return { kind: 'data', topic: /"stream":"([^"]+)"/.exec(frame)?.[1] }
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(frame) as Record<string, unknown>
  } catch {
    // Not JSON: the mapper refuses and counts it.
    return { kind: 'data', topic: undefined }
  }
  if (typeof fields?.stream === 'string') return { kind: 'data', topic: fields.stream }
  const id = typeof fields?.id === 'number' ? fields.id : undefined
  const error = (fields?.error ?? (fields?.code === undefined ? undefined : fields)) as { msg?: unknown } | undefined
  if (error !== undefined) return { kind: 'refused', id, topic: undefined, reason: String(error.msg ?? 'no reason') }
  return id === undefined ? { kind: 'data', topic: undefined } : { kind: 'ack', id, topic: undefined }
}

/** No stream tells open interest. */
function polls(markets: readonly Market[]): Poll[] {
  return markets.map(({ symbol }) => ({
    kind: 'openInterest',
    symbol,
    everyMs: OPEN_INTEREST_MS,
    ask: { path: `/fapi/v1/openInterest?symbol=${symbol}`, weight: 1 },
  }))
}
