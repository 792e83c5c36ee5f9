import table from './instruments.json' with { type: 'json' }
import type { AssetId, VenueId } from './units.ts'
import { type VenueName, venueId, venues } from './venues.ts'

/** One asset on one venue. Sizes and prices in the system are per coin: raw price / multiplier, raw size * unit. */
export interface Instrument {
  readonly asset: AssetId
  readonly venue: VenueId
  /** The venue's own name, as sent. */
  readonly symbol: string
  /** Coins behind one unit of the symbol: 1000 for 1000PEPEUSDT. */
  readonly multiplier: number
  /** Price step as quoted by the venue (for `multiplier` coins), as decimal text. */
  readonly tick: string
  /** Price step of one coin, USD. */
  readonly tickSize: number
  /** Coins in one unit of the size that the venue sends (OKX: contract value; others: multiplier). */
  readonly coinsPerUnit: number
  readonly leverageMax: number | undefined
  /** Maintenance-margin rate of the first tier, a fraction. */
  readonly maintenanceRate: number | undefined
  /** Day of the facts, or of the venue's own metadata. */
  readonly date: string
}

export interface Asset {
  readonly id: AssetId
  readonly name: string
  /** Rough, dated: for the first guess of a simulator or a table, never for a computation on live data. */
  readonly priceUsd: number
  readonly openInterestUsd: number
  /** USD of code 1 of a quantised cell. */
  readonly quantumUsd: number
  /** Tick of the canonical grid: the finest whole tick of the first venue that has one. Never refreshed: the grid must not move. */
  readonly gridTick: number
  /** By venue id; undefined where the table does not know the instrument well enough to use it. */
  readonly instruments: readonly (Instrument | undefined)[]
}

interface Row {
  symbol: string
  multiplier: number
  tick?: string
  contractValue?: string
  leverageMax?: number
  maintenanceRate?: number
  date: string
}

/** Day on which the built-in table was made. */
export const assetsDate: string = table.date
export const assets: readonly Asset[] = table.assets.map((row, index) => {
  const id = index as AssetId
  const rows = row.instruments as Partial<Record<VenueName, Row>>
  const instruments = venues.map((venue) => instrumentOf(id, venue.name, rows[venue.name]))
  const first = instruments.find((instrument) => instrument !== undefined)
  if (first === undefined) throw new Error(`no instrument is known for ${row.asset}`)
  return {
    id,
    name: row.asset,
    priceUsd: Number(row.priceUsd),
    openInterestUsd: row.openInterestUsd,
    quantumUsd: row.quantumUsd,
    gridTick: first.tickSize,
    instruments,
  }
})
export const ASSETS = assets.length

const byName = new Map(assets.map((asset) => [asset.name, asset]))

/** Asset of a name such as BTC (any case). */
export function assetByName(name: string): Asset | undefined {
  return byName.get(name.toUpperCase())
}

function instrumentOf(asset: AssetId, venue: VenueName, row: Row | undefined): Instrument | undefined {
  if (row?.tick === undefined) return undefined
  if (venue === 'okx' && row.contractValue === undefined) return undefined
  return {
    asset,
    venue: venueId(venue) as VenueId,
    symbol: row.symbol,
    multiplier: row.multiplier,
    tick: row.tick,
    tickSize: tickOfOneCoin(row.tick, row.multiplier),
    coinsPerUnit: row.contractValue === undefined ? row.multiplier : Number(row.contractValue) * row.multiplier,
    leverageMax: row.leverageMax,
    maintenanceRate: row.maintenanceRate,
    date: row.date,
  }
}

/** Decimal division by a power of ten, so that 1e-7 / 1000 is 1e-10 and not its neighbour. */
export function tickOfOneCoin(tick: string, multiplier: number): number {
  const zeros = Math.round(Math.log10(multiplier))
  return 10 ** zeros === multiplier
    ? Number(`${Number(tick)}e${-zeros}`.replace(/e(-?\d+)e(-?\d+)/, (_, a, b) => `e${Number(a) + Number(b)}`))
    : Number(tick) / multiplier
}
