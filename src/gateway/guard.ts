import { readAlertRule } from '../model/alert-json.ts'
import type { AlertKind, AlertRule } from '../model/alert-rules.ts'
import { LmapError } from '../model/errors.ts'
import { layers } from '../model/layers.ts'
import type { Limits } from '../model/limits.ts'
import { modes } from '../model/modes.ts'
import { COLUMNS, TIMEFRAMES } from '../model/timeframes.ts'
import { demand, type Holder, hasStream, identify, reportQueryFor } from './access.ts'
import { alertMethods } from './alerts.ts'
import { streamOf } from './control.ts'
import { layerMask, type Plan, type Plans, planWords } from './plans.ts'
import type { Request } from './reply.ts'
import { reportPaths } from './report-request.ts'

export interface GuardOptions {
  plans(): Plans
  limits: Limits
  now(): number
}

interface Window {
  startMs: number
  requests: number
}

const MINUTE_MS = 60_000
/** Facts that do not change and tell nothing of the market; everything outside of the API is open too. */
const OPEN_PATHS = new Set(['/api/v1/assets', '/api/v1/openapi.json'])
const SQL_PATH = '/api/v1/sql'
/** What a plan must have for a path. */
const reportOfPath: ReadonlyMap<string, string> = new Map([
  ['/api/v1/clusters', 'clusters'],
  ['/api/v1/score', 'score'],
  ['/api/v1/read', 'read'],
  ['/api/v1/reports/lift', 'lift'],
  ...Object.entries(reportPaths).map(([path, kind]): [string, string] => [path, planWords[kind]]),
])

const reportOfRule: Readonly<Record<AlertKind, string>> = {
  wall: 'walls',
  sweep: 'sweeps',
  absorption: 'absorptions',
  convergence: 'convergence',
  cluster: 'clusters',
}

/** Lets requests of the API through that the holder's plan includes; used where there are plans. */
export class Guard {
  readonly #options: GuardOptions
  readonly #windows = new Map<string, Window>()

  constructor(options: GuardOptions) {
    this.#options = options
  }

  /** The request as it may be answered. Throws LMAP_KEY_INVALID, LMAP_PLAN or LMAP_REQUEST_RATE. */
  async admit(request: Request): Promise<Request> {
    const { path, credential, address } = request
    if (!path.startsWith('/api/') || OPEN_PATHS.has(path)) return request
    const plans = this.#options.plans()
    const holder = await identify(plans, credential, address, this.#options.now())
    this.#count(holder)
    demand(plans, holder, 'the HTTP API', (plan) => plan.api)
    const report = reportOfPath.get(path)
    if (report !== undefined) demand(plans, holder, `the report ${report}`, (plan) => plan.reports.has(report))
    const query = new URLSearchParams(request.query)
    // A question in SQL reads all there is.
    if (path === SQL_PATH) demand(plans, holder, 'the whole history', hasEverything)
    if (Object.hasOwn(reportPaths, path)) {
      return { ...request, plan: holder.plan, query: reportQueryFor(plans, holder, query, this.#options.now()) }
    }
    demandStream(plans, holder, query)
    if (Object.hasOwn(alertMethods, path)) {
      demand(plans, holder, 'alert rules', (plan) => plan.alerts)
      demandRule(plans, holder, request.body)
      return { ...request, holder: holder.id, plan: holder.plan }
    }
    if (path !== '/api/v1/map') return { ...request, plan: holder.plan }
    return { ...request, plan: holder.plan, query: this.#mapQuery(plans, holder, query) }
  }

  /** Asks for no more than there may be: what was left out is filled in with what the plan has. */
  #mapQuery(plans: Plans, holder: Holder, query: URLSearchParams): string {
    const columns = Number(query.get('columns') ?? Math.min(this.#options.limits.mapColumns, holder.plan.columns))
    if (query.has('at')) demand(plans, holder, 'maps of the past', (plan) => plan.columns === COLUMNS)
    const mode = query.get('mode')
    // A mode that there is not is refused by who reads the query.
    if (modes.some((known) => known === mode))
      demand(plans, holder, `the mode ${mode}`, (plan) => plan.modes.has(mode!))
    if (columns <= COLUMNS) demand(plans, holder, `${columns} columns`, (plan) => plan.columns >= columns)
    query.set('columns', String(columns))
    const asked = query.get('layers')?.split(',')
    const has = (plan: Plan, name: string) => {
      const id = layers.findIndex((layer) => layer.name === name)
      // A name that there is not is refused by who reads the query.
      return id < 0 || (layerMask(plan) & (1 << id)) !== 0
    }
    for (const name of asked ?? []) demand(plans, holder, `the layer ${name}`, (plan) => has(plan, name))
    if (asked === undefined && mode === null) {
      const allowed = layers.map((layer) => layer.name).filter((name) => has(holder.plan, name))
      query.set('layers', allowed.join(','))
    }
    return query.toString()
  }

  #count({ id, plan }: Holder): void {
    const nowMs = this.#options.now()
    let window = this.#windows.get(id)
    if (window === undefined || nowMs - window.startMs >= MINUTE_MS) {
      this.#forget(nowMs)
      this.#windows.set(id, (window = { startMs: nowMs, requests: 0 }))
    }
    if (++window.requests > plan.requestsPerMinute) {
      throw new LmapError('LMAP_REQUEST_RATE', `Plan ${plan.name} has ${plan.requestsPerMinute} requests a minute.`)
    }
  }

  /** Keeps the table as small as the holders of the last minute are many. */
  #forget(nowMs: number): void {
    if (this.#windows.size < this.#options.limits.holdersCountedMax) return
    for (const [id, window] of this.#windows) if (nowMs - window.startMs >= MINUTE_MS) this.#windows.delete(id)
  }
}

function hasEverything({ assets, timeframes: own, modes: read, columns }: Plan): boolean {
  return assets === 'all' && own.size === TIMEFRAMES && read.size === modes.length && columns === COLUMNS
}

/** The plan has the assets and the reports that a rule reads. What is no rule is left to who reads the body. */
function demandRule(plans: Plans, holder: Holder, body: string | undefined): void {
  let rule: AlertRule
  try {
    rule = readAlertRule(JSON.parse(body ?? ''), ['webhook'])
  } catch {
    return
  }
  const report = reportOfRule[rule.kind]
  demand(plans, holder, `the report ${report}`, (plan) => plan.reports.has(report))
  const { assets } = rule
  demand(plans, holder, assets === undefined ? 'all assets' : 'the assets of this rule', (plan) => {
    const own = plan.assets
    return own === 'all' || (assets?.every((asset) => own.has(asset)) ?? false)
  })
}

/** Names that there are not are left to who reads the query. */
function demandStream(plans: Plans, holder: Holder, query: URLSearchParams): void {
  const assetName = query.get('asset')
  if (assetName === null) return
  const timeframeName = query.get('timeframe') ?? '1m'
  const { asset, timeframe } = streamOf(assetName, timeframeName)
  demand(plans, holder, `${assetName} ${timeframeName}`, (plan) => hasStream(plan, asset, timeframe))
}
