import type { Asset } from '../../model/assets.ts'
import { limits } from '../../model/limits.ts'
import type { VenueName } from '../../model/venues.ts'
import { FrameFault } from '../mapper-fields.ts'
import { directories } from './directories.ts'
import type { Listing, Quote } from './listing.ts'
import { isNameOf } from './names.ts'
import type { Rest } from './rest.ts'
import { RestFailure } from './rest-failure.ts'

/** One coin of the whole market, as the venues that answered list it. */
export interface PickedCoin {
  readonly coin: string
  /** The asset of ours that it is. */
  readonly asset: Asset | undefined
  readonly openInterestUsd: number
  readonly venues: ReadonlyMap<VenueName, { readonly symbol: string; readonly openInterestUsd: number }>
}

export interface Pick {
  /** The largest first. */
  readonly coins: readonly PickedCoin[]
  /** Venues that did not answer, and why: their part of every coin is missing. */
  readonly missing: readonly { readonly venue: VenueName; readonly reason: string }[]
}

interface Market {
  readonly venue: VenueName
  readonly symbol: string
  /** Names that it may be, with the price of one coin each; the plain one first. */
  readonly names: readonly { readonly coin: string; readonly price: number }[]
  readonly openInterestUsd: number
}

/** Coins by their open interest over all venues, the largest first. Asks every venue for everything that it lists. */
export async function pickCoins(
  rests: ReadonlyMap<VenueName, Rest>,
  assets: readonly Asset[],
  signal?: AbortSignal,
): Promise<Pick> {
  const missing: { venue: VenueName; reason: string }[] = []
  const told = await Promise.all(
    [...rests].map(async ([venue, rest]) => {
      try {
        return await everythingOf(venue, rest, signal)
      } catch (error) {
        if (!(error instanceof RestFailure || error instanceof FrameFault)) throw error
        missing.push({ venue, reason: error.message })
        return []
      }
    }),
  )
  return { coins: rank(told.flat(), assets), missing }
}

async function everythingOf(venue: VenueName, rest: Rest, signal: AbortSignal | undefined): Promise<Market[]> {
  const directory = directories[venue]
  const listings = (await directory.listings(rest, signal)).filter(
    (listing) => listing.state === 'trading' && listing.isCrypto,
  )
  const symbols = listings.map((listing) => listing.symbol)
  return marketsOf(venue, listings, await directory.quotes(rest, symbols, signal))
}

function marketsOf(venue: VenueName, listings: readonly Listing[], quotes: ReadonlyMap<string, Quote>): Market[] {
  return listings.flatMap(({ symbol, base, contractValue }) => {
    const quote = quotes.get(symbol)
    if (quote === undefined || !(quote.mark > 0)) return []
    const names = namesOf(base).map(({ coin, multiple }) => ({ coin, price: quote.mark / multiple }))
    // In USD multiples cancel out.
    return [{ venue, symbol, names, openInterestUsd: quote.openInterest * Number(contractValue) * quote.mark }]
  })
}

/** 1000PEPE may be a coin of that name, or a thousand PEPE: its price on the other venues tells. */
function namesOf(base: string): { coin: string; multiple: number }[] {
  const names = [{ coin: base.toUpperCase(), multiple: 1 }]
  const before = /^(10{3,6}|1M|k)([A-Z][A-Z0-9]*)$/.exec(base)
  if (before !== null) names.push({ coin: before[2]!, multiple: multipleOf(before[1]!) })
  const behind = /^([A-Z]+)(10{3,6})$/.exec(base)
  if (behind !== null) names.push({ coin: behind[1]!, multiple: multipleOf(behind[2]!) })
  return names
}

function multipleOf(text: string): number {
  if (text === 'k') return 1_000
  return text === '1M' ? 1_000_000 : Number(text)
}

function rank(markets: readonly Market[], assets: readonly Asset[]): PickedCoin[] {
  const prices = new Map<string, { venue: VenueName; price: number }[]>()
  for (const { venue, names } of markets) {
    for (const { coin, price } of names) prices.set(coin, [...(prices.get(coin) ?? []), { venue, price }])
  }
  const coins = new Map<string, Market[]>()
  for (const market of markets) {
    const agreeing = market.names.map(({ coin, price }) => ({
      coin,
      venues: new Set(
        prices
          .get(coin)!
          .filter((other) => Math.abs(other.price / price - 1) <= limits.markDeviationMax)
          .map((other) => other.venue),
      ).size,
    }))
    const best = agreeing.reduce((a, b) => (b.venues > a.venues ? b : a))
    coins.set(best.coin, [...(coins.get(best.coin) ?? []), market])
  }
  return [...coins]
    .map(([coin, own]) => ({
      coin,
      asset: assets.find((asset) => own.some((market) => isNameOf(asset, market.venue, market.symbol))),
      openInterestUsd: own.reduce((sum, market) => sum + market.openInterestUsd, 0),
      venues: new Map(own.map(({ venue, symbol, openInterestUsd }) => [venue, { symbol, openInterestUsd }])),
    }))
    .sort((a, b) => b.openInterestUsd - a.openInterestUsd)
}
