import { BUCKETS, Layer, QUANTUM_RATIO } from './layers.ts'
import type { MapColumn } from './map-column.ts'
import { emptyChannels, type Mode, quantise, readMode, traversed } from './modes.ts'

const CODES = 256
/** What the larger of two codes grows by, by how far the other lies below it, when both cells are added up. */
const growth = Uint8Array.from({ length: CODES }, (_, below) =>
  Math.round(Math.log1p(QUANTUM_RATIO ** -below) / Math.log(QUANTUM_RATIO)),
)
const channels = emptyChannels()

/** Where the codes of one column go: from `at` on, `stride` bytes apart. */
export interface CodePlace {
  readonly codes: Uint8Array
  readonly at: number
  readonly stride: number
}

/**
 * Reads a column as `readMode` does and quantises as `quantise` does, of codes into codes: a logarithm for each cell would
 * be most of what a first map takes.
 */
export function readModeCodes(
  mode: Mode,
  column: MapColumn,
  quantumUsd: number,
  realised: CodePlace,
  predicted: CodePlace,
): void {
  // What is spread over its neighbours is no code any more.
  if (mode === 'heatmap' || column.quantumUsd !== quantumUsd) {
    readMode(mode, column, channels)
    quantise(channels.realised, quantumUsd, realised.codes, realised.at, realised.stride)
    quantise(channels.predicted, quantumUsd, predicted.codes, predicted.at, predicted.stride)
    return
  }
  const hasRealised = mode === 'raw' || mode === 'hybrid'
  if (hasRealised) addCodes(column.cells, Layer.longLiq, Layer.shortLiq, realised)
  else clear(realised, 0, BUCKETS - 1)
  if (mode === 'raw') clear(predicted, 0, BUCKETS - 1)
  else addCodes(column.cells, Layer.longLevel, Layer.shortLevel, predicted)
  const passed = mode === 'hybrid' ? traversed(column) : undefined
  if (passed !== undefined) clear(predicted, passed.first, passed.last)
}

function addCodes(cells: Uint8Array, first: number, second: number, { codes, at, stride }: CodePlace): void {
  const a = first * BUCKETS
  const b = second * BUCKETS
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const one = cells[a + bucket]!
    const other = cells[b + bucket]!
    codes[at + bucket * stride] = one === 0 ? other : other === 0 ? one : sumCode(one, other)
  }
}

function sumCode(one: number, other: number): number {
  const sum = one > other ? one + growth[one - other]! : other + growth[other - one]!
  return sum < CODES ? sum : CODES - 1
}

function clear({ codes, at, stride }: CodePlace, first: number, last: number): void {
  for (let bucket = first; bucket <= last; bucket++) codes[at + bucket * stride] = 0
}
