import { venues } from '../../model/venues.ts'
import { type AssetScale, meanMsOf, priceOf, roundToLot } from './listing.ts'
import type { Outbox } from './outbox.ts'
import type { Prng } from './prng.ts'
import { planted, timing } from './settings.ts'
import type { TruthRow, TruthSink } from './truth.ts'
import type { PlantedOrder, VenueBook } from './venue-book.ts'

interface Wall extends PlantedOrder {
  readonly plan: 'stay' | 'pull' | 'move'
  readonly startMs: number
  readonly pullTicks: number
  readonly moveMs: number
  expireMs: number
}

type Fate = Extract<TruthRow, { kind: 'wall' }>['fate']

/** Walls of one asset: some stay until they are eaten or old, some vanish when price comes near, some jump. */
export class Walls {
  readonly #asset: string
  readonly #scale: AssetScale
  readonly #outbox: Outbox
  readonly #prng: Prng
  readonly #truth: TruthSink
  readonly #byVenue: Wall[][]
  readonly #meanMs: number
  #nextMs: number
  #nextVenue: number

  constructor(asset: string, scale: AssetScale, startMs: number, outbox: Outbox, prng: Prng, truth: TruthSink) {
    this.#asset = asset
    this.#scale = scale
    this.#outbox = outbox
    this.#prng = prng
    this.#truth = truth
    this.#byVenue = venues.map(() => [])
    this.#meanMs = meanMsOf(planted.wallMeanMs, scale.rank) / scale.planting
    this.#nextMs = startMs + timing.stepMs + this.#meanMs * prng.exponential()
    this.#nextVenue = prng.below(venues.length)
  }

  /** To be called while the venue's batch is open, after its quotes have followed the price. */
  step(venue: number, book: VenueBook, nowMs: number): void {
    const walls = this.#byVenue[venue]!
    for (let i = walls.length - 1; i >= 0; i--) {
      const wall = walls[i]!
      const fate = fateOf(wall, book, nowMs)
      if (fate === undefined) continue
      walls.splice(i, 1)
      this.#end(wall, book, fate)
      if (fate === 'moved') this.#move(wall, book, nowMs)
    }
    if (venue !== this.#nextVenue || nowMs < this.#nextMs) return
    this.#nextMs = nowMs + this.#meanMs * this.#prng.exponential()
    this.#nextVenue = this.#prng.below(venues.length)
    if (walls.length < planted.wallsPerBookMax) this.#plant(book, nowMs)
  }

  /** The simulation is over: what still stands is told as open. */
  close(books: readonly VenueBook[]): void {
    for (const [venue, walls] of this.#byVenue.entries()) {
      for (const wall of walls) this.#tell(wall, books[venue]!, 'open')
    }
  }

  #plant(book: VenueBook, nowMs: number): void {
    const prng = this.#prng
    const isAsk = prng.chance(0.5)
    // Nearer ones are more frequent, as in real books.
    const distanceBp = planted.wallNearBp * (planted.wallFarBp / planted.wallNearBp) ** prng.uniform()
    const ticks = Math.round(distanceBp * book.center * 1e-4) + 1
    const tick = roundTick(isAsk ? book.center + ticks : book.center - ticks, book.center)
    const usd = Math.max(
      book.usdPerBpAt(distanceBp) * 3 * prng.between(planted.wallBucketsLow, planted.wallBucketsHigh),
      this.#scale.usdPerBp * book.listing.share * planted.wallBpMin,
      this.#scale.floorUsd * prng.between(1.2, 2),
    )
    const draw = prng.uniform()
    const isPulled = draw >= planted.wallStays && draw < planted.wallStays + planted.wallIsPulled
    const plan = draw < planted.wallStays ? 'stay' : isPulled ? 'pull' : 'move'
    this.#rest(book, tick, isAsk, usd / (tick * book.listing.tickSize), plan, nowMs)
  }

  /** A wall a little beyond a level that others defend. */
  behind(book: VenueBook, level: number, isAsk: boolean, nowMs: number): void {
    const prng = this.#prng
    const ticks = Math.round(planted.wallBehindBp * prng.between(0.5, 1.5) * book.center * 1e-4) + 1
    const usd = Math.max(
      book.usdPerBpAt(planted.wallBehindBp) * 3 * prng.between(planted.wallBucketsLow, planted.wallBucketsHigh),
      this.#scale.floorUsd * prng.between(1.2, 2),
    )
    const tick = level + (isAsk ? ticks : -ticks)
    this.#rest(book, tick, isAsk, usd / (tick * book.listing.tickSize), 'stay', nowMs)
  }

  #move(wall: Wall, book: VenueBook, nowMs: number): void {
    const prng = this.#prng
    const ticks = Math.max(1, Math.round(planted.wallMoveBp * prng.between(0.4, 1) * book.center * 1e-4))
    const tick = wall.tick + (prng.chance(0.5) ? ticks : -ticks)
    this.#rest(book, tick, wall.isAsk, wall.leftCoins * prng.between(0.95, 1.05), 'stay', nowMs)
  }

  #rest(book: VenueBook, tick: number, isAsk: boolean, wanted: number, plan: Wall['plan'], nowMs: number): void {
    if (!book.canRest(tick, isAsk) || book.isPlanted(tick)) return
    const prng = this.#prng
    const coins = roundToLot(wanted, book.listing.lotCoins)
    const wall: Wall = {
      tick,
      isAsk,
      initialCoins: coins,
      leftCoins: coins,
      shownCoins: 0,
      filledCoins: 0,
      plan,
      startMs: this.#outbox.atMs,
      pullTicks: prng.between(planted.wallPullLowBp, planted.wallPullHighBp) * book.center * 1e-4,
      moveMs: plan === 'move' ? nowMs + prng.between(planted.wallMoveLowMs, planted.wallMoveHighMs) : Infinity,
      expireMs: nowMs + prng.between(planted.wallLifeLowMs, planted.wallLifeHighMs),
    }
    book.planted.push(wall)
    book.show(wall, coins)
    this.#byVenue[book.listing.venue]!.push(wall)
  }

  #end(wall: Wall, book: VenueBook, fate: Fate): void {
    book.withdraw(wall)
    this.#tell(wall, book, fate)
  }

  #tell(wall: Wall, book: VenueBook, fate: Fate): void {
    const price = priceOf(wall.tick, book.listing.tickSize)
    this.#truth({
      kind: 'wall',
      asset: this.#asset,
      venue: venues[book.listing.venue]!.name,
      side: wall.isAsk ? 'ask' : 'bid',
      price,
      coins: wall.initialCoins,
      usd: wall.initialCoins * price,
      startMs: wall.startMs,
      endMs: this.#outbox.atMs,
      fate,
      filledCoins: wall.filledCoins,
    })
  }
}

function fateOf(wall: Wall, book: VenueBook, nowMs: number): Fate | undefined {
  if (wall.shownCoins < wall.initialCoins * 0.05) return 'filled'
  const distance = Math.abs(wall.tick - book.center)
  if (wall.plan === 'pull' && distance <= wall.pullTicks) return 'pulled'
  if (nowMs >= wall.moveMs) return 'moved'
  if (distance > 0.8 * book.reachTicks) return 'faded'
  return nowMs >= wall.expireMs && distance > planted.wallFadeBp * book.center * 1e-4 ? 'faded' : undefined
}

/** People place large orders on round prices, where ticks are fine enough for that. */
function roundTick(tick: number, center: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(center * 2e-4)))
  return Math.max(1, Math.round(tick / step) * step)
}
