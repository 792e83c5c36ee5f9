/**
 * Mark price at which a linear position with isolated margin is closed by force. `sign` is +1 of a long, -1 of a short;
 * a maintenance rate of 0 gives the price at which its margin is gone.
 */
export function linearLiquidationPrice(sign: 1 | -1, entry: number, leverage: number, maintenanceRate: number): number {
  return (entry * (1 - sign / leverage)) / (1 - sign * maintenanceRate)
}
