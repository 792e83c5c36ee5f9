import type { VenueName } from '../../../src/model/venues.ts'
import type { MarketEvent, SampleMarket } from './market.ts'

/** What one venue says on the wire. A venue is one file that exports one of these, and a line in `scripts.ts`. */
export interface VenueScript {
  readonly venue: VenueName
  /** Names as in the venue's feed.ts. */
  bookTopic(symbol: string): string
  /** What a client hears before it has said anything. */
  greeting?(): string
  /** A message of a client. */
  message(text: string, client: ScriptClient, market: SampleMarket): void
  /** Frames of something that happened, each with the topic whose subscribers get it. */
  frames(event: MarketEvent, nowMs: number): TopicFrame[]
  /** What a new subscriber of a topic gets at once: a whole book, where the venue sends one. */
  first(topic: string, market: SampleMarket, nowMs: number): string[]
  /** May this topic be had on this path? Elsewhere it is acknowledged and stays silent. */
  isServed?(topic: string, path: string): boolean
  /** The body of an answer to a request; undefined: there is no such page. */
  rest(ask: RestQuestion, market: SampleMarket, nowMs: number): unknown
  /** Names of faults that nobody can notice here: what was broken is whole again with the next frame. */
  readonly unnoticed?: readonly string[]
  /** What the venue answers where it was asked too often. */
  readonly tooMany: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
}

export interface TopicFrame {
  readonly topic: string
  readonly text: string
}

export interface RestQuestion {
  readonly url: URL
  readonly body: string
}

export interface ScriptClient {
  readonly path: string
  /** A control message, which no fault of the data touches. */
  send(text: string): void
  /** From now on its frames come, beginning with the first one of the venue. */
  subscribe(topic: string): void
  unsubscribe(topic: string): void
}
