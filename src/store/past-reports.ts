import { assets } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import { placeOf, type ReportPage, type ReportQuery } from '../model/report-query.ts'
import type { Report } from '../model/reports.ts'
import type { Client, SqlValue } from './client.ts'
import { type ReportTable, tableOfReport } from './report-rows.ts'
import { reportOfStored, reportSelects, type StoredReport } from './stored-reports.ts'

const DAY_MS = 86_400_000
/** Each window looked through is so many times as long as the one after it: most answers end in the first. */
const WINDOW_GROWTH = 8

/**
 * Reports of one kind, the newest start first. History is looked through backwards in windows, so that an answer that is
 * found in the last day costs a day; one request looks through limits.reportSearchMsMax of it and says where to go on.
 */
export async function readReports(client: Client, query: ReportQuery): Promise<ReportPage> {
  const table = tableOfReport[query.kind]
  const extent = await extentOf(client, table)
  if (extent === undefined) return { rows: [], next: undefined }
  const newest = Math.min(query.toMs, extent.lastMs + 1, (query.before?.startMs ?? Number.POSITIVE_INFINITY) + 1)
  const oldest = Math.max(query.fromMs - limits.reportStandMsMax, extent.firstMs)
  const searched = Math.max(oldest, newest - limits.reportSearchMsMax)
  const rows: Report[] = []
  let end = newest
  for (let windowMs = DAY_MS; end > searched && rows.length <= query.most; windowMs *= WINDOW_GROWTH) {
    const first = Math.max(searched, end - windowMs)
    rows.push(...(await readWindow(client, table, query, first, end, query.most + 1 - rows.length)))
    end = first
  }
  if (rows.length > query.most) {
    const page = rows.slice(0, query.most)
    return { rows: page, next: placeOf(page.at(-1)!) }
  }
  return { rows, next: end > oldest ? { startMs: end, id: '' } : undefined }
}

/** First and last start in a table, which the database knows without reading rows. */
async function extentOf(client: Client, table: ReportTable): Promise<{ firstMs: number; lastMs: number } | undefined> {
  const [row] = await client.rows<{ firstMs: number; lastMs: number; rows: number }>(
    `SELECT toFloat64(toUnixTimestamp64Milli(min(start))) AS firstMs,
      toFloat64(toUnixTimestamp64Milli(max(start))) AS lastMs, toFloat64(count()) AS rows FROM ${table}`,
  )
  return row === undefined || row.rows === 0 ? undefined : row
}

async function readWindow(
  client: Client,
  table: ReportTable,
  query: ReportQuery,
  firstMs: number,
  endMs: number,
  most: number,
): Promise<Report[]> {
  const { side, states, usdMin, before } = query
  const worth = query.kind === 'wall' ? "if(state = 'active', usd, peakUsd)" : 'usd'
  const conditions = [
    'start >= fromUnixTimestamp64Milli({first:Int64}) AND start < fromUnixTimestamp64Milli({end:Int64})',
    'at >= fromUnixTimestamp64Milli({from:Int64})',
    // Always: a database may hold assets that this version does not know any more.
    'asset IN {assets:Array(String)}',
  ]
  const parameters: Record<string, SqlValue> = {
    first: Math.floor(firstMs),
    end: Math.ceil(endMs),
    from: Math.floor(query.fromMs),
    assets: query.assets.map((id) => assets[id]!.name),
    most,
  }
  const where = (condition: string, name: string, value: SqlValue): void => {
    conditions.push(condition)
    parameters[name] = value
  }
  if (side !== undefined) where('side = {side:String}', 'side', side)
  if (states !== undefined && query.kind !== 'sweep') where('state IN {states:Array(String)}', 'states', states)
  if (usdMin > 0) where(`${worth} >= {usdMin:Float64}`, 'usdMin', usdMin)
  if (before !== undefined) {
    parameters.startMs = before.startMs
    where('(toUnixTimestamp64Milli(start) < {startMs:Int64} OR id < {id:String})', 'id', before.id)
  }
  const stored = await client.rows<StoredReport>(
    `SELECT ${reportSelects[table]} FROM ${table} FINAL WHERE ${conditions.join(' AND ')}
    ORDER BY start DESC, id DESC LIMIT {most:UInt32}`,
    parameters,
  )
  return stored.map((row) => reportOfStored(query.kind, row))
}
