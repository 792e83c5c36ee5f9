import { TICK_MAX } from '../model/events.ts'
import { ticksOf } from './decimal.ts'
import { FrameFault, listOf, numberOf } from './mapper-fields.ts'
import { coinsOf, type Market } from './mapper-market.ts'

/** Levels of one frame, read completely before any book is touched, so that a malformed frame changes nothing. */
export class Levels {
  readonly sides: number[] = []
  readonly ticks: number[] = []
  /** The price in ticks before it was rounded. */
  readonly exacts: number[] = []
  readonly coins: number[] = []

  get count(): number {
    return this.ticks.length
  }

  add(side: number, exact: number, coins: number): void {
    this.sides.push(side)
    this.ticks.push(Math.round(exact))
    this.exacts.push(exact)
    this.coins.push(coins)
  }
}

/** Where a row keeps its price and its size: positions of a list, or names of fields. */
export interface RowKeys {
  readonly price: string | number
  readonly size: string | number
}

/** Appends the rows of one side. Returns how many prices were off the grid (rounded to the nearest tick). */
export function readLevels(levels: Levels, side: number, rows: unknown, market: Market, keys: RowKeys): number {
  let offGrid = 0
  for (const row of listOf(rows)) {
    if (typeof row !== 'object' || row === null) throw new FrameFault('not a level')
    const fields = row as Record<string | number, unknown>
    const exact = priceTicks(fields[keys.price], market)
    const tick = Math.round(exact)
    if (tick !== exact) offGrid++
    const size = numberOf(fields[keys.size])
    // Orders so far from the market are no part of any map.
    if (tick > 0 && tick <= TICK_MAX) levels.add(side, exact, coinsOf(market, size, tick))
  }
  return offGrid
}

/** A price in ticks of its market, not yet rounded. */
export function priceTicks(price: unknown, market: Market): number {
  const ticks = ticksOf(price, market.grid)
  if (Number.isNaN(ticks)) throw new FrameFault('not a price')
  return ticks
}

/** The tick of a trade or a liquidation. */
export function tickOf(price: unknown, market: Market): number {
  const tick = Math.round(priceTicks(price, market))
  if (!(tick > 0 && tick <= TICK_MAX)) throw new FrameFault('price out of range')
  return tick
}
