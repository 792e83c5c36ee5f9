import type { VenueName } from '../../model/venues.ts'
import type { Mapper, MapperOptions, RestKind } from '../mapper.ts'
import type { Market } from '../mapper-market.ts'

/**
 * What the feed machine has to know of one venue to keep its market flowing: plain data and pure functions, no socket, no
 * timer. A venue is one folder with a `mapper.ts` and a `feed.ts` that exports one of these, and one line in `venues.ts`.
 *
 * A *topic* is one subscription, named by a text that is unique on its venue (`orderbook.200.BTCUSDT`): the venue's own
 * name where it has one, else a text that the protocol composes. A *lane* is one socket and the topics it carries.
 */
export interface VenueProtocol {
  readonly venue: VenueName
  /** Where the venue is; each can be replaced by the configuration. */
  readonly urls: VenueUrls
  createMapper(options: MapperOptions): Mapper
  /** Spreads the markets over sockets within the venue's limits. Lanes of no topic are not made. */
  lanes(markets: readonly Market[]): LanePlan[]

  /** One request for several topics, as text to send. `id` is unique on its socket. */
  subscribe(topics: readonly string[], id: number): string
  unsubscribe(topics: readonly string[], id: number): string
  /** What a frame is, told by a look at its text: data frames are parsed by the mapper, once. */
  classify(frame: string): Incoming

  readonly pace: SocketPace
  /** What the client sends to keep a socket alive; undefined where the server asks and the library answers by itself. */
  readonly ping: PingRule | undefined
  /** A socket is replaced before it is so old, with overlap; undefined where the venue does not cut by age. */
  readonly socketMsMax: number | undefined

  /** How a book that has lost its chain comes back: by a REST snapshot that is spliced in, or by a new subscription. */
  readonly resync: { readonly by: 'rest'; snapshot(market: Market): RestAsk } | { readonly by: 'resubscribe' }
  /** What is asked by REST again and again because no stream tells it. */
  polls(markets: readonly Market[]): Poll[]
  readonly rest: RestRules
}

export interface VenueUrls {
  /** Scheme, host and no path: `wss://fstream.binance.com`. */
  readonly socket: string
  readonly rest: string
}

export interface LanePlan {
  /** Unique on its venue: `books 1`. */
  readonly name: string
  /** Path and query behind the socket's base. */
  readonly path: string
  /** Everything subscribed, in the order in which it is asked for. */
  readonly topics: readonly string[]
  /** Topics among them that only show that the socket is alive: their frames are not mapped. */
  readonly pulseOnly: readonly string[]
  /** Topics of which one at least must be heard so often, else the socket is dead whatever its pongs say. */
  readonly pulses: readonly Pulse[]
  /** Markets whose book this lane carries, and the topics that make it. */
  readonly books: readonly LaneBook[]
  /** Markets that frames of this lane are mapped for. */
  readonly markets: readonly Market[]
}

export interface Pulse {
  readonly topics: readonly string[]
  readonly deadMs: number
}

export interface LaneBook {
  readonly market: Market
  readonly topics: readonly string[]
}

export type Incoming =
  /** Market data of a topic; of no known one where the text does not tell. Only data counts as a sign of life. */
  | { readonly kind: 'data'; readonly topic: string | undefined }
  /** A request, or one topic of it, was accepted. Venues name the one or the other. */
  | { readonly kind: 'ack'; readonly id: number | undefined; readonly topic: string | undefined }
  /** The same, refused. With neither, the oldest open request is meant. */
  | {
      readonly kind: 'refused'
      readonly id: number | undefined
      readonly topic: string | undefined
      readonly reason: string
    }
  | { readonly kind: 'pong' }
  /** The venue will close this socket soon: a successor is opened now. */
  | { readonly kind: 'closing'; readonly reason: string }
  /** Greetings and the like. */
  | { readonly kind: 'other' }

export interface SocketPace {
  /** Between two new sockets of the venue. */
  readonly connectGapMs: number
  /** In one request. */
  readonly topicsPerFrame: number
  readonly frameBytesMax: number
  /** Between two messages of ours on one socket. */
  readonly frameGapMs: number
}

export interface PingRule {
  readonly frame: string
  readonly everyMs: number
  /** Without a pong for so long the socket is dead. */
  readonly deadMs: number
}

export interface RestAsk {
  /** Path and query behind the REST base. */
  readonly path: string
  /** Posted as JSON where given, else it is a GET. */
  readonly body?: string
  /** In the venue's units of its budget. */
  readonly weight: number
}

/** Repeated each `everyMs`; the answers go to the mapper. */
export interface Poll {
  readonly kind: RestKind
  /** What the mapper is told that was asked for. */
  readonly symbol: string
  readonly everyMs: number
  readonly ask: RestAsk
}

/** How much we ask. What an answer means is told by its status and by `restVenues` in ../instruments/rest-venues.ts. */
export interface RestRules {
  /** Weight that we allow ourselves in each window: less than the venue does, others may share the address. */
  readonly weightMax: number
  readonly windowMs: number
  /** Between two requests. */
  readonly gapMs: number
  /** Header (lower case) that tells the weight used in the running window, and what it may come to. */
  readonly used?: { readonly header: string; readonly max: number }
}
