import type { LiftCount } from '../model/lift.ts'
import type { AssetId } from '../model/units.ts'

export interface KeptLiftOptions {
  /** Counts of one asset or of every one; undefined where nothing is counted. */
  readonly read: ((asset?: AssetId) => Promise<readonly LiftCount[]>) | undefined
  readonly now: () => number
  readonly keepMs: number
}

interface Kept {
  readonly sinceMs: number
  readonly counts: Promise<readonly LiftCount[]>
}

/**
 * What reports were worth, read once for all who ask within a few seconds: every page that is open asks for the read of
 * its asset again and again, and the counts change with a trial that ends.
 */
export class KeptLift {
  readonly #options: KeptLiftOptions
  /** By asset; undefined: of all together. */
  readonly #kept = new Map<AssetId | undefined, Kept>()

  constructor(options: KeptLiftOptions) {
    this.#options = options
  }

  /** Counts that are a little old at most. A failure is everybody's who waits for it, and is not kept. */
  counts(asset?: AssetId): Promise<readonly LiftCount[]> {
    const { read, now, keepMs } = this.#options
    if (read === undefined) return Promise.resolve([])
    const nowMs = now()
    const known = this.#kept.get(asset)
    if (known !== undefined && nowMs - known.sinceMs < keepMs) return known.counts
    const kept = { sinceMs: nowMs, counts: read(asset) }
    this.#kept.set(asset, kept)
    kept.counts.catch(() => {
      if (this.#kept.get(asset) === kept) this.#kept.delete(asset)
    })
    return kept.counts
  }
}
