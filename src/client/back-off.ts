import { limits } from '../model/limits.ts'

/** Wait before the attempt after `failures` failed ones: doubles, bounded, the upper half of it jitter. */
export function retryMs(failures: number, random: () => number): number {
  // Past ten doublings the bound holds anyway, and 2 ** failures stays finite.
  const ms = Math.min(limits.clientRetryMsMax, limits.clientRetryMsMin * 2 ** Math.min(failures, 10))
  return ms * (0.5 + random() * 0.5)
}
