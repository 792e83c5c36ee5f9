import type { Limits } from '../../model/limits.ts'
import { RestFailure } from '../instruments/rest-failure.ts'
import type { Mapper } from '../mapper.ts'
import type { BatchOut } from '../mapper-out.ts'
import { backOffMs } from './back-off.ts'
import type { LaneBook, VenueProtocol } from './feed.ts'
import type { RequestQueue } from './request-queue.ts'

export interface BookWatchOptions {
  readonly books: readonly LaneBook[]
  readonly resync: VenueProtocol['resync']
  readonly requests: RequestQueue
  readonly now: () => number
  readonly chance: () => number
  readonly limits: Limits
  /** Takes topics off and on again. */
  renew(topics: readonly string[]): void
  /** Hands a snapshot to the mapper. */
  snapshot(symbol: string, body: string): void
}

interface Watched {
  readonly book: LaneBook
  /** A snapshot is being asked for. */
  isBusy: boolean
  /** The one that came did not fit. */
  isMisfit: boolean
  askedMs: number
  /** Asks in a row that did not bring the book back. */
  failures: number
  crossedMs: number | undefined
  heardMs: number
  /** Something came since the topic was put on last. A snapshot is of no use to a stream that is not there. */
  isHeard: boolean
  /** Between frames, a running mean. */
  intervalMs: number
  timer: NodeJS.Timeout | undefined
}

/** New intervals count this much in the running mean. */
const INTERVAL_SHARE = 0.05

/** Notices which books of a socket are lost, crossed or silent, and brings them back without haste. */
export class BookWatch {
  readonly #options: BookWatchOptions
  readonly #bySymbol: ReadonlyMap<string, Watched>
  readonly #byTopic: ReadonlyMap<string, Watched>
  #isOn = false
  #resyncs = 0

  constructor(options: BookWatchOptions) {
    this.#options = options
    const watched = options.books.map(
      (book): Watched => ({
        book,
        isBusy: false,
        isMisfit: false,
        askedMs: 0,
        failures: 0,
        crossedMs: undefined,
        heardMs: 0,
        isHeard: false,
        intervalMs: 0,
        timer: undefined,
      }),
    )
    this.#bySymbol = new Map(watched.map((one) => [one.book.market.symbol, one]))
    this.#byTopic = new Map(watched.flatMap((one) => one.book.topics.map((topic) => [topic, one] as const)))
  }

  /** New snapshots asked for because a book was lost. */
  get resyncs(): number {
    return this.#resyncs
  }

  /** The socket is open: from now on books are expected. */
  start(): void {
    const nowMs = this.#options.now()
    this.#isOn = true
    for (const one of this.#bySymbol.values()) {
      one.askedMs = one.heardMs = nowMs
      one.isHeard = false
      one.intervalMs = 0
      one.failures = 0
    }
  }

  /** The socket is gone, and with it whatever was asked for. */
  stop(): void {
    this.#isOn = false
    for (const one of this.#bySymbol.values()) {
      clearTimeout(one.timer)
      one.isBusy = one.isMisfit = false
      one.crossedMs = undefined
    }
  }

  heard(topic: string): void {
    const one = this.#byTopic.get(topic)
    if (one === undefined) return
    const nowMs = this.#options.now()
    one.intervalMs += (nowMs - one.heardMs - one.intervalMs) * INTERVAL_SHARE
    one.heardMs = nowMs
    one.isHeard = true
  }

  /** The mapper wants a new snapshot. */
  ask(symbol: string): void {
    const one = this.#bySymbol.get(symbol)
    if (one === undefined) return
    if (one.isBusy) one.isMisfit = true
    else this.#plan(one)
  }

  isGone(symbol: string): boolean {
    return (this.#bySymbol.get(symbol)?.failures ?? 0) >= GONE_FAILURES
  }

  check(mapper: Mapper, out: BatchOut): void {
    if (!this.#isOn) return
    const { limits, now } = this.#options
    const nowMs = now()
    for (const [symbol, one] of this.#bySymbol) {
      const state = mapper.book(symbol)
      one.crossedMs = state === 'crossed' ? (one.crossedMs ?? nowMs) : undefined
      if (state === 'lost') {
        const patienceMs = limits.liveBookMsMax * 2 ** Math.min(one.failures, PATIENCE_STEPS_MAX)
        if (!one.isBusy && nowMs - one.askedMs >= patienceMs) this.#plan(one)
        continue
      }
      one.failures = 0
      if (one.crossedMs !== undefined && nowMs - one.crossedMs >= limits.liveCrossedMsMax) {
        one.crossedMs = undefined
        mapper.lose(symbol, nowMs, out)
      } else if (nowMs - one.heardMs >= this.#silentMs(one)) {
        one.heardMs = nowMs
        one.isHeard = false
        mapper.lose(symbol, nowMs, out)
      }
    }
  }

  #silentMs(one: Watched): number {
    const { limits } = this.#options
    return Math.max(limits.liveSilentMs, limits.liveSilentIntervals * one.intervalMs)
  }

  /** Asks as soon as the last ask is long enough ago. */
  #plan(one: Watched): void {
    const { limits, now, chance } = this.#options
    const gapMs = one.failures === 0 ? limits.liveBookGapMs : backOffMs(one.failures, chance(), limits)
    one.isBusy = true
    one.isMisfit = false
    clearTimeout(one.timer)
    one.timer = setTimeout(() => void this.#ask(one), Math.max(0, one.askedMs + gapMs - now()))
  }

  async #ask(one: Watched): Promise<void> {
    const { resync, requests, now, renew, snapshot } = this.#options
    one.askedMs = now()
    one.failures++
    this.#resyncs++
    const { market, topics } = one.book
    if (resync.by === 'resubscribe' || !one.isHeard) {
      one.isBusy = false
      renew(topics)
      return
    }
    const { timer } = one
    try {
      const body = await requests.ask(resync.snapshot(market), true)
      // A timer is as good as a number: it tells whether this is still what is waited for.
      if (!this.#isOn || one.timer !== timer) return
      one.askedMs = now()
      snapshot(market.symbol, body)
    } catch (error) {
      // The reason is kept by the queue; here it only matters that there is no snapshot.
      if (!(error instanceof RestFailure)) throw error
      one.isMisfit = true
      if (!this.#isOn || one.timer !== timer) return
    }
    one.isBusy = false
    if (one.isMisfit) this.#plan(one)
  }
}

/** A venue that was asked twice has had twenty seconds. */
const GONE_FAILURES = 2
/** Patience doubles up to an hour or so: a listing without a market stays asked for, but rarely. */
const PATIENCE_STEPS_MAX = 8
