import type { Asset } from '../../model/assets.ts'
import table from '../../model/instruments.json' with { type: 'json' }
import type { VenueName } from '../../model/venues.ts'

/** A symbol that may be an asset's on a venue. */
export interface Candidate {
  readonly symbol: string
  readonly multiplier: number
  /** True: named by the built-in table, not derived. */
  readonly isKnown: boolean
}

type Rows = Partial<Record<VenueName, { symbol: string; multiplier: number }>>
const rowsOf = new Map(table.assets.map((row) => [row.asset, row.instruments as Rows]))

const MULTIPLES = [1, 1_000, 10_000, 1_000_000] as const

/**
 * Names under which a venue may list an asset, the likeliest first: the table's own, then what the venues' habits allow.
 * A derived name is a guess until its mark price agrees with the other venues.
 */
export function candidatesOf(asset: Asset, venue: VenueName): Candidate[] {
  const known = rowsOf.get(asset.name)?.[venue]
  const first = known === undefined ? [] : [{ symbol: known.symbol, multiplier: known.multiplier, isKnown: true }]
  const derived = MULTIPLES.flatMap((multiplier) =>
    symbolsOf(asset.name, multiplier, venue).map((symbol) => ({ symbol, multiplier, isKnown: false })),
  )
  return [...first, ...derived.filter((one) => one.symbol !== known?.symbol)]
}

function symbolsOf(name: string, multiplier: number, venue: VenueName): string[] {
  switch (venue) {
    case 'okx':
      return multiplier === 1 ? [`${name}-USDT-SWAP`] : []
    case 'hyperliquid':
      return multiplier === 1 ? [name] : multiplier === 1_000 ? [`k${name}`] : []
    case 'bybit':
      return multiplier === 1 ? [`${name}USDT`] : [`${multiplier}${name}USDT`, `${name}${multiplier}USDT`]
    default: {
      const short = multiplier === 1_000_000 ? [`1M${name}USDT`] : []
      return multiplier === 1 ? [`${name}USDT`] : [`${multiplier}${name}USDT`, ...short]
    }
  }
}

/** Every name that belongs to an asset of ours, so that a pick of new ones does not propose it again. */
export function isNameOf(asset: Asset, venue: VenueName, symbol: string): boolean {
  return candidatesOf(asset, venue).some((one) => one.symbol === symbol)
}
