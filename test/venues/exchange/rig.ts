import { setTimeout as sleep } from 'node:timers/promises'
import { assets } from '../../../src/model/assets.ts'
import { assert } from '../../../src/model/errors.ts'
import type { VenueFeedStatus } from '../../../src/model/stages.ts'
import type { VenueId } from '../../../src/model/units.ts'
import { venueId } from '../../../src/model/venues.ts'
import type { VenueProtocol } from '../../../src/venues/live/feed.ts'
import { createLive } from '../../../src/venues/live/live.ts'
import { liveVenues } from '../../../src/venues/live/venues.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'
import type { Feed } from '../../../src/venues/source.ts'
import { prng } from '../../reference/prng.ts'
import { bookOf, type Decoded, decode } from '../decode.ts'
import { Exchange } from './exchange.ts'
import { type SampleBook, SampleMarket } from './market.ts'
import { quickened, quickLimits } from './quick.ts'
import type { VenueScript } from './venue-script.ts'

export interface RigOptions {
  readonly script: VenueScript
  readonly assets?: readonly string[]
  readonly seed: number
  /** Changes the quickened protocol. */
  readonly protocol?: (protocol: VenueProtocol) => VenueProtocol
}

/** A live feed of one venue, on the test venue: the feed is the real one, over real sockets. */
export interface Rig {
  readonly exchange: Exchange
  readonly feed: Feed
  /** Every record so far, in order. */
  readonly records: readonly Decoded[]
  /** Trades and liquidations among them. */
  prints(): number
  /** Rejects where the feed has ended with a failure. */
  readonly ended: Promise<void>
  state(): VenueFeedStatus
  /** Symbols whose book, as the feed tells it, is not the venue's. */
  wrongBooks(): string[]
  /** Milliseconds until it holds; fails after `mostMs`. */
  until(what: string, holds: () => boolean, mostMs?: number): Promise<number>
  /** The market stands still until every book of the feed is the venue's. */
  settled(mostMs?: number): Promise<number>
  /** The taker has no room until it is unblocked. */
  block(): void
  unblock(): void
  close(): Promise<void>
}

export const STEP_MS = 40
const PATIENCE_MS = 8_000
const PAUSE_MS = 10
/** Looks at which no further trade has come: what was on its way has arrived. */
const QUIET_LOOKS = 6

export async function openRig(options: RigOptions): Promise<Rig> {
  const { script, seed } = options
  const names = options.assets ?? ['BTC', 'ETH', 'SOL']
  const markets = marketsOf(venueId(script.venue) as VenueId).filter(({ asset }) => names.includes(assets[asset]!.name))
  const exchange = new Exchange(script, new SampleMarket(markets, prng(seed)))
  await exchange.open()
  const load = liveVenues[script.venue]
  assert(load !== undefined, `${script.venue} is a live venue`)
  const usual = quickened(await load())
  const protocol = options.protocol?.(usual) ?? usual
  const feed = createLive(
    { venues: [script.venue], assets: names, urls: { [script.venue]: exchange.urls } },
    {
      now: () => Date.now(),
      chance: prng(seed + 1),
      limits: quickLimits,
      protocols: { [script.venue]: async () => protocol },
    },
  )
  const records: Decoded[] = []
  const books = new Map<number, Map<number | string, number>>()
  let prints = 0
  let room: PromiseWithResolvers<boolean> | undefined
  const stop = new AbortController()
  const ended = feed.run(
    {
      write(batches) {
        const fresh = decode(batches)
        records.push(...fresh)
        for (const record of fresh) {
          if (record.kind === 'trade' || record.kind === 'liquidation') prints++
          let book = books.get(record.asset)
          if (book === undefined) books.set(record.asset, (book = new Map()))
          bookOf([record], book as Map<string, number>)
        }
        return room?.promise ?? true
      },
    },
    stop.signal,
  )
  ended.catch(() => undefined)
  exchange.run(STEP_MS)

  while (feed.status().venues?.length !== 1) await sleep(PAUSE_MS)
  const state = (): VenueFeedStatus => feed.status().venues![0]!
  const isEqual = (of: SampleBook): boolean => {
    const ours = books.get(of.market.asset) ?? new Map()
    const truth = of.isListed ? of.truth() : new Map<string, number>()
    // Parts of one tick may be added up in another order.
    const isSame = ([key, coins]: [string, number]): boolean => Math.abs((ours.get(key) ?? 0) - coins) <= coins * 1e-9
    return ours.size === truth.size && [...truth].every(isSame)
  }
  const wrongBooks = (): string[] => exchange.market.books.filter((of) => !isEqual(of)).map((of) => of.symbol)
  const until: Rig['until'] = async (what, holds, mostMs = PATIENCE_MS) => {
    const beganMs = performance.now()
    while (!holds()) {
      if (performance.now() - beganMs > mostMs) {
        throw new Error(`${script.venue}: not ${what} within ${mostMs} ms; ${JSON.stringify(state())}`)
      }
      await sleep(PAUSE_MS)
    }
    return performance.now() - beganMs
  }
  return {
    exchange,
    feed,
    records,
    ended,
    prints: () => prints,
    state,
    wrongBooks,
    until,
    async settled(mostMs) {
      exchange.rest(STEP_MS)
      try {
        let quiet = 0
        let last = -1
        const isQuiet = (): boolean => {
          quiet = prints === last ? quiet + 1 : 0
          last = prints
          return quiet >= QUIET_LOOKS
        }
        return await until('the same books as the venue', () => isQuiet() && wrongBooks().length === 0, mostMs)
      } finally {
        exchange.run(STEP_MS)
      }
    },
    block() {
      room = Promise.withResolvers<boolean>()
    },
    unblock() {
      room?.resolve(true)
      room = undefined
    },
    async close() {
      stop.abort()
      await ended.catch(() => undefined)
      await exchange.close()
    },
  }
}
