import type { AlertService } from '../model/alert-service.ts'
import { assert, type LmapError } from '../model/errors.ts'
import { type Limits, limits as standardLimits } from '../model/limits.ts'
import { type Report, type ReportKind, reportKinds, silentMsMax, standingStates } from '../model/reports.ts'
import type { ClosedColumn, LiveBlock, Stage } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { mayFireAlerts } from './access.ts'
import { Admission } from './admission.ts'
import { createAlertRoutes } from './alerts.ts'
import { catalogueText } from './catalogue.ts'
import { createFronts } from './fronts.ts'
import { streamMetrics } from './gateway-metrics.ts'
import { Guard } from './guard.ts'
import { History } from './history.ts'
import { Hub } from './hub.ts'
import { Moments } from './moments.ts'
import { openApiText } from './openapi.ts'
import { loadPages, type Page, pageOf } from './pages.ts'
import { PlanFile } from './plan-file.ts'
import { type ReadingSources, Readings } from './readings.ts'
import type { Reply, Request } from './reply.ts'
import { ReportFeed, type ReportFeedOptions } from './report-feed.ts'
import { REPORT_TOPICS } from './report-topic.ts'
import { createRoutes, type GatewayStatus } from './routes.ts'
import { type ModelStatus, StreamTable } from './stream-table.ts'
import { MAP_TOPICS } from './topics.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 takes any free port, see `Gateway.port`. */
  readonly port: number
  /** Networks of the proxies before us, whose word for who asks is believed; without them nobody's is. */
  readonly proxies?: readonly string[]
  /** Folder of the built page; undefined serves none. */
  readonly webRoot: string | undefined
  readonly simulated: boolean
  /** Name of the source, shown to clients. */
  readonly source: string
  readonly version: string
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** Newest closed columns of a stream, oldest first. */
  readonly history: (asset: AssetId, timeframe: number) => Promise<ClosedColumn[]>
  /** A stream is wanted, or has not been for a while. While it is on, the engine sends its blocks, a key first. */
  readonly activate: (asset: AssetId, timeframe: number, on: boolean) => void
  readonly status: () => GatewayStatus
  /** Eight states by venue id. */
  readonly venueStates: (asset: AssetId) => Uint8Array
  /** What is known of the model behind the predicted layers; without it frames say that there is none. */
  readonly model?: (asset: AssetId) => ModelStatus
  /** What readings of the map need beside its columns; without it they say less. */
  readonly readings?: ReadingSources
  /** Watches alert rules; without it there are none. */
  readonly alerts?: AlertService | undefined
  /** Threads that fan out and hold the sockets, all on one port; 1: this one does it itself. */
  readonly gateways?: number
  /** What such a thread runs, where it is not ours: tests hand in one that fails. */
  readonly threadFile?: URL
  /** It cannot go on; it is still to be stopped. */
  readonly failed?: (error: LmapError) => void
  /** File of plans and keys; without it everybody may have everything. */
  readonly plans?: string | undefined
  /** Other bounds than the usual ones. */
  readonly limits?: Partial<Limits>
}

/** Fan-out of live streams over WebSockets, and HTTP. Blocks are taken at any time and become frames by `flush`. */
export interface Gateway extends Stage {
  /** Takes the bytes over. Closed blocks are wanted of every stream, others only of those that are on. */
  block(live: LiveBlock): void
  /** A row of a report was told, for the first time or again. */
  report(row: Report): void
  /** The blocks and rows of a tick are complete: publishes them. */
  flush(): void
  /** The port bound, 0 while there is none. */
  readonly port: number
}

export function createGateway(options: GatewayOptions): Gateway {
  const limits: Limits = { ...standardLimits, ...options.limits }
  const numbers = streamMetrics(options.metrics)
  const { log, now, simulated, source } = options
  let answer: ((request: Request) => Promise<Reply>) | undefined
  let sweep: NodeJS.Timeout | undefined
  let stopping: Promise<void> | undefined

  const planFile =
    options.plans === undefined
      ? undefined
      : new PlanFile({ path: options.plans, log, changed: (plans) => fronts.recheck(plans) })
  const plans = planFile && (() => planFile.plans)
  const guard = plans && new Guard({ plans, limits, now })
  const history = new History({
    read: options.history,
    log,
    metrics: numbers,
    loadsMax: limits.historyLoadsMax,
    loadMsMax: limits.historyMsMax,
  })
  const hub = new Hub()
  const fronts = createFronts({
    threads: options.gateways ?? 1,
    threadFile: options.threadFile,
    host: options.host,
    port: options.port,
    proxies: options.proxies ?? [],
    limits,
    log,
    metrics: options.metrics,
    now,
    origin: { version: options.version, source, simulated },
    hub,
    admission: new Admission(limits),
    plans,
    answer: (request) => answer!(request),
    failed: (error) => options.failed?.(error),
  })
  const table: StreamTable = new StreamTable({
    simulated,
    history,
    metrics: numbers,
    now,
    activate: options.activate,
    venueStates: options.venueStates,
    model: options.model ?? (() => ({ state: 0, id: 0 })),
    broadcast: fronts.broadcast,
    changed: (stream) => moments.changed(stream),
    lingerMs: limits.streamLingerMs,
    historyRetryMs: limits.historyRetryMs,
    idleMax: limits.streamsIdleMax,
  })
  hub.supply(MAP_TOPICS, table.supply)
  const feed = new ReportFeed({
    limits,
    log,
    metrics: options.metrics,
    now,
    history: pastReports(options.readings, limits),
    broadcast: fronts.broadcast,
  })
  hub.supply(REPORT_TOPICS, feed.supply)
  const moments = new Moments({ table, simulated, source, liveWaitMsMax: limits.liveWaitMsMax })
  const { venueStates, readings: sources } = options
  const readings = new Readings({
    table,
    moments,
    limits,
    venueStates,
    simulated,
    source,
    sources,
    told: (asset, kind) => feed.rows(asset, kind),
    ready: (asset) => feed.ready(asset),
    now,
  })
  options.metrics.observedGauge('gateway_clients', 'Open connections.', () => fronts.clientCount)
  options.metrics.observedGauge('gateway_subscriptions', 'Subscriptions.', () => fronts.subscriptionCount)
  options.metrics.observedGauge('gateway_streams', 'Streams kept fresh by the engine.', () => table.activeCount)

  async function start(): Promise<void> {
    assert(answer === undefined, 'a gateway is started once')
    const { webRoot } = options
    await planFile?.start()
    if (plans !== undefined) options.alerts?.judgeHolders((holder) => mayFireAlerts(plans(), holder, now()))
    const pages = webRoot === undefined ? new Map<string, Page>() : await loadPages(webRoot)
    const catalogue = catalogueText({ version: options.version, source, simulated })
    pages.set('/api/v1/assets', await pageOf('assets.json', Buffer.from(catalogue)))
    pages.set('/api/v1/openapi.json', await pageOf('openapi.json', Buffer.from(openApiText(options.version))))
    answer = createRoutes({
      pages,
      readings,
      metrics: options.metrics,
      log,
      limits,
      status: options.status,
      admit: (request) => guard?.admit(request) ?? Promise.resolve(request),
      alerts: createAlertRoutes({ alerts: options.alerts, hasPlans: plans !== undefined, limits }),
    })
    await fronts.start()
    if (stopping !== undefined) return
    sweep = setInterval(() => {
      fronts.sweep()
      table.sweep()
      feed.sweep()
    }, limits.clientSweepMs).unref()
  }

  async function stop(): Promise<void> {
    planFile?.stop()
    clearInterval(sweep)
    await fronts.stop()
    table.stop()
  }

  return {
    name: 'gateway',
    start,
    stop: () => (stopping ??= stop()),
    block(live) {
      feed.clock(live.asset, live.clockMs)
      table.block(live)
    },
    report: (row) => feed.tell(row),
    flush() {
      fronts.applyCuts()
      table.flush()
      feed.flush()
    },
    get port() {
      return fronts.port
    },
  }
}

/** Stored reports of an asset, of every kind: those that stand, and the newest. */
function pastReports(sources: ReadingSources | undefined, limits: Limits): ReportFeedOptions['history'] {
  const { reports } = sources ?? {}
  if (reports === undefined) return undefined
  const any = { toMs: Number.MAX_SAFE_INTEGER, side: undefined, usdMin: 0, before: undefined }
  return async (asset, clockMs) => {
    const read = (kind: ReportKind, fromMs: number, states: readonly string[] | undefined, most: number) =>
      reports({ ...any, kind, assets: [asset], fromMs, states, most })
    const pages = await Promise.all(
      reportKinds.flatMap((kind) => {
        const newest = read(kind, 0, undefined, limits.reportsOverMax)
        const states = standingStates[kind]
        if (states.length === 0) return [newest]
        return [newest, read(kind, clockMs - silentMsMax[kind], states, limits.reportsStandingMax)]
      }),
    )
    return [...new Map(pages.flatMap(({ rows }) => rows.map((row) => [row.id, row]))).values()]
  }
}
