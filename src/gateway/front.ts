import * as uws from 'uWebSockets.js'
import { setTimeout } from 'node:timers/promises'
import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { type Holder, identify, identifyAtOnce, isToken } from './access.ts'
import type { Entrant } from './admission.ts'
import type { Supply } from './channels.ts'
import { type Client, createClient, type Socket, type Visitor } from './client.ts'
import { FanOut } from './fan-out.ts'
import type { FrontMetrics } from './gateway-metrics.ts'
import { addressOf, credentialOf, readRequest, serve } from './http-exchange.ts'
import type { Plan, Plans } from './plans.ts'
import { type IsProxy, proxiesOf } from './proxies.ts'
import type { Reply, Request } from './reply.ts'

export interface FrontOptions {
  readonly host: string
  /** Networks of proxies, whose x-forwarded-for is believed. */
  readonly proxies: readonly string[]
  readonly limits: Limits
  readonly metrics: FrontMetrics
  readonly supply: Supply
  readonly now: () => number
  /** First message of a connection, by plan. */
  readonly hello: (plan: Plan | undefined) => Uint8Array
  /** Undefined: everybody may have everything. */
  readonly plans: (() => Plans) | undefined
  readonly answer: (request: Request) => Promise<Reply>
  /** Counts a connection, or answers why it may not be, at once or when it is known. Who was let in leaves once. */
  readonly enter: (entrant: Entrant) => LmapError | undefined | Promise<LmapError | undefined>
  readonly leave: (entrant: Entrant) => void
}

/** Sockets and HTTP of one thread: fans out what it is told, asks for what its clients want. */
export interface Front {
  readonly fanOut: FanOut
  /** Never with 0: uWebSockets opens a port that the system chooses only once. */
  start(port: number): Promise<void>
  /** Takes no more connections, tells clients why, and lets go of them. */
  stop(): Promise<void>
  /** The port bound, 0 while there is none. */
  readonly port: number
}

interface Connection {
  /** Until it is a client. */
  visitor: Visitor | undefined
  /** Why it may not have anything. */
  readonly refusal: LmapError | undefined
  client: Client | undefined
}

/** The largest message that uWebSockets hands over at all; what is over our own limit gets an answer up to here. */
const PAYLOAD_SLACK = 16
// Frames are dense already, and deflate would be paid once per subscriber: 4 to 17 times the CPU.
const UNCOMPRESSED = 0

export function createFront(options: FrontOptions): Front {
  const { limits, metrics, supply, hello, plans, now, host, answer } = options
  let app: uws.TemplatedApp | undefined
  let listening: uws.us_listen_socket[] = []
  let isStopping = false
  const isProxy = proxiesOf(options.proxies)
  const fanOut = new FanOut({
    supply,
    hello,
    publish: (topic, bytes, isBinary) => app?.publish(topic, bytes, isBinary),
    plans,
    limits,
    metrics,
    now,
  })

  return {
    fanOut,
    async start(port) {
      if (isStopping) return
      const made = uws.App()
      app = made
      made.ws<Connection>('/stream', webSocketBehavior(fanOut, options, isProxy))
      made.any('/*', (response, request) =>
        serve(response, readRequest(response, request, isProxy), answer, (status) => metrics.requests(status)),
      )
      const opened = await listen(made, host, port, limits.frontSocketsMax, () => isStopping)
      // Who stopped meanwhile has closed the app, with all that had been opened by then.
      if (isStopping) return
      listening = opened
      if (listening.length === 0) {
        made.close()
        throw new LmapError('LMAP_PORT_BUSY', `Port ${port} of ${host} was taken just now.`, {
          hint: 'Choose another with --port.',
        })
      }
      fanOut.start()
    },
    async stop() {
      isStopping = true
      if (app === undefined) return
      for (const socket of listening) uws.us_listen_socket_close(socket)
      listening = []
      const hadClients = fanOut.clientCount > 0
      fanOut.stop()
      if (hadClients) await setTimeout(limits.closeGraceMs)
      app.close()
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
async function listen(
  app: uws.TemplatedApp,
  host: string,
  port: number,
  socketsMax: number,
  isStopping: () => boolean,
): Promise<uws.us_listen_socket[]> {
  const open = () =>
    new Promise<uws.us_listen_socket | false>((resolve) => {
      app.listen(host, port, (socket) => {
        // Too late: the app that would close it with the others is closed.
        if (socket !== false && isStopping()) uws.us_listen_socket_close(socket)
        resolve(socket)
      })
    })
  const first = await open()
  if (first === false || isStopping()) return []
  const sockets = [first]
  while (!isStopping() && process.platform === 'linux' && sockets.length < socketsMax) {
    const next = await open()
    if (next === false) break
    sockets.push(next)
  }
  return sockets
}

function webSocketBehavior(
  fanOut: FanOut,
  options: FrontOptions,
  isProxy: IsProxy | undefined,
): uws.WebSocketBehavior<Connection> {
  const { limits, now } = options
  const whenClient = (ws: uws.WebSocket<Connection>, act: (client: Client) => void) => {
    const { client } = ws.getUserData()
    if (client !== undefined) act(client)
  }
  return {
    compression: UNCOMPRESSED,
    maxPayloadLength: limits.clientMessageBytesMax * PAYLOAD_SLACK,
    maxBackpressure: limits.clientQueueBytesMax,
    closeOnBackpressureLimit: false,
    idleTimeout: limits.clientIdleSecondsMax,
    sendPingsAutomatically: true,
    upgrade(response, request, context) {
      const header = (name: string) => request.getHeader(`sec-websocket-${name}`)
      const [key, extensions, protocols] = [header('key'), header('extensions'), header('protocol')]
      const visitor = {
        address: addressOf(response, request, isProxy),
        credential: credentialOf(request.getHeader('authorization'), protocols),
        holder: undefined,
      }
      // A browser that offers protocols gives up unless one of them is chosen; the key is not the one to repeat.
      const protocol = protocols.split(',')[0]!.trim()
      const finish = (connection: Connection) => response.upgrade(connection, key, protocol, extensions, context)
      const found = known(visitor, options)
      if (!(found instanceof Promise)) {
        finish(found)
        return
      }
      let isGone = false
      response.onAborted(() => {
        isGone = true
      })
      void found.then((connection) => {
        // Not within a cork: where the socket stays in its place in memory, uWebSockets takes it for the HTTP one when
        // the cork is over, and may close it.
        if (!isGone) finish(connection)
      })
    },
    open(ws) {
      const connection = ws.getUserData()
      const { visitor, refusal } = connection
      if (refusal === undefined) connection.client = createClient(ws as Socket, visitor!, now())
      connection.visitor = undefined
      // Once the cork of the upgrade is over: a close within it is never told to the client.
      queueMicrotask(() => {
        if (connection.client !== undefined) greet(connection.client, fanOut, options)
        else if (refusal !== undefined) fanOut.turnAway(ws as Socket, refusal)
      })
    },
    // A connection that was turned away has no client.
    message: (ws, message, isBinary) => whenClient(ws, (client) => fanOut.message(client, message, isBinary)),
    dropped: (ws) => whenClient(ws, (client) => fanOut.dropped(client)),
    drain: (ws) => whenClient(ws, (client) => fanOut.drained(client)),
    close: (ws, code) =>
      whenClient(ws, (client) => {
        fanOut.close(client, code)
        if (client.isInside) options.leave(entrantOf(client))
      }),
  }
}

/** Who the visitor is; at once but for tokens: ten thousand newcomers need no promise each. */
function known(visitor: Visitor, { plans, now }: FrontOptions): Connection | Promise<Connection> {
  if (plans === undefined) return { visitor, refusal: undefined, client: undefined }
  const { credential, address } = visitor
  if (isToken(credential)) return verified(plans, visitor, now)
  return connectionOf(visitor, () => identifyAtOnce(plans(), credential, address, now()))
}

async function verified(plans: () => Plans, visitor: Visitor, now: () => number): Promise<Connection> {
  const current = plans()
  const holder = identify(current, visitor.credential, visitor.address, now())
  const [result] = await Promise.allSettled([holder])
  // Plans that changed meanwhile were checked with the clients that there were: this one is judged by the new ones.
  if (plans() !== current) return verified(plans, visitor, now)
  return connectionOf(visitor, () => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

function connectionOf(visitor: Visitor, identified: () => Holder): Connection {
  try {
    return { visitor: { ...visitor, holder: identified() }, refusal: undefined, client: undefined }
  } catch (error) {
    if (!(error instanceof LmapError)) throw error
    return { visitor, refusal: error, client: undefined }
  }
}

/** Lets a connection in and counts it. Where the count is another thread's it hears of a refusal after the hello. */
function greet(client: Client, fanOut: FanOut, { enter, leave }: FrontOptions): void {
  // A socket may be gone before its turn comes.
  if (client.isClosed) return
  const entrant = entrantOf(client)
  const verdict = enter(entrant)
  if (verdict instanceof LmapError) {
    fanOut.turnAway(client.socket, verdict)
    return
  }
  if (verdict === undefined) client.isInside = true
  else {
    void verdict.then((refusal) => {
      if (refusal !== undefined) {
        if (!client.isClosed) fanOut.turnAway(client.socket, refusal)
      } else if (client.isClosed) leave(entrant)
      else client.isInside = true
    })
  }
  fanOut.open(client)
}

function entrantOf({ address, holder }: Pick<Visitor, 'address' | 'holder'>): Entrant {
  if (holder === undefined) return { address, holder: undefined }
  const { name: plan, connections } = holder.plan
  return { address, holder: { id: holder.id, plan, connections } }
}
