import { type ErrorCode, LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ALERTS_PATH, alertMethods, PREVIEW_PATH } from './alerts.ts'
import { compressed } from './compressed.ts'
import { quote } from './control.ts'
import { crossOrigin } from './cross-origin.ts'
import { isKnown, taggedByBody } from './etag.ts'
import { chooseBody, type Page } from './pages.ts'
import { FRAME_TYPE, type Readings } from './readings.ts'
import { errorReply, jsonReply, type Reply, type Request } from './reply.ts'
import { reportPaths } from './report-request.ts'

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
  readings: Readings
  metrics: Metrics
  log: Log
  limits: Limits
  status(): GatewayStatus
  /** The request as it may be answered; throws where it may not. */
  admit(request: Request): Promise<Request>
  /** Answers at the paths of alertMethods, of requests that were admitted. */
  alerts(request: Request): Promise<Reply>
}

const UNAVAILABLE = 503
const readMethods = ['GET', 'HEAD']

type Route = (request: Request) => Reply | Promise<Reply>

/** With an ETag, so that who asks again gets a body only where something has changed. */
function revalidated(route: Route): Route {
  return async (request) => taggedByBody(await route(request), request.ifNoneMatch)
}

/** Answers everything but the WebSocket. Never throws: what goes wrong is an answer too. */
export function createRoutes(options: RoutesOptions): (request: Request) => Promise<Reply> {
  const { pages, readings, metrics, log, limits, status } = options

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
    '/api/v1/map': (request) => (request.accept === FRAME_TYPE ? readings.frame(request) : readings.map(request)),
    '/api/v1/sql': ({ query }) => readings.sql(query),
    '/api/v1/clusters': revalidated(({ query }) => readings.clusters(query)),
    '/api/v1/read': revalidated(({ query }) => readings.read(query)),
    '/api/v1/score': revalidated(({ query }) => readings.score(query)),
    '/api/v1/history': revalidated(({ query }) => readings.history(query)),
    '/api/v1/reports/lift': revalidated(({ query }) => readings.lift(query)),
    ...Object.fromEntries(
      Object.entries(reportPaths).map(([path, kind]): [string, Route] => [
        path,
        revalidated(({ query }) => readings.reports(kind, query)),
      ]),
    ),
    [ALERTS_PATH]: options.alerts,
    [PREVIEW_PATH]: options.alerts,
    '/stream': () => ({
      ...errorReply(426, 'LMAP_REQUEST_INVALID', 'This is a WebSocket.', 'Connect with ws://.'),
      headers: [
        ['content-type', 'application/json; charset=utf-8'],
        ['upgrade', 'websocket'],
      ],
    }),
  }

  function watched(reply: Reply, { path }: Request): Reply {
    const { body } = reply
    if (typeof body === 'string' || body instanceof Uint8Array) return reply
    return { ...reply, body: toldOf(body, (error) => log.error({ error, path }, 'request failed in the middle')) }
  }

  async function answer(request: Request): Promise<Reply> {
    const { method, path, query } = request
    if (path.length + query.length > limits.urlBytesMax) {
      return errorReply(414, 'LMAP_REQUEST_TOO_LARGE', `Path and query have at most ${limits.urlBytesMax} bytes.`)
    }
    const methods = Object.hasOwn(alertMethods, path) ? alertMethods[path]! : readMethods
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    const page = pages.get(path)
    if (route === undefined && page === undefined) {
      return errorReply(404, 'LMAP_REQUEST_UNKNOWN', `There is nothing at ${quote(path)}.`)
    }
    if (!methods.includes(method)) {
      const allowed = methods.join(', ')
      const refusal = errorReply(
        405,
        'LMAP_REQUEST_INVALID',
        `${quote(method)} is not allowed here; allowed: ${allowed}.`,
      )
      return { ...refusal, headers: [...refusal.headers, ['allow', allowed]] }
    }
    return route === undefined ? pageReply(page!, request) : route(await options.admit(request))
  }

  const answered = async (request: Request): Promise<Reply> => {
    try {
      return watched(await answer(request), request)
    } catch (error) {
      const status = error instanceof LmapError ? statusOf(error.code) : undefined
      if (error instanceof LmapError && status !== undefined) {
        if (error.cause !== undefined && status === UNAVAILABLE) log.warn({ error, path: request.path }, 'not answered')
        const reply = errorReply(status, error.code, error.message, error.hint)
        return status === 401 ? { ...reply, headers: [...reply.headers, ['www-authenticate', 'Bearer']] } : reply
      }
      log.error({ error, path: request.path }, 'request failed')
      return errorReply(500, 'LMAP_INTERNAL', 'The server has failed to answer.')
    }
  }
  return crossOrigin(compressed(answered, limits))
}

/** The pieces of a body as they are; what goes wrong in the middle of them is for the writer to end, and for us to tell. */
async function* toldOf(
  pieces: Iterable<string> | AsyncIterable<string>,
  told: (error: unknown) => void,
): AsyncGenerator<string> {
  try {
    yield* pieces
  } catch (error) {
    told(error)
    throw error
  }
}

/** What is away now and may be back with the next try. */
const passing: readonly ErrorCode[] = [
  'LMAP_STORE_DOWN',
  'LMAP_STORE_SCHEMA',
  'LMAP_NOT_READY',
  'LMAP_STAGE_TIMEOUT',
  'LMAP_LIMIT',
]

/** Of an error that is the request's or will pass; undefined where it is a mistake of ours. */
function statusOf(code: ErrorCode): number | undefined {
  if (passing.includes(code)) return UNAVAILABLE
  if (code === 'LMAP_KEY_INVALID') return 401
  if (code === 'LMAP_PLAN') return 403
  if (code === 'LMAP_REQUEST_RATE') return 429
  return code.startsWith('LMAP_REQUEST') ? 400 : undefined
}

function pageReply(page: Page, request: Request): Reply {
  const headers: [string, string][] = [
    ['content-type', page.type],
    ['cache-control', page.cacheControl],
    ['etag', page.etag],
    ['vary', 'accept-encoding'],
  ]
  if (isKnown(page.etag, request.ifNoneMatch)) return { status: 304, headers, body: '' }
  const [encoding, body] = chooseBody(page, request.acceptEncoding)
  if (encoding !== 'identity') headers.push(['content-encoding', encoding])
  return { status: 200, headers, body }
}
