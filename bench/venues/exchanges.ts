// A process of its own: five test venues that publish so many level updates a second, evenly over all their books.
import { assets } from '../../src/model/assets.ts'
import { assert } from '../../src/model/errors.ts'
import type { VenueId } from '../../src/model/units.ts'
import { venueId } from '../../src/model/venues.ts'
import type { VenueUrls } from '../../src/venues/live/feed.ts'
import { marketsOf } from '../../src/venues/mapper-market.ts'
import { prng } from '../../test/reference/prng.ts'
import { Exchange } from '../../test/venues/exchange/exchange.ts'
import { type SampleBook, SampleMarket } from '../../test/venues/exchange/market.ts'
import { scripts } from '../../test/venues/exchange/scripts.ts'

export interface ExchangesOrder {
  readonly assets: readonly string[] | undefined
  readonly levelsPerSecond: number
}

/** What the process says once it listens: the venues' addresses by name. */
export type ExchangesReady = Readonly<Record<string, VenueUrls>>

const SEED = 11
const SLICE_MS = 5
const LEVELS_PER_EVENT = 6
/** Beside every so manieth depth event a book has a trade, and its ticker. */
const EVENTS_PER_PRINT = 5

process.once('message', (order: ExchangesOrder) => void serve(order))

async function serve({ assets: names, levelsPerSecond }: ExchangesOrder): Promise<void> {
  const urls: Record<string, VenueUrls> = {}
  const books: { exchange: Exchange; of: SampleBook }[] = []
  for (const script of scripts) {
    const all = marketsOf(venueId(script.venue) as VenueId)
    const markets = all.filter(({ asset }) => names?.includes(assets[asset]!.name) ?? true)
    const exchange = new Exchange(script, new SampleMarket(markets, prng(SEED)))
    await exchange.open()
    urls[script.venue] = exchange.urls
    for (const of of exchange.market.books) books.push({ exchange, of })
  }
  let due = 0
  let turn = 0
  let atMs = performance.now()
  setInterval(() => {
    const nowMs = performance.now()
    due += ((nowMs - atMs) / 1_000) * (levelsPerSecond / LEVELS_PER_EVENT)
    atMs = nowMs
    for (; due >= 1; due--) {
      const { exchange, of } = books[turn % books.length]!
      const round = Math.floor(turn++ / books.length)
      exchange.publish([exchange.market.depth(of, LEVELS_PER_EVENT)])
      if (round % EVENTS_PER_PRINT === 0) exchange.publish(exchange.market.extras(of))
    }
  }, SLICE_MS)
  assert(process.send !== undefined, 'there is a parent')
  process.send(urls satisfies ExchangesReady)
}

process.on('disconnect', () => process.exit())
