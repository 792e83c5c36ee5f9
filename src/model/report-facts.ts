import { assets } from './assets.ts'
import type {
  AbsorptionRow,
  AbsorptionState,
  ConvergenceKind,
  ConvergenceRow,
  Report,
  ReportKind,
  SweepRow,
  WallRow,
  WallState,
} from './reports.ts'
import { venues } from './venues.ts'

/* Reports as they leave the server, in HTTP answers and on the stream alike: names for ids, null for what is not known,
   six digits for amounts. See docs/http.md, "Rows". They name their fields again, though most are those of reports.ts: these
   are a contract with clients, those are ours to change. */

interface ReportFact {
  readonly id: string
  readonly asset: string
  readonly startMs: number
  readonly atMs: number
  readonly bucket: number
  readonly price: number
  readonly usd: number
}

export interface WallFact extends ReportFact {
  readonly kind: 'wall'
  readonly side: 'bid' | 'ask'
  readonly state: WallState
  readonly venue: string
  /** Walls in this bucket or beside it, the largest first. */
  readonly venues: readonly { readonly name: string; readonly usd: number }[]
  readonly peakUsd: number
  readonly executedUsd: number
  readonly density: number
  readonly strength: number
  readonly spoof: number
  readonly secondsToEat: number | null
  readonly distanceBp: number
  readonly pulls: number
  readonly movedBuckets: number
  readonly coveredBuckets: number
}

export interface SweepFact extends ReportFact {
  readonly kind: 'sweep'
  readonly side: 'buy' | 'sell'
  readonly venue: string
  readonly endMs: number
  readonly firstPrice: number
  readonly levels: number
  readonly displacementBp: number
  readonly magnitude: number
  readonly depthPart: number
  readonly liquidationDriven: boolean
  readonly liquidationUsd: number
  readonly clusterMs: number
  readonly clusterCount: number
}

export interface AbsorptionFact extends ReportFact {
  readonly kind: 'absorption'
  readonly side: 'bid' | 'ask'
  readonly state: AbsorptionState
  readonly venue: string
  readonly efficiency: number
  readonly executedToShown: number
  readonly refills: number
  readonly wall: boolean
  readonly long: boolean
  readonly holdMs: number
  readonly netUsd: number
  readonly lean: number
}

export interface ConvergenceFact extends ReportFact {
  readonly kind: 'convergence'
  readonly side: 'support' | 'resistance'
  readonly state: ConvergenceKind
  readonly wall: boolean
  readonly sweep: boolean
  readonly absorption: boolean
  readonly liquidations: boolean
  readonly venues: readonly { readonly name: string }[]
  readonly score: number
}

export type ReportFacts = WallFact | SweepFact | AbsorptionFact | ConvergenceFact
export type FactsOf<Kind extends ReportKind> = Extract<ReportFacts, { readonly kind: Kind }>

export function reportFacts<Row extends Report>(row: Row): FactsOf<Row['kind']>
export function reportFacts(row: Report): ReportFacts {
  switch (row.kind) {
    case 'wall':
      return wallFact(row)
    case 'sweep':
      return sweepFact(row)
    case 'absorption':
      return absorptionFact(row)
    case 'convergence':
      return convergenceFact(row)
  }
}

function wallFact(row: WallRow): WallFact {
  const shares = row.venueUsd.flatMap((usd, id) => (usd > 0 ? [{ name: venueName(id), usd: digits(usd) }] : []))
  return {
    kind: row.kind,
    ...basis(row),
    side: row.side,
    state: row.state,
    venue: venueName(row.venue),
    venues: shares.sort((a, b) => b.usd - a.usd),
    peakUsd: digits(row.peakUsd),
    executedUsd: digits(row.executedUsd),
    density: digits(row.density),
    strength: digits(row.strength),
    spoof: digits(row.spoof),
    secondsToEat: row.secondsToEat === undefined ? null : digits(row.secondsToEat),
    distanceBp: digits(row.distanceBp),
    pulls: row.pulls,
    movedBuckets: row.movedBuckets,
    coveredBuckets: row.coveredBuckets,
  }
}

function sweepFact(row: SweepRow): SweepFact {
  return {
    kind: row.kind,
    ...basis(row),
    side: row.side,
    venue: venueName(row.venue),
    endMs: row.endMs,
    firstPrice: exactPrice(row.firstPrice),
    levels: row.levels,
    displacementBp: digits(row.displacementBp),
    magnitude: digits(row.magnitude),
    depthPart: digits(row.depthPart),
    liquidationDriven: row.liquidationDriven,
    liquidationUsd: digits(row.liquidationUsd),
    clusterMs: row.clusterMs,
    clusterCount: row.clusterCount,
  }
}

function absorptionFact(row: AbsorptionRow): AbsorptionFact {
  return {
    kind: row.kind,
    ...basis(row),
    side: row.side,
    state: row.state,
    venue: venueName(row.venue),
    efficiency: digits(row.efficiency),
    executedToShown: digits(row.executedToShown),
    refills: row.refills,
    wall: row.wall,
    long: row.long,
    holdMs: row.holdMs,
    netUsd: digits(row.netUsd),
    lean: digits(row.lean),
  }
}

function convergenceFact(row: ConvergenceRow): ConvergenceFact {
  return {
    kind: row.kind,
    ...basis(row),
    side: row.side,
    state: row.state,
    wall: row.wall,
    sweep: row.sweep,
    absorption: row.absorption,
    liquidations: row.liquidations,
    venues: row.venues.map((id) => ({ name: venueName(id) })),
    score: digits(row.score),
  }
}

function basis(row: Report): ReportFact {
  return {
    id: row.id,
    asset: assets[row.asset]!.name,
    startMs: row.startMs,
    atMs: row.atMs,
    bucket: row.bucket,
    price: exactPrice(row.price),
    usd: digits(row.usd),
  }
}

function venueName(venue: number): string {
  return venues[venue]!.name
}

/** Amounts are sums of quantities that nobody knows better than this. */
function digits(value: number): number {
  const count = 6
  return Number(value.toPrecision(count))
}

/** A price as it is quoted, without what a product of binary fractions leaves at its end. */
export function exactPrice(value: number): number {
  const count = 12
  return Number(value.toPrecision(count))
}
