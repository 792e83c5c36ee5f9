/** A column of the map as the readings of this folder take it: that of the wire, of the store and of the core alike. */
export interface MapColumn {
  /** Unix ms. */
  readonly openMs: number
  /** USD per coin; all 0 as long as no price is known. */
  readonly high: number
  readonly low: number
  readonly close: number
  /** USD per bucket. */
  readonly step: number
  /** Absolute bucket of cell 0. */
  readonly baseBucket: number
  /** USD of code 1. */
  readonly quantumUsd: number
  /** LAYERS x BUCKETS codes, layer by layer, see layers.ts. */
  readonly cells: Uint8Array
}
