import { ASSETS } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { type LayerName, layers } from '../model/layers.ts'
import type { Limits } from '../model/limits.ts'
import { COLUMNS } from '../model/timeframes.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { quote, streamOf } from './control.ts'
import { mapJson } from './map-json.ts'
import type { Moments } from './moments.ts'
import { chooseBody, type Page } from './pages.ts'
import { errorReply, jsonReply, type Reply, type Request } from './reply.ts'
import type { StreamTable } from './stream-table.ts'

export interface GatewayStatus {
  readonly ready: boolean
  /** What is missing, one sentence. */
  readonly reason?: string | undefined
  /** What each stage says of itself. */
  readonly stages: object
}

export interface RoutesOptions {
  /** What does not change while the program runs, by path. */
  pages: ReadonlyMap<string, Page>
  table: StreamTable
  moments: Moments
  metrics: Metrics
  log: Log
  limits: Limits
  status(): GatewayStatus
}

type Route = (request: Request) => Reply | Promise<Reply>

/** Answers everything but the WebSocket. Never throws: what goes wrong is an answer too. */
export function createRoutes(options: RoutesOptions): (request: Request) => Promise<Reply> {
  const { pages, metrics, log, limits, status } = options
  let maps = 0

  const map: Route = async ({ query }) => {
    const wanted = readMapQuery(query, limits.mapColumns)
    if (maps >= limits.mapRequestsMax) {
      return errorReply(503, 'LMAP_LIMIT', `${maps} maps are being read.`, 'Try again, or subscribe to /stream.')
    }
    maps++
    try {
      const stream = options.table.at(wanted.asset, wanted.timeframe)
      return jsonReply(200, mapJson(await options.moments.read(stream, wanted.columns), wanted.layers))
    } finally {
      maps--
    }
  }

  const routes: Readonly<Record<string, Route>> = {
    '/healthz': () => jsonReply(200, { alive: true }),
    '/readyz': () => {
      const now = status()
      return jsonReply(now.ready ? 200 : 503, now)
    },
    '/metrics': async () => ({
      status: 200,
      headers: [['content-type', metrics.contentType]],
      body: await metrics.text(),
    }),
    '/api/v1/map': map,
    '/stream': () => ({
      ...errorReply(426, 'LMAP_REQUEST_INVALID', 'This is a WebSocket.', 'Connect with ws://.'),
      headers: [
        ['content-type', 'application/json; charset=utf-8'],
        ['upgrade', 'websocket'],
      ],
    }),
  }

  function answer(request: Request): Reply | Promise<Reply> {
    const { method, path, query } = request
    if (path.length + query.length > limits.urlBytesMax) {
      return errorReply(414, 'LMAP_REQUEST_TOO_LARGE', `Path and query have at most ${limits.urlBytesMax} bytes.`)
    }
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    const page = pages.get(path)
    if (route === undefined && page === undefined) {
      return errorReply(404, 'LMAP_REQUEST_UNKNOWN', `There is nothing at ${quote(path)}.`)
    }
    if (method !== 'GET' && method !== 'HEAD') {
      const refusal = errorReply(405, 'LMAP_REQUEST_INVALID', `${quote(method)} is not allowed here, GET and HEAD are.`)
      return { ...refusal, headers: [...refusal.headers, ['allow', 'GET, HEAD']] }
    }
    return route === undefined ? pageReply(page!, request) : route(request)
  }

  return async (request) => {
    try {
      return await answer(request)
    } catch (error) {
      if (error instanceof LmapError && error.code.startsWith('LMAP_REQUEST')) {
        return errorReply(400, error.code, error.message, error.hint)
      }
      log.error({ error, path: request.path }, 'request failed')
      return errorReply(500, 'LMAP_INTERNAL', 'The server has failed to answer.')
    }
  }
}

function pageReply(page: Page, request: Request): Reply {
  const headers: [string, string][] = [
    ['content-type', page.type],
    ['cache-control', page.cacheControl],
    ['etag', page.etag],
    ['vary', 'accept-encoding'],
  ]
  if (request.ifNoneMatch === page.etag) return { status: 304, headers, body: '' }
  const [encoding, body] = chooseBody(page, request.acceptEncoding)
  if (encoding !== 'identity') headers.push(['content-encoding', encoding])
  return { status: 200, headers, body }
}

const mapParameters = ['asset', 'timeframe', 'columns', 'layers']

function readMapQuery(query: string, columnsDefault: number) {
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!mapParameters.includes(name)) {
      throw new LmapError('LMAP_REQUEST_INVALID', `There is no parameter ${quote(name)}.`, {
        hint: `There are ${mapParameters.join(', ')}.`,
      })
    }
  }
  const columnsText = parameters.get('columns')
  const columns = columnsText === null ? columnsDefault : Number(columnsText)
  if (!Number.isInteger(columns) || columns < 1 || columns > COLUMNS) {
    throw new LmapError('LMAP_REQUEST_INVALID', `columns is a whole number from 1 to ${COLUMNS}.`)
  }
  const assetName = parameters.get('asset')
  if (assetName === null) throw new LmapError('LMAP_REQUEST_INVALID', `asset is missing, one of ${ASSETS}.`)
  return {
    ...streamOf(assetName, parameters.get('timeframe') ?? '1m'),
    columns,
    layers: readLayers(parameters.get('layers')),
  }
}

function readLayers(text: string | null): LayerName[] {
  const all = layers.map((layer) => layer.name)
  if (text === null) return all
  return [...new Set(text.split(','))].map((wanted) => {
    const name = all.find((known) => known === wanted)
    if (name !== undefined) return name
    throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no layer ${quote(wanted)}.`, {
      hint: `There are ${all.join(', ')}.`,
    })
  })
}
