import { EventKind } from '../../model/events.ts'
import type { Limits } from '../../model/limits.ts'
import type { VenueFeedStatus } from '../../model/stages.ts'
import type { VenueName } from '../../model/venues.ts'
import { RestFailure } from '../instruments/rest-failure.ts'
import type { Mapper } from '../mapper.ts'
import type { Market } from '../mapper-market.ts'
import type { BatchOut } from '../mapper-out.ts'
import type { Agents } from './agents.ts'
import type { Poll, VenueProtocol, VenueUrls } from './feed.ts'
import { Lane } from './lane.ts'
import { RequestQueue } from './request-queue.ts'

export interface VenueFeedOptions {
  readonly protocol: VenueProtocol
  readonly markets: readonly Market[]
  readonly urls: VenueUrls
  readonly agents: Agents
  readonly out: BatchOut
  readonly now: () => number
  /** [0, 1) */
  readonly chance: () => number
  readonly limits: Limits
  /** Something waits in `out`. */
  mapped(): void
}

interface Asked {
  readonly poll: Poll
  dueMs: number
  isBusy: boolean
  failures: number
}

/** A poll that fails is asked for more rarely, up to this many doublings. */
const POLL_DOUBLINGS_MAX = 6

/** One venue: its sockets, its requests, and what can be said of it. */
export class VenueFeed {
  readonly #options: VenueFeedOptions
  readonly #requests: RequestQueue
  readonly #lanes: readonly Lane[]
  readonly #laneOf = new Map<Market, Lane>()
  /** Maps what is polled: the sockets' mappers come and go. */
  readonly #polled: Mapper
  readonly #polls: readonly Asked[]
  readonly #turns = new Set<NodeJS.Timeout>()
  #turnMs = Number.NEGATIVE_INFINITY
  #startedMs = 0
  #nextRefresh = 0
  #isPaused = false
  #isStopped = false

  constructor(options: VenueFeedOptions) {
    const { protocol, markets, urls, agents, out, now, chance, limits, mapped } = options
    this.#options = options
    const venue = protocol.venue
    this.#requests = new RequestQueue({ venue, base: urls.rest, rules: protocol.rest, agents, now, limits })
    this.#lanes = protocol.lanes(markets).map((plan) => {
      const lane = new Lane({
        protocol,
        plan,
        socketBase: urls.socket,
        agents,
        requests: this.#requests,
        now,
        chance,
        limits,
        out,
        turn: (work) => this.#turn(work),
        mapped,
      })
      for (const { market } of plan.books) this.#laneOf.set(market, lane)
      return lane
    })
    this.#polled = protocol.createMapper({ markets })
    this.#polls = protocol.polls(markets).map((poll) => ({ poll, dueMs: 0, isBusy: false, failures: 0 }))
  }

  get venue(): VenueName {
    return this.#options.protocol.venue
  }

  /** A socket of it has been open. */
  get isReached(): boolean {
    return this.#lanes.some((lane) => lane.hasOpened)
  }

  start(): void {
    this.#startedMs = this.#options.now()
    // Spread over their period, so that the budget sees a stream and not a burst.
    for (const [index, asked] of this.#polls.entries()) {
      asked.dueMs = this.#startedMs + (asked.poll.everyMs * index) / this.#polls.length
    }
    for (const lane of this.#lanes) lane.start()
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#turns) clearTimeout(timer)
    for (const lane of this.#lanes) lane.stop()
    this.#requests.close()
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    for (const lane of this.#lanes) lane.pause(isPaused)
  }

  /** Called again and again. */
  check(): void {
    if (this.#isPaused) return
    const { now, limits } = this.#options
    for (const lane of this.#lanes) lane.check()
    // One socket's books after the other: all at once would be a wave.
    const everyMs = limits.bookRefreshMs / this.#lanes.length
    const due = Math.floor((now() - this.#startedMs) / everyMs)
    for (; this.#nextRefresh < due; this.#nextRefresh++) this.#lanes[this.#nextRefresh % this.#lanes.length]!.refresh()
    if (!this.isReached) return
    for (const asked of this.#polls) if (!asked.isBusy && asked.dueMs <= now()) void this.#ask(asked)
  }

  /** Tells of every market that its feed is alive or down. */
  heartbeat(): void {
    const { markets, out, now, limits, mapped } = this.#options
    const nowMs = now()
    for (const market of markets) {
      const isUp = this.#laneOf.get(market)?.isUp(market.symbol) ?? false
      // The venue's own clock is not known now; a second ago it certainly was no later.
      out.begin(market, nowMs, nowMs - limits.heartbeatMs)
      out.add(EventKind.heartbeat, isUp ? 0 : 1, 0, 0)
      out.end()
    }
    mapped()
  }

  status(): VenueFeedStatus {
    const alive = this.#lanes.filter((lane) => lane.isAlive).length
    const counts = this.#lanes.map((lane) => lane.counts())
    const sum = (pick: (count: (typeof counts)[number]) => number): number =>
      counts.reduce((total, count) => total + pick(count), 0)
    const reason = this.#lanes.find((lane) => !lane.isAlive)?.reason ?? this.#requests.held
    return {
      venue: this.venue,
      state: alive === 0 ? 'down' : alive < this.#lanes.length ? 'partial' : 'live',
      reason: reason ?? this.#lanes.find((lane) => lane.reason !== undefined)?.reason,
      sockets: this.#lanes.length,
      socketsLive: alive,
      books: this.#laneOf.size,
      booksLive: sum((count) => count.booksLive),
      frames: sum((count) => count.frames) + this.#polled.status().frames,
      rejected: sum((count) => count.rejected) + this.#polled.status().rejected,
      gaps: sum((count) => count.gaps),
      offGrid: sum((count) => count.offGrid),
      resyncs: sum((count) => count.resyncs),
      reconnects: this.#lanes.reduce((total, lane) => total + lane.reconnects, 0),
    }
  }

  /** New sockets are opened one by one, as far apart as the venue wants. */
  #turn(work: () => void): void {
    const { protocol, now } = this.#options
    const nowMs = now()
    this.#turnMs = Math.max(nowMs, this.#turnMs + protocol.pace.connectGapMs)
    const timer = setTimeout(() => {
      this.#turns.delete(timer)
      if (!this.#isStopped) work()
    }, this.#turnMs - nowMs)
    this.#turns.add(timer)
  }

  async #ask(asked: Asked): Promise<void> {
    const { now, out, limits, mapped } = this.#options
    const { kind, symbol, everyMs, ask } = asked.poll
    asked.isBusy = true
    try {
      const body = await this.#requests.ask(ask)
      asked.failures = 0
      asked.dueMs = Math.max(now(), asked.dueMs + everyMs)
      if (!this.#isStopped) this.#polled.rest(kind, symbol, body, now(), out)
      mapped()
    } catch (error) {
      if (!(error instanceof RestFailure)) throw error
      asked.failures = Math.min(asked.failures + 1, POLL_DOUBLINGS_MAX)
      // A question that the venue does not understand is not worth repeating soon.
      const waitMs = error.kind === 'request' ? limits.restFilterMs : everyMs * 2 ** asked.failures
      asked.dueMs = now() + waitMs
    }
    asked.isBusy = false
  }
}
