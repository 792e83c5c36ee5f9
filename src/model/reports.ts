import type { AssetId } from './units.ts'

/* Rows of the reports, see docs/reports.md. A row is told again, with the same id, when something of it has changed. */

export const wallStates = ['active', 'filled', 'pulled', 'moved', 'faded', 'stale'] as const
export const absorptionStates = ['forming', 'confirmed', 'failed'] as const
export const convergenceKinds = ['watch', 'chip', 'chip+', 'contested', 'ended'] as const
export type WallState = (typeof wallStates)[number]
export type AbsorptionState = (typeof absorptionStates)[number]
export type ConvergenceKind = (typeof convergenceKinds)[number]

interface ReportRow {
  /** The same for the same event of the same log, wherever and however often it is read. */
  readonly id: string
  readonly asset: AssetId
  /** When it began; with the id the key of the row. Venue time. */
  readonly startMs: number
  /** What the row says was so at this time. */
  readonly atMs: number
  /** Absolute bucket, and its middle in USD (a sweep: its last price). */
  readonly bucket: number
  readonly price: number
  readonly usd: number
}

export interface WallRow extends ReportRow {
  readonly kind: 'wall'
  readonly state: WallState
  readonly side: 'bid' | 'ask'
  readonly venue: number
  /** By venue id: USD of the walls in this bucket or beside it now, this one's included while it stands. */
  readonly venueUsd: readonly number[]
  readonly peakUsd: number
  /** Traded against it since it was first seen. */
  readonly executedUsd: number
  /** Times the mean bucket of its side of the band. */
  readonly density: number
  readonly strength: number
  /** Part of the walls hereabouts that was pulled in the last ten minutes, with a prior: 0 to 1. */
  readonly spoof: number
  /** At the aggression of the last minutes; undefined where there is none. */
  readonly secondsToEat: number | undefined
  /** From price: above 0 over it. */
  readonly distanceBp: number
  readonly pulls: number
  /** Where it moved to, in buckets from here; 0: it did not. */
  readonly movedBuckets: number
  /** Buckets of the band that the venue shows, from the best price on. */
  readonly coveredBuckets: number
}

export interface SweepRow extends ReportRow {
  readonly kind: 'sweep'
  /** Of the taker. */
  readonly side: 'buy' | 'sell'
  readonly venue: number
  /** Last print. */
  readonly endMs: number
  readonly firstPrice: number
  readonly levels: number
  readonly displacementBp: number
  /** Standard deviations above what this side usually trades in half a second. */
  readonly magnitude: number
  /** Of what rested on its way. */
  readonly depthPart: number
  readonly liquidationDriven: boolean
  readonly liquidationUsd: number
  /** First sweep of the cluster, and how many it has had up to this one. */
  readonly clusterMs: number
  readonly clusterCount: number
}

export interface AbsorptionRow extends ReportRow {
  readonly kind: 'absorption'
  readonly state: AbsorptionState
  /** Who absorbs. */
  readonly side: 'bid' | 'ask'
  readonly venue: number
  /** Move in the direction of the takers as a part of what their flow usually makes. */
  readonly efficiency: number
  /** Traded at one price against the largest size ever shown there. */
  readonly executedToShown: number
  readonly refills: number
  readonly wall: boolean
  /** Seen in the window of a minute too. */
  readonly long: boolean
  readonly holdMs: number
  readonly netUsd: number
  /** Net aggression as a part of all that was traded. */
  readonly lean: number
}

export interface ConvergenceRow extends ReportRow {
  readonly kind: 'convergence'
  readonly state: ConvergenceKind
  readonly side: 'support' | 'resistance'
  readonly wall: boolean
  readonly sweep: boolean
  readonly absorption: boolean
  /** Realised liquidations cluster here. */
  readonly liquidations: boolean
  /** Ids. */
  readonly venues: readonly number[]
  /** 1 - product of (1 - worth x freshness) of its parts. */
  readonly score: number
}

export type Report = WallRow | SweepRow | AbsorptionRow | ConvergenceRow
export type ReportKind = Report['kind']
export const reportKinds = ['wall', 'sweep', 'absorption', 'convergence'] as const satisfies readonly ReportKind[]

/** States with more to come: an active wall, an absorption that forms, a convergence that has not ended. By kind. */
export const standingStates: Readonly<Record<ReportKind, readonly string[]>> = {
  wall: ['active'],
  sweep: [],
  absorption: ['forming'],
  convergence: ['watch', 'chip', 'chip+', 'contested'],
}

/** A row that stands is told again before so long is over: one that is not has been lost on its way. By kind. */
export const silentMsMax: Readonly<Record<ReportKind, number>> = {
  wall: 180_000,
  sweep: 0,
  absorption: 900_000,
  convergence: 3_600_000,
}

interface Standing {
  readonly kind: ReportKind
  readonly state?: string
  readonly atMs: number
}

export function isStanding({ kind, state }: Standing): boolean {
  return state !== undefined && standingStates[kind].includes(state)
}

/** The same at a time of the asset's clock: what has not been told again for too long stands no more. */
export function standsAt(row: Standing, clockMs: number): boolean {
  return isStanding(row) && clockMs - row.atMs <= silentMsMax[row.kind]
}

/** A side is named where the book leans by more than this and so many venues agree. */
export const ASYMMETRY_BALANCED = 0.15
export const VENUES_AGREEING_MIN = 3

/** Depth near price: (bids - asks) / (bids + asks), nearer ones weighing more. */
export interface Asymmetry {
  /** All books together. */
  readonly book: number
  /** Walls that stand, by how little they look like spoofs. */
  readonly walls: number
  /** Venues that lean as the whole does, of those that have a book. */
  readonly agreeing: number
  readonly venues: number
  /** Named where the book leans by more than ASYMMETRY_BALANCED and VENUES_AGREEING_MIN venues agree. */
  readonly side: 'bid' | 'ask' | 'balanced'
}

/** What a report is worth at least, USD, by open interest. */
const floors = [
  { openInterestUsdMin: 5e9, usd: 1e6 },
  { openInterestUsdMin: 3e8, usd: 250e3 },
  { openInterestUsdMin: 0, usd: 50e3 },
] as const

export function reportFloorUsd(openInterestUsd: number): number {
  return floors.find((floor) => openInterestUsd >= floor.openInterestUsdMin)?.usd ?? floors[floors.length - 1]!.usd
}
