// Guards the rest from one: a client that reads slowly or not at all is cut to a fresh snapshot or closed, loses no
// frame without knowing, and costs neither memory without end nor the others a frame.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { MapState } from '../../src/client/map-state.ts'
import { decodeHeader, FrameKind } from '../../src/wire/frame.ts'
import { Feed } from './feed.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

let rig: Rig
let raw: RawReader | undefined
afterEach(async () => {
  raw?.socket.destroy()
  raw = undefined
  await rig.gateway.stop()
})

const BTC_1M = { asset: 'BTC', timeframe: '1m' }

/** A WebSocket by hand, because a real one cannot be told to stop reading. */
class RawReader {
  readonly socket: Socket
  readonly frames: Uint8Array[] = []
  closeCode: number | undefined
  #bytes: Buffer = Buffer.alloc(0)
  #isUpgraded = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('data', (bytes) => this.#take(bytes))
    // A reset is how the server lets go of a socket that takes nothing; the close code tells the rest.
    this.socket.on('error', () => this.socket.destroy())
  }

  static async open(port: number): Promise<RawReader> {
    const reader = new RawReader(port)
    await once(reader.socket, 'connect')
    const key = Buffer.alloc(16).toString('base64')
    reader.socket.write(
      `GET /stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    await until('the upgrade', () => reader.#isUpgraded)
    return reader
  }

  send(message: unknown): void {
    const body = Buffer.from(JSON.stringify(message))
    // Masked with zeros, which change nothing.
    this.socket.write(Buffer.concat([Buffer.of(0x81, 0x80 | body.length, 0, 0, 0, 0), body]))
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    if (!this.#isUpgraded) {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#isUpgraded = true
      this.#bytes = this.#bytes.subarray(end + 4)
    }
    while (this.#bytes.length >= 2) {
      const short = this.#bytes[1]! & 0x7f
      const start = short === 127 ? 10 : short === 126 ? 4 : 2
      if (this.#bytes.length < start) return
      const length =
        short === 127 ? Number(this.#bytes.readBigUInt64BE(2)) : short === 126 ? this.#bytes.readUInt16BE(2) : short
      if (this.#bytes.length < start + length) return
      const body = this.#bytes.subarray(start, start + length)
      const opcode = this.#bytes[0]! & 15
      if (opcode === 2) this.frames.push(Uint8Array.from(body))
      if (opcode === 8) this.closeCode = body.readUInt16BE(0)
      this.#bytes = this.#bytes.subarray(start + length)
    }
  }
}

function count(text: string, name: string): number {
  return Number(new RegExp(`^lmap_${name} (.+)$`, 'm').exec(text)?.[1] ?? 0)
}

/** Feeds large frames, a good neighbour reading along, until the raw reader has been cut. */
async function flood(feed: Feed, isDone: () => Promise<boolean>): Promise<void> {
  for (let tick = 0; tick < 2_000; tick++) {
    feed.delta(8_000)
    rig.gateway.flush()
    await new Promise((resolve) => setImmediate(resolve))
    if (tick % 20 === 0 && (await isDone())) return
  }
  throw new Error('the reader was never cut')
}

const smallQueue = { clientQueueBytesMax: 256 << 10, clientSweepMs: 20 }

test('a reader that stops is cut, and resynced without a gap once it reads again; its neighbour sees every frame', async () => {
  rig = await startGateway({ limits: smallQueue })
  const feed = new Feed(0, 0, 1, (live) => rig.gateway.block(live))
  const neighbour = await Reader.open(rig.ws)
  await neighbour.subscribe('BTC', '1m')
  raw = await RawReader.open(rig.gateway.port)
  raw.send({ op: 'subscribe', ...BTC_1M })
  await until('the snapshot', () => raw!.frames.length === 1)
  feed.key()
  rig.gateway.flush()
  raw.socket.pause()
  await flood(feed, async () => /cuts_total\{cause="(queue|dropped)"\} 1/.test(await rig.metrics.text()))
  const before = count(await rig.metrics.text(), 'gateway_snapshots_sent_total')
  // Nothing more is queued for it, whatever comes.
  for (let tick = 0; tick < 50; tick++) {
    feed.delta(8_000)
    rig.gateway.flush()
  }
  expect(count(await rig.metrics.text(), 'gateway_snapshots_sent_total')).toBe(before)
  raw.socket.resume()
  const newest = () => decodeHeader(raw!.frames.at(-1)!)
  await until('a fresh snapshot', () => raw!.frames.length > 1 && newest().kind === FrameKind.snapshot)
  feed.delta()
  rig.gateway.flush()
  const { sequence } = decodeHeader(neighbour.frames.at(-1)!)
  await until('the last frame', () => newest().clockMs === feed.clockMs)
  await until("the neighbour's last frame", () => neighbour.map('0/0').clockMs === feed.clockMs)
  expect(sequence).toBeGreaterThan(50)
  expect(neighbour.gaps).toBe(0)
  expect(neighbour.frames).toHaveLength(neighbour.map('0/0').sequence + 1)
  const map = new MapState()
  for (const frame of raw.frames) expect(map.apply(decodeHeader(frame), frame)).not.toBe('gap')
  expect(Buffer.compare(map.live!.cells, feed.live.cells)).toBe(0)
  expect(raw.frames.length).toBeLessThan(neighbour.frames.length)
})

test('a reader that stays behind is closed with 4001', async () => {
  rig = await startGateway({ limits: { ...smallQueue, clientStaleMsMax: 150 } })
  const feed = new Feed(0, 0, 2, (live) => rig.gateway.block(live))
  raw = await RawReader.open(rig.gateway.port)
  raw.send({ op: 'subscribe', ...BTC_1M })
  await until('the snapshot', () => raw!.frames.length === 1)
  feed.key()
  raw.socket.pause()
  await flood(feed, async () => (await rig.metrics.text()).includes('closes_total{code="4001"} 1'))
  expect(await rig.metrics.text()).toMatch(/gateway_clients 0/)
})

test('a reader whose acknowledgements lag is cut until it has caught up, then resynced', async () => {
  let nowMs = 1_000
  rig = await startGateway({ now: () => nowMs })
  const feed = new Feed(0, 0, 3, (live) => rig.gateway.block(live))
  const reader = await Reader.open(rig.ws)
  const ack = (sequence: number) => reader.send({ op: 'ack', sequence: [['BTC', '1m', sequence]] })
  const asked = async (what: string) => {
    const errors = reader.errors.length
    reader.send({ op: 'nonsense' })
    await until(what, () => reader.errors.length > errors)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await reader.subscribe('BTC', '1m')
  feed.key()
  rig.gateway.flush()
  const tick = () => {
    feed.delta()
    rig.gateway.flush()
    nowMs += 250
  }
  for (let i = 0; i < 20; i++) tick()
  await until('frames', () => reader.map('0/0').sequence === 21)
  // Late, but it has never caught up since its snapshot: a slow line may still carry that.
  ack(2)
  await asked('the first ack')
  tick()
  await until('frame 22', () => reader.map('0/0').sequence === 22)
  ack(22)
  for (let i = 0; i < 4; i++) tick()
  ack(22)
  await asked('an ack in time')
  tick()
  await until('frame 27', () => reader.map('0/0').sequence === 27)
  for (let i = 0; i < 20; i++) tick()
  ack(30)
  await asked('a late ack')
  const held = reader.frames.length
  tick()
  ack(40)
  await asked('an ack on the way')
  expect(reader.frames).toHaveLength(held)
  expect(await rig.metrics.text()).toContain('gateway_cuts_total{cause="lag"} 1')
  ack(47)
  await until('a fresh snapshot', () => reader.map('0/0').sequence === 48)
  expect(decodeHeader(reader.frames.at(-1)!).kind).toBe(FrameKind.snapshot)
  tick()
  await until('frame 49', () => reader.map('0/0').sequence === 49)
  expect(Buffer.compare(reader.map('0/0').live!.cells, feed.live.cells)).toBe(0)
  expect(reader.gaps).toBe(0)
})

test('a storm of newcomers costs one encoding while frames go on', async () => {
  rig = await startGateway()
  const feed = new Feed(0, 0, 5, (live) => rig.gateway.block(live))
  const first = await Reader.open(rig.ws)
  await first.subscribe('BTC', '1m')
  feed.key()
  for (let i = 0; i < 20; i++) {
    feed.delta(4_000)
    feed.close()
    rig.gateway.flush()
  }
  const readers = await Promise.all(Array.from({ length: 40 }, () => Reader.open(rig.ws)))
  const before = count(await rig.metrics.text(), 'gateway_snapshots_encoded_total')
  for (const [index, reader] of readers.entries()) {
    reader.send({ op: 'subscribe', ...BTC_1M })
    if (index % 4 !== 3) continue
    await until('its map', () => reader.map('0/0')?.whole)
    feed.delta(10)
    rig.gateway.flush()
  }
  await until('the newest frame', () => readers.every((reader) => reader.map('0/0')?.clockMs === feed.clockMs))
  expect(count(await rig.metrics.text(), 'gateway_snapshots_encoded_total')).toBe(before + 1)
  for (const reader of readers) {
    expect(reader.gaps).toBe(0)
    expect(Buffer.compare(reader.frames[0]!, readers[0]!.frames[0]!)).toBe(0)
    expect(Buffer.compare(reader.map('0/0').live!.cells, feed.live.cells)).toBe(0)
    expect(reader.map('0/0').columns).toHaveLength(20)
  }
})

test('many newcomers at once all get their snapshot, few at a time', async () => {
  rig = await startGateway({ limits: { snapshotsUnsentMax: 2, snapshotsPerTurnMax: 3 } })
  const feed = new Feed(0, 0, 4, (live) => rig.gateway.block(live))
  const first = await Reader.open(rig.ws)
  await first.subscribe('BTC', '1m')
  feed.key()
  for (let i = 0; i < 30; i++) {
    feed.delta(4_000)
    feed.close()
    rig.gateway.flush()
  }
  const readers = await Promise.all(Array.from({ length: 60 }, () => Reader.open(rig.ws)))
  for (const reader of readers) reader.send({ op: 'subscribe', ...BTC_1M })
  await until('all snapshots', () => readers.every((reader) => reader.frames.length > 0))
  for (const reader of readers) expect(Buffer.compare(reader.frames[0]!, readers[0]!.frames[0]!)).toBe(0)
  expect(count(await rig.metrics.text(), 'gateway_snapshots_encoded_total')).toBe(2)
  feed.delta()
  rig.gateway.flush()
  await until('the next frame', () => readers.every((reader) => reader.map('0/0').clockMs === feed.clockMs))
})
