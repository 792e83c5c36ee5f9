import type { Asset } from '../../model/assets.ts'
import { depth, flow, planted, traders, VENUE_LAG_MS, VENUE_SHARES, volatility } from './settings.ts'

const YEAR_S = 31_557_600
const DAY_MS = 86_400_000

/** One asset on one simulated venue: the rules of trading there, and where its batches stand. */
export interface Listing {
  readonly asset: number
  readonly venue: number
  readonly share: number
  readonly lagMs: number
  readonly tickSize: number
  /** Smallest step of a size, coins: worth about a dollar. */
  readonly lotCoins: number
  readonly leverageMax: number
  readonly maintenanceRate: number
  /** Of the next batch. */
  sequence: number
}

/** What of an asset is the same on every venue. */
export interface AssetScale {
  /** Standard deviation of the log price in one second, in a usual regime. */
  readonly sigmaSecond: number
  /** One side of all books near price. */
  readonly usdPerBp: number
  readonly halfSpreadBp: number
  readonly floorUsd: number
  /** Traded on all venues in a usual millisecond. */
  readonly turnoverUsdPerMs: number
  /** 1 for the reference asset, towards 0 for the smallest. */
  readonly rank: number
  /** How often walls, sweeps and icebergs are planted: 1 as usual. */
  readonly planting: number
  readonly weight: number
}

/** Where the table knows no instrument the asset is simulated all the same, on the grid's tick. */
export function listingOf(asset: Asset, venue: number, price: number, startMs: number): Listing {
  const instrument = asset.instruments[venue]
  const leverageMax = instrument?.leverageMax ?? 50
  return {
    asset: asset.id,
    venue,
    share: VENUE_SHARES[venue] ?? 0,
    lagMs: VENUE_LAG_MS[venue] ?? 0,
    tickSize: instrument?.tickSize ?? asset.gridTick,
    lotCoins: 10 ** Math.floor(Math.log10(1 / price)),
    leverageMax,
    // Venues set the first tier's rate near half of the initial margin at the highest leverage.
    maintenanceRate: instrument?.maintenanceRate ?? 0.5 / leverageMax,
    sequence: startMs * 4096,
  }
}

export function assetScale(asset: Asset, planting = 1): AssetScale {
  const size = asset.openInterestUsd / depth.referenceOpenInterestUsd
  const year = volatility.yearByName[asset.name] ?? volatility.referenceYear - volatility.yearPerE * Math.log(size)
  const tier = planted.tiers.find((candidate) => asset.openInterestUsd >= candidate.openInterestUsdMin)
  return {
    sigmaSecond: year / Math.sqrt(YEAR_S),
    usdPerBp: depth.referenceUsdPerBp * size ** depth.openInterestPower,
    halfSpreadBp: depth.halfSpreadBp * size ** -depth.halfSpreadPower,
    floorUsd: tier?.floorUsd ?? 0,
    turnoverUsdPerMs: ((asset.openInterestUsd * traders.turnoverPerDay) / DAY_MS) * Math.exp(flow.sizeSigma ** 2 / 2),
    rank: Math.min(1, size ** 0.25),
    planting,
    weight: Math.sqrt(asset.openInterestUsd),
  }
}

/** A mean time between two planted things, by the asset's rank. */
export function meanMsOf(range: readonly number[], rank: number): number {
  const [reference = 0, smallest = 0] = range
  return smallest + (reference - smallest) * rank
}

/** The nearest size that the venue accepts, at least one lot. */
export function roundToLot(coins: number, lotCoins: number): number {
  // Dividing by a whole number gives the decimal nearest to what is meant; multiplying by 0.001 does not.
  if (lotCoins >= 1) return Math.max(1, Math.round(coins / lotCoins)) * lotCoins
  const lotsPerCoin = Math.round(1 / lotCoins)
  return Math.max(1, Math.round(coins * lotsPerCoin)) / lotsPerCoin
}

/** USD of a tick, without the noise of the last binary digits. */
export function priceOf(tick: number, tickSize: number): number {
  return Number((tick * tickSize).toPrecision(12))
}
