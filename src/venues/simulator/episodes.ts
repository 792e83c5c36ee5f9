import { venues } from '../../model/venues.ts'
import { LONG, SHORT } from './liquidation-price.ts'
import { type AssetScale, meanMsOf, priceOf, roundToLot } from './listing.ts'
import type { Outbox } from './outbox.ts'
import type { Price } from './price.ts'
import type { Prng } from './prng.ts'
import { planted, timing, VENUE_SHARES } from './settings.ts'
import type { Traders } from './traders.ts'
import { isSweep, sweepRow, type TruthRow, type TruthSink } from './truth.ts'
import type { PlantedOrder, VenueBook } from './venue-book.ts'
import type { Walls } from './walls.ts'

interface Absorption {
  readonly venue: number
  readonly order: PlantedOrder
  readonly showsCoins: number
  /** What takers sell into it (or buy from it) per step. */
  readonly pressureCoins: number
  readonly levelLog: number
  readonly startMs: number
  readonly endMs: number
  refills: number
}

type AbsorptionFate = Extract<TruthRow, { kind: 'absorption' }>['fate']

/** What happens now and then to one asset: sweeps, absorptions by an iceberg, crowds that open the same way. */
export class Episodes {
  readonly #asset: string
  readonly #scale: AssetScale
  readonly #price: Price
  readonly #outbox: Outbox
  readonly #prng: Prng
  readonly #truth: TruthSink
  readonly #meanMs: { sweep: number; absorption: number; crowd: number }
  readonly #nextMs: { sweep: number; absorption: number; crowd: number }
  readonly #walls: Walls
  #sweepVenue: number
  #absorptionVenue: number
  #absorption: Absorption | undefined

  constructor(
    asset: string,
    scale: AssetScale,
    price: Price,
    startMs: number,
    outbox: Outbox,
    prng: Prng,
    truth: TruthSink,
    walls: Walls,
  ) {
    this.#walls = walls
    this.#asset = asset
    this.#scale = scale
    this.#price = price
    this.#outbox = outbox
    this.#prng = prng
    this.#truth = truth
    this.#meanMs = {
      sweep: meanMsOf(planted.sweepMeanMs, scale.rank) / scale.planting,
      absorption: meanMsOf(planted.absorptionMeanMs, scale.rank) / scale.planting,
      crowd: meanMsOf(planted.crowdMeanMs, scale.rank),
    }
    const first = startMs + timing.stepMs
    this.#nextMs = {
      sweep: first + this.#meanMs.sweep * prng.exponential(),
      absorption: first + this.#meanMs.absorption * prng.exponential(),
      crowd: first + this.#meanMs.crowd * prng.exponential(),
    }
    this.#sweepVenue = this.#drawVenue()
    this.#absorptionVenue = this.#drawVenue()
  }

  /** To be called while the venue's batch is open, before its quotes follow the price. */
  step(venue: number, book: VenueBook, nowMs: number): void {
    if (venue === this.#sweepVenue && nowMs >= this.#nextMs.sweep) {
      this.#nextMs.sweep = nowMs + this.#meanMs.sweep * this.#prng.exponential()
      this.#sweep(book)
      this.#sweepVenue = this.#drawVenue()
    }
    const absorption = this.#absorption
    if (absorption !== undefined) {
      if (absorption.venue === venue) this.#absorb(absorption, book, nowMs)
    } else if (venue === this.#absorptionVenue && nowMs >= this.#nextMs.absorption) {
      this.#nextMs.absorption = nowMs + this.#meanMs.absorption * this.#prng.exponential()
      this.#startAbsorption(book, nowMs)
      this.#absorptionVenue = this.#drawVenue()
    }
  }

  /** Many accounts open the same way with much leverage, on every venue: fuel for a cascade. */
  crowd(traders: readonly Traders[], openInterestUsd: number, nowMs: number): void {
    if (nowMs < this.#nextMs.crowd) return
    const prng = this.#prng
    this.#nextMs.crowd = nowMs + this.#meanMs.crowd * prng.exponential()
    const side = prng.chance(0.5) ? LONG : SHORT
    const price = this.#price.usd
    const coins = (openInterestUsd / price) * planted.crowdPart * prng.between(0.5, 1.5)
    for (const [venue, accounts] of traders.entries()) accounts.crowd(side, price, coins * (VENUE_SHARES[venue] ?? 0))
  }

  close(books: readonly VenueBook[]): void {
    const absorption = this.#absorption
    if (absorption !== undefined) this.#tell(absorption, books[absorption.venue]!, 'open')
  }

  #sweep(book: VenueBook): void {
    const prng = this.#prng
    const { listing, fill } = book
    const isBuy = prng.chance(0.5)
    const usd = Math.max(
      this.#scale.floorUsd * planted.sweepFloors,
      book.usdPerBpAt(2) * prng.between(planted.sweepBpLow, planted.sweepBpHigh),
    )
    const reach = book.center * planted.sweepReachBp * 1e-4
    const coins = roundToLot(usd / this.#price.usd, listing.lotCoins)
    book.take(isBuy, coins, isBuy ? Math.floor(book.center + reach) : Math.ceil(book.center - reach))
    if (fill.levels === 0) return
    // Part of the way is for good: others believe that the sweeper knew something.
    this.#price.push(((fill.lastTick - fill.firstTick) / book.center) * listing.share * 0.5)
    this.#truth(sweepRow(this.#asset, listing, isBuy, fill, true))
  }

  #startAbsorption(book: VenueBook, nowMs: number): void {
    const prng = this.#prng
    const { listing } = book
    const isAsk = prng.chance(0.5)
    // Sometimes all comes together: a sweep into the level, and a wall behind it.
    const converges = prng.chance(planted.absorptionConverges)
    const offset = Math.max(1, Math.round(book.center * (converges ? planted.convergeBp : 1) * 1e-4))
    const tick = isAsk ? Math.ceil(book.center) + offset : Math.floor(book.center) - offset
    if (!book.canRest(tick, isAsk) || book.isPlanted(tick)) return
    const lastsMs = prng.between(planted.absorptionLowMs, planted.absorptionHighMs)
    const usd = Math.max(
      book.usdPerBpAt(3) * 3 * planted.absorptionBuckets * prng.between(0.6, 1.6),
      this.#scale.floorUsd * prng.between(1.2, 2.5),
      // Less than what is traded anyway would be no absorption.
      this.#scale.turnoverUsdPerMs * listing.share * lastsMs * planted.absorptionFlow,
    )
    const price = tick * listing.tickSize
    const coins = roundToLot(usd / price, listing.lotCoins)
    // Whether it holds is a matter of whether more comes than it has.
    const pressure = prng.chance(planted.absorptionHolds) ? prng.between(0.6, 0.9) : prng.between(2.5, 4)
    const order = { tick, isAsk, initialCoins: coins, leftCoins: coins, shownCoins: 0, filledCoins: 0 }
    this.#absorption = {
      venue: listing.venue,
      order,
      showsCoins: roundToLot(coins / planted.absorptionShows, listing.lotCoins),
      pressureCoins: (coins * pressure * timing.stepMs) / lastsMs,
      levelLog: Math.log(price),
      startMs: this.#outbox.atMs,
      endMs: nowMs + lastsMs,
      refills: -1,
    }
    book.planted.push(order)
    if (converges) {
      this.#walls.behind(book, tick, isAsk, nowMs)
      book.take(isAsk, roundToLot(book.coinsBefore(order), listing.lotCoins), isAsk ? tick - 1 : tick + 1)
      if (isSweep(book.fill, this.#scale.floorUsd)) {
        this.#truth(sweepRow(this.#asset, listing, isAsk, book.fill, true))
      }
      this.#price.push(this.#absorption.levelLog - this.#price.log)
    }
    // One bp of room, so that venues with another basis do not pass the level either.
    if (isAsk) this.#price.ceilingLog = this.#absorption.levelLog - 1e-4
    else this.#price.floorLog = this.#absorption.levelLog + 1e-4
    this.#refill(this.#absorption, book)
  }

  #absorb(absorption: Absorption, book: VenueBook, nowMs: number): void {
    const { order } = absorption
    if (nowMs >= absorption.endMs || order.leftCoins < book.listing.lotCoins / 2) {
      this.#endAbsorption(absorption, book)
      return
    }
    if (order.shownCoins < 0.3 * absorption.showsCoins) this.#refill(absorption, book)
    // Price leans on the level as long as it is being hit.
    this.#price.push((absorption.levelLog - this.#price.log) * 0.05)
    // They go through what rests before the level, and then hit it.
    const pressure = absorption.pressureCoins * this.#prng.exponential()
    const coins = roundToLot(book.coinsBefore(order) + pressure, book.listing.lotCoins)
    book.take(order.isAsk, coins, order.tick)
    if (isSweep(book.fill, this.#scale.floorUsd)) {
      this.#truth(sweepRow(this.#asset, book.listing, order.isAsk, book.fill, false))
    }
  }

  #refill(absorption: Absorption, book: VenueBook): void {
    const { order } = absorption
    const coins = Math.min(absorption.showsCoins, order.leftCoins) - order.shownCoins
    if (coins < book.listing.lotCoins / 2 || !book.canRest(order.tick, order.isAsk)) return
    absorption.refills++
    book.show(order, coins)
  }

  #endAbsorption(absorption: Absorption, book: VenueBook): void {
    const { order } = absorption
    const isHeld = order.leftCoins >= book.listing.lotCoins / 2
    this.#absorption = undefined
    this.#price.floorLog = Number.NEGATIVE_INFINITY
    this.#price.ceilingLog = Number.POSITIVE_INFINITY
    book.withdraw(order)
    const away = order.isAsk === isHeld ? -1 : 1
    this.#price.push(away * this.#scale.sigmaSecond * this.#prng.between(5, 15))
    this.#tell(absorption, book, isHeld ? 'held' : 'broken')
  }

  #tell(absorption: Absorption, book: VenueBook, fate: AbsorptionFate): void {
    const { order } = absorption
    const price = priceOf(order.tick, book.listing.tickSize)
    this.#truth({
      kind: 'absorption',
      asset: this.#asset,
      venue: venues[absorption.venue]!.name,
      side: order.isAsk ? 'ask' : 'bid',
      price,
      usd: order.filledCoins * price,
      shownUsd: absorption.showsCoins * price,
      refills: absorption.refills,
      startMs: absorption.startMs,
      endMs: this.#outbox.atMs,
      fate,
    })
  }

  #drawVenue(): number {
    let left = this.#prng.uniform()
    const venue = VENUE_SHARES.findIndex((share) => (left -= share) < 0)
    return Math.max(venue, 0)
  }
}
