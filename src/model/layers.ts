/**
 * Layers of a column, all in USD by bucket. Position = id on the wire, in the store and in the core.
 * Depth comes twice: `bid`/`ask` are the mean over the column, weighted by time, so a wall that lived inside the
 * candle is not lost; `bidLast`/`askLast` are what rested at the column's end (for the live column: now).
 */
export const layers = [
  { name: 'bid', kind: 'depth', side: 'bid' },
  { name: 'ask', kind: 'depth', side: 'ask' },
  { name: 'bidLast', kind: 'depth', side: 'bid' },
  { name: 'askLast', kind: 'depth', side: 'ask' },
  { name: 'longLiq', kind: 'realised', side: 'long' },
  { name: 'shortLiq', kind: 'realised', side: 'short' },
  { name: 'longLevel', kind: 'predicted', side: 'long' },
  { name: 'shortLevel', kind: 'predicted', side: 'short' },
] as const

export type LayerName = (typeof layers)[number]['name']
export const LAYERS = layers.length
/** Buckets of one column: its window, centred on the price at which it opened. */
export const BUCKETS = 2048

export const Layer = {
  bid: 0,
  ask: 1,
  bidLast: 2,
  askLast: 3,
  longLiq: 4,
  shortLiq: 5,
  longLevel: 6,
  shortLevel: 7,
} as const

/** Neighbouring codes differ by this factor, so a value reads back within 3 % (half a step is a factor of 1.0296). */
export const QUANTUM_RATIO = 1.06

/**
 * USD of a quantised cell: 0 is empty, code c is quantumUsd * 1.06^(c - 1). 255 also stands for anything larger.
 * `quantumUsd` belongs to the asset and is carried by every column.
 */
export function usdOfCode(code: number, quantumUsd: number): number {
  return code === 0 ? 0 : quantumUsd * QUANTUM_RATIO ** (code - 1)
}

/** USD of each code for a quantum of 1. */
export const usdOfUnitCode: Float64Array = Float64Array.from({ length: 256 }, (_, code) => usdOfCode(code, 1))

/** Inverse of usdOfCode: the nearest code on the log scale; below quantumUsd / sqrt(1.06) a cell is empty. */
export function codeOfUsd(usd: number, quantumUsd: number): number {
  const code = Math.round(Math.log(usd / quantumUsd) / Math.log(QUANTUM_RATIO)) + 1
  return code < 1 || !(usd > 0) ? 0 : Math.min(code, 255)
}
