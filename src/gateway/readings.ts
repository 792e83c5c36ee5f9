import { assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { layers } from '../model/layers.ts'
import type { LiftCount } from '../model/lift.ts'
import type { Limits } from '../model/limits.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import { modelStates } from '../model/model-states.ts'
import type { ReportPage, ReportQuery } from '../model/report-query.ts'
import type { Report, ReportKind } from '../model/reports.ts'
import type { Extent, ModelStatus, PastMap, ScoreRow } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { clustersOf, standoutsOf } from './clusters.ts'
import { tagged, taggedByBody } from './etag.ts'
import { Kept } from './kept.ts'
import { liftJson } from './lift.ts'
import { mapEtag, mapJson } from './map-json.ts'
import { modeFacts, venueFacts } from './map-reading.ts'
import type { Moments } from './moments.ts'
import { pastFacts, pastFrame, pastMoment } from './past.ts'
import { hasPredicted } from './plans.ts'
import {
  type MapQuery,
  readAssetQuery,
  readLiftQuery,
  readMapQuery,
  readScoreQuery,
  readSqlQuery,
  readStreamQuery,
} from './query.ts'
import { readJson } from './read-json.ts'
import { errorReply, jsonReply, type Reply, type Request, uncached } from './reply.ts'
import { mergePages, pageFacts } from './report-pages.ts'
import { readReportQuery } from './report-request.ts'
import { scoreOf } from './score.ts'
import type { StreamTable } from './stream-table.ts'
import { viewOf } from './views.ts'

/** What readings need beside the streams; where it is missing they say less. */
export interface ReadingSources {
  liquidity(asset: AssetId): Promise<AssetLiquidity | undefined>
  model(asset: AssetId): ModelStatus
  /** Scored hours, oldest first. */
  scores(asset: AssetId, most: number): Promise<ScoreRow[]>
  /** A stream as known at a time, with at most so many closed columns. */
  at(asset: AssetId, timeframe: number, atMs: number, most: number): Promise<PastMap>
  /** How far the history of a stream goes; undefined where nothing is kept. */
  readonly extent?: ((asset: AssetId, timeframe: number) => Promise<Extent | undefined>) | undefined
  /** Stored reports of one kind, the newest start first; undefined where nothing is stored. */
  readonly reports?: ((query: ReportQuery) => Promise<ReportPage>) | undefined
  /** What reports were worth, of one asset or of every one; undefined where nothing is counted. */
  readonly lift?: ((asset?: AssetId) => Promise<readonly LiftCount[]>) | undefined
  /** Answers questions of people; undefined where that was not asked for. */
  readonly ask: ((sql: string, format: string) => Promise<{ type: string; body: Uint8Array }>) | undefined
}

/** What a request accepts that wants a frame and no JSON. */
export const FRAME_TYPE = 'application/octet-stream'
const frameHeaders: Reply['headers'] = [
  ['content-type', FRAME_TYPE],
  ['vary', 'accept'],
]

export interface ReadingsOptions {
  table: StreamTable
  moments: Moments
  limits: Limits
  venueStates(asset: AssetId): Uint8Array
  simulated: boolean
  source: string
  sources: ReadingSources | undefined
  /** Reports that are known without the store. */
  told(asset: AssetId, kind: ReportKind): Report[]
  /** Resolves when they are all that stand. */
  ready(asset: AssetId): Promise<void>
  now(): number
}

/** A read is of now: the shortest timeframe knows it best. */
const READ_TIMEFRAME = 0
const noModel: ModelStatus = { state: 0, id: 0, mean: 0, error: Number.POSITIVE_INFINITY, hours: 0 }

/** Readings of the map as JSON: the columns themselves, what stands out of them, and what the forecast is worth. */
export class Readings {
  readonly #options: ReadingsOptions
  readonly #kept: Kept
  #running = 0

  constructor(options: ReadingsOptions) {
    this.#options = options
    const { limits, now } = options
    const { readingKeepMs: keepMs, readingsKeptMax: keptMax, readingsMax: readsMax } = limits
    this.#kept = new Kept({ now, keepMs, keptMax, readsMax })
  }

  map({ query, ifNoneMatch, plan }: Request): Promise<Reply> {
    const { table, moments, limits } = this.#options
    const wanted = readMapQuery(query, limits.mapColumns)
    const { atMs } = wanted
    const hasCascade = plan === undefined || hasPredicted(plan)
    if (atMs !== undefined) return this.#bounded(() => this.#pastMap(wanted, atMs, hasCascade, ifNoneMatch))
    return this.#bounded(async () => {
      const moment = await moments.read(table.at(wanted.asset, wanted.timeframe), wanted.columns)
      const { state } = this.#model(wanted.asset)
      const facts = {
        model: this.#modelFacts(wanted.asset),
        venues: this.#venueFacts(wanted.asset, await this.#liquidity(wanted.asset)),
        mode: wanted.mode === undefined ? undefined : modeFacts(wanted.mode, state),
        hasCascade,
      }
      // A map is written piece by piece, so its ETag is made of what it is written from.
      const etag = mapEtag(moment, wanted, facts)
      return tagged(jsonReply(200, mapJson(moment, wanted, facts)), etag, ifNoneMatch)
    })
  }

  /** The map as newcomers to the stream get it: a snapshot frame, see docs/wire.md. */
  async frame({ query, ifNoneMatch }: Request): Promise<Reply> {
    const { table, moments, limits } = this.#options
    const wanted = readMapQuery(query, limits.mapColumns)
    if (wanted.mode !== undefined) {
      throw new LmapError('LMAP_REQUEST_INVALID', 'A frame has no mode.', { hint: 'Ask for JSON.' })
    }
    const { atMs } = wanted
    if (atMs !== undefined) return this.#bounded(() => this.#pastFrame(wanted, atMs, ifNoneMatch))
    const stream = table.at(wanted.asset, wanted.timeframe)
    return this.#bounded(async () => {
      await moments.read(stream, wanted.columns)
      const mask = layers.reduce((sum, { name }, id) => (wanted.layers.includes(name) ? sum | (1 << id) : sum), 0)
      const body = table.snapshot(stream, viewOf(mask, wanted.columns - 1, wanted.range))
      return taggedByBody({ status: 200, headers: frameHeaders, body }, ifNoneMatch)
    })
  }

  clusters(query: string): Promise<Reply> {
    const { table, moments, limits } = this.#options
    const wanted = readStreamQuery(query)
    return this.#bounded(async () => {
      const moment = await moments.read(table.at(wanted.asset, wanted.timeframe), limits.clusterColumnsMax)
      const liquidity = await this.#liquidity(wanted.asset)
      const { closed: _closed, live: _live, revision: _revision, ...head } = moment
      return jsonReply(200, {
        ...head,
        model: this.#modelFacts(wanted.asset),
        venues: this.#venueFacts(wanted.asset, liquidity),
        ...clustersOf(standoutsOf(moment, liquidity)),
      })
    })
  }

  /** One word for what stands at levels now, and what it rests on. */
  read(query: string): Promise<Reply> {
    const { table, moments, limits, told, ready } = this.#options
    const { asset } = readAssetQuery(query)
    return this.#bounded(async () => {
      const moment = await moments.read(table.at(asset, READ_TIMEFRAME), limits.clusterColumnsMax)
      const liquidity = await this.#liquidity(asset)
      const lifts = await this.#lifts()
      await ready(asset)
      const rows = told(asset, 'convergence').filter((row) => row.kind === 'convergence')
      return jsonReply(200, readJson({ moment, liquidity, rows, lifts, model: this.#model(asset) }))
    })
  }

  /** How often levels held that reports spoke of, of one asset or of all together. */
  async lift(query: string): Promise<Reply> {
    const { asset } = readLiftQuery(query)
    const counts = await this.#lifts(asset)
    return jsonReply(200, liftJson(asset === undefined ? undefined : assets[asset]!.name, counts))
  }

  async score(query: string): Promise<Reply> {
    const { sources, limits } = this.#options
    const { asset, hours } = readScoreQuery(query, limits.scoreHours, limits.scoreHoursMax)
    const model = this.#model(asset)
    const history = await this.#keptOf(`scores ${asset} ${hours}`, async () => sources?.scores(asset, hours))
    return jsonReply(200, scoreOf(assets[asset]!.name, model, history ?? []))
  }

  /** How far back `at` can go. */
  async history(query: string): Promise<Reply> {
    const { asset, timeframe } = readStreamQuery(query)
    const { sources } = this.#options
    const extent = await this.#keptOf(`extent ${asset} ${timeframe}`, async () => sources?.extent?.(asset, timeframe))
    const { firstMs, endMs } = extent ?? { firstMs: 0, endMs: 0 }
    return jsonReply(200, {
      asset: assets[asset]!.name,
      timeframe: timeframes[timeframe]!.name,
      kept: extent !== undefined,
      firstMs: firstMs === 0 ? null : firstMs,
      endMs: endMs === 0 ? null : endMs,
    })
  }

  reports(kind: ReportKind, query: string): Promise<Reply> {
    const { sources, limits, told } = this.#options
    const wanted = readReportQuery(query, kind, limits)
    return this.#bounded(async () => {
      const past = await stored(async () => sources?.reports?.(wanted))
      // Only now: what was written meanwhile would otherwise be in neither.
      const heard = wanted.assets.flatMap((asset) => told(asset, kind))
      return jsonReply(200, pageFacts(wanted, mergePages(wanted, past ?? { rows: [], next: undefined }, heard)))
    })
  }

  async sql(query: string): Promise<Reply> {
    const { sources } = this.#options
    const { sql, format } = readSqlQuery(query)
    const ask = sources?.ask
    if (ask === undefined) {
      return errorReply(404, 'LMAP_REQUEST_UNKNOWN', 'Questions in SQL are not answered here.', 'Start with --sql.')
    }
    const { type, body } = await stored(() => ask(sql, format))
    return { status: 200, headers: [['content-type', type], uncached], body }
  }

  async #pastMap(wanted: MapQuery, atMs: number, hasCascade: boolean, ifNoneMatch: string): Promise<Reply> {
    const { moment, past } = await this.#past(wanted, atMs)
    const facts = pastFacts(past, atMs, wanted.mode, hasCascade)
    const reply = jsonReply(200, mapJson(moment, wanted, facts))
    return tagged(reply, mapEtag(moment, wanted, facts), ifNoneMatch)
  }

  async #pastFrame(wanted: MapQuery, atMs: number, ifNoneMatch: string): Promise<Reply> {
    const { moment, past } = await this.#past(wanted, atMs)
    return taggedByBody(
      { status: 200, headers: frameHeaders, body: await pastFrame(moment, past, wanted) },
      ifNoneMatch,
    )
  }

  async #past({ asset, timeframe, columns, ...wanted }: MapQuery, atMs: number) {
    const { sources, simulated, source } = this.#options
    if (sources === undefined) throw new LmapError('LMAP_NOT_READY', 'There is no history here.')
    const past = await stored(() => sources.at(asset, timeframe, atMs, columns))
    return { past, moment: pastMoment(past, { asset, timeframe, columns, ...wanted }, { simulated, source }) }
  }

  async #bounded(answer: () => Promise<Reply>): Promise<Reply> {
    if (this.#running >= this.#options.limits.mapRequestsMax) {
      return errorReply(
        503,
        'LMAP_LIMIT',
        `${this.#running} maps and reports are being read.`,
        'Try again, or subscribe to /stream.',
      )
    }
    this.#running++
    try {
      return await answer()
    } finally {
      this.#running--
    }
  }

  #lifts(asset?: AssetId): Promise<readonly LiftCount[]> {
    return this.#keptOf(`lift ${asset ?? 'all'}`, async () => (await this.#options.sources?.lift?.(asset)) ?? [])
  }

  #keptOf<Answer>(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    return stored(() => this.#kept.get(key, ask))
  }

  #liquidity(asset: AssetId): Promise<AssetLiquidity | undefined> {
    return this.#options.sources?.liquidity(asset) ?? Promise.resolve(undefined)
  }

  #model(asset: AssetId): ModelStatus {
    return this.#options.sources?.model(asset) ?? noModel
  }

  #modelFacts(asset: AssetId): { id: number; state: string } {
    const { id, state } = this.#model(asset)
    return { id, state: modelStates[state]! }
  }

  #venueFacts(asset: AssetId, liquidity: AssetLiquidity | undefined): object[] {
    return venueFacts(liquidity, this.#options.venueStates(asset))
  }
}

/** What the store answers. Why a database fails is its own affair: clients are told that it did, the log is told why. */
async function stored<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof LmapError) throw cause
    throw new LmapError('LMAP_STORE_DOWN', 'The store could not answer.', { hint: 'Try again.', cause })
  }
}
