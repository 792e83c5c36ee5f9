import { assets, type Instrument, tickOfOneCoin } from '../model/assets.ts'
import type { AssetId, VenueId } from '../model/units.ts'
import { type TickGrid, tickGrid } from './decimal.ts'
import { boundedOf } from './mapper-fields.ts'

/** What a mapper has to know of one symbol to turn its prices and sizes into ticks and coins. */
export interface Market {
  readonly asset: AssetId
  readonly venue: VenueId
  /** The venue's own name, as sent. */
  readonly symbol: string
  /** Coins behind one unit of the symbol's price: 1000 for 1000PEPEUSDT. */
  readonly multiplier: number
  readonly grid: TickGrid
  /** USD per tick of one coin. */
  readonly tickSize: number
  /** Linear: coins in one unit of size. Inverse: USD in one unit of size. */
  readonly perUnit: number
  readonly isInverse: boolean
}

export interface MarketFacts {
  readonly asset: AssetId
  readonly venue: VenueId
  readonly symbol: string
  readonly multiplier: number
  /** Price step as quoted, as decimal text. */
  readonly tick: string
  readonly perUnit: number
  readonly isInverse: boolean
}

export function marketOf(facts: MarketFacts): Market {
  const { asset, venue, symbol, multiplier, tick, perUnit, isInverse } = facts
  const tickSize = tickOfOneCoin(tick, multiplier)
  return { asset, venue, symbol, multiplier, grid: tickGrid(tick), tickSize, perUnit, isInverse }
}

/** The built-in table of one venue. */
export function marketsOf(venue: VenueId): Market[] {
  return assets.flatMap((asset) => {
    const instrument = asset.instruments[venue]
    return instrument === undefined ? [] : [marketOfInstrument(instrument)]
  })
}

export function marketOfInstrument(instrument: Instrument): Market {
  return marketOf({ ...instrument, perUnit: instrument.coinsPerUnit, isInverse: false })
}

/** Coins of a size as sent. `ticks` is the price of one unit of the symbol, and matters to inverse contracts alone. */
export function coinsOf(market: Market, size: number, ticks: number): number {
  return boundedOf(market.isInverse ? (size * market.perUnit) / (ticks * market.tickSize) : size * market.perUnit)
}
