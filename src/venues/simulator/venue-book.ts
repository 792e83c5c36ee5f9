import { Book, NO_TICK } from './book.ts'
import { densityAt } from './density.ts'
import { type Lattice, latticeOf, zoneAt, zoneStartTicks } from './lattice.ts'
import { type AssetScale, type Listing, roundToLot } from './listing.ts'
import type { Outbox } from './outbox.ts'
import { hash32, hashNormal, type Prng } from './prng.ts'
import { depth, flow, timing } from './settings.ts'

/** An order that stands out of the crowd: a wall shows all it has, an iceberg a part. */
export interface PlantedOrder {
  readonly tick: number
  readonly isAsk: boolean
  readonly initialCoins: number
  /** Not traded yet, the hidden part included. */
  leftCoins: number
  /** Resting in the book now. */
  shownCoins: number
  filledCoins: number
}

/** What the last order that took from the book got. One object, reused. */
export interface Fill {
  coins: number
  usd: number
  levels: number
  firstTick: number
  lastTick: number
  /** Venue times of the first and the last print. */
  firstMs: number
  lastMs: number
}

export interface BookSettings {
  readonly listing: Listing
  readonly scale: AssetScale
  readonly price: number
  readonly levelsPerSecond: number
  readonly noise: number
  /** Of a usual trade. */
  readonly tradeCoins: number
}

/** One venue's book of one asset: the quotes of its market makers, the orders planted in it, and who takes from it. */
export class VenueBook {
  readonly listing: Listing
  readonly planted: PlantedOrder[] = []
  readonly fill: Fill = { coins: 0, usd: 0, levels: 0, firstTick: 0, lastTick: 0, firstMs: 0, lastMs: 0 }
  /** Where the market makers see the price, in ticks with fraction. */
  center = 0
  /** The planted order that keeps the quotes from following price. */
  blocking: PlantedOrder | undefined
  readonly book: Book
  readonly #outbox: Outbox
  readonly #prng: Prng
  readonly #scale: AssetScale
  readonly #noise: number
  readonly #tradeCoins: number
  readonly #lattice: Lattice
  readonly #levelsPerMs: number
  readonly #bandUsd: number
  readonly #tickSalt: number
  #bidLimit = 0
  #askLimit = 0
  #tokens = 0
  #cursor = 1
  #fullCenter = 0
  #fullLevels = 0
  #nowMs = 0

  constructor(settings: BookSettings, outbox: Outbox, prng: Prng) {
    const { listing, scale, price, levelsPerSecond, noise, tradeCoins } = settings
    this.listing = listing
    this.#outbox = outbox
    this.#prng = prng
    this.#scale = scale
    this.#noise = noise
    this.#tradeCoins = tradeCoins
    this.#levelsPerMs = levelsPerSecond / 1_000
    this.#bandUsd = price * depth.bandBp * 1e-4
    this.#tickSalt = prng.u32()
    const ticksPerBp = (price * 1e-4) / listing.tickSize
    this.#lattice = latticeOf(ticksPerBp, levelsPerSecond, scale.sigmaSecond, timing.fullBookMs / 1_000)
    this.book = new Book(4 * this.#lattice.reachTicks + 64)
  }

  get levelsPerMs(): number {
    return this.#levelsPerMs
  }

  /** Levels further away than this are not quoted. */
  get reachTicks(): number {
    return this.#lattice.reachTicks
  }

  /** True where price has moved so far that the ring of ticks needs tidying before the next full book is due. */
  get isFarFromFullBook(): boolean {
    return Math.abs(this.center - this.#fullCenter) > this.#lattice.reachTicks / 2
  }

  /** USD of one bp of one side at this distance, without scatter. */
  usdPerBpAt(distanceBp: number): number {
    return this.#scale.usdPerBp * this.listing.share * densityAt(distanceBp)
  }

  /** Market makers follow the price: what it has passed is traded or withdrawn, what is next to it is put back. */
  requote(center: number, nowMs: number): void {
    this.center = center
    this.#nowMs = nowMs
    this.blocking = undefined
    const half = Math.max(0.5, this.#scale.halfSpreadBp * center * 1e-4)
    this.#bidLimit = Math.max(1, Math.floor(center - half))
    this.#askLimit = Math.max(Math.ceil(center + half), this.#bidLimit + 1)
    this.#clear(true)
    this.#clear(false)
    const row = 1 << this.#lattice.zoneFirst
    const bid = Math.floor(this.#bidLimit / row) * row
    const ask = Math.ceil(this.#askLimit / row) * row
    for (let i = 0; i < depth.touchRows; i++) {
      if (bid - i * row > 0 && this.book.sizeAt(bid - i * row) === 0) this.#refresh(bid - i * row, false, false)
      if (this.book.sizeAt(ask + i * row) === 0) this.#refresh(ask + i * row, true, false)
    }
  }

  /** Spends the level updates that have come together: mostly near price, and tidying up behind it. */
  fidget(ms: number): void {
    const perMs = Math.max(this.#levelsPerMs - this.#fullLevels / timing.fullBookMs, this.#levelsPerMs / 4)
    this.#tokens = Math.min(this.#tokens + perMs * ms, perMs * 1_000)
    // A wild second may cost more than there is; a longer debt is forgiven.
    this.#tokens = Math.max(this.#tokens, -perMs * 2_000)
    for (let left = Math.ceil(this.#tokens) * 3; left > 0 && this.#tokens >= 1; left--) {
      this.#refreshSomewhere()
      this.#tidy()
    }
  }

  /** The whole book: what is missing is filled in, what has no place any more is dropped, and all of it is sent. */
  sendFull(): void {
    const { book } = this
    const low = this.#lowest()
    const high = this.#highest()
    for (let tick = book.up(low, high); tick !== NO_TICK; tick = book.up(tick + 1, high)) {
      if (!this.#hasPlace(tick)) book.set(tick, 0, tick >= book.bestAsk && book.bestAsk !== NO_TICK)
    }
    this.#fillZones()
    this.#outbox.reset()
    for (let tick = book.up(low, high); tick !== NO_TICK; tick = book.up(tick + 1, high)) {
      this.#outbox.level(book.bestAsk !== NO_TICK && tick >= book.bestAsk, tick, book.sizeAt(tick))
    }
    this.#fullLevels = book.levels
    this.#fullCenter = this.center
  }

  /** A market order: takes from the best level on, up to and including `limitTick`. The outcome is in `fill`. */
  take(isBuy: boolean, coins: number, limitTick: number): void {
    const { book, fill } = this
    fill.coins = fill.usd = fill.levels = 0
    fill.firstTick = fill.lastTick = isBuy ? book.bestAsk : book.bestBid
    fill.firstMs = fill.lastMs = this.#outbox.atMs
    let left = coins
    while (left > this.listing.lotCoins / 2) {
      const tick = isBuy ? book.bestAsk : book.bestBid
      if (tick === NO_TICK || (isBuy ? tick > limitTick : tick < limitTick)) return
      const size = book.sizeAt(tick)
      const traded = Math.min(left, size)
      fill.lastMs = this.#outbox.atMs
      this.#trade(tick, traded, !isBuy)
      left -= traded
      fill.coins += traded
      fill.usd += traded * tick * this.listing.tickSize
      fill.levels++
      fill.lastTick = tick
    }
  }

  /** What a taker finds between the best price and a planted order. */
  coinsBefore({ tick, isAsk }: PlantedOrder): number {
    const { book } = this
    let coins = 0
    if (isAsk) {
      for (let at = book.bestAsk; at !== NO_TICK && at < tick; at = book.up(at + 1, tick)) coins += book.sizeAt(at)
    } else {
      for (let at = book.bestBid; at > tick; at = book.down(at - 1, tick)) coins += book.sizeAt(at)
    }
    return coins
  }

  /** Puts an order into the book, or more of it, on top of what rests there. */
  show(order: PlantedOrder, coins: number): void {
    order.shownCoins += coins
    this.#place(order.tick, order.isAsk, this.#whole(this.book.sizeAt(order.tick) + coins))
  }

  /** Takes what an order shows out of the book. */
  withdraw(order: PlantedOrder): void {
    this.planted.splice(this.planted.indexOf(order), 1)
    // Where it was eaten, price may have passed, and what rests there now is the other side's.
    if (order.shownCoins === 0) return
    const rest = this.book.sizeAt(order.tick) - order.shownCoins
    order.shownCoins = 0
    this.#place(order.tick, order.isAsk, rest > this.listing.lotCoins / 2 ? this.#whole(rest) : 0)
  }

  /** True where an order on this side at this tick rests and does not trade. */
  canRest(tick: number, isAsk: boolean): boolean {
    return isAsk ? tick >= this.#askLimit : tick > 0 && tick <= this.#bidLimit
  }

  isPlanted(tick: number): boolean {
    return this.planted.some((order) => order.tick === tick)
  }

  #trade(tick: number, coins: number, takerSold: boolean): void {
    const isAsk = !takerSold
    const left = this.book.sizeAt(tick) - coins
    const size = left < this.listing.lotCoins / 2 ? 0 : this.#whole(left)
    this.#outbox.trade(takerSold, tick, coins)
    this.#place(tick, isAsk, size)
    this.#outbox.pass(1, timing.stepMs - 1)
    for (const order of this.planted) {
      // The crowd's orders of a level came first.
      if (order.tick !== tick || order.shownCoins <= size) continue
      const lost = order.shownCoins - size
      order.shownCoins = size
      order.leftCoins -= lost
      order.filledCoins += lost
    }
  }

  #place(tick: number, isAsk: boolean, coins: number): void {
    this.book.set(tick, coins, isAsk)
    this.#outbox.level(isAsk, tick, coins)
    this.#tokens--
  }

  /** Removes the asks (or bids) that price has passed; a planted order there must be eaten first. */
  #clear(asks: boolean): void {
    const { book } = this
    let trades = flow.levelsPerMove
    for (;;) {
      const tick = asks ? book.bestAsk : book.bestBid
      if (tick === NO_TICK || (asks ? tick > this.#bidLimit : tick < this.#askLimit)) return
      const size = book.sizeAt(tick)
      const order = this.planted.find((candidate) => candidate.tick === tick && candidate.shownCoins > 0)
      if (order !== undefined) {
        this.#trade(tick, Math.min(size, this.#whole(order.initialCoins * flow.wallEatenPerStep)), !asks)
        if (book.sizeAt(tick) === 0) continue
        this.blocking = order
        if (asks) this.#bidLimit = tick - 1
        else this.#askLimit = tick + 1
        return
      }
      if (trades-- > 0) this.#trade(tick, Math.min(size, this.#whole(this.#tradeCoins)), !asks)
      if (book.sizeAt(tick) > 0) this.#place(tick, asks, 0)
    }
  }

  #refresh(tick: number, isAsk: boolean, mayFlicker: boolean): void {
    const before = this.book.sizeAt(tick)
    let coins = this.#hasPlaceInLattice(tick) ? this.#crowdCoins(tick) : 0
    if (mayFlicker && before > 0 && this.#prng.chance(Math.min(0.6, depth.flicker * this.#noise))) coins = 0
    for (const order of this.planted) if (order.tick === tick) coins += order.shownCoins
    const size = coins > 0 ? this.#whole(coins) : 0
    if (size !== before) this.#place(tick, isAsk, size)
  }

  #refreshSomewhere(): void {
    const prng = this.#prng
    const lattice = this.#lattice
    const isAsk = prng.chance(0.5)
    const index = Math.min(lattice.zones - 1, Math.floor(prng.exponential() * 2))
    const distance = prng.between(zoneStartTicks(lattice, index), zoneStartTicks(lattice, index + 1))
    const row = 2 ** (lattice.zoneFirst + index)
    const at = isAsk ? this.#askLimit + distance : this.#bidLimit - distance
    const tick = isAsk ? Math.ceil(at / row) * row : Math.floor(at / row) * row
    if (tick > 0 && Math.abs(tick - this.center) <= lattice.reachTicks) this.#refresh(tick, isAsk, index === 0)
  }

  /** Looks at the next level in order of price and drops it where the lattice has no place for it any more. */
  #tidy(): void {
    const tick = this.book.up(Math.max(this.#cursor, this.#lowest()), this.#highest())
    this.#cursor = tick === NO_TICK ? this.#lowest() : tick + 1
    if (tick !== NO_TICK && !this.#hasPlace(tick)) {
      this.#place(tick, tick >= this.book.bestAsk && this.book.bestAsk !== NO_TICK, 0)
    }
  }

  #fillZones(): void {
    const lattice = this.#lattice
    for (let index = 0; index < lattice.zones; index++) {
      const row = 2 ** (lattice.zoneFirst + index)
      const start = zoneStartTicks(lattice, index)
      const end = Math.min(zoneStartTicks(lattice, index + 1), lattice.reachTicks)
      const askEnd = this.#askLimit + end
      for (let tick = Math.ceil((this.#askLimit + start) / row) * row; tick < askEnd; tick += row)
        this.#fillAt(tick, true)
      const bidEnd = Math.max(0, this.#bidLimit - end)
      for (let tick = Math.floor((this.#bidLimit - start) / row) * row; tick > bidEnd; tick -= row) {
        this.#fillAt(tick, false)
      }
    }
  }

  #fillAt(tick: number, isAsk: boolean): void {
    if (this.book.sizeAt(tick) > 0 || !this.#hasPlaceInLattice(tick)) return
    this.book.set(tick, this.#whole(this.#crowdCoins(tick)), isAsk)
  }

  #hasPlace(tick: number): boolean {
    return this.#hasPlaceInLattice(tick) || this.isPlanted(tick)
  }

  #hasPlaceInLattice(tick: number): boolean {
    const distance = Math.abs(tick - this.center) | 0
    if (distance > this.#lattice.reachTicks) return false
    return (tick & ((1 << zoneAt(this.#lattice, distance)) - 1)) === 0
  }

  /** What the crowd rests at a tick: the profile over the ticks it stands for, in regions, with scatter. */
  #crowdCoins(tick: number): number {
    const distance = Math.abs(tick - this.center) | 0
    const bpPerTick = 1e4 / this.center
    const price = tick * this.listing.tickSize
    const usd = this.usdPerBpAt(distance * bpPerTick) * bpPerTick * 2 ** zoneAt(this.#lattice, distance)
    const band = Math.floor(price / this.#bandUsd)
    const epoch = Math.floor((this.#nowMs + (hash32(band, 1) % depth.bandMs)) / depth.bandMs)
    const scatter =
      depth.bandSigma * hashNormal(band, epoch) +
      this.#noise * depth.levelSigma * hashNormal(tick, this.#tickSalt) +
      this.#noise * depth.refreshSigma * this.#prng.normal()
    return (usd / price) * Math.exp(scatter)
  }

  #whole(coins: number): number {
    return roundToLot(coins, this.listing.lotCoins)
  }

  #lowest(): number {
    return Math.max(1, Math.floor(this.center) - this.book.halfWindowTicks + 1)
  }

  #highest(): number {
    return Math.floor(this.center) + this.book.halfWindowTicks - 1
  }
}
