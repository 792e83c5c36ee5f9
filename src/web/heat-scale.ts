import { BUCKETS } from '../model/layers.ts'
import type { HeatField } from './heat-field.ts'
import { ROWS, SLOT_FIELDS } from './heat-field.ts'
import { CHANNELS, Channel } from './palette.ts'

/** For each channel the codes at which its ramp starts and ends. */
export interface HeatScale {
  readonly floor: Float32Array
  readonly ceiling: Float32Array
  /** 1 where the channel holds nothing at all. */
  readonly isEmpty: Uint8Array
}

export function emptyScale(): HeatScale {
  return {
    floor: new Float32Array(CHANNELS).fill(1),
    ceiling: new Float32Array(CHANNELS).fill(MIN_SPAN + 1),
    isEmpty: new Uint8Array(CHANNELS).fill(1),
  }
}

// Realised is rare, and every piece of it matters. Predictions and the book are nearly everywhere: their ramps start
// in the middle, so that clusters and walls stand out. Bid and ask share a scale, or they could not be compared.
const floorShares = [0.02, 0.5, 0.55, 0.55]
const CEILING_SHARE = 0.9985
/** About a factor of 10: a narrower ramp would turn noise into signal. */
const MIN_SPAN = 40

const CODES = 256
const counts = new Uint32Array(CHANNELS * CODES)

/** Fits the ramps to what the field holds now, into `scale`. */
export function fitScale(field: HeatField, scale: HeatScale): void {
  counts.fill(0)
  for (let slot = field.oldestSlot; slot <= field.lastSlot; slot++) {
    const row = field.slots[slot * SLOT_FIELDS]!
    if (row >= 0 && row < ROWS) countRow(field.codes, row * BUCKETS * CHANNELS)
  }
  for (let code = 0; code < CODES; code++) {
    const [bid, ask] = [Channel.bid * CODES + code, Channel.ask * CODES + code]
    counts[bid]! += counts[ask]!
    counts[ask] = counts[bid]!
  }
  for (let channel = 0; channel < CHANNELS; channel++) {
    const strongest = quantile(channel, CEILING_SHARE)
    const ceiling = Math.max(strongest, MIN_SPAN + 1)
    scale.isEmpty[channel] = strongest === 0 ? 1 : 0
    scale.ceiling[channel] = ceiling
    scale.floor[channel] = Math.max(1, Math.min(quantile(channel, floorShares[channel]!), ceiling - MIN_SPAN))
  }
}

function countRow(codes: Uint8Array, at: number): void {
  const end = at + BUCKETS * CHANNELS
  for (let cell = at; cell < end; cell += CHANNELS) {
    counts[codes[cell]!]!++
    counts[CODES + codes[cell + 1]!]!++
    counts[2 * CODES + codes[cell + 2]!]!++
    counts[3 * CODES + codes[cell + 3]!]!++
  }
}

/** Code up to which `share` of the channel's cells lie, empty ones left out; 0 where all are empty. */
function quantile(channel: number, share: number): number {
  let total = 0
  for (let code = 1; code < CODES; code++) total += counts[channel * CODES + code]!
  if (total === 0) return 0
  let below = 0
  let code = 0
  while (below < total * share) below += counts[channel * CODES + ++code]!
  return code
}
