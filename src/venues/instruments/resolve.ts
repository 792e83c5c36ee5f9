import { type Asset, type Instrument, tickOfOneCoin } from '../../model/assets.ts'
import { limits } from '../../model/limits.ts'
import type { VenueId } from '../../model/units.ts'
import { type VenueName, venueId } from '../../model/venues.ts'
import type { Listing, Quote } from './listing.ts'
import { type Candidate, candidatesOf } from './names.ts'

/** What a venue has told of itself in one go. */
export interface Told {
  readonly listings: ReadonlyMap<string, Listing>
  readonly quotes: ReadonlyMap<string, Quote>
}

export interface Refusal {
  readonly asset: string
  readonly venue: VenueName
  readonly symbol: string
  readonly reason: string
}

export interface Resolved {
  readonly instruments: Instrument[]
  /** Symbols that are there and must not be used. */
  readonly refused: Refusal[]
}

interface Choice {
  readonly venue: VenueName
  readonly candidate: Candidate
  readonly listing: Listing
  readonly quote: Quote
  /** USD of one coin. */
  readonly price: number
}

/**
 * The instruments of one asset on the venues that have answered. Which symbol is the asset's is never taken from its name
 * alone: its mark price, divided by the multiple, must lie within a few percent of what the other venues say.
 */
export function resolveAsset(
  asset: Asset,
  told: ReadonlyMap<VenueName, Told>,
  day: string,
  inUse: (venue: VenueName) => Instrument | undefined,
): Resolved {
  const choices = [...told].flatMap(([venue, directory]) => choicesOf(asset, venue, directory))
  const reference = referenceOf(asset, choices)
  const instruments: Instrument[] = []
  const refused: Refusal[] = []
  for (const venue of told.keys()) {
    const ours = choices.filter((choice) => choice.venue === venue)
    const fitting = ours.find(
      (choice) => agrees(choice.price, reference) && (choice.candidate.isKnown || isSeconded(choice, choices)),
    )
    if (fitting !== undefined) instruments.push(instrumentOf(asset, fitting, day, inUse(venue)))
    // A derived name that does not fit was only a guess; a name of the table that does not fit must be known about.
    else for (const choice of ours) if (choice.candidate.isKnown) refused.push(refusalOf(asset, choice, reference))
  }
  return { instruments, refused }
}

function choicesOf(asset: Asset, venue: VenueName, { listings, quotes }: Told): Choice[] {
  return candidatesOf(asset, venue).flatMap((candidate) => {
    const listing = listings.get(candidate.symbol)
    const quote = quotes.get(candidate.symbol)
    if (listing?.state !== 'trading' || !listing.isCrypto || quote === undefined || !(quote.mark > 0)) return []
    return [{ venue, candidate, listing, quote, price: quote.mark / candidate.multiplier }]
  })
}

/**
 * The price on which most venues agree; among equals the one nearest to the table's, which is old but not a thousand
 * times off.
 */
function referenceOf(asset: Asset, choices: readonly Choice[]): number {
  const distance = (price: number): number => Math.abs(Math.log(price / asset.priceUsd))
  let best: { price: number; venues: number } | undefined
  for (const { price } of choices) {
    const venues = new Set(choices.filter((other) => agrees(other.price, price)).map((other) => other.venue)).size
    const isBetter =
      best === undefined || venues > best.venues || (venues === best.venues && distance(price) < distance(best.price))
    if (isBetter) best = { price, venues }
  }
  return best?.price ?? asset.priceUsd
}

/** Another venue has the asset at this price: without that a derived name may be any coin's. */
function isSeconded(choice: Choice, choices: readonly Choice[]): boolean {
  return choices.some((other) => other.venue !== choice.venue && agrees(other.price, choice.price))
}

function agrees(price: number, reference: number): boolean {
  return Math.abs(price / reference - 1) <= limits.markDeviationMax
}

function refusalOf(asset: Asset, { venue, candidate, price }: Choice, reference: number): Refusal {
  const ratio = (price / reference).toPrecision(3)
  const reason = `its mark price is ${ratio} times that of the other venues (multiple ${candidate.multiplier})`
  return { asset: asset.name, venue, symbol: candidate.symbol, reason }
}

function instrumentOf(
  asset: Asset,
  { venue, candidate, listing, quote }: Choice,
  day: string,
  inUse: Instrument | undefined,
): Instrument {
  const { symbol, multiplier } = candidate
  const id = venueId(venue) as VenueId
  const tick = listing.tick(quote.mark, inUse?.symbol === symbol ? inUse.tick : undefined)
  const before = asset.instruments[id]
  return {
    asset: asset.id,
    venue: id,
    symbol,
    multiplier,
    tick,
    tickSize: tickOfOneCoin(tick, multiplier),
    coinsPerUnit: Number(listing.contractValue) * multiplier,
    // What the listing does not tell stays as the table has it.
    leverageMax: listing.leverageMax ?? before?.leverageMax,
    maintenanceRate: listing.maintenanceRate ?? before?.maintenanceRate,
    date: day,
  }
}
