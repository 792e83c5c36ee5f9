import type { Asset } from '../../model/assets.ts'
import { venues } from '../../model/venues.ts'
import { Episodes } from './episodes.ts'
import { LiquidationFeed } from './liquidation-feed.ts'
import { bankruptcyPrice, LONG, SHORT } from './liquidation-price.ts'
import { assetScale, listingOf, roundToLot } from './listing.ts'
import type { Outbox } from './outbox.ts'
import type { Position } from './positions.ts'
import { Price } from './price.ts'
import { Prng } from './prng.ts'
import { flow, timing, traders, VENUE_SHARES, volatility } from './settings.ts'
import { Traders } from './traders.ts'
import { isSweep, sweepRow, type TruthSink } from './truth.ts'
import { VenueBook } from './venue-book.ts'
import { Walls } from './walls.ts'

const DAY_MS = 86_400_000

const BAR_MS = 300_000

export interface AssetMarketSettings {
  readonly asset: Asset
  readonly seed: number
  readonly startMs: number
  readonly startPrice: number
  /** Of all venues together. */
  readonly levelsPerSecond: number
  readonly noise: number
  readonly planting: number
}

/** One asset's part on one venue. */
interface Venue {
  readonly book: VenueBook
  readonly traders: Traders
  readonly feed: LiquidationFeed
  readonly tradesPerMs: number
  readonly tradeUsd: number
  /** Small books are quoted less often than stepped. */
  readonly quoteMs: number
  basis: number
  quotedMs: number
  fullMs: number
  markMs: number
  openInterestMs: number
}

/** One asset on all venues: one price that they follow, their books, and the accounts that trade there. */
export class AssetMarket {
  readonly asset: Asset
  readonly price: Price
  readonly books: readonly VenueBook[]
  readonly #venues: readonly Venue[]
  readonly #traders: readonly Traders[]
  readonly #walls: Walls
  readonly #episodes: Episodes
  readonly #outbox: Outbox
  readonly #prng: Prng
  readonly #truth: TruthSink
  readonly #floorUsd: number
  #nowMs: number

  constructor(settings: AssetMarketSettings, outbox: Outbox, truth: TruthSink) {
    const { asset, seed, startMs, startPrice } = settings
    const scale = assetScale(asset, settings.planting)
    const stream = asset.id * 8
    this.asset = asset
    this.#outbox = outbox
    this.#truth = truth
    this.#floorUsd = scale.floorUsd
    this.#nowMs = startMs
    this.#prng = new Prng(seed, stream + 1)
    this.price = new Price(startPrice, scale.sigmaSecond, new Prng(seed, stream + 2))
    this.#venues = venues.map((_, venue) => openVenue(settings, venue, outbox, new Prng(seed, 4096 + stream + venue)))
    this.books = this.#venues.map((venue) => venue.book)
    this.#traders = this.#venues.map((venue) => venue.traders)
    this.#walls = new Walls(asset.name, scale, startMs, outbox, new Prng(seed, stream + 3), truth)
    this.#episodes = new Episodes(
      asset.name,
      scale,
      this.price,
      startMs,
      outbox,
      new Prng(seed, stream + 4),
      truth,
      this.#walls,
    )
    this.#warmUp(startPrice, scale.sigmaSecond)
  }

  positions(): Position[] {
    return this.#venues.flatMap((venue, id) => venue.traders.positions.list(id))
  }

  openInterestCoins(venue: number): number {
    return this.#venues[venue]!.traders.positions.openInterestCoins
  }

  step(nowMs: number, tidePath: number): void {
    const ms = nowMs - this.#nowMs
    this.#nowMs = nowMs
    this.price.step(ms, tidePath)
    this.#episodes.crowd(this.#traders, this.asset.openInterestUsd, nowMs)
    for (const venue of this.#venues) this.#stepVenue(venue, nowMs, ms)
  }

  /** Moves the clock of an asset in which nothing happens; the venues take turns. */
  heartbeat(nowMs: number): void {
    const turn = Math.floor(nowMs / timing.heartbeatMs) % this.books.length
    this.#outbox.heartbeat(this.books[turn]!.listing, nowMs, nowMs - timing.heartbeatLagMs)
  }

  /** Tells what is still planted and still open. */
  close(): void {
    this.#walls.close(this.books)
    this.#episodes.close(this.books)
    const sides = ['long', 'short'] as const
    this.#truth({
      kind: 'positions',
      asset: this.asset.name,
      atMs: this.#nowMs,
      open: this.positions().map(({ venue, side, liquidationPrice, usd }) => [
        venues[venue]!.name,
        sides[side]!,
        liquidationPrice,
        usd,
      ]),
    })
  }

  #stepVenue(venue: Venue, nowMs: number, ms: number): void {
    const { book } = venue
    const { listing } = book
    const part = ms / volatility.basisMs
    venue.basis += volatility.basisBp * 1e-4 * Math.sqrt(2 * part) * this.#prng.normal() - venue.basis * part
    const usd = this.price.usd * (1 + venue.basis)
    const center = usd / listing.tickSize
    const mark = this.price.usd * (1 + venue.basis / 3)

    this.#outbox.open(listing, nowMs)
    venue.feed.flush(nowMs, this.#outbox)
    if (venue.fullMs <= nowMs - timing.fullBookMs || book.isFarFromFullBook) {
      book.requote(center, nowMs)
      book.sendFull()
      // The first full books come all at once; from then on books take turns.
      const isFirst = venue.fullMs === Number.NEGATIVE_INFINITY
      venue.fullMs = isFirst ? nowMs - this.#prng.below(timing.fullBookMs) : nowMs
    }
    if (nowMs >= venue.markMs + timing.markMs) {
      venue.markMs = nowMs
      this.#outbox.markPrice(mark)
    }
    this.#liquidate(venue, mark, nowMs)
    this.#episodes.step(listing.venue, book, nowMs)
    const sinceMs = nowMs - venue.quotedMs
    if (sinceMs >= venue.quoteMs) {
      venue.quotedMs = nowMs
      book.requote(center, nowMs)
      this.#holdBack(book)
      this.#tradeAsUsual(venue, usd, sinceMs)
      book.fidget(sinceMs)
    }
    this.#walls.step(listing.venue, book, nowMs)
    if (nowMs >= venue.openInterestMs + timing.openInterestMs) {
      venue.traders.wander(timing.openInterestMs)
      venue.openInterestMs = nowMs
      this.#outbox.openInterest(venue.traders.positions.openInterestCoins)
    }
    this.#outbox.close()
  }

  /** A wall that price presses on holds the others back as well, by this venue's weight. */
  #holdBack(book: VenueBook): void {
    const wall = book.blocking
    if (wall === undefined) return
    this.price.push((wall.tick / book.center - 1) * book.listing.share * flow.wallHold)
  }

  #tradeAsUsual(venue: Venue, usd: number, ms: number): void {
    const prng = this.#prng
    const { book } = venue
    const { listing, fill } = book
    const lean = Math.max(-0.4, Math.min(0.4, flow.follow * this.price.momentum))
    const reach = Math.max(1, book.center * flow.reachBp * 1e-4)
    for (let left = Math.floor(venue.tradesPerMs * ms + prng.uniform()); left > 0; left--) {
      const isBuy = prng.chance(0.5 + lean)
      const coins = roundToLot((venue.tradeUsd * prng.logNormal(flow.sizeSigma)) / usd, listing.lotCoins)
      book.take(isBuy, coins, isBuy ? Math.floor(book.center + reach) : Math.ceil(book.center - reach))
      if (fill.coins > 0) venue.traders.traded(fill.coins, fill.lastTick * listing.tickSize, !isBuy)
      if (isSweep(fill, this.#floorUsd)) this.#truth(sweepRow(this.asset.name, listing, isBuy, fill, false))
    }
  }

  /** Whoever the mark has reached is closed at the market, which moves price, which may reach the next. */
  #liquidate(venue: Venue, mark: number, nowMs: number): void {
    const { positions } = venue.traders
    const { book } = venue
    const { listing, fill } = book
    let left = traders.liquidationsPerStepMax
    for (const side of [LONG, SHORT]) {
      for (let id = positions.due(side, mark); id >= 0 && left > 0; id = positions.due(side, mark)) {
        // The published mark must not lag behind what it has just triggered.
        if (left === traders.liquidationsPerStepMax) this.#outbox.markPrice(mark)
        left--
        const entryPrice = positions.entryOf(id)
        const leverage = positions.leverageOf(id)
        const liquidationPrice = positions.liquidationOf(id)
        const coins = roundToLot(positions.coinsOf(id), listing.lotCoins)
        positions.close(id)
        const isBuy = side === SHORT
        const worst = (mark * (1 + (isBuy ? traders.slippageMax : -traders.slippageMax))) / listing.tickSize
        book.take(isBuy, coins, isBuy ? Math.floor(worst) : Math.ceil(worst))
        const fillPrice = fill.coins > 0 ? fill.usd / fill.coins : mark
        const usd = coins * liquidationPrice
        const moved = (traders.impact * usd) / this.asset.openInterestUsd
        this.price.push(isBuy ? moved : -moved)
        const fillTick = Math.round(fillPrice / listing.tickSize)
        const bankruptcyTick = Math.round(bankruptcyPrice(entryPrice, leverage, side) / listing.tickSize)
        venue.feed.report({ side, coins, fillTick, bankruptcyTick }, nowMs, this.#outbox)
        this.#truth({
          kind: 'liquidation',
          asset: this.asset.name,
          venue: venues[listing.venue]!.name,
          side: side === LONG ? 'long' : 'short',
          atMs: fill.firstMs,
          entryPrice,
          leverage,
          liquidationPrice,
          markPrice: mark,
          fillPrice,
          coins,
          usd,
        })
      }
    }
  }

  /**
   * Days of history in seconds of work: a coarse walk that ends at the start price, along which accounts turn over. It
   * is told as bars, so that a forecast has the past that a real collector would ask the venues for.
   */
  #warmUp(startPrice: number, sigmaSecond: number): void {
    const steps = Math.floor(traders.warmUpMs / traders.warmUpStepMs)
    const sigma = sigmaSecond * Math.sqrt(traders.warmUpStepMs / 1000)
    const path = new Float64Array(steps)
    for (let i = 1; i < steps; i++) path[i] = path[i - 1]! + sigma * this.#prng.normal()
    const end = path[steps - 1]!
    const barSteps = BAR_MS / traders.warmUpStepMs
    const volumeUsd = (this.asset.openInterestUsd * traders.turnoverPerDay * BAR_MS) / DAY_MS
    this.#outbox.open(this.books[0]!.listing, this.#nowMs)
    this.#outbox.markPrice(startPrice)
    let low = Number.POSITIVE_INFINITY
    let high = 0
    for (let i = 0; i < steps; i++) {
      const price = startPrice * Math.exp(path[i]! - end)
      low = Math.min(low, price)
      high = Math.max(high, price)
      for (const accounts of this.#traders) accounts.warmUp(traders.warmUpStepMs, price)
      if ((i + 1) % barSteps !== 0) continue
      const coins = this.books.reduce((sum, _, venue) => sum + this.openInterestCoins(venue), 0)
      this.#outbox.bar(low, high, price, volumeUsd, coins)
      low = high = price
    }
    this.#outbox.close()
  }
}

function openVenue(settings: AssetMarketSettings, venue: number, outbox: Outbox, prng: Prng): Venue {
  const { asset, startMs, startPrice, noise } = settings
  const share = VENUE_SHARES[venue] ?? 0
  const scale = assetScale(asset)
  const listing = listingOf(asset, venue, startPrice, startMs)
  const levelsPerSecond = settings.levelsPerSecond * share
  const count = (traders.countMin + traders.countReference * scale.rank ** 2) * share
  const openInterestCoins = (asset.openInterestUsd / startPrice) * share
  const tradesPerMs = (levelsPerSecond * flow.tradesPerLevel) / 1_000
  const tradeUsd = (asset.openInterestUsd * share * traders.turnoverPerDay) / DAY_MS / tradesPerMs
  const tradeCoins = tradeUsd / startPrice
  return {
    book: new VenueBook({ listing, scale, price: startPrice, levelsPerSecond, noise, tradeCoins }, outbox, prng),
    traders: new Traders(listing, openInterestCoins, Math.ceil(count), prng),
    feed: new LiquidationFeed(venue),
    tradesPerMs,
    tradeUsd,
    quoteMs: Math.min(
      500,
      Math.max(timing.stepMs, Math.round(4_000 / levelsPerSecond / timing.stepMs) * timing.stepMs),
    ),
    basis: volatility.basisBp * 1e-4 * prng.normal(),
    quotedMs: startMs - timing.stepMs,
    fullMs: Number.NEGATIVE_INFINITY,
    markMs: startMs - prng.below(timing.markMs),
    openInterestMs: startMs - prng.below(timing.openInterestMs),
  }
}
