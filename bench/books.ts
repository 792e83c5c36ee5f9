import { assets } from '../src/model/assets.ts'
import { BatchWriter, EventKind } from '../src/model/events.ts'
import { VENUES } from '../src/model/venues.ts'

export const START_MS = 1_767_225_600_000
export const ROUND_MS = 250

export interface LevelUpdate {
  readonly book: number
  readonly asset: number
  readonly venue: number
  readonly side: number
  readonly tick: number
  /** Coins; 0 removes. */
  readonly size: number
}

/** What each side of a comparison gets: the same updates, as batches for the core and as a list for others. */
export interface Workload {
  readonly updates: readonly LevelUpdate[]
  /** In rounds of 250 ms: every book's batch of the first, then of the second ... */
  readonly batches: readonly { asset: number; bytes: Uint8Array }[]
}

/**
 * Level updates as venues send them: 65 assets on five venues, three quarters of them within 20 ticks of the best
 * price, a third of them removals, prices drifting. One batch holds the updates of one book in 250 ms.
 */
export function workload(random: () => number, updatesPerBatch: number, rounds: number): Workload {
  const updates: LevelUpdate[] = []
  const batches: { asset: number; bytes: Uint8Array }[] = []
  const writer = new BatchWriter()
  const mids = assets.map((asset) => Math.max(400, Math.round(asset.priceUsd / asset.gridTick)))
  for (let round = 0; round < rounds; round++) {
    for (const asset of assets) {
      const drift = Math.round((random() - 0.5) * 6)
      mids[asset.id] = Math.max(400, (mids[asset.id] ?? 0) + drift)
      for (let venue = 0; venue < VENUES; venue++) {
        const timeMs = START_MS + round * ROUND_MS
        writer.begin(venue, asset.id, round + 1, timeMs, timeMs, asset.gridTick)
        if (round === 0) writer.add(EventKind.markPrice, 0, 0, asset.priceUsd)
        for (let i = 0; i < updatesPerBatch; i++) {
          const side = random() < 0.5 ? 0 : 1
          const away = random() < 0.75 ? Math.floor(random() * 20) : Math.floor(random() * 300)
          const tick = (mids[asset.id] ?? 0) + (side === 0 ? -1 - away : 1 + away)
          const size = random() < 0.33 ? 0 : Math.ceil(random() * 1000) / 100
          updates.push({ book: asset.id * VENUES + venue, asset: asset.id, venue, side, tick, size })
          writer.add(EventKind.bookLevel, side, tick, size)
        }
        batches.push({ asset: asset.id, bytes: writer.take().slice() })
      }
    }
  }
  return { updates, batches }
}
