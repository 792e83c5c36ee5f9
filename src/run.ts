import { join } from 'node:path'
import type { Alerts } from './alerts/alerts.ts'
import type { Config } from './config.ts'
import { createEngine, type Engine } from './engine/engine.ts'
import { createGateway, type Gateway } from './gateway/server.ts'
import { type HistoryName, historyNameOf, isSimulated } from './history-name.ts'
import { type Asset, assetByName, assets } from './model/assets.ts'
import type { EventLog, Source, Store } from './model/stages.ts'
import { COLUMNS } from './model/timeframes.ts'
import type { UnixMs } from './model/units.ts'
import { outputsOf } from './roles/engine-outputs.ts'
import { Keeper } from './roles/keeper.ts'
import { LineUp } from './roles/line-up.ts'
import { observeEngine, observeLog, observeSource, observeStore, venueReport, warnOfCorrupt } from './roles/observe.ts'
import { ofHistory, openLog, openStore, recorded, WEB_ROOT } from './roles/open-stages.ts'
import { readingsOf } from './roles/reading-sources.ts'
import { type SourceSurroundings, sourceSpec } from './roles/source-spec.ts'
import { watchAlerts } from './roles/watch-alerts.ts'
import { createNoStore } from './store/no-store.ts'
import { createSqlSocket } from './store/sql-socket.ts'
import type { ClickHouseStore } from './store/store.ts'
import { VenueMinutes } from './store/venue-minutes.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { createSource } from './venues/source.ts'

/** A running system: every stage in one process. */
export interface System {
  /** As asked for, with the folder and the database of its history. */
  readonly config: Config
  readonly history: HistoryName
  readonly engine: Engine
  readonly gateway: Gateway
  readonly source: Source
  readonly eventLog: EventLog
  readonly metrics: Metrics
  /** Resolves when the source has ended by itself and all it sent is on the map; rejects when a stage fails for good. */
  readonly ended: Promise<void>
  /** Stops in order, right to left of what was started; twice is once. False: a stage failed to, as the log says. */
  stop(): Promise<boolean>
}

export interface Surroundings extends SourceSurroundings {
  readonly log: Log
  readonly now: () => UnixMs
  /** 0 to 1. */
  readonly random: () => number
  readonly version: string
}

/** Starts every stage, left one last: nothing is sent before there is somebody to take it. */
export async function run(
  asked: Config,
  { log, now, random, version, proxyEnv, pretty }: Surroundings,
): Promise<System> {
  const name = await historyNameOf(asked.source, asked.path)
  const config = ofHistory(asked, name)
  const metrics = createMetrics({ process: true })
  const lineUp = new LineUp(log)
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  try {
    const chosen = config.assets?.map((name) => assetByName(name) as Asset) ?? assets
    const ids = chosen.map((asset) => asset.id)
    const history = openStore(config, log, now)
    const store: Store = await lineUp.begin(history ?? createNoStore())
    if (history !== undefined && config.store.kind === 'embedded') {
      const path = join(config.data, 'sql.sock')
      const ask: ClickHouseStore['ask'] = (sql, format) => history.ask(sql, format)
      await lineUp.begin(createSqlSocket({ path, log, ask, slice: (slice) => history.slice(slice) }))
    }
    const engine = await createEngine({
      workers: config.workers,
      log,
      assets: ids,
      outputs: outputsOf(store, () => alerts, {
        report: (row) => gateway.report(row),
        live: (block) => gateway.block(block),
        turned: () => gateway.flush(),
      }),
      room: () => store.room,
      failed: (error) => failed.reject(error),
    })
    const alerts: Alerts = watchAlerts(config, name, { engine, history, log, metrics, now, random })
    // A replay is a run of its own: it starts from an empty state, however often it is repeated.
    const offsets = engine.restore(
      config.source === 'replay' ? [] : await store.checkpoints(),
      // Only a broker keeps what was sent between the checkpoint and this start.
      config.kafka === undefined ? 'interrupted' : 'whole',
    )
    const eventLog = openLog(config, name, log)
    const source = createSource(sourceSpec(config, engine, chosen, { now, proxyEnv, pretty }))
    let ready: string | undefined = 'the first events have not arrived yet.'
    const gateway = createGateway({
      host: config.host,
      port: config.port,
      proxies: config.proxies,
      webRoot: WEB_ROOT,
      gateways: config.gateways,
      failed: (error) => failed.reject(error),
      plans: config.plans,
      alerts,
      simulated: isSimulated(name),
      source: config.source,
      version,
      log,
      metrics,
      now,
      history: (asset, timeframe) => store.columns(asset, timeframe, COLUMNS - 1),
      activate: (asset, timeframe, on) => engine.activate(asset, timeframe, on),
      venueStates: (asset) => engine.venueStates(asset),
      model: (asset) => engine.model(asset),
      readings: readingsOf(store, config.sql ? history : undefined, {
        liquidity: (asset) => engine.liquidity(asset),
        model: (asset) => engine.model(asset),
        lift: async (asset) =>
          (await Promise.all((asset === undefined ? ids : [asset]).map((id) => engine.lift(id)))).flat(),
      }),
      status: () => {
        if (ready !== undefined && chosen.some((asset) => engine.price(asset.id) > 0)) ready = undefined
        const stages = { source: source.status(), log: eventLog.status(), engine: engine.status() }
        return ready === undefined ? { ready: true, stages } : { ready: false, reason: ready, stages }
      },
    })
    await lineUp.begin(alerts)
    await lineUp.begin(engine)
    await lineUp.begin(gateway)
    await lineUp.begin(eventLog)
    const minutes = new VenueMinutes({
      row: (row) => store.venueMinute(row),
      state: (asset, venue) => engine.venueStates(asset)[venue] ?? 0,
    })
    const lastMinutes = { name: 'venue minutes', start: async () => undefined, stop: async () => minutes.finish() }
    await lineUp.begin(lastMinutes, { stoppedAfter: engine })
    await eventLog.consume((asset, offset, batch) => {
      minutes.add(asset, offset, batch)
      return engine.accept(asset, offset, batch)
    }, offsets)
    if (config.source !== 'replay') {
      await lineUp.begin(new Keeper({ engine, store, minutes, assets: () => ids }), { stoppedAfter: engine })
    }
    const sink = await recorded(config, name, eventLog, now, (stage) => lineUp.begin(stage))
    await lineUp.begin(source)
    observeSource(metrics, source)
    observeEngine(metrics, engine)
    observeLog(metrics, eventLog)
    if (history !== undefined) observeStore(metrics, history)
    if (config.source === 'live') await lineUp.begin(venueReport(source, log, metrics))
    source.connect(sink)
    const ended = source.ended.then(async () => {
      await eventLog.drained()
      await engine.drained()
      minutes.finish()
      await store.flush()
      warnOfCorrupt(eventLog, log)
    })
    ended.catch(() => undefined)
    return {
      config,
      history: name,
      engine,
      gateway,
      source,
      eventLog,
      metrics,
      ended: Promise.race([ended, failed.promise]),
      stop: () => lineUp.stop(),
    }
  } catch (error) {
    await lineUp.stop()
    throw error
  }
}
