import { BUCKETS } from '../model/layers.ts'
import type { HeatField } from './heat-field.ts'
import { ROWS, SLOT_FIELDS } from './heat-field.ts'
import { CHANNELS } from './palette.ts'

/** For each channel the codes at which its ramp starts and ends. */
export interface HeatScale {
  readonly floor: Float32Array
  readonly ceiling: Float32Array
}

export function emptyScale(): HeatScale {
  return { floor: new Float32Array(CHANNELS).fill(1), ceiling: new Float32Array(CHANNELS).fill(MIN_SPAN + 1) }
}

// Realised is rare, and every piece of it matters. Predictions and the book are nearly everywhere: their ramps start
// in the middle, so that clusters and walls stand out. Bid and ask share a scale, or they could not be compared.
const floorShares = [0.02, 0.5, 0.55, 0.55]
const CEILING_SHARE = 0.997
/** About a factor of 10: a narrower ramp would turn noise into signal. */
const MIN_SPAN = 40

const counts = new Uint32Array(CHANNELS * 256)

/** Fits the ramps to what the field holds now, into `scale`. */
export function fitScale(field: HeatField, scale: HeatScale): void {
  counts.fill(0)
  for (let slot = field.oldestSlot; slot <= field.lastSlot; slot++) {
    const row = field.slots[slot * SLOT_FIELDS]!
    if (row >= 0 && row < ROWS) countRow(field.codes, row * BUCKETS * CHANNELS)
  }
  for (let code = 0; code < 256; code++) {
    counts[2 * 256 + code]! += counts[3 * 256 + code]!
    counts[3 * 256 + code] = counts[2 * 256 + code]!
  }
  for (let channel = 0; channel < CHANNELS; channel++) {
    const ceiling = quantile(channel, CEILING_SHARE)
    scale.ceiling[channel] = ceiling
    scale.floor[channel] = Math.max(0, Math.min(quantile(channel, floorShares[channel]!), ceiling - MIN_SPAN))
  }
}

function countRow(codes: Uint8Array, at: number): void {
  const end = at + BUCKETS * CHANNELS
  for (let cell = at; cell < end; cell += CHANNELS) {
    counts[codes[cell]!]!++
    counts[256 + codes[cell + 1]!]!++
    counts[512 + codes[cell + 2]!]!++
    counts[768 + codes[cell + 3]!]!++
  }
}

/** Code below which `share` of the channel's cells lie, empty ones left out. */
function quantile(channel: number, share: number): number {
  let total = 0
  for (let code = 1; code < 256; code++) total += counts[channel * 256 + code]!
  if (total === 0) return MIN_SPAN + 1
  let below = 0
  for (let code = 1; code < 256; code++) {
    below += counts[channel * 256 + code]!
    if (below >= total * share) return code
  }
  return 255
}
