import * as uws from 'uWebSockets.js'
import { setTimeout } from 'node:timers/promises'
import { assert, LmapError } from '../model/errors.ts'
import { type Limits, limits as standardLimits } from '../model/limits.ts'
import type { ClosedColumn, LiveBlock, Stage } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { identify } from './access.ts'
import { catalogueText, helloText } from './catalogue.ts'
import { type Client, createClient, type Socket, type Visitor } from './client.ts'
import { FanOut } from './fan-out.ts'
import { type GatewayMetrics, gatewayMetrics } from './gateway-metrics.ts'
import { Guard } from './guard.ts'
import { History } from './history.ts'
import { Moments } from './moments.ts'
import { openApiText } from './openapi.ts'
import { loadPages, type Page, pageOf } from './pages.ts'
import { PlanFile } from './plan-file.ts'
import type { Plans } from './plans.ts'
import { checkPort } from './port.ts'
import { type ReadingSources, Readings } from './readings.ts'
import { commonHeaders, type Reply, type Request, statusLine } from './reply.ts'
import { createRoutes, type GatewayStatus } from './routes.ts'
import { type ModelStatus, StreamTable } from './stream-table.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 takes any free port, see `Gateway.port`. */
  readonly port: number
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
  /** File of plans and keys; without it everybody may have everything. */
  readonly plans?: string | undefined
  /** Other bounds than the usual ones. */
  readonly limits?: Partial<Limits>
}

/** Fan-out of live streams over WebSockets, and HTTP. Blocks are taken at any time and become frames by `flush`. */
export interface Gateway extends Stage {
  /** Takes the bytes over. Closed blocks are wanted of every stream, others only of those that are on. */
  block(live: LiveBlock): void
  /** The blocks of a tick are complete: publishes them. */
  flush(): void
  /** The port bound, 0 while there is none. */
  readonly port: number
}

interface Connection {
  readonly visitor: Visitor
  /** Why it may not have anything. */
  readonly refusal: LmapError | undefined
  client: Client | undefined
}

const LISTENERS = 16
/** The largest message that uWebSockets hands over at all; what is over our own limit gets an answer up to here. */
const PAYLOAD_SLACK = 16
const IDLE_SECONDS = 60
const KEY_PROTOCOL = 'lmap.key.'
// Frames are dense already, and deflate would be paid once per subscriber: 4 to 17 times the CPU.
const UNCOMPRESSED = 0

export function createGateway(options: GatewayOptions): Gateway {
  const limits: Limits = { ...standardLimits, ...options.limits }
  const numbers = gatewayMetrics(options.metrics)
  const { log, now, simulated, source } = options
  let app: uws.TemplatedApp | undefined
  let listening: uws.us_listen_socket[] = []
  let stopping: Promise<void> | undefined

  const planFile =
    options.plans === undefined
      ? undefined
      : new PlanFile({ path: options.plans, log, changed: () => void fanOut.recheck() })
  const plans = planFile && (() => planFile.plans)
  const guard = plans && new Guard({ plans, limits, now })
  const history = new History({
    read: options.history,
    log,
    metrics: numbers,
    loadsMax: limits.historyLoadsMax,
    loadMsMax: limits.historyMsMax,
  })
  const table: StreamTable = new StreamTable({
    simulated,
    history,
    metrics: numbers,
    now,
    activate: options.activate,
    venueStates: options.venueStates,
    model: options.model ?? (() => ({ state: 0, id: 0 })),
    masks: (stream) => fanOut.live.masks(stream),
    publish(stream, mask, frame) {
      const count = fanOut.live.count(stream, mask)
      if (count > 0) app!.publish(stream.topic(mask), frame, true)
      return count
    },
    renew: (stream) => fanOut.renew(stream),
    changed(stream) {
      moments.changed(stream)
      fanOut.changed(stream)
    },
    lingerMs: limits.streamLingerMs,
    idleMax: limits.streamsIdleMax,
  })
  const fanOut = new FanOut({
    table,
    hello: (holder) => helloText(options, holder?.plan),
    plans,
    limits,
    metrics: numbers,
    now,
  })
  const moments = new Moments({ table, simulated, source, liveWaitMsMax: limits.liveWaitMsMax })
  const { venueStates, readings: sources } = options
  const readings = new Readings({ table, moments, limits, venueStates, simulated, source, sources })
  options.metrics.observedGauge('gateway_clients', 'Open connections.', () => fanOut.clientCount)
  options.metrics.observedGauge('gateway_subscriptions', 'Subscriptions.', () => fanOut.subscriptionCount)
  options.metrics.observedGauge('gateway_streams', 'Streams kept fresh by the engine.', () => table.activeCount)

  async function start(): Promise<void> {
    assert(app === undefined, 'a gateway is started once')
    const { webRoot, host, port } = options
    await planFile?.start()
    if (port !== 0) await checkPort(host, port)
    const pages = webRoot === undefined ? new Map<string, Page>() : await loadPages(webRoot)
    const catalogue = catalogueText({ version: options.version, source, simulated })
    pages.set('/api/v1/assets', await pageOf('assets.json', Buffer.from(catalogue)))
    pages.set('/api/v1/openapi.json', await pageOf('openapi.json', Buffer.from(openApiText(options.version))))
    const routes = createRoutes({
      pages,
      readings,
      metrics: options.metrics,
      log,
      limits,
      status: options.status,
      admit: (request) => guard?.admit(request) ?? Promise.resolve(request),
    })
    app = uws.App()
    app.ws<Connection>('/stream', webSocketBehavior(fanOut, limits, now, plans))
    app.any('/*', (response, request) => serve(response, readRequest(response, request), routes, numbers))
    listening = await listen(app, host, port)
    if (listening.length === 0) {
      app.close()
      throw new LmapError('LMAP_PORT_BUSY', `Port ${port} of ${host} was taken just now.`, {
        hint: 'Choose another with --port.',
      })
    }
    fanOut.start()
  }

  async function stop(): Promise<void> {
    planFile?.stop()
    if (app === undefined) return
    for (const socket of listening) uws.us_listen_socket_close(socket)
    listening = []
    const hadClients = fanOut.clientCount > 0
    fanOut.stop()
    if (hadClients) await setTimeout(limits.closeGraceMs)
    table.stop()
    app.close()
  }

  return {
    name: 'gateway',
    start,
    stop: () => (stopping ??= stop()),
    block: (live) => table.block(live),
    flush() {
      fanOut.applyCuts()
      table.flush()
    },
    get port() {
      const [socket] = listening
      return socket === undefined ? 0 : uws.us_socket_local_port(socket as uws.us_socket)
    },
  }
}

/**
 * Opens the port, several times over where the system spreads connections: the backlog of a socket is fixed at 512, and
 * ten thousand clients who come back in one moment are more.
 */
async function listen(app: uws.TemplatedApp, host: string, port: number): Promise<uws.us_listen_socket[]> {
  const open = (at: number) =>
    new Promise<uws.us_listen_socket | false>((resolve) => {
      app.listen(host, at, (socket) => resolve(socket))
    })
  const first = await open(port)
  if (first === false) return []
  const sockets = [first]
  const bound = uws.us_socket_local_port(first as uws.us_socket)
  while (process.platform === 'linux' && sockets.length < LISTENERS) {
    const next = await open(bound)
    if (next === false) break
    sockets.push(next)
  }
  return sockets
}

function webSocketBehavior(
  fanOut: FanOut,
  limits: Limits,
  now: () => number,
  plans: (() => Plans) | undefined,
): uws.WebSocketBehavior<Connection> {
  const whenClient = (ws: uws.WebSocket<Connection>, act: (client: Client) => void) => {
    const { client } = ws.getUserData()
    if (client !== undefined) act(client)
  }
  return {
    compression: UNCOMPRESSED,
    maxPayloadLength: limits.clientMessageBytesMax * PAYLOAD_SLACK,
    maxBackpressure: limits.clientQueueBytesMax,
    closeOnBackpressureLimit: false,
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: true,
    upgrade(response, request, context) {
      const header = (name: string) => request.getHeader(`sec-websocket-${name}`)
      const [key, extensions, protocols] = [header('key'), header('extensions'), header('protocol')]
      const visitor = {
        address: addressOf(response),
        credential: credentialOf(request.getHeader('authorization'), protocols),
        holder: undefined,
      }
      // A browser that offers protocols gives up unless one of them is chosen; the key is not the one to repeat.
      const protocol = protocols.split(',')[0]!.trim()
      const finish = (connection: Connection) => response.upgrade(connection, key, protocol, extensions, context)
      if (plans === undefined) {
        finish({ visitor, refusal: undefined, client: undefined })
        return
      }
      let isGone = false
      response.onAborted(() => {
        isGone = true
      })
      void admitVisitor(plans, visitor, now).then((connection) => {
        if (!isGone) response.cork(() => finish(connection))
      })
    },
    open(ws) {
      const connection = ws.getUserData()
      const { visitor, refusal } = connection
      if (refusal === undefined) connection.client = createClient(ws as Socket, visitor, now())
      // Once the cork of the upgrade is over: a close within it is never told to the client.
      queueMicrotask(() => {
        if (connection.client !== undefined) fanOut.open(connection.client)
        else if (refusal !== undefined) fanOut.turnAway(ws as Socket, refusal)
      })
    },
    // A connection that was turned away has no client.
    message: (ws, message, isBinary) => whenClient(ws, (client) => fanOut.message(client, message, isBinary)),
    dropped: (ws) => whenClient(ws, (client) => fanOut.dropped(client)),
    drain: (ws) => whenClient(ws, (client) => fanOut.drained(client)),
    close: (ws, code) => whenClient(ws, (client) => fanOut.close(client, code)),
  }
}

async function admitVisitor(plans: () => Plans, visitor: Visitor, now: () => number): Promise<Connection> {
  const { credential, address } = visitor
  const current = plans()
  try {
    const holder = await identify(current, credential, address, now())
    // Plans that changed meanwhile have been checked with the clients that there were: this one is judged by the new ones.
    if (plans() !== current) return admitVisitor(plans, visitor, now)
    return { visitor: { ...visitor, holder }, refusal: undefined, client: undefined }
  } catch (error) {
    if (!(error instanceof LmapError)) throw error
    return { visitor, refusal: error, client: undefined }
  }
}

/** A key or token from the header, or from the sub-protocols, which are all that a browser can send with a WebSocket. */
function credentialOf(authorization: string, protocols = ''): string | undefined {
  const [scheme, word] = authorization.split(' ')
  if (scheme?.toLowerCase() === 'bearer' && word) return word
  const offered = protocols.split(',').map((protocol) => protocol.trim())
  return offered.find((protocol) => protocol.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length)
}

function addressOf(response: uws.HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString()
}

function readRequest(response: uws.HttpResponse, request: uws.HttpRequest): Request {
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    acceptEncoding: request.getHeader('accept-encoding'),
    ifNoneMatch: request.getHeader('if-none-match'),
    accept: request.getHeader('accept'),
    credential: credentialOf(request.getHeader('authorization')),
    address: addressOf(response),
  }
}

function serve(
  response: uws.HttpResponse,
  request: Request,
  answer: (request: Request) => Promise<Reply>,
  numbers: GatewayMetrics,
): void {
  let isGone = false
  let wake: (() => void) | undefined
  response.onAborted(() => {
    isGone = true
    wake?.()
  })
  void answer(request).then((reply) => {
    numbers.requests(String(reply.status)).inc()
    if (isGone) return
    const isHead = request.method === 'HEAD'
    const { body } = reply
    if (typeof body === 'string' || body instanceof Uint8Array) {
      response.cork(() => {
        writeHead(response, reply)
        if (isHead) response.endWithoutBody(Buffer.byteLength(body))
        else if (reply.status === 304) response.endWithoutBody()
        else response.end(body)
      })
    } else if (isHead) {
      response.cork(() => {
        writeHead(response, reply)
        response.endWithoutBody()
      })
    } else void writePieces(reply, body)
  })

  async function writePieces(reply: Reply, pieces: Iterable<string>): Promise<void> {
    response.onWritable(() => {
      wake?.()
      return true
    })
    let isFirst = true
    for (const piece of pieces) {
      let hasRoom = true
      response.cork(() => {
        if (isFirst) writeHead(response, reply)
        isFirst = false
        hasRoom = response.write(piece)
      })
      await new Promise<void>((resolve) => {
        wake = resolve
        // Other work gets its turn after each piece, and a slow reader is waited for.
        if (hasRoom) setImmediate(resolve)
      })
      if (isGone) return
    }
    response.cork(() => response.end())
  }
}

function writeHead(response: uws.HttpResponse, { status, headers }: Reply): void {
  response.writeStatus(statusLine(status))
  for (const [name, value] of commonHeaders) response.writeHeader(name, value)
  for (const [name, value] of headers) response.writeHeader(name, value)
}
