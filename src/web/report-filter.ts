import type { ReportFacts } from '../model/report-facts.ts'

/** The kinds of reports, in the order of their tabs, by the names that addresses and plans have for them. */
export const reportTabs = [
  { kind: 'wall', path: 'walls', plan: 'walls', label: 'Walls' },
  { kind: 'sweep', path: 'sweeps', plan: 'sweeps', label: 'Sweeps' },
  { kind: 'absorption', path: 'absorptions', plan: 'absorptions', label: 'Absorptions' },
  { kind: 'convergence', path: 'convergences', plan: 'convergence', label: 'Convergences' },
] as const
export type ReportTab = (typeof reportTabs)[number]
export type ReportKind = ReportTab['kind']

/** Sides by kind: who rests, who takes, or what a level does. */
export const sidesOf: Readonly<Record<ReportKind, readonly string[]>> = {
  wall: ['bid', 'ask'],
  sweep: ['buy', 'sell'],
  absorption: ['bid', 'ask'],
  convergence: ['support', 'resistance'],
}

export const statesOf: Readonly<Record<ReportKind, readonly string[]>> = {
  wall: ['active', 'filled', 'pulled', 'moved', 'faded', 'stale'],
  sweep: [],
  absorption: ['forming', 'confirmed', 'failed'],
  convergence: ['watch', 'chip', 'chip+', 'contested', 'ended'],
}

/** USD below which reports can be left out. */
export const minimums = [0, 100e3, 250e3, 500e3, 1e6, 2.5e6, 5e6, 10e6, 25e6] as const

export interface ReportFilter {
  readonly minUsd: number
  /** '': both. */
  readonly side: string
  /** '': all; 'open': those that stand. */
  readonly state: string
  /** Of the map's asset, or of every one. */
  readonly isEverywhere: boolean
}

export const filterDefault: ReportFilter = { minUsd: 0, side: '', state: '', isEverywhere: false }

/** Whether there is more to come of it. */
export function isOpen(row: ReportFacts): boolean {
  if (row.kind === 'sweep') return false
  return row.state === 'active' || row.state === 'forming' || (row.kind === 'convergence' && row.state !== 'ended')
}

/** A wall that is over has nothing left: what counts is what it was. */
export function worthOf(row: ReportFacts): number {
  return row.kind === 'wall' && row.state !== 'active' ? row.peakUsd : row.usd
}

export function isWanted(row: ReportFacts, { minUsd, side, state }: ReportFilter): boolean {
  if (worthOf(row) < minUsd || (side !== '' && row.side !== side)) return false
  if (state === '') return true
  return state === 'open' ? isOpen(row) : row.kind !== 'sweep' && row.state === state
}

export interface ReportOrder {
  readonly key: string
  readonly isDescending: boolean
}

/**
 * In the order asked for. Equal ones, and those that have nothing to say in that column, go by time: the newest first, and
 * those at the end.
 */
export function inOrder<Row extends ReportFacts>(
  rows: readonly Row[],
  keyOf: (row: Row) => number | string | undefined,
  isDescending: boolean,
): Row[] {
  const sign = isDescending ? -1 : 1
  return [...rows].sort((a, b) => {
    const [one, other] = [keyOf(a), keyOf(b)]
    if (one !== other) {
      if (one === undefined) return 1
      if (other === undefined) return -1
      return (one < other ? -1 : 1) * sign
    }
    return b.startMs - a.startMs || (a.id < b.id ? -1 : 1)
  })
}
