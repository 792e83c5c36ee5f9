/* The definition, term by term: s = +1 long, -1 short; E entry; L leverage; m maintenance-margin rate. */

export function linearLiquidation(s: 1 | -1, E: number, L: number, m: number): number {
  return (E * (1 - s / L)) / (1 - s * m)
}

/** Contracts whose margin is the coin itself. */
export function inverseLiquidation(s: 1 | -1, E: number, L: number, m: number): number {
  return E / (1 + s * (1 / L - m))
}
