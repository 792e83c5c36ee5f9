import { depth } from './settings.ts'

const STEP_BP = 0.5
const profile = Float64Array.from({ length: Math.ceil((2 * depth.reachBp) / STEP_BP) }, (_, i) => shape(i * STEP_BP))

/** Depth at a distance from price as a part of the reference depth. */
export function densityAt(distanceBp: number): number {
  const at = Math.floor(distanceBp / STEP_BP)
  return profile[at < profile.length ? at : profile.length - 1]!
}

function shape(distanceBp: number): number {
  const rise = depth.touchPart + (1 - depth.touchPart) * Math.min(1, distanceBp / depth.humpBp)
  return rise / (1 + distanceBp / depth.tailBp) ** depth.tailPower
}
