import { reportFacts } from '../model/report-facts.ts'
import { comparePlaces, matchesReport, placeOf, type ReportPage, type ReportQuery } from '../model/report-query.ts'
import type { Report } from '../model/reports.ts'
import { cursorOf } from './report-request.ts'

/**
 * A page of reports: what is stored, and what has been told and may not be there yet. Of a row that is in both the newer
 * word counts, also where the filter lets only the older one through.
 */
export function mergePages(query: ReportQuery, stored: ReportPage, told: readonly Report[]): ReportPage {
  const newest = new Map(told.map((row) => [row.id, row]))
  const isOutdated = (row: Report): boolean => (newest.get(row.id)?.atMs ?? Number.NEGATIVE_INFINITY) > row.atMs
  const kept = stored.rows.filter((row) => !isOutdated(row))
  const ids = new Set(kept.map(({ id }) => id))
  // The store has looked as far as this: what comes after belongs to a later page.
  const { next } = stored
  const added = told.filter(
    (row) => !ids.has(row.id) && matchesReport(query, row) && (next === undefined || comparePlaces(row, next) <= 0),
  )
  const rows = [...kept, ...added].sort(comparePlaces)
  if (rows.length <= query.most) return { rows, next }
  const page = rows.slice(0, query.most)
  return { rows: page, next: placeOf(page.at(-1)!) }
}

/** A page as the body of an answer, see docs/http.md. */
export function pageFacts(query: ReportQuery, { rows, next }: ReportPage) {
  return {
    kind: query.kind,
    from: query.fromMs,
    to: query.toMs === Number.MAX_SAFE_INTEGER ? null : query.toMs,
    rows: rows.map(reportFacts),
    next: next === undefined ? null : cursorOf(next),
  }
}
