import type { AssetStatus } from '../log/parcel.ts'
import { limits } from '../model/limits.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import type { ModelStatus } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import { VENUE_SLOTS, venueStates } from '../model/venues.ts'

interface Told {
  readonly status: AssetStatus
  readonly behindMs: number
  readonly heardMs: number
}

const NO_MODEL: ModelStatus = { state: 0, id: 0, mean: 0, error: Number.POSITIVE_INFINITY, hours: 0 }
const LIVE = venueStates.indexOf('live')
const STALE = venueStates.indexOf('stale')

/** What processors have told of their assets, and how old that is. */
export class AssetStates {
  readonly #now: () => number
  readonly #told = new Map<AssetId, Told>()

  constructor(now: () => number) {
    this.#now = now
  }

  take(asset: AssetId, status: AssetStatus, behindMs: number): void {
    this.#told.set(asset, { status, behindMs, heardMs: this.#now() })
  }

  /** By venue id. A venue that is live for a processor that is behind or silent is stale for us. */
  venueStates(asset: AssetId): Uint8Array {
    const told = this.#told.get(asset)
    if (told === undefined) return new Uint8Array(VENUE_SLOTS)
    const isOld = told.behindMs > limits.behindMsMax || this.#now() - told.heardMs > limits.behindMsMax
    return Uint8Array.from(told.status.states, (state) => (isOld && state === LIVE ? STALE : state))
  }

  model(asset: AssetId): ModelStatus {
    return this.#told.get(asset)?.status.model ?? NO_MODEL
  }

  liquidity(asset: AssetId): AssetLiquidity | undefined {
    const told = this.#told.get(asset)
    if (told?.status.liquidity === undefined) return undefined
    const { liquidity } = told.status
    const sinceMs = this.#now() - told.heardMs
    const states = this.venueStates(asset)
    return {
      ...liquidity,
      venues: liquidity.venues.map((venue, id) => ({
        ...venue,
        state: states[id] ?? venue.state,
        ageMs: venue.ageMs === undefined ? undefined : venue.ageMs + sinceMs,
      })),
    }
  }
}
