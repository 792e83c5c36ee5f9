import type { ClusterSide } from './clusters.ts'
import type { WallState } from './reports.ts'
import {
  type AbsorptionState,
  absorptionStates,
  type ConvergenceKind,
  convergenceKinds,
  wallStates,
} from './reports.ts'
import type { AssetId } from './units.ts'

/* What a rule asks for, and whether a report or a cluster is it. Page, server and back-test share this one reading. */

export const alertKinds = ['wall', 'sweep', 'absorption', 'convergence', 'cluster'] as const
export type AlertKind = (typeof alertKinds)[number]

/** A sweep is told again when liquidations turn out to have driven it. */
export const sweepStates = ['plain', 'driven'] as const
export type SweepState = (typeof sweepStates)[number]
export const clusterStates = ['modelled'] as const
export type AlertState = WallState | SweepState | AbsorptionState | ConvergenceKind | (typeof clusterStates)[number]
export type AlertSide = 'bid' | 'ask' | 'buy' | 'sell' | 'support' | 'resistance' | ClusterSide

/** By kind, what a rule may name. */
export const alertWords: Readonly<
  Record<AlertKind, { readonly sides: readonly AlertSide[]; readonly states: readonly AlertState[] }>
> = {
  wall: { sides: ['bid', 'ask'], states: wallStates },
  sweep: { sides: ['buy', 'sell'], states: sweepStates },
  absorption: { sides: ['bid', 'ask'], states: absorptionStates },
  convergence: { sides: ['support', 'resistance'], states: convergenceKinds },
  cluster: { sides: ['long', 'short'], states: clusterStates },
}

/** Whatever is undefined is not asked for. */
export interface AlertRule {
  /** For people. */
  readonly name: string
  readonly kind: AlertKind
  readonly assets: readonly AssetId[] | undefined
  readonly usdMin: number | undefined
  /** Of the level from price, either way, percent of price. */
  readonly distancePercentMax: number | undefined
  readonly sides: readonly AlertSide[] | undefined
  /** Where they are named, a report that comes to another of them fires again. */
  readonly states: readonly AlertState[] | undefined
  /** Of a convergence, 0 to 1. */
  readonly scoreMin: number | undefined
  /** Of a wall, 0 to 1. */
  readonly spoofMax: number | undefined
  /** Ids; one of them is enough. */
  readonly venues: readonly number[] | undefined
  /** After a firing the rule is silent for this asset for so long. */
  readonly cooldownSeconds: number
}

/** A report or a cluster as a rule sees it. */
export interface AlertSubject {
  readonly kind: AlertKind
  readonly id: string
  readonly asset: AssetId
  /** Venue time at which this was so. */
  readonly atMs: number
  readonly startMs: number
  readonly side: AlertSide
  readonly state: AlertState
  /** Of its level, USD per coin. */
  readonly price: number
  readonly usd: number
  /** Of its level from the price of then, above 0 over it; undefined where no price was known. */
  readonly distanceBp: number | undefined
  readonly score: number | undefined
  readonly spoof: number | undefined
  readonly venues: readonly number[]
}

const BP_PER_PERCENT = 100

/** Whether this is what the rule asks for. What is not known does not match what is asked of it. */
export function alertMatches(rule: AlertRule, subject: AlertSubject): boolean {
  const { distanceBp, score, spoof, venues } = subject
  return (
    rule.kind === subject.kind &&
    isAmong(rule.assets, subject.asset) &&
    isAmong(rule.sides, subject.side) &&
    isAmong(rule.states, subject.state) &&
    (rule.usdMin === undefined || subject.usd >= rule.usdMin) &&
    (rule.distancePercentMax === undefined ||
      (distanceBp !== undefined && Math.abs(distanceBp) <= rule.distancePercentMax * BP_PER_PERCENT)) &&
    (rule.scoreMin === undefined || (score !== undefined && score >= rule.scoreMin)) &&
    (rule.spoofMax === undefined || (spoof !== undefined && spoof <= rule.spoofMax)) &&
    (rule.venues === undefined || rule.venues.some((venue) => venues.includes(venue)))
  )
}

/** Whether price comes to such a level from above, so that it would hold as a support. */
export function isSupport(side: AlertSide): boolean {
  return side === 'bid' || side === 'sell' || side === 'support' || side === 'long'
}

function isAmong<Value>(wanted: readonly Value[] | undefined, value: Value): boolean {
  return wanted === undefined || wanted.includes(value)
}
