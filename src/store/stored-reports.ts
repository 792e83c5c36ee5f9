import { assetByName } from '../model/assets.ts'
import type { Report, ReportKind } from '../model/reports.ts'
import { venueId } from '../model/venues.ts'
import { type ReportTable, reportTables } from './report-rows.ts'

/* Rows of the tables of reports as reports again: names for ids, times as Unix milliseconds. */

/** Columns of the tables whose name is not that of the field, or whose text is not its value. */
const times: Readonly<Record<string, string>> = {
  start: 'startMs',
  at: 'atMs',
  finish: 'endMs',
  cluster: 'clusterMs',
}

/** What is selected of each table. */
export const reportSelects = Object.fromEntries(
  Object.entries(reportTables).map(([table, { columns }]) => [table, columns.map(selected).join(', ')]),
) as Readonly<Record<ReportTable, string>>

/** A row as such a SELECT answers it. */
export interface StoredReport {
  readonly asset: string
  readonly venue?: string
  readonly venues?: readonly string[]
  readonly secondsToEat?: number | null
}

export function reportOfStored(
  kind: ReportKind,
  { asset, venue, venues, secondsToEat, ...fields }: StoredReport,
): Report {
  const row = {
    ...fields,
    kind,
    asset: assetByName(asset)!.id,
    ...(venue !== undefined && { venue: venueId(venue) }),
    ...(venues !== undefined && { venues: venues.map(venueId) }),
    ...(kind === 'wall' && { secondsToEat: secondsToEat ?? undefined }),
  }
  // The table has a column for every field of its kind, see report-rows.ts; a test reads every kind back.
  return row as unknown as Report
}

function selected(column: string): string {
  const field = times[column]
  return field === undefined ? column : `toFloat64(toUnixTimestamp64Milli(${column})) AS ${field}`
}
