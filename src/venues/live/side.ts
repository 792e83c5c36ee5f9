import type { Limits } from '../../model/limits.ts'
import type { RestFailure } from '../instruments/rest-failure.ts'
import type { Mapper } from '../mapper.ts'
import type { BatchOut } from '../mapper-out.ts'
import type { Agents } from './agents.ts'
import { BookWatch } from './book-watch.ts'
import { Connection } from './connection.ts'
import type { LanePlan, VenueProtocol } from './feed.ts'
import type { RequestQueue } from './request-queue.ts'

export interface SideContext {
  readonly protocol: VenueProtocol
  readonly plan: LanePlan
  readonly socketBase: string
  readonly agents: Agents
  readonly requests: RequestQueue
  readonly now: () => number
  readonly chance: () => number
  readonly limits: Limits
}

export interface SideEvents {
  opened(): void
  closing(): void
  closed(failure: RestFailure): void
  refused(topic: string, reason: string): void
  /** Something was mapped. */
  mapped(): void
}

export interface SideCounts {
  readonly frames: number
  /** Frames that were malformed. */
  readonly rejected: number
  readonly gaps: number
  readonly offGrid: number
  /** Snapshots asked for. */
  readonly resyncs: number
  readonly booksLive: number
}

/** A mapper and the socket that feeds it. The mapper stays when the socket is replaced: it knows what it has seen. */
export class Side {
  readonly #context: SideContext
  readonly #events: SideEvents
  readonly #mapper: Mapper
  readonly #watch: BookWatch
  readonly #pulseOnly: ReadonlySet<string>
  /** Topics that the venue did not give us, and until when they are not asked for again. */
  readonly #refused = new Map<string, number>()
  #out: BatchOut
  #connection: Connection | undefined
  #isPaused = false

  constructor(context: SideContext, out: BatchOut, events: SideEvents) {
    const { protocol, plan, requests, now, chance, limits } = context
    this.#context = context
    this.#events = events
    this.#out = out
    this.#pulseOnly = new Set(plan.pulseOnly)
    this.#mapper = protocol.createMapper({ markets: plan.markets, resync: (symbol) => this.#watch.ask(symbol) })
    this.#watch = new BookWatch({
      books: plan.books,
      resync: protocol.resync,
      requests,
      now,
      chance,
      limits,
      renew: (topics) => this.#connection?.renew(topics),
      snapshot: (symbol, body) => {
        this.#mapper.rest('book', symbol, body, now(), this.#out)
        events.mapped()
      },
    })
  }

  get mapper(): Mapper {
    return this.#mapper
  }

  counts(): SideCounts {
    const { frames, rejected, gaps, offGrid, booksLive } = this.#mapper.status()
    return { frames, rejected, gaps, offGrid, resyncs: this.#watch.resyncs, booksLive }
  }

  /** Where the next frames are put. */
  set out(out: BatchOut) {
    this.#out = out
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  /** Everything subscribed was answered, and every pulse was felt. */
  get isAlive(): boolean {
    return this.#connection?.isSettled === true && this.#connection.isAlive
  }

  /** Symbols whose book is there. */
  books(): string[] {
    const symbols = this.#context.plan.books.map(({ market }) => market.symbol)
    return symbols.filter((symbol) => this.#mapper.book(symbol) !== 'lost')
  }

  /** The book has not come back however often it was asked for: its market may be closed. */
  isGone(symbol: string): boolean {
    return this.#mapper.book(symbol) === 'lost' && this.#watch.isGone(symbol)
  }

  connect(): void {
    const { protocol, plan, socketBase: base, agents, now, limits } = this.#context
    const isWanted = (topic: string): boolean => (this.#refused.get(topic) ?? 0) <= now()
    const pulses = plan.pulses.map((pulse) => ({ ...pulse, topics: pulse.topics.filter(isWanted) }))
    this.#connection = new Connection({
      protocol,
      plan: { ...plan, topics: plan.topics.filter(isWanted), pulses: pulses.filter(({ topics }) => topics.length > 0) },
      base,
      agents,
      now,
      limits,
      events: {
        opened: () => {
          this.#watch.start()
          if (this.#isPaused) this.#connection?.pause()
          this.#events.opened()
        },
        frame: (text, topic) => this.#frame(text, topic),
        refused: (topic, reason) => {
          this.#refused.set(topic, now() + limits.restFilterMs)
          this.#events.refused(topic, reason)
        },
        closing: () => this.#events.closing(),
        closed: (failure) => {
          this.#connection = undefined
          this.#watch.stop()
          this.#mapper.reset(now(), this.#out)
          this.#events.mapped()
          this.#events.closed(failure)
        },
      },
    })
  }

  /** Puts every book out as a whole. */
  refresh(): void {
    this.#mapper.refresh(this.#context.now(), this.#out)
    this.#events.mapped()
  }

  check(): void {
    const nowMs = this.#context.now()
    for (const [topic, untilMs] of this.#refused) {
      if (untilMs > nowMs) continue
      this.#refused.delete(topic)
      this.#connection?.renew([topic])
    }
    this.#watch.check(this.#mapper, this.#out)
    this.#events.mapped()
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#connection?.pause()
    else this.#connection?.resume()
  }

  /** Lets the socket go without a word to anybody; what the mapper knows is no longer fed. */
  close(): void {
    this.#watch.stop()
    this.#connection?.close()
    this.#connection = undefined
  }

  #frame(text: string, topic: string | undefined): void {
    if (topic !== undefined) {
      if (this.#pulseOnly.has(topic)) return
      this.#watch.heard(topic)
    }
    this.#mapper.frame(text, this.#context.now(), this.#out)
    this.#events.mapped()
  }
}
