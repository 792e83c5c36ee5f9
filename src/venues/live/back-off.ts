import type { Limits } from '../../model/limits.ts'

/** Before the try after `failures` in a row. `chance` in [0, 1) spreads those who failed together. */
export function backOffMs(failures: number, chance: number, limits: Limits): number {
  return Math.min(limits.restRetryMsMax, limits.restRetryMs * 2 ** (failures - 1)) * (0.5 + chance)
}
