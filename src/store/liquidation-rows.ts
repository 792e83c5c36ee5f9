import { assets } from '../model/assets.ts'
import { PriceKind } from '../model/events.ts'
import type { LiquidationRow } from '../model/stages.ts'
import { venues } from '../model/venues.ts'
import { seconds } from './column-rows.ts'

/** Columns of an insert, in the order of liquidationLine. */
export const liquidationNames: readonly string[] = [
  'asset',
  'venue',
  'time',
  'side',
  'price',
  'priceKind',
  'coins',
  'usd',
]

const sides = ['long', 'short'] as const
const priceKinds = Object.entries(PriceKind)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name)

export function liquidationLine(row: LiquidationRow): string {
  return `${[
    assets[row.asset]!.name,
    venues[row.venue]!.name,
    seconds(row.venueMs),
    sides[row.side],
    row.price,
    priceKinds[row.priceKind],
    row.coins,
    row.usd,
  ].join('\t')}\n`
}
