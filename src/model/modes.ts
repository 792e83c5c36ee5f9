import { BUCKETS, Layer, QUANTUM_RATIO, usdOfUnitCode } from './layers.ts'
import type { MapColumn } from './map-column.ts'
import { modelStates } from './model-states.ts'

/** Four readings of the same layers; depth is an overlay in each. */
export const modes = ['raw', 'synthetic', 'heatmap', 'hybrid'] as const
export type Mode = (typeof modes)[number]
export const MODE_DEFAULT: Mode = 'hybrid'

const UNPROVEN = modelStates.indexOf('unproven')

/**
 * The mode that is really read. A forecast that was scored and could not be told from price alone is not mixed with what
 * happened: hybrid is then what raw is, and depth says where the walls are. Who asks for the forecast by name gets it.
 */
export function modeShown(mode: Mode, modelState: number): Mode {
  return mode === 'hybrid' && modelState === UNPROVEN ? 'raw' : mode
}

/** USD by bucket. The two are never added up: one happened, the other is modelled. */
export interface Channels {
  readonly realised: Float64Array
  readonly predicted: Float64Array
}

export function emptyChannels(): Channels {
  return { realised: new Float64Array(BUCKETS), predicted: new Float64Array(BUCKETS) }
}

/** Reads a column the way `mode` does into `out`, all of which is overwritten. Pass the mode through `modeShown` first. */
export function readMode(mode: Mode, column: MapColumn, out: Channels): void {
  out.realised.fill(0)
  out.predicted.fill(0)
  if (mode === 'raw' || mode === 'hybrid') addPair(column, Layer.longLiq, Layer.shortLiq, out.realised)
  if (mode === 'raw') return
  addPair(column, Layer.longLevel, Layer.shortLevel, out.predicted)
  if (mode === 'heatmap') smooth(out.predicted)
  if (mode === 'hybrid') clearTraversed(column, out.predicted)
}

function addPair(column: MapColumn, first: number, second: number, out: Float64Array): void {
  const { cells, quantumUsd } = column
  const a = first * BUCKETS
  const b = second * BUCKETS
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    out[bucket] = quantumUsd * (usdOfUnitCode[cells[a + bucket]!]! + usdOfUnitCode[cells[b + bucket]!]!)
  }
}

/** Cells that the price of the column went through, both ends included, cut to the window. */
export interface Traversed {
  first: number
  last: number
}

/** Undefined where the column has no price. */
export function traversed(column: MapColumn): Traversed | undefined {
  if (column.low <= 0) return undefined
  return {
    first: Math.max(0, Math.floor(column.low / column.step) - column.baseBucket),
    last: Math.min(BUCKETS - 1, Math.floor(column.high / column.step) - column.baseBucket),
  }
}

/** In hybrid a level that price has gone through shows what happened there, not what was expected. */
function clearTraversed(column: MapColumn, predicted: Float64Array): void {
  const range = traversed(column)
  if (range !== undefined && range.first <= range.last) predicted.fill(0, range.first, range.last + 1)
}

// Two buckets are about 6 bp: wide enough to join the levels of one leverage step, narrow enough to keep steps apart.
const SIGMA_BUCKETS = 2
const RADIUS = 3 * SIGMA_BUCKETS
const kernel = Float64Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
  Math.exp(-(((i - RADIUS) / SIGMA_BUCKETS) ** 2) / 2),
)
const source = new Float64Array(BUCKETS)

/** Gaussian over buckets, in place. Each bucket's USD is spread over those inside the window, so the sum is kept. */
export function smooth(usd: Float64Array): void {
  source.set(usd)
  usd.fill(0)
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const mass = source[bucket]!
    if (mass === 0) continue
    const from = Math.max(0, bucket - RADIUS)
    const to = Math.min(BUCKETS - 1, bucket + RADIUS)
    let weight = 0
    for (let near = from; near <= to; near++) weight += kernel[near - bucket + RADIUS]!
    const share = mass / weight
    for (let near = from; near <= to; near++) usd[near]! += share * kernel[near - bucket + RADIUS]!
  }
}

const STEPS_PER_E = 1 / Math.log(QUANTUM_RATIO)

/** Quantises USD to codes as model/layers.ts does, `stride` bytes apart, from `at` on. */
export function quantise(usd: Float64Array, quantumUsd: number, out: Uint8Array, at: number, stride: number): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const value = usd[bucket]!
    const code = value > 0 ? Math.round(Math.log(value / quantumUsd) * STEPS_PER_E) + 1 : 0
    out[at + bucket * stride] = Math.max(0, Math.min(255, code))
  }
}
