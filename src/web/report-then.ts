import type { ReportFacts } from '../model/report-facts.ts'

/** A row as it was known at a time, and what became of it since. */
export interface KnownRow {
  readonly row: ReportFacts
  /** What it became later, and when; undefined where there is no later, or nothing else came of it. */
  readonly later: { readonly state: string; readonly atMs: number } | undefined
}

/**
 * Rows in what was known of them at `atMs`. History keeps the last word of a row, so of one that was still open then its
 * end is taken back and told as what came later; amounts are those of the last word. What began later is left out.
 */
export function knownAt(rows: readonly ReportFacts[], atMs: number): KnownRow[] {
  return rows.filter(({ startMs }) => startMs <= atMs).map((row) => knownRow(row, atMs))
}

function knownRow(row: ReportFacts, atMs: number): KnownRow {
  if (row.kind === 'sweep' || row.atMs <= atMs) return { row, later: undefined }
  const state = openState(row)
  const isSame = row.state === state || (row.kind === 'convergence' && row.state !== 'ended')
  if (isSame) return { row, later: undefined }
  // Of a wall that is over little is left: its peak is what is known of the time when it stood.
  const usd = row.kind === 'wall' ? row.peakUsd : row.usd
  return { row: { ...row, state, usd } as ReportFacts, later: { state: row.state, atMs: row.atMs } }
}

/** What a row was as long as more was to come of it. Of a convergence the kind then is not kept: its parts say it. */
function openState(row: Exclude<ReportFacts, { kind: 'sweep' }>): string {
  if (row.kind === 'wall') return 'active'
  if (row.kind === 'absorption') return 'forming'
  const parts = [row.wall, row.sweep, row.absorption].filter(Boolean).length
  return parts < 3 ? 'watch' : row.liquidations ? 'chip+' : 'chip'
}
