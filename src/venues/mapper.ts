import { EventKind } from '../model/events.ts'
import { limits } from '../model/limits.ts'
import type { VenueId } from '../model/units.ts'
import { type VenueName, venueId } from '../model/venues.ts'
import { MapperContext } from './mapper-context.ts'
import { FrameFault } from './mapper-fields.ts'
import { type Market, marketsOf } from './mapper-market.ts'
import type { BatchOut } from './mapper-out.ts'

/** Answers of REST requests that a mapper understands; which of them a venue has, its own file says. */
export type RestKind = 'book' | 'openInterest' | 'markPrice' | 'meta'

/**
 * Turns what one venue sends into event batches. The same for live feeds and recordings: it knows no socket and no
 * clock. It never throws: what it cannot use it counts. One mapper serves one connection at a time.
 */
export interface Mapper {
  readonly venue: VenueId
  /** One message of the venue's stream, as text. */
  frame(raw: string, receiveMs: number, out: BatchOut): void
  /** The same, already parsed. */
  message(message: unknown, receiveMs: number, out: BatchOut): void
  /** The body of a REST answer; `symbol` is what was asked for. */
  rest(kind: RestKind, symbol: string, raw: string, receiveMs: number, out: BatchOut): void
  /** The connection was lost: every book is unknown until its next snapshot. */
  reset(receiveMs: number, out: BatchOut): void
  /** How the book of a symbol stands. */
  book(symbol: string): BookState
  /** The book of a symbol cannot be trusted, for a reason that its frames do not show: a new snapshot is asked for. */
  lose(symbol: string, receiveMs: number, out: BatchOut): void
  /** Puts every known book out as a whole, see limits.bookRefreshMs. */
  refresh(receiveMs: number, out: BatchOut): void
  /** Tells every asset heard of so far that its feed is alive, or that it is down, see limits.heartbeatMs. */
  heartbeat(receiveMs: number, out: BatchOut, isDown?: boolean): void
  status(): MapperStatus
}

/** `lost`: no snapshot yet, or none since a gap. */
export type BookState = 'lost' | 'live' | 'crossed'

export interface MapperStatus {
  /** Frames and REST answers that came. */
  frames: number
  /** Of those: malformed, refused. */
  rejected: number
  /** Understood and not needed: acknowledgements, tickers, candles. */
  ignored: number
  /** Frames or rows of symbols that the table does not have. */
  unknown: number
  /** Live books that were lost because their frames no longer chained up. */
  gaps: number
  /** Book frames that came while their book had no snapshot. */
  waiting: number
  /** Prices that were not on their grid and were rounded to it. */
  offGrid: number
  booksLive: number
}

export interface MapperOptions {
  /** Symbols to map; by default the built-in table of the venue. */
  markets?: readonly Market[]
  /** Called where a book needs a new snapshot: a REST request (Binance) or a new subscription (the others). */
  resync?: (symbol: string) => void
}

/** What is particular to one venue. Its functions may throw a FrameFault; what they began is discarded then. */
export interface Protocol {
  readonly venue: VenueName
  parse(raw: string): unknown
  message(message: unknown, context: MapperContext): void
  rest(kind: RestKind, symbol: string, body: unknown, context: MapperContext): void
  /** Forgets what belongs to the lost connection. */
  reset(): void
}

export function createMapper(protocol: Protocol, options: MapperOptions): Mapper {
  const venue = venueId(protocol.venue) as VenueId
  const context = new MapperContext(options.markets ?? marketsOf(venue), options.resync)

  const guard = (receiveMs: number, out: BatchOut, work: () => void): void => {
    context.counts.frames++
    context.receiveMs = receiveMs
    context.out = out
    try {
      work()
    } catch (error) {
      // JSON.parse throws a SyntaxError; anything else is a mistake of ours and must be seen.
      if (!(error instanceof FrameFault || error instanceof SyntaxError)) throw error
      out.discard()
      context.counts.rejected++
    }
  }

  return {
    venue,
    frame: (raw, receiveMs, out) => guard(receiveMs, out, () => protocol.message(protocol.parse(raw), context)),
    message: (message, receiveMs, out) => guard(receiveMs, out, () => protocol.message(message, context)),
    rest: (kind, symbol, raw, receiveMs, out) =>
      guard(receiveMs, out, () => protocol.rest(kind, symbol, protocol.parse(raw), context)),
    reset(receiveMs, out) {
      for (const chain of context.chains()) chain.lose(receiveMs, out)
      protocol.reset()
    },
    book(symbol) {
      const chain = context.chainOf(symbol)
      if (chain === undefined || !chain.isLive) return 'lost'
      return chain.isCrossed ? 'crossed' : 'live'
    },
    lose(symbol, receiveMs, out) {
      const chain = context.chainOf(symbol)
      if (chain === undefined || !chain.isLive) return
      context.out = out
      context.receiveMs = receiveMs
      context.gap(chain)
    },
    refresh(receiveMs, out) {
      for (const chain of context.chains()) chain.refresh(receiveMs, out)
    },
    heartbeat(receiveMs, out, isDown = false) {
      // The venue's own clock is not known now; a second ago it certainly was no later.
      for (const market of context.heard()) {
        out.begin(market, receiveMs, receiveMs - limits.heartbeatMs)
        out.add(EventKind.heartbeat, isDown ? 1 : 0, 0, 0)
        out.end()
      }
    },
    status() {
      let booksLive = 0
      for (const chain of context.chains()) if (chain.isLive) booksLive++
      return { ...context.counts, booksLive }
    },
  }
}
