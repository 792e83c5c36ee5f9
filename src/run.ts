import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from './config.ts'
import { createEngine, type Engine } from './engine/engine.ts'
import { createGateway, type Gateway } from './gateway/server.ts'
import { type HistoryName, historyNameOf, historyUrl, isSimulated } from './history-name.ts'
import { createInProcessLog } from './log/in-process.ts'
import { createKafkaLog } from './log/kafka.ts'
import { type Asset, assetByName, assets } from './model/assets.ts'
import { describeError, type ErrorCode, LmapError } from './model/errors.ts'
import { limits } from './model/limits.ts'
import type { BatchSink, EventLog, Source, Stage, Store } from './model/stages.ts'
import { COLUMNS } from './model/timeframes.ts'
import type { UnixMs } from './model/units.ts'
import { createNoStore } from './store/no-store.ts'
import { readRetention } from './store/retention.ts'
import { answerOf } from './store/sql.ts'
import { createSqlSocket } from './store/sql-socket.ts'
import { type ClickHouseStore, createStore } from './store/store.ts'
import { VenueMinutes } from './store/venue-minutes.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { createVenueReport } from './venues/live/venue-report.ts'
import { createRecorder } from './venues/recording/recorder.ts'
import { createSource } from './venues/source.ts'

const WEB_ROOT = fileURLToPath(new URL('../build/web', import.meta.url))

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

export interface Surroundings {
  readonly log: Log
  readonly now: () => UnixMs
  readonly version: string
  /** The environment's variables that name a proxy. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>
  /** Log lines are for a terminal. */
  readonly pretty: boolean
}

/** Starts every stage, left one last: nothing is sent before there is somebody to take it. */
export async function run(asked: Config, { log, now, version, proxyEnv, pretty }: Surroundings): Promise<System> {
  const name = await historyNameOf(asked.source, asked.path)
  const config = ofHistory(asked, name)
  const metrics = createMetrics({ process: true })
  const started: Stage[] = []
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  const stop = once(() => stopAll(started, log))
  const begin = async <S extends Stage>(stage: S): Promise<S> => {
    started.push(stage)
    await stage.start()
    return stage
  }
  try {
    const chosen = config.assets?.map((name) => assetByName(name) as Asset) ?? assets
    const history = openStore(config, log, now)
    const store: Store = await begin(history ?? createNoStore())
    if (history !== undefined && config.store.kind === 'embedded') {
      const path = join(config.data, 'sql.sock')
      const ask: ClickHouseStore['ask'] = (sql, format) => history.ask(sql, format)
      await begin(createSqlSocket({ path, log, ask, slice: (slice) => history.slice(slice) }))
    }
    const engine = await createEngine({
      workers: config.workers,
      log,
      assets: chosen.map((asset) => asset.id),
      outputs: {
        column: (column) => store.column(column),
        liquidation: (row) => store.liquidation(row),
        score: (row) => store.score(row),
        report: (row) => store.report(row),
        live: (block) => gateway.block(block),
        turned: () => gateway.flush(),
      },
      room: () => store.room,
      failed: (error) => failed.reject(error),
    })
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
      webRoot: WEB_ROOT,
      plans: config.plans,
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
      readings: {
        liquidity: (asset) => engine.liquidity(asset),
        model: (asset) => engine.model(asset),
        scores: (asset, most) => store.scores(asset, most),
        at: (asset, timeframe, atMs, most) => store.at(asset, timeframe, atMs, most),
        ask: config.sql && history !== undefined ? (sql, format) => answerOf(history, sql, format) : undefined,
      },
      status: () => {
        if (ready !== undefined && chosen.some((asset) => engine.price(asset.id) > 0)) ready = undefined
        const stages = { source: source.status(), log: eventLog.status(), engine: engine.status() }
        return ready === undefined ? { ready: true, stages } : { ready: false, reason: ready, stages }
      },
    })
    await begin(engine)
    await begin(gateway)
    await begin(eventLog)
    const minutes = new VenueMinutes({
      row: (row) => store.venueMinute(row),
      state: (asset, venue) => engine.venueStates(asset)[venue] ?? 0,
    })
    // Told before the store stops: what comes after it in the list stops earlier.
    started.splice(1, 0, { name: 'venue minutes', start: async () => undefined, stop: async () => minutes.finish() })
    await eventLog.consume((asset, offset, batch) => {
      minutes.add(asset, batch)
      return engine.accept(asset, offset, batch)
    }, offsets)
    if (config.source !== 'replay') {
      // Stopped after the engine and before the store, whatever the order of starting.
      const keeper = new Keeper(engine, store, chosen)
      started.splice(started.indexOf(engine), 0, keeper)
      await keeper.start()
    }
    const sink = config.record === undefined ? eventLog : await recorded(config, name, eventLog, now, begin)
    await begin(source)
    observe(metrics, engine, source, eventLog)
    if (config.source === 'live') await begin(venueReport(source, log, metrics))
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
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function warnOfCorrupt(eventLog: EventLog, log: Log): void {
  const { corrupt } = eventLog.status()
  if (corrupt === 0) return
  log.warn(
    { code: 'LMAP_BATCH_CORRUPT' satisfies ErrorCode, corrupt },
    'corrupt batches were skipped, all others stand',
  )
}

/** The same with folder and database of the history. */
function ofHistory(config: Config, name: HistoryName): Config {
  const data = join(dirname(config.data), name)
  const store =
    config.store.kind === 'server' ? { ...config.store, url: historyUrl(config.store.url, name) } : config.store
  return Object.freeze({ ...config, data, store })
}

function openStore(config: Config, log: Log, now: () => UnixMs): ClickHouseStore | undefined {
  if (config.store.kind === 'none') return undefined
  const client = config.store.kind === 'server' ? { url: config.store.url } : { path: join(config.data, 'clickhouse') }
  const retention = config.retention === undefined ? undefined : readRetention(config.retention)
  // A server can be away while we are not; the embedded engine is on the same disk.
  const spillFolder = config.store.kind === 'server' ? join(config.data, 'spill') : undefined
  return createStore({ client, log, now, retention, cluster: config.cluster, spillFolder })
}

function openLog(config: Config, name: HistoryName, log: Log): EventLog {
  if (config.kafka === undefined) return createInProcessLog()
  return createKafkaLog({ brokers: config.kafka, topic: config.topic, log, source: name })
}

function sourceSpec(
  config: Config,
  engine: Engine,
  chosen: readonly Asset[],
  { now, proxyEnv, pretty }: Pick<Surroundings, 'now' | 'proxyEnv' | 'pretty'>,
): Parameters<typeof createSource>[0] {
  const { speed } = config
  if (config.source === 'live') {
    const { venues, assets, venueUrls: urls, data: folder } = config
    // Who is known goes on from there; the others want a past.
    const cold = chosen.filter((asset) => !(engine.price(asset.id) > 0)).map((asset) => asset.name)
    const options = {
      folder,
      cold,
      proxyEnv,
      ...(venues && { venues }),
      ...(assets && { assets }),
      ...(urls && { urls }),
    }
    return { kind: 'live', options, log: { level: config.logLevel, pretty } }
  }
  if (config.source === 'replay') {
    if (config.path === undefined) throw new LmapError('LMAP_CONFIG', '--source replay needs a recording.')
    return { kind: 'replay', options: { path: config.path, speed, ...(config.assets && { assets: config.assets }) } }
  }
  const known = chosen.filter((asset) => engine.price(asset.id) > 0)
  return {
    kind: 'simulator',
    options: {
      seed: config.seed,
      // Where a market has run faster than the clock its time lies ahead; sequences and columns only ever go on from there.
      startMs: Math.max(now(), ...known.map((asset) => Math.ceil(engine.clockMs(asset.id)) + 1)),
      levelsPerSecond: config.rate,
      speed,
      // A market that was seen before goes on where it ended.
      startPrices: Object.fromEntries(known.map((asset) => [asset.name, engine.price(asset.id)])),
      ...(config.assets && { assets: config.assets }),
      ...(config.durationSeconds !== undefined && { durationMs: config.durationSeconds * 1000 }),
      ...(config.truth !== undefined && { truthPath: config.truth }),
    },
  }
}

/** Everything the source sends goes to the file first, so a recording holds what the map was made of. */
async function recorded(
  config: Config,
  name: HistoryName,
  eventLog: EventLog,
  now: () => UnixMs,
  begin: (stage: Stage) => Promise<Stage>,
): Promise<BatchSink> {
  // What was simulated once stays simulated, however often it is recorded.
  const kind = isSimulated(name) ? 'simulator' : config.source
  const recorder = createRecorder(config.record as string, { kind, createdMs: now() })
  await begin({ name: 'recorder', start: async () => undefined, stop: () => recorder.stop() })
  return {
    write(batches) {
      const kept = recorder.write(batches)
      const taken = eventLog.write(batches)
      if (kept === true) return taken
      return (async () => (await kept) && (await taken))()
    },
  }
}

/**
 * Between engine and store: keeps the engine's state, one asset after the other, and all of it when the engine has
 * stopped. The next start goes on from there.
 */
class Keeper implements Stage {
  readonly name = 'checkpoints'
  readonly #engine: Engine
  readonly #store: Store
  readonly #assets: readonly Asset[]
  #timer: NodeJS.Timeout | undefined
  #next = 0
  #keeping: Promise<void> | undefined

  constructor(engine: Engine, store: Store, assets: readonly Asset[]) {
    this.#engine = engine
    this.#store = store
    this.#assets = assets
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      // One at a time: a busy store makes checkpoints rarer, never a queue of them.
      this.#keeping ??= this.#keep(this.#next++ % this.#assets.length).finally(() => {
        this.#keeping = undefined
      })
    }, limits.checkpointMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#keeping
    for (let index = 0; index < this.#assets.length; index++) await this.#keep(index)
  }

  async #keep(index: number): Promise<void> {
    const checkpoint = await this.#engine.checkpoint(this.#assets[index]!.id)
    if (checkpoint !== undefined) this.#store.checkpoint(checkpoint)
  }
}

async function stopAll(started: Stage[], log: Log): Promise<boolean> {
  let isInOrder = true
  for (const stage of started.reverse()) {
    const late = Symbol('late')
    const { promise, resolve } = Promise.withResolvers<typeof late>()
    const timer = setTimeout(() => resolve(late), limits.stopMsMax)
    try {
      if ((await Promise.race([stage.stop(), promise])) === late) {
        isInOrder = false
        log.warn({ stage: stage.name }, `${stage.name} did not stop within ${limits.stopMsMax} ms`)
      }
    } catch (error) {
      isInOrder = false
      log.warn({ stage: stage.name }, `${stage.name} did not stop in order: ${describeError(error)}`)
    } finally {
      clearTimeout(timer)
    }
  }
  return isInOrder
}

/** What there is to say of live venues, looked at again and again. */
function venueReport(source: Source, log: Log, metrics: Metrics): Stage {
  const report = createVenueReport(log, metrics)
  let timer: NodeJS.Timeout | undefined
  return {
    name: 'venue report',
    async start() {
      timer = setInterval(() => report(source.status().venues ?? []), limits.heartbeatMs)
    },
    async stop() {
      clearInterval(timer)
    },
  }
}

function observe(metrics: Metrics, engine: Engine, source: Source, eventLog: EventLog): void {
  const gauge = (name: string, help: string, read: () => number): void => metrics.observedGauge(name, help, read)
  gauge('source_records', 'Records sent by the source.', () => source.status().records)
  gauge('source_gaps', 'Breaks of a venue sequence that were noticed.', () => source.status().gaps)
  gauge('source_rejected', 'Input that was refused.', () => source.status().rejected)
  gauge('log_corrupt', 'Corrupt batches that were skipped.', () => eventLog.status().corrupt)
  gauge('log_waiting', 'Batches of the log that wait for the engine.', () => eventLog.status().waiting)
  gauge('engine_batches', 'Batches applied.', () => engine.status().batches)
  gauge('engine_levels', 'Level updates applied.', () => engine.status().levels)
  gauge('engine_liquidations', 'Liquidations applied.', () => engine.status().liquidations)
  gauge(
    'engine_duplicates',
    'Batches skipped because their sequence was seen before.',
    () => engine.status().duplicates,
  )
  gauge('engine_columns', 'Columns closed.', () => engine.status().columns)
  gauge('engine_pending_bytes', 'Bytes of events that wait in the rings.', () => engine.status().pending)
  gauge('engine_turn_ms', 'Milliseconds of the last turn of the fast loop.', () => engine.status().turnMs)
}

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined
  return () => (running ??= action())
}
