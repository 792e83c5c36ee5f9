import { isStanding, type Report, type ReportKind } from './reports.ts'
import type { AssetId } from './units.ts'

/** Place of a row in the order of answers: the newest start first, equal starts by id, backwards. */
export interface ReportPlace {
  readonly startMs: number
  readonly id: string
}

/** Reports of one kind that are asked for. */
export interface ReportQuery {
  readonly kind: ReportKind
  /** At least one. */
  readonly assets: readonly AssetId[]
  /** Last heard of at or after this. One that began more than limits.reportStandMsMax before it is not looked for. */
  readonly fromMs: number
  /** Began before this. */
  readonly toMs: number
  readonly side: string | undefined
  /** Undefined: any. A sweep has none. */
  readonly states: readonly string[] | undefined
  readonly usdMin: number
  /** Only what comes after this place. */
  readonly before: ReportPlace | undefined
  readonly most: number
}

/** Rows in their order, and where to go on: undefined where there are no more. A short page need not be the last. */
export interface ReportPage {
  readonly rows: readonly Report[]
  readonly next: ReportPlace | undefined
}

/** A wall that is over has nothing left: what counts is what it was. */
export function worthUsd(row: Report): number {
  return row.kind === 'wall' && row.state !== 'active' ? row.peakUsd : row.usd
}

/** Whether a row that was just told belongs to the answer: what stands is heard of until now. */
export function matchesReport(query: ReportQuery, row: Report): boolean {
  const { kind, assets, fromMs, toMs, side, states, usdMin, before } = query
  return (
    row.kind === kind &&
    assets.includes(row.asset) &&
    row.startMs < toMs &&
    (row.atMs >= fromMs || isStanding(row)) &&
    (side === undefined || row.side === side) &&
    (states === undefined || (row.kind !== 'sweep' && states.includes(row.state))) &&
    worthUsd(row) >= usdMin &&
    (before === undefined || comparePlaces(row, before) > 0)
  )
}

/** Below 0: a comes first. */
export function comparePlaces(a: ReportPlace, b: ReportPlace): number {
  const later = Math.round(b.startMs) - Math.round(a.startMs)
  if (later !== 0) return later
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1
}

export function placeOf({ startMs, id }: ReportPlace): ReportPlace {
  // The store keeps whole milliseconds.
  return { startMs: Math.round(startMs), id }
}
