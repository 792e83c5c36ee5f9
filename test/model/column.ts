import { BUCKETS, codeOfUsd, LAYERS, type Layer, usdOfCode } from '../../src/model/layers.ts'
import type { MapColumn } from '../../src/model/map-column.ts'

export const QUANTUM_USD = 100

/** A column of 1 USD a bucket whose cell i is bucket i, at a price of 1,000.5. */
export function columnOf(
  usd: readonly (readonly [layer: (typeof Layer)[keyof typeof Layer], bucket: number, usd: number])[],
  facts: Partial<MapColumn> = {},
): MapColumn {
  const cells = new Uint8Array(LAYERS * BUCKETS)
  for (const [layer, bucket, value] of usd) cells[layer * BUCKETS + bucket] = codeOfUsd(value, QUANTUM_USD)
  const price = { high: 1000.5, low: 1000.5, close: 1000.5 }
  return { openMs: 0, ...price, step: 1, baseBucket: 0, quantumUsd: QUANTUM_USD, cells, ...facts }
}

/** What a value reads back as. */
export function readBack(usd: number): number {
  return usdOfCode(codeOfUsd(usd, QUANTUM_USD), QUANTUM_USD)
}
