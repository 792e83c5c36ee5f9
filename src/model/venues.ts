/** A venue's position in this list is its id in event batches, on the wire and in the store. Add at the end only. */
export const venues = [
  { name: 'binance', label: 'Binance', liquidations: 'floor', openInterest: 'one-sided' },
  { name: 'bybit', label: 'Bybit', liquidations: 'complete', openInterest: 'one-sided' },
  { name: 'okx', label: 'OKX', liquidations: 'floor', openInterest: 'unverified' },
  { name: 'bitget', label: 'Bitget', liquidations: 'floor', openInterest: 'unverified' },
  { name: 'hyperliquid', label: 'Hyperliquid', liquidations: 'none', openInterest: 'unverified' },
] as const

export type VenueName = (typeof venues)[number]['name']
export const VENUES = venues.length
/** Slots in the core's memory and in frame headers: room for venues to come. */
export const VENUE_SLOTS = 8

export const venueStates = ['unknown', 'live', 'stale', 'suspect', 'down'] as const
export type VenueState = (typeof venueStates)[number]

/** Id of a venue's name, -1 where there is none of that name. */
export function venueId(name: string): number {
  return venues.findIndex((venue) => venue.name === name)
}
