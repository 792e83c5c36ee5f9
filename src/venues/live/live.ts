import { assetByName } from '../../model/assets.ts'
import { LmapError } from '../../model/errors.ts'
import { type Limits, limits as usualLimits } from '../../model/limits.ts'
import type { BatchSink, SourceStatus } from '../../model/stages.ts'
import type { VenueId } from '../../model/units.ts'
import { type VenueName, venueId, venues } from '../../model/venues.ts'
import { type Market, marketsOf } from '../mapper-market.ts'
import { BatchOut } from '../mapper-out.ts'
import type { Feed } from '../source.ts'
import { type Agents, createAgents, type ProxyEnv } from './agents.ts'
import type { VenueProtocol, VenueUrls } from './feed.ts'
import { VenueFeed } from './venue-feed.ts'
import { liveVenues } from './venues.ts'

export interface LiveOptions {
  /** All that there are without. */
  readonly venues?: readonly VenueName[]
  /** Names; all assets without. */
  readonly assets?: readonly string[]
  /** Other addresses than the usual ones: a country's host, a relay, a test. */
  readonly urls?: Readonly<Partial<Record<VenueName, Partial<VenueUrls>>>>
  /** Variables that name a proxy. */
  readonly proxyEnv?: ProxyEnv
}

export interface LiveContext {
  /** Unix time, ms, that never jumps. */
  readonly now: () => number
  /** [0, 1): spreads those who would all come at once. */
  readonly chance: () => number
  /** Where there are others than the built-in ones. */
  readonly markets?: (venue: VenueName) => readonly Market[]
  readonly protocols?: Readonly<Partial<Record<VenueName, () => Promise<VenueProtocol>>>>
  readonly limits?: Limits
}

/** The market as it is, from every venue that can be reached. */
export function createLive(options: LiveOptions, context: LiveContext): Feed {
  return new LiveFeed(options, context)
}

class LiveFeed implements Feed {
  readonly #options: LiveOptions
  readonly #context: LiveContext
  readonly #limits: Limits
  readonly #out = new BatchOut()
  readonly #agents: Agents
  readonly #end = Promise.withResolvers<void>()
  #feeds: readonly VenueFeed[] = []
  #sink: BatchSink | undefined
  #turn: NodeJS.Immediate | undefined
  #isBlocked = false
  #startedMs = 0
  /** Some venue was reached: from now on every failure is met by trying again. */
  #isReached = false

  constructor(options: LiveOptions, context: LiveContext) {
    this.#options = options
    this.#context = context
    this.#limits = context.limits ?? usualLimits
    this.#agents = createAgents(options.proxyEnv ?? {})
  }

  async run(sink: BatchSink, stopped: AbortSignal): Promise<void> {
    this.#sink = sink
    this.#feeds = await this.#makeFeeds()
    const stop = (): void => this.#end.resolve()
    stopped.addEventListener('abort', stop)
    if (stopped.aborted) stop()
    this.#startedMs = this.#context.now()
    const sweep = setInterval(() => this.#check(), this.#limits.liveSweepMs)
    const heartbeat = setInterval(() => this.#heartbeat(), this.#limits.heartbeatMs)
    for (const feed of this.#feeds) feed.start()
    try {
      await this.#end.promise
    } finally {
      stopped.removeEventListener('abort', stop)
      clearInterval(sweep)
      clearInterval(heartbeat)
      clearImmediate(this.#turn)
      for (const feed of this.#feeds) feed.stop()
      this.#agents.close()
    }
  }

  status(): SourceStatus {
    const { records, levels, liquidations, skewed } = this.#out.counts
    const states = this.#feeds.map((feed) => feed.status())
    return {
      records,
      levels,
      liquidations,
      gaps: states.reduce((sum, { gaps }) => sum + gaps, 0),
      rejected: states.reduce((sum, { rejected }) => sum + rejected, 0),
      progress: undefined,
      skewed,
      venues: states,
    }
  }

  async #makeFeeds(): Promise<VenueFeed[]> {
    const known = this.#context.protocols ?? liveVenues
    const wanted = venues.map(({ name }) => name).filter((name) => this.#options.venues?.includes(name) ?? true)
    const feeds: VenueFeed[] = []
    for (const name of wanted) {
      const protocol = await known[name]?.()
      if (protocol === undefined) continue
      const markets = this.#markets(name)
      if (markets.length === 0) continue
      feeds.push(
        new VenueFeed({
          protocol,
          markets,
          urls: { ...protocol.urls, ...this.#options.urls?.[name] },
          agents: this.#agents,
          out: this.#out,
          now: this.#context.now,
          chance: this.#context.chance,
          limits: this.#limits,
          mapped: () => this.#mapped(),
        }),
      )
    }
    if (feeds.length > 0) return feeds
    throw new LmapError('LMAP_CONFIG', 'none of the venues has any of the assets.', {
      hint: 'Choose others with --venues or --assets.',
    })
  }

  #markets(venue: VenueName): Market[] {
    const chosen = this.#options.assets?.map((name) => assetByName(name)?.id)
    const all = this.#context.markets?.(venue) ?? marketsOf(venueId(venue) as VenueId)
    return chosen === undefined ? [...all] : all.filter(({ asset }) => chosen.includes(asset))
  }

  #check(): void {
    for (const feed of this.#feeds) feed.check()
    this.#isReached ||= this.#feeds.some((feed) => feed.isReached)
    if (!this.#isReached && this.#context.now() - this.#startedMs >= this.#limits.liveReachMsMax) {
      this.#end.reject(this.#unreachable())
    }
  }

  /** Says nothing before there is anything to say: a venue that was never there has no clock to move. */
  #heartbeat(): void {
    if (!this.#isReached || this.#isBlocked) return
    for (const feed of this.#feeds) feed.heartbeat()
  }

  #unreachable(): LmapError {
    const reasons = this.#feeds.map((feed) => {
      const { label } = venues[venueId(feed.venue)]!
      return `${label}: ${feed.status().reason}`
    })
    return new LmapError('LMAP_VENUE_UNREACHABLE', `no venue can be reached (${reasons.join('; ')}).`, {
      hint: 'npm run doctor looks closer; npm start without --source shows the simulated market.',
    })
  }

  /** What one turn of the event loop has brought goes out together. */
  #mapped(): void {
    if (this.#isBlocked || this.#out.bytes === 0) return
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined
      this.#flush()
    })
  }

  #flush(): void {
    const sink = this.#sink
    if (this.#out.bytes === 0 || this.#isBlocked || sink === undefined) return
    const written = sink.write(this.#out.take())
    if (written !== true) void this.#wait(written)
  }

  /** Nobody takes more for now: the sockets wait, and with them the venues. */
  async #wait(written: Promise<boolean>): Promise<void> {
    this.#isBlocked = true
    for (const feed of this.#feeds) feed.pause(true)
    try {
      if (!(await written)) {
        this.#end.resolve()
        return
      }
    } catch (error) {
      this.#end.reject(error)
      return
    }
    this.#isBlocked = false
    for (const feed of this.#feeds) feed.pause(false)
    this.#flush()
  }
}
