/** What may be said of an asset's forecast. Position = number on the wire and in the core. */
export const modelStates = ['none', 'not scored', 'unproven', 'scored'] as const
export type ModelState = (typeof modelStates)[number]
