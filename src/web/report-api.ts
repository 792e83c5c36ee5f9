import type { Connection } from '../client/connection.ts'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import { whenFree } from './busy-retry.ts'
import { reportTabs } from './report-filter.ts'
import type { LoadReports, ReportPage } from './report-list.ts'
import type { LiftWords } from './report-panel.ts'
import { type Read, readRead } from './report-read.ts'
import type { LoadStretch } from './report-source.ts'

/** Rows of one page of a list. */
const PAGE_ROWS = 100

/** Pages of a list, as /api/v1/reports answers them. */
export function loadReports(connection: Connection): LoadReports {
  return async ({ kind, asset, atMs, filter, after }, signal) => {
    const { minUsd, side, state } = filter
    // What stands now is of the state; what stood at a time had begun before it and was heard of after.
    const isOpenThen = state === 'open' && atMs !== undefined
    const query = {
      asset,
      to: atMs === undefined ? undefined : atMs + 1,
      from: isOpenThen ? atMs : undefined,
      side: side === '' ? undefined : side,
      state: atMs !== undefined || state === '' ? undefined : state === 'open' ? openStates[kind] : state,
      minUsd: minUsd === 0 ? undefined : minUsd,
      limit: PAGE_ROWS,
      cursor: after,
    }
    return readPage(await whenFree(() => connection.json(pathOf(kind), query, signal), signal))
  }
}

/** Reports of the time that a map shows. */
export function loadStretch(connection: Connection): LoadStretch {
  return async (asset, kind, fromMs, toMs, most, signal) => {
    const query = { asset, from: Math.floor(fromMs), to: Math.ceil(toMs), limit: most }
    return readPage(await whenFree(() => connection.json(pathOf(kind), query, signal), signal)).rows
  }
}

export async function loadRead(connection: Connection, asset: string): Promise<Read> {
  const signal = AbortSignal.timeout(limits.clientConnectMsMax)
  return readRead(await whenFree(() => connection.json('/api/v1/read', { asset }, signal), signal))
}

export async function loadLift(connection: Connection, asset: string): Promise<readonly LiftWords[]> {
  const body = await connection.json('/api/v1/reports/lift', { asset }, AbortSignal.timeout(limits.clientConnectMsMax))
  const { lifts } = (body ?? {}) as { lifts?: unknown }
  return Array.isArray(lifts) ? lifts.filter(isLift) : []
}

const openStates = {
  wall: 'active',
  sweep: undefined,
  absorption: 'forming',
  convergence: 'watch,chip,chip+,contested',
} as const

function pathOf(kind: ReportFacts['kind']): string {
  return `/api/v1/reports/${reportTabs.find((tab) => tab.kind === kind)!.path}`
}

function readPage(body: unknown): ReportPage {
  const { rows, next } = (body ?? {}) as { rows?: unknown; next?: unknown }
  if (!Array.isArray(rows) || !rows.every(isRow)) {
    throw new LmapError('LMAP_NOT_READY', 'the page of reports cannot be read.')
  }
  return { rows, next: typeof next === 'string' ? next : undefined }
}

/** What every kind has; the rest is of the server that we speak with, and is drawn as text alone. */
function isRow(value: unknown): value is ReportFacts {
  const { kind, id, asset, startMs, atMs, price, usd, side } = (value ?? {}) as Record<string, unknown>
  return (
    reportTabs.some((tab) => tab.kind === kind) &&
    [id, asset, side].every((text) => typeof text === 'string') &&
    [startMs, atMs, price, usd].every((number) => typeof number === 'number' && Number.isFinite(number))
  )
}

function isLift(value: unknown): value is LiftWords {
  const { kind, side, words } = (value ?? {}) as Record<string, unknown>
  return [kind, side, words].every((text) => typeof text === 'string')
}
