import { assets } from '../model/assets.ts'
import type { VenueMinuteRow } from '../model/stages.ts'
import { venueStates, venues } from '../model/venues.ts'

export const venueMinuteNames: readonly string[] = [
  'asset',
  'venue',
  'time',
  'state',
  'batches',
  'mark',
  'openInterest',
  'openInterestUsd',
  'buyUsd',
  'sellUsd',
  'trades',
]

export function venueMinuteLine(row: VenueMinuteRow): string {
  return `${[
    assets[row.asset]!.name,
    venues[row.venue]!.name,
    Math.round(row.minuteMs / 1000),
    venueStates[row.state],
    row.batches,
    row.mark,
    row.openInterest,
    row.openInterestUsd,
    row.buyUsd,
    row.sellUsd,
    row.trades,
  ].join('\t')}\n`
}
