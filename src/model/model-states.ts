/** What may be said of an asset's forecast. Position = number on the wire and in the core. */
export const modelStates = ['none', 'not scored', 'unproven', 'scored'] as const
export type ModelState = (typeof modelStates)[number]

/** What a forecast has to do without, see docs/estimator.md, "Missing inputs". Position = bit in the core. */
export const modelFlags = [
  'no volume',
  'no new open interest',
  'no open interest',
  'coarse prices',
  'uncalibrated USD',
  'no history',
  'a venue is missing',
  'warming up',
  'weights not in use yet',
] as const
export type ModelFlag = (typeof modelFlags)[number]

export function flagsOf(mask: number): ModelFlag[] {
  return modelFlags.filter((_, bit) => (mask & (1 << bit)) !== 0)
}
