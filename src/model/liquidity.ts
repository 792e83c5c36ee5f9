import type { Asymmetry } from './reports.ts'

/** What the core knows of one asset by venue, read at one moment. */
export interface AssetLiquidity {
  /** The asset's clock, Unix ms. */
  readonly clockMs: number
  /** 0 as long as none is known. */
  readonly price: number
  /** USD per bucket of what is realised, 0 as long as no price is known. */
  readonly step: number
  /** By venue id. */
  readonly venues: readonly VenueInputs[]
  /** Buckets in which positions were liquidated in the last day. */
  readonly realised: readonly RealisedCell[]
  /** Which side holds more near price; undefined where nobody tells. */
  readonly asymmetry?: Asymmetry | undefined
}

export interface VenueInputs {
  /** Position in venueStates. */
  readonly state: number
  /** Milliseconds since its newest news: anything but a sign of life or the repetition of a book; undefined before the first. */
  readonly ageMs: number | undefined
  /** One-sided, 0 where it is not known. */
  readonly openInterestUsd: number
}

export interface RealisedCell {
  readonly side: 'long' | 'short'
  /** Absolute. */
  readonly bucket: number
  /** Unix ms of the first and the last of them. */
  readonly firstMs: number
  readonly lastMs: number
  /** By venue id. What is older counts for less: half of it after REALISED_HALF_LIFE_MS. */
  readonly venueUsd: readonly number[]
}

/** Realised liquidations fade by this half-life, hour by hour, and are gone a day after the last in their bucket. */
export const REALISED_HALF_LIFE_MS = 21_600_000
export const REALISED_MS_MAX = 86_400_000
