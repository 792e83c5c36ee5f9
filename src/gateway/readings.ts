import { createHash } from 'node:crypto'
import { assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { layers } from '../model/layers.ts'
import type { Limits } from '../model/limits.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import { modelStates } from '../model/model-states.ts'
import type { ReportPage, ReportQuery } from '../model/report-query.ts'
import type { Extent, ModelStatus, PastMap, ScoreRow } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { clustersOf } from './clusters.ts'
import { mapJson } from './map-json.ts'
import { modeFacts, venueFacts } from './map-reading.ts'
import type { Moments } from './moments.ts'
import { pastFacts, pastFrame, pastMoment } from './past.ts'
import { type MapQuery, readMapQuery, readScoreQuery, readSqlQuery, readStreamQuery } from './query.ts'
import { errorReply, jsonReply, type Reply, type Request, uncached } from './reply.ts'
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
  /** Answers questions of people; undefined where that was not asked for. */
  readonly ask: ((sql: string, format: string) => Promise<{ type: string; body: Uint8Array }>) | undefined
}

/** What a request accepts that wants a frame and no JSON. */
export const FRAME_TYPE = 'application/octet-stream'

export interface ReadingsOptions {
  table: StreamTable
  moments: Moments
  limits: Limits
  venueStates(asset: AssetId): Uint8Array
  simulated: boolean
  source: string
  sources: ReadingSources | undefined
}

const noModel: ModelStatus = { state: 0, id: 0, mean: 0, error: Number.POSITIVE_INFINITY, hours: 0 }

/** Readings of the map as JSON: the columns themselves, what stands out of them, and what the forecast is worth. */
export class Readings {
  readonly #options: ReadingsOptions
  #running = 0

  constructor(options: ReadingsOptions) {
    this.#options = options
  }

  map(query: string): Promise<Reply> {
    const { table, moments, limits } = this.#options
    const wanted = readMapQuery(query, limits.mapColumns)
    const { atMs } = wanted
    if (atMs !== undefined) return this.#bounded(() => this.#past(wanted, atMs, false))
    return this.#bounded(async () => {
      const moment = await moments.read(table.at(wanted.asset, wanted.timeframe), wanted.columns)
      const { state } = this.#model(wanted.asset)
      const facts = {
        model: this.#modelFacts(wanted.asset),
        venues: this.#venueFacts(wanted.asset, await this.#liquidity(wanted.asset)),
        mode: wanted.mode === undefined ? undefined : modeFacts(wanted.mode, state),
      }
      return jsonReply(200, mapJson(moment, wanted.layers, facts))
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
    if (atMs !== undefined) return this.#bounded(() => this.#past(wanted, atMs, true))
    const stream = table.at(wanted.asset, wanted.timeframe)
    return this.#bounded(async () => {
      await moments.read(stream, wanted.columns)
      const mask = layers.reduce((sum, { name }, id) => (wanted.layers.includes(name) ? sum | (1 << id) : sum), 0)
      const body = table.snapshot(stream, viewOf(mask, wanted.columns - 1))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      const headers = [
        ['content-type', FRAME_TYPE],
        ['cache-control', 'no-cache'],
        ['etag', etag],
        ['vary', 'accept'],
      ] as const
      return ifNoneMatch === etag ? { status: 304, headers, body: '' } : { status: 200, headers, body }
    })
  }

  clusters(query: string): Promise<Reply> {
    const { table, moments, limits } = this.#options
    const wanted = readStreamQuery(query)
    return this.#bounded(async () => {
      const moment = await moments.read(table.at(wanted.asset, wanted.timeframe), limits.clusterColumnsMax)
      const liquidity = await this.#liquidity(wanted.asset)
      const { closed: _closed, live: _live, ...head } = moment
      return jsonReply(200, {
        ...head,
        model: this.#modelFacts(wanted.asset),
        venues: this.#venueFacts(wanted.asset, liquidity),
        ...clustersOf(moment, liquidity),
      })
    })
  }

  async score(query: string): Promise<Reply> {
    const { sources, limits } = this.#options
    const { asset, hours } = readScoreQuery(query, limits.scoreHours, limits.scoreHoursMax)
    const model = this.#model(asset)
    try {
      const history = (await sources?.scores(asset, hours)) ?? []
      return jsonReply(200, scoreOf(assets[asset]!.name, model, history))
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      return errorReply(503, error.code, error.message, error.hint)
    }
  }

  /** How far back `at` can go. */
  async history(query: string): Promise<Reply> {
    const { asset, timeframe } = readStreamQuery(query)
    try {
      const extent = await this.#options.sources?.extent?.(asset, timeframe)
      const { firstMs, endMs } = extent ?? { firstMs: 0, endMs: 0 }
      return jsonReply(200, {
        asset: assets[asset]!.name,
        timeframe: timeframes[timeframe]!.name,
        kept: extent !== undefined,
        firstMs: firstMs === 0 ? null : firstMs,
        endMs: endMs === 0 ? null : endMs,
      })
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      return errorReply(503, error.code, error.message, error.hint)
    }
  }

  async sql(query: string): Promise<Reply> {
    const { sources } = this.#options
    const { sql, format } = readSqlQuery(query)
    if (sources?.ask === undefined) {
      return errorReply(404, 'LMAP_REQUEST_UNKNOWN', 'Questions in SQL are not answered here.', 'Start with --sql.')
    }
    try {
      const { type, body } = await sources.ask(sql, format)
      return { status: 200, headers: [['content-type', type], uncached], body }
    } catch (error) {
      if (!(error instanceof LmapError) || error.code.startsWith('LMAP_REQUEST')) throw error
      return errorReply(503, error.code, error.message, error.hint)
    }
  }

  async #past(wanted: MapQuery, atMs: number, asFrame: boolean): Promise<Reply> {
    const { sources, simulated, source } = this.#options
    if (sources === undefined) return errorReply(503, 'LMAP_NOT_READY', 'There is no history here.')
    try {
      const past = await sources.at(wanted.asset, wanted.timeframe, atMs, wanted.columns)
      const moment = pastMoment(past, wanted, { simulated, source })
      if (asFrame) {
        const body = await pastFrame(moment, past, wanted)
        return { status: 200, headers: [['content-type', FRAME_TYPE], uncached, ['vary', 'accept']], body }
      }
      return jsonReply(200, mapJson(moment, wanted.layers, pastFacts(past, atMs, wanted.mode)))
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      return errorReply(503, error.code, error.message, error.hint)
    }
  }

  async #bounded(answer: () => Promise<Reply>): Promise<Reply> {
    if (this.#running >= this.#options.limits.mapRequestsMax) {
      return errorReply(
        503,
        'LMAP_LIMIT',
        `${this.#running} maps are being read.`,
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
