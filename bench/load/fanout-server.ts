/**
 * One server of the fan-out bench, in a process of its own: KIND STREAMS PERIOD_MS FRAME_BYTES SNAPSHOT_BYTES, prints
 * its port. Every stream gets a frame each period, all in one turn; what differs is how it reaches the subscribers.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { WebSocket, WebSocketServer } from 'ws'
import { createGateway } from '../../src/gateway/server.ts'
import { BUCKETS, LAYERS, layers } from '../../src/model/layers.ts'
import { limits } from '../../src/model/limits.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import { COLUMNS, TIMEFRAMES, timeframes } from '../../src/model/timeframes.ts'
import type { AssetId } from '../../src/model/units.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import {
  BlockType,
  type Column,
  DELTA_HEADER_BYTES,
  emptyColumn,
  encodeColumn,
  encodeDelta,
} from '../../src/wire/blocks.ts'
import { SHORT_HEADER_BYTES } from '../../src/wire/frame.ts'
import { encodeGroup, GROUP_COLUMNS } from '../../src/wire/groups.ts'
import { prng } from '../../test/reference/prng.ts'

const [kind = '', ...numbers] = process.argv.slice(2)
const [streams = 0, periodMs = 0, frameBytes = 0, snapshotBytes = 0] = numbers.map(Number)
const SEED = 11
const CLOCK_AT = 16

const now = () => performance.timeOrigin + performance.now()
const servers: Record<string, () => Promise<number>> = {
  gateway: () => gateway(1),
  'gateway in 2 threads': () => gateway(2),
  ws,
  'socket.io': socketIo,
  json,
}
const start = servers[kind]
if (start === undefined) throw new Error(`there is no server ${kind}`)
process.stdout.write(`port ${await start()}\n`)
// Whatever ends the bench ends this too.
process.stdin.on('end', () => process.exit()).resume()

/** The gateway as it runs, fed with blocks as the engine writes them. */
async function gateway(gateways: number): Promise<number> {
  const on = new Set<number>()
  const key = encodeColumn(BlockType.key, columnOf(COLUMNS))
  const delta = deltaBlock()
  const history = historyOf(snapshotBytes)
  const metrics = createMetrics({ process: false })
  const server = createGateway({
    host: '127.0.0.1',
    port: 0,
    gateways,
    webRoot: undefined,
    simulated: true,
    source: 'bench',
    version: '0.0.0',
    log: createLog({ level: 'error', pretty: false, stream: process.stderr }),
    metrics,
    now,
    history: async (asset, timeframe) => {
      const { ms } = timeframes[timeframe]!
      return history.map((column, index) => ({ ...column, asset, timeframe, openMs: index * ms }))
    },
    activate(asset, timeframe, isOn) {
      const stream = asset * TIMEFRAMES + timeframe
      if (!isOn) on.delete(stream)
      else if (!on.has(stream)) {
        on.add(stream)
        put(stream, 'key', key)
        server.flush()
      }
    },
    status: () => ({ ready: true, stages: {} }),
    venueStates: () => new Uint8Array(8),
  })
  await server.start()
  let turns = 0
  setInterval(() => {
    turns++
    for (const stream of on) {
      put(stream, 'delta', delta)
      if ((turns + stream) % limits.refreshTicks === 0) put(stream, 'refresh', key)
    }
    server.flush()
  }, periodMs)
  process.on('SIGUSR2', async () => {
    const text = await metrics.text()
    const encoded = /^lmap_gateway_snapshots_encoded_total (\d+)$/m.exec(text)?.[1]
    process.stdout.write(`encoded ${encoded}\n`)
  })
  return server.port

  function put(stream: number, type: 'key' | 'delta' | 'refresh', block: Uint8Array): void {
    const asset = Math.floor(stream / TIMEFRAMES) as AssetId
    server.block({ asset, timeframe: stream % TIMEFRAMES, kind: type, clockMs: now(), block })
  }
}

/** npm ws: each subscriber of a stream is sent the same bytes. */
async function ws(): Promise<number> {
  const rooms = Array.from({ length: streams }, () => new Set<WebSocket>())
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 65_535 })
  server.on('connection', (socket, request) => {
    const room = rooms[streamOf(request.url)]!
    room.add(socket)
    socket.on('close', () => room.delete(socket))
  })
  await new Promise((resolve) => server.once('listening', resolve))
  setInterval(() => {
    const turnMs = now()
    for (const room of rooms) {
      if (room.size === 0) continue
      const frame = plainFrame(turnMs)
      for (const socket of room) if (socket.readyState === WebSocket.OPEN) socket.send(frame)
    }
  }, periodMs)
  return (server.address() as AddressInfo).port
}

/** socket.io: a room for each stream. */
async function socketIo(): Promise<number> {
  const http = createServer()
  const server = new Server(http, { transports: ['websocket'], perMessageDeflate: false, pingInterval: 300_000 })
  server.on('connection', (socket) => {
    void socket.join(String(streamOf(socket.request.url)))
  })
  await new Promise<void>((resolve) => http.listen({ port: 0, host: '127.0.0.1', backlog: 65_535 }, resolve))
  setInterval(() => {
    const turnMs = now()
    for (let stream = 0; stream < streams; stream++) server.to(String(stream)).emit('f', plainFrame(turnMs))
  }, periodMs)
  return (http.address() as AddressInfo).port
}

/** What one writes first: an object for each subscriber, as JSON, its text as long as the frame of the others. */
async function json(): Promise<number> {
  const clients = new Map<WebSocket, number>()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 65_535 })
  server.on('connection', (socket, request) => {
    clients.set(socket, streamOf(request.url))
    socket.on('close', () => clients.delete(socket))
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const cells: [number, number][] = []
  while (JSON.stringify(message(now(), 0, cells)).length < frameBytes)
    cells.push([64_200.5 + cells.length, 18_400 + cells.length])
  setInterval(() => {
    const turnMs = now()
    for (const [socket, stream] of clients) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message(turnMs, stream, cells)))
    }
  }, periodMs)
  return (server.address() as AddressInfo).port
}

/** The clock comes first: the load generator reads it there. */
function message(turnMs: number, stream: number, cells: [number, number][]): object {
  return { t: turnMs, stream, timeframe: timeframes[stream % TIMEFRAMES]!.name, layer: layers[0].name, cells }
}

function plainFrame(turnMs: number): Uint8Array {
  const frame = new Uint8Array(frameBytes)
  new DataView(frame.buffer).setFloat64(CLOCK_AT, turnMs, true)
  return frame
}

function streamOf(url: string | undefined): number {
  return Number(new URL(url ?? '/', 'http://localhost').searchParams.get('s')) % streams
}

/** A delta whose frame has the size asked for. */
function deltaBlock(): Uint8Array {
  const target = frameBytes - SHORT_HEADER_BYTES
  const before = new Uint8Array(LAYERS * BUCKETS)
  const after = before.slice()
  const prices = { high: 2, low: 1, close: 2, volumeUsd: 1 }
  let block = encodeDelta(before, after, prices)
  for (let cell = 0; block.length < Math.max(target, DELTA_HEADER_BYTES); cell++) {
    after[cell] = 100 + (cell % 5)
    block = encodeDelta(before, after, prices)
  }
  return block
}

function columnOf(index: number): Column {
  const price = { open: 100, high: 100, low: 100, close: 100, volumeUsd: 1 }
  const column = { ...emptyColumn(), ...price, step: 1, quantumUsd: 100 }
  return { ...column, openMs: index * timeframes[TIMEFRAMES - 1]!.ms }
}

/** Columns whose snapshot has about the size asked for. */
function historyOf(bytes: number): Omit<ClosedColumn, 'asset' | 'timeframe'>[] {
  if (bytes === 0) return []
  let changes = 1_000
  // The size grows with the changes, but not evenly: a few rounds come near enough.
  for (let round = 0; round < 5; round++) {
    const groupBytes = encodeGroup(columnsOf(changes, GROUP_COLUMNS)).length
    changes = Math.ceil((changes * bytes * GROUP_COLUMNS) / groupBytes / COLUMNS)
  }
  return columnsOf(changes, COLUMNS - 1)
}

function columnsOf(changes: number, count: number): Column[] {
  const random = prng(SEED)
  const cells = new Uint8Array(LAYERS * BUCKETS)
  return Array.from({ length: count }, (_, index) => {
    for (let change = 0; change < changes; change++) {
      cells[Math.floor(random() * 2 * BUCKETS)] = 100 + Math.floor(random() * 7)
    }
    return { ...columnOf(index), cells: cells.slice() }
  })
}
