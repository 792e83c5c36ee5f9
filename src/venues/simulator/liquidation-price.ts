import { linearLiquidationPrice } from '../../model/liquidation-price.ts'

/** Side of a position: what it pays with. */
export const LONG = 0
export const SHORT = 1

/** Mark price at which a linear position with isolated margin is closed by force. */
export function liquidationPrice(entry: number, leverage: number, maintenanceRate: number, side: number): number {
  return linearLiquidationPrice(side === LONG ? 1 : -1, entry, leverage, maintenanceRate)
}

/** Price at which its margin is gone. */
export function bankruptcyPrice(entry: number, leverage: number, side: number): number {
  return liquidationPrice(entry, leverage, 0, side)
}
