import { LONG, SHORT } from './liquidation-price.ts'
import type { Listing } from './listing.ts'
import { Positions } from './positions.ts'
import type { Prng } from './prng.ts'
import { planted, traders } from './settings.ts'

const DAY_MS = 86_400_000

/** Leveraged accounts of one asset on one venue: they open and close as others trade, and are closed by force. */
export class Traders {
  readonly positions: Positions
  readonly #listing: Listing
  readonly #prng: Prng
  readonly #targetCoins: number
  readonly #meanCoins: number
  readonly #sizeScale: number
  /** What the open interest is drawn to, as a part of its target. */
  #level = 1
  #budgetCoins = 0

  /** `count` positions hold `openInterestCoins` twice: once long, once short. */
  constructor(listing: Listing, openInterestCoins: number, count: number, prng: Prng) {
    this.#listing = listing
    this.#prng = prng
    this.#targetCoins = 2 * openInterestCoins
    this.#meanCoins = this.#targetCoins / count
    this.#sizeScale = 1 / meanSizeByLeverage(listing)
    this.positions = new Positions(2 * count + 64, listing.maintenanceRate)
  }

  /** A part of what is traded opens positions, at the price and mostly on the side of the taker. */
  traded(coins: number, price: number, takerSold: boolean): void {
    this.#budgetCoins += coins * traders.openPart
    if (this.#budgetCoins < this.#meanCoins) return
    const isWithTaker = this.#prng.chance(0.6)
    this.#open(isWithTaker === takerSold ? SHORT : LONG, price, this.#leverage())
    this.#shrink()
  }

  /** Many who open the same way with much leverage. */
  crowd(side: number, price: number, coins: number): void {
    let left = coins
    const leverageMin = Math.min(this.#leverageMax, planted.crowdLeverageMin)
    while (left > 0 && !this.positions.isFull) {
      left -= this.#open(side, price, this.#prng.between(leverageMin, this.#leverageMax))
    }
  }

  /** Time passes without a tape: positions turn over, and whoever price has reached is gone. */
  warmUp(ms: number, price: number): void {
    const coins = (this.#targetCoins / 2) * traders.turnoverPerDay * (ms / DAY_MS)
    this.wander(ms)
    const isFirst = this.positions.count === 0
    this.#budgetCoins += isFirst ? this.#targetCoins : coins * traders.openPart
    while (this.#budgetCoins > this.#meanCoins) {
      this.#open(this.#prng.chance(0.5) ? LONG : SHORT, price, this.#leverage())
    }
    this.#shrink()
    for (const side of [LONG, SHORT]) {
      for (let id = this.positions.due(side, price); id >= 0; id = this.positions.due(side, price)) {
        this.positions.close(id)
      }
    }
  }

  wander(ms: number): void {
    const part = ms / traders.wanderMs
    this.#level += (1 - this.#level) * part + traders.wander * Math.sqrt(2 * part) * this.#prng.normal()
  }

  get #leverageMax(): number {
    return Math.min(traders.leverageMax, this.#listing.leverageMax)
  }

  #leverage(): number {
    return leverageAt(this.#prng.uniform(), this.#leverageMax)
  }

  #open(side: number, price: number, leverage: number): number {
    const prng = this.#prng
    const size = this.#sizeScale * leverage ** -traders.sizeByLeverage * prng.logNormal(traders.sizeSigma)
    const coins = this.#meanCoins * size
    if (this.positions.isFull) this.positions.close(prng.below(this.positions.count))
    this.positions.open(side, price, leverage, coins)
    this.#budgetCoins -= coins
    return coins
  }

  /** Random ones leave until open interest is where it is drawn to. */
  #shrink(): void {
    const { positions } = this
    const most = this.#targetCoins * this.#level
    while (positions.count > 1 && positions.coins[0] + positions.coins[1] > most) {
      positions.close(this.#prng.below(positions.count))
    }
  }
}

function leverageAt(uniform: number, leverageMax: number): number {
  const leverageMin = Math.min(traders.leverageMin, leverageMax)
  return leverageMin * (leverageMax / leverageMin) ** (uniform ** traders.leverageSkew)
}

/** So that sizes have the wanted mean whatever the highest leverage of the venue. */
function meanSizeByLeverage(listing: Listing): number {
  const leverageMax = Math.min(traders.leverageMax, listing.leverageMax)
  const draws = 64
  let sum = 0
  for (let i = 0; i < draws; i++) sum += leverageAt((i + 0.5) / draws, leverageMax) ** -traders.sizeByLeverage
  return sum / draws
}
