import * as uws from 'uWebSockets.js'
import { readFileSync } from 'node:fs'
import { isShared } from '../../src/gateway/cross-origin.ts'
import { commonHeaders } from '../../src/gateway/reply.ts'
import { assets } from '../../src/model/assets.ts'
import { layers } from '../../src/model/layers.ts'
import { modelStates } from '../../src/model/model-states.ts'
import { timeframes } from '../../src/model/timeframes.ts'
import { venues } from '../../src/model/venues.ts'
import { BlockType, type Column, encodeColumn, encodeDelta } from '../../src/wire/blocks.ts'
import { encodeFrame, FRAME_VERSION, FrameFlag, FrameKind } from '../../src/wire/frame.ts'
import { DevReports } from './dev-reports.ts'
import { Market } from './market.ts'

const contentTypes: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}
interface Stream {
  asset: number
  timeframe: number
  sequence: number
  market: Market
  closed: Column[]
  live: Column
  readonly clients: Set<uws.WebSocket<unknown>>
}

export interface DevGatewayOptions {
  /** Folder of the built page; without it only /stream and the API are served. */
  folder?: string
  port?: number
  /** Columns that are missing, counted back from now. */
  gap?: { first: number; last: number }
  columns?: number
  tickMs?: number
  /** A clock that can stand still: the same market every time. */
  now?: () => number
  /** As `hello` tells it. */
  plan?: object
}

/** A gateway for looking at the page and for testing the client: real frames of a made-up market, and faults on demand. */
export class DevGateway {
  port = 0
  /** Control messages that clients have sent. */
  readonly received: { op: string; asset?: string; timeframe?: string; sequence?: unknown }[] = []
  venueStates: Uint8Array = Uint8Array.of(1, 1, 1, 1, 1, 0, 0, 0)
  modelState = modelStates.indexOf('scored')
  /** What /api/v1/score says beside the state; undefined: it fails. */
  scoreText: string | undefined = '+0.21 bits/h ± .05'
  /** Sub-protocols that clients have offered: where a browser puts a key. */
  readonly protocols: string[] = []
  isPaused = false
  /** False: there is no store. */
  keepsHistory = true
  /** While set, the past cannot be read. */
  isHistoryDown = false
  readonly reports = new DevReports((asset) => {
    const name = assets[asset]!.name
    return (this.#streams.get(`${name}/1m`) ?? this.#make(`${name}/1m`, asset, 0)).closed
  })
  /** Times and columns of the past that were asked for. */
  readonly asked: { readonly atMs: number; readonly columns: number }[] = []
  /** While set, clients are turned away before any word. */
  isDown = false
  turnedAway = 0
  readonly #options: DevGatewayOptions
  readonly #streams = new Map<string, Stream>()
  readonly #sockets = new Set<uws.WebSocket<unknown>>()
  readonly #now: () => number
  plan: object | undefined
  #listening: uws.us_listen_socket | undefined
  #ticker: ReturnType<typeof setInterval> | undefined

  constructor(options: DevGatewayOptions = {}) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.plan = options.plan
  }

  async start(): Promise<void> {
    const app = uws.App()
    app.ws('/stream', {
      upgrade: (response, request, context) => {
        const header = (name: string) => request.getHeader(`sec-websocket-${name}`)
        const offered = header('protocol')
        this.protocols.push(offered)
        response.upgrade({}, header('key'), offered.split(',')[0]!, header('extensions'), context)
      },
      open: (socket) => {
        if (this.isDown) {
          this.turnedAway++
          socket.end(1013, 'try again later')
          return
        }
        this.#sockets.add(socket)
        socket.send(
          JSON.stringify({
            op: 'hello',
            version: FRAME_VERSION,
            server: 'dev',
            source: 'simulator',
            ...lists(),
            plan: this.plan,
          }),
        )
      },
      message: (socket, message) => this.#control(socket, Buffer.from(message).toString()),
      close: (socket) => {
        this.#sockets.delete(socket)
        for (const stream of this.#streams.values()) stream.clients.delete(socket)
        this.reports.leave(socket)
      },
    })
    app.get('/api/v1/assets', (response) => {
      json(response, catalogue())
    })
    app.get('/api/v1/score', (response) => {
      if (this.scoreText === undefined) return void response.writeStatus('503').end()
      const model = { id: 1, state: modelStates[this.modelState] }
      const score = { model, text: this.scoreText, hours: 812 }
      json(response, score)
    })
    app.get('/api/v1/history', (response, request) => {
      const stream = this.#streamOf(request)
      const firstMs = stream?.closed[0]?.openMs ?? null
      const endMs = stream?.live.openMs ?? null
      const extent = this.keepsHistory ? { kept: true, firstMs, endMs } : { kept: false, firstMs: null, endMs: null }
      json(response, extent)
    })
    app.get('/api/v1/map', (response, request) => this.#past(response, request))
    this.reports.serve(app)
    app.get('/*', (response, request) => this.#file(response, request.getUrl()))
    await new Promise<void>((resolve, reject) => {
      app.listen('127.0.0.1', this.#options.port ?? this.port, (listening) => {
        if (!listening) return reject(new Error('the port is taken'))
        this.#listening = listening
        this.port = uws.us_socket_local_port(listening)
        resolve()
      })
    })
    this.#ticker = setInterval(() => this.#tick(), this.#options.tickMs ?? 250)
  }

  stop(code = 4000): void {
    clearInterval(this.#ticker)
    if (this.#listening) uws.us_listen_socket_close(this.#listening)
    this.#listening = undefined
    this.end(code)
  }

  /** Closes every client with a code. */
  end(code: number): void {
    for (const socket of [...this.#sockets]) socket.end(code, 'on purpose')
  }

  /** Loses a frame of each stream. */
  skip(): void {
    for (const stream of this.#streams.values()) stream.sequence++
  }

  /** Sends every client of every stream these bytes. */
  sendRaw(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.send(bytes, true)
  }

  get clientCount(): number {
    return this.#sockets.size
  }

  /** The live column of a stream as it should look at the client. */
  live(asset: string, timeframe: string): Column | undefined {
    return this.#streams.get(`${asset}/${timeframe}`)?.live
  }

  /** The closed columns of a stream. */
  closed(asset: string, timeframe: string): readonly Column[] {
    return this.#streams.get(`${asset}/${timeframe}`)?.closed ?? []
  }

  /** Closes the live column of each stream at the next tick. */
  roll(): void {
    for (const stream of this.#streams.values()) this.#roll(stream)
  }

  /** The stream that a request names, made where nobody has asked for it before. */
  #streamOf(request: uws.HttpRequest): Stream | undefined {
    const name = request.getQuery('asset') ?? ''
    const timeframeName = request.getQuery('timeframe') ?? '1m'
    const asset = assets.findIndex((candidate) => candidate.name === name)
    const timeframe = timeframes.findIndex((candidate) => candidate.name === timeframeName)
    if (asset < 0 || timeframe < 0) return undefined
    const key = `${name}/${timeframeName}`
    return this.#streams.get(key) ?? this.#make(key, asset, timeframe)
  }

  /** The map as it was known at a time: the columns that had closed by then. Of the open one nothing is kept here. */
  #past(response: uws.HttpResponse, request: uws.HttpRequest): void {
    const stream = this.#streamOf(request)
    const atMs = Number(request.getQuery('at'))
    const columns = Number(request.getQuery('columns'))
    if (stream === undefined || this.isHistoryDown) {
      const error = { code: 'LMAP_STORE_DOWN', message: 'The store is away.' }
      return void response.writeStatus('503').end(JSON.stringify({ error }))
    }
    this.asked.push({ atMs, columns })
    const { ms } = timeframes[stream.timeframe]!
    const closed = stream.closed.filter(({ openMs }) => openMs + ms <= atMs).slice(-columns)
    const blocks = [...closed].reverse().map((column) => encodeColumn(BlockType.closed, column))
    const clockMs = closed.length === 0 ? 0 : closed.at(-1)!.openMs + ms
    const { asset, timeframe } = stream
    const frame = encodeFrame(
      {
        ...{ kind: FrameKind.snapshot, asset, timeframe, flags: FrameFlag.simulated, modelState: this.modelState },
        ...{ sequence: 0, epoch: 0, clockMs, status: { modelId: 1, venueStates: new Uint8Array(8) } },
      },
      blocks,
    )
    response.writeHeader('content-type', 'application/octet-stream')
    response.writeHeader('access-control-allow-origin', '*').end(frame)
  }

  #control(socket: uws.WebSocket<unknown>, text: string): void {
    const message = JSON.parse(text)
    this.received.push(message)
    if (message.channel === 'reports') {
      this.reports.control(socket, message)
      return
    }
    const asset = assets.findIndex((candidate) => candidate.name === message.asset)
    const timeframe = timeframes.findIndex((candidate) => candidate.name === message.timeframe)
    const key = `${message.asset}/${message.timeframe}`
    if (message.op === 'unsubscribe') this.#streams.get(key)?.clients.delete(socket)
    if (message.op !== 'subscribe' && message.op !== 'resync') return
    if (asset < 0 || timeframe < 0) {
      const error = { op: 'error', code: 'LMAP_REQUEST_UNKNOWN', message: `no such stream: ${key}`, request: message }
      socket.send(JSON.stringify(error))
      return
    }
    const stream = this.#streams.get(key) ?? this.#make(key, asset, timeframe)
    stream.clients.add(socket)
    const blocks = [stream.live, ...[...stream.closed].reverse()].map((column, i) =>
      encodeColumn(i === 0 ? BlockType.key : BlockType.closed, column),
    )
    socket.send(this.#frame(stream, FrameKind.snapshot, blocks), true)
  }

  #make(key: string, asset: number, timeframe: number): Stream {
    const { priceUsd, quantumUsd } = assets[asset]!
    const { ms } = timeframes[timeframe]!
    const market = new Market(asset * 16 + timeframe + 1, priceUsd, quantumUsd, 2.2e-4 * (ms / 60_000) ** 0.4)
    const newestMs = Math.floor(this.#now() / ms) * ms
    const closed: Column[] = []
    for (let back = this.#options.columns ?? 359; back > 0; back--) {
      const column = market.open(newestMs - back * ms)
      market.fill(column, ms)
      const { gap } = this.#options
      if (gap === undefined || back < gap.last || back > gap.first) closed.push(column)
    }
    const live = market.open(newestMs)
    market.turn(live)
    const stream = { asset, timeframe, sequence: 0, market, closed, live, clients: new Set<uws.WebSocket<unknown>>() }
    this.#streams.set(key, stream)
    return stream
  }

  #tick(): void {
    if (this.isPaused) return
    for (const stream of this.#streams.values()) {
      const { ms } = timeframes[stream.timeframe]!
      if (this.#now() >= stream.live.openMs + ms) this.#roll(stream)
      const before = stream.live.cells.slice()
      stream.market.turn(stream.live)
      this.#send(stream, [encodeDelta(before, stream.live.cells, stream.live)])
    }
  }

  #roll(stream: Stream): void {
    const closed = stream.live
    stream.closed.push(closed)
    stream.live = stream.market.open(closed.openMs + timeframes[stream.timeframe]!.ms)
    this.#send(stream, [encodeColumn(BlockType.closed, closed), encodeColumn(BlockType.key, stream.live)])
  }

  #send(stream: Stream, blocks: Uint8Array[]): void {
    stream.sequence = (stream.sequence + 1) >>> 0
    const frame = this.#frame(stream, FrameKind.delta, blocks)
    for (const socket of stream.clients) socket.send(frame, true)
  }

  #frame(stream: Stream, kind: number, blocks: Uint8Array[]): Uint8Array {
    const { asset, timeframe, sequence } = stream
    const { venueStates, modelState } = this
    const flags = FrameFlag.simulated
    return encodeFrame(
      {
        ...{ kind, asset, timeframe, flags, modelState, sequence, epoch: 1 },
        ...{ clockMs: this.#now(), status: { modelId: 1, venueStates } },
      },
      blocks,
    )
  }

  #file(response: uws.HttpResponse, url: string): void {
    const name = url === '/' ? 'index.html' : url.slice(1)
    const { folder } = this.#options
    if (folder === undefined || !/^[\w.-]+$/.test(name)) return void response.writeStatus('404').end()
    try {
      const body = readFileSync(`${folder}/${name}`)
      response.writeHeader('content-type', contentTypes[name.split('.').at(-1)!] ?? 'application/octet-stream')
      // What the real server promises: the page must work under it.
      for (const [header, value] of commonHeaders) response.writeHeader(header, value)
      if (isShared(url)) response.writeHeader('access-control-allow-origin', '*')
      response.end(body)
    } catch {
      response.writeStatus('404').end()
    }
  }
}

function json(response: uws.HttpResponse, body: object): void {
  response.writeHeader('content-type', 'application/json')
  response.writeHeader('access-control-allow-origin', '*').end(JSON.stringify(body))
}

function lists() {
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name)
  return { assets: names(assets), timeframes: names(timeframes), layers: names(layers), venues: names(venues) }
}

function catalogue() {
  const list = assets.map(({ id, name, quantumUsd, gridTick }) => ({ id, name, quantumUsd, gridTick }))
  return { source: 'simulator', simulated: true, assets: list, venues, timeframes, layers }
}
