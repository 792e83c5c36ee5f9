import { cascadeRatio, cascadeTo } from '../model/cascade.ts'
import { limits } from '../model/limits.ts'
import { linearLiquidationPrice } from '../model/liquidation-price.ts'
import type { Column } from '../wire/blocks.ts'
import { formatDistance, formatPrice, formatUsd } from './format.ts'

/** A position of the reader's own. It is drawn and never leaves the browser. */
export interface Position {
  readonly side: 'long' | 'short'
  readonly entry: number
  readonly sizeUsd: number
  /** One of the two says where it would be closed by force. */
  readonly leverage: number | undefined
  readonly liquidation: number | undefined
}

export const LEVERAGE_MAX = 500
const PRICE_MAX = 1e12
/** Where no venue tells its own. */
export const MAINTENANCE_DEFAULT = 0.005

/** Where it would be closed by force; undefined where that is no price. */
export function forcedAt(
  { side, entry, leverage, liquidation }: Position,
  maintenanceRate: number,
): number | undefined {
  if (liquidation !== undefined) return liquidation
  if (leverage === undefined) return undefined
  const price = linearLiquidationPrice(side === 'long' ? 1 : -1, entry, leverage, maintenanceRate)
  // A long without leverage is closed nowhere.
  return price > 0 ? price : undefined
}

/** Reads a position that was typed or kept; a sentence where it makes no sense. */
export function readPosition(value: unknown): Position | string {
  const { side, entry, sizeUsd, leverage, liquidation } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Record<string, unknown>
  if (side !== 'long' && side !== 'short') return 'Choose long or short.'
  if (!isWithin(entry, PRICE_MAX)) return 'The entry is a price above 0.'
  if (!isWithin(sizeUsd, limits.usdMax)) return 'The size is USD above 0.'
  if (liquidation !== undefined) {
    if (!isWithin(liquidation, PRICE_MAX)) return 'The liquidation price is a price above 0.'
    if (side === 'long' ? liquidation >= entry : liquidation <= entry) {
      return `A ${side} is liquidated ${side === 'long' ? 'below' : 'above'} its entry.`
    }
    return { side, entry, sizeUsd, leverage: undefined, liquidation }
  }
  if (!isWithin(leverage, LEVERAGE_MAX) || leverage < 1) return `The leverage is a number from 1 to ${LEVERAGE_MAX}.`
  return { side, entry, sizeUsd, leverage, liquidation: undefined }
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === 'number' && value > 0 && value <= most
}

/** Profit so far, of a contract that is settled in USD. */
export function profitUsd({ side, entry, sizeUsd }: Position, price: number): number {
  return sizeUsd * (price / entry - 1) * (side === 'long' ? 1 : -1)
}

/** What the map says of it, in short pieces. */
export function positionWords(
  position: Position,
  maintenanceRate: number,
  column: Column,
  decimals: number,
): readonly string[] {
  const profit = profitUsd(position, column.close)
  const head = `${position.side === 'long' ? 'Long' : 'Short'} ${formatUsd(position.sizeUsd)} from ${formatPrice(position.entry, decimals)}`
  const words = [head, `${profit < 0 ? '−' : '+'}${formatUsd(Math.abs(profit))}`]
  const forced = forcedAt(position, maintenanceRate)
  if (forced === undefined) return [...words, 'no liquidation']
  const isPassed = position.side === 'long' ? column.close <= forced : column.close >= forced
  if (isPassed) return [...words, `liquidated at ${formatPrice(forced, decimals)}`]
  words.push(`liquidation ${formatPrice(forced, decimals)} (${formatDistance(forced / column.close - 1)})`)
  const cascade = cascadeTo(column, forced)
  if (cascade === undefined) return words
  const ratio = cascadeRatio(cascade)
  const through =
    ratio === undefined ? '' : `, ${cascade.isCovered ? '' : 'at most '}${ratio.toFixed(2)} per USD resting`
  return [...words, `modelled on the way ${formatUsd(cascade.predictedUsd)}${through}`]
}
