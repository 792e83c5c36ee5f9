import { LmapError } from '../model/errors.ts'
import type { LiftFacts } from '../model/lift.ts'
import type { ReadFacts } from '../model/read.ts'
import type { FactsOf } from '../model/report-facts.ts'
import type { ReportKind } from '../model/reports.ts'
import { isReport } from './control.ts'
import { fetchJson, type JsonRequest } from './json-answer.ts'

export interface ApiOptions {
  /** ws:// or wss:// address of a gateway's /stream, as for `connect`, or http:// or https:// of the gateway. */
  readonly url: string
  /** Key or token, where the server asks for one. */
  readonly key?: string | undefined
}

/** Reports that are asked for, see docs/http.md; what is left out is not asked about. */
export interface ReportRequest {
  readonly assets?: readonly string[] | undefined
  /** Unix ms: last heard of at or after. */
  readonly fromMs?: number | undefined
  /** Unix ms: began before. */
  readonly toMs?: number | undefined
  readonly side?: string | undefined
  readonly states?: readonly string[] | undefined
  readonly minUsd?: number | undefined
  /** Rows of a page. */
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly cursor?: string | undefined
  /** Gives the request up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export interface ReportPage<Kind extends ReportKind> {
  readonly rows: readonly FactsOf<Kind>[]
  /** Where the next page begins; null at the end. A short or empty page need not be the last. */
  readonly next: string | null
}

const paths: Readonly<Record<ReportKind, string>> = {
  wall: 'walls',
  sweep: 'sweeps',
  absorption: 'absorptions',
  convergence: 'convergences',
}

/** What the gateway answers over HTTP; every refusal rejects with a coded error. */
export interface Api {
  /** One page of reports, the newest first. */
  reportPage<Kind extends ReportKind>(kind: Kind, request?: ReportRequest): Promise<ReportPage<Kind>>
  /** All of them, page after page as the loop goes on. */
  reports<Kind extends ReportKind>(kind: Kind, request?: ReportRequest): AsyncGenerator<FactsOf<Kind>, void>
  /** One word for what stands at levels now, with its reasons. */
  read(asset: string, signal?: AbortSignal): Promise<ReadFacts>
  /** How often levels held that reports spoke of, against levels without: of one asset, or of all together. */
  lift(asset?: string, signal?: AbortSignal): Promise<readonly LiftFacts[]>
}

export function createApi({ url, key }: ApiOptions): Api {
  const get = (path: string, query: JsonRequest['query'], signal?: AbortSignal): Promise<unknown> =>
    fetchJson({ url, key, path, query, signal })

  const reportPage: Api['reportPage'] = async (kind, request = {}) => {
    const page = await get(`/api/v1/reports/${paths[kind]}`, queryOf(request), request.signal)
    if (!isPage(page, kind))
      throw new LmapError('LMAP_NOT_READY', 'the server answered with reports of another version.')
    return page
  }

  return {
    reportPage,
    async *reports(kind, request = {}) {
      for (let cursor = request.cursor; ; ) {
        const { rows, next } = await reportPage(kind, { ...request, cursor })
        yield* rows
        if (next === null) return
        cursor = next
      }
    },
    async read(asset, signal) {
      return (await get('/api/v1/read', { asset }, signal)) as ReadFacts
    },
    async lift(asset, signal) {
      const { lifts } = (await get('/api/v1/reports/lift', { asset }, signal)) as { lifts: LiftFacts[] }
      return lifts
    },
  }
}

function queryOf(request: ReportRequest): JsonRequest['query'] {
  const { assets, fromMs, toMs, side, states, minUsd, limit, cursor } = request
  return {
    asset: assets?.join(','),
    from: fromMs === undefined ? undefined : Math.floor(fromMs),
    to: toMs === undefined ? undefined : Math.ceil(toMs),
    side,
    state: states?.join(','),
    minUsd,
    limit,
    cursor,
  }
}

function isPage<Kind extends ReportKind>(page: unknown, kind: Kind): page is ReportPage<Kind> {
  if (typeof page !== 'object' || page === null || !('rows' in page) || !('next' in page)) return false
  const { rows, next } = page
  if (next !== null && typeof next !== 'string') return false
  return Array.isArray(rows) && rows.every((row) => isReport(row) && row.kind === kind)
}
