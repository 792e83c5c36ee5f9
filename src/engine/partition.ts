import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetMemory } from './asset-memory.ts'

/** All timeframes, as bits. */
export const EVERYTHING = (1 << TIMEFRAMES) - 1

/** Assets that share one token: at most one task of a partition is on the way at any time. */
export class Partition {
  readonly memories: AssetMemory[] = []
  running: Promise<void> | undefined
  again = false
  /** Timeframes, as bits, of which the next round tells nothing. */
  skip = EVERYTHING
}
