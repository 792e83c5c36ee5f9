// Guards the SDK over a real WebSocket: the map at the client equals the server's, a lost frame, a corrupt frame and
// a lost connection each end in a fresh snapshot, close codes are obeyed, and nothing is live that is not.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { retryMs } from '../../src/client/back-off.ts'
import { type Connection, connect } from '../../src/client/connection.ts'
import { MapChange } from '../../src/client/map-state.ts'
import type { MapStream } from '../../src/client/map-stream.ts'
import { assetByName } from '../../src/model/assets.ts'
import { limits } from '../../src/model/limits.ts'
import { modelStates } from '../../src/model/model-states.ts'
import { encodeFrame, FrameKind } from '../../src/wire/frame.ts'
import { DevGateway } from '../web/dev-gateway.ts'

let gateway: DevGateway
let connection: Connection

afterEach(() => {
  connection?.close()
  gateway?.stop()
})

async function begin(options = {}): Promise<MapStream> {
  gateway = new DevGateway({ columns: 20, tickMs: 20, ...options })
  await gateway.start()
  connection = connect({ url: `ws://127.0.0.1:${gateway.port}/stream`, now: Date.now, random: () => 0 })
  return connection.subscribe('BTC', '1m')
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 4000, interval: 5 }).toBe(true)
}

const resyncs = () => gateway.received.filter(({ op }) => op === 'resync').length

test('the map follows the server through deltas and closes', async () => {
  const stream = await begin()
  const changes: number[] = []
  stream.onChange((change) => changes.push(change))
  await until(() => stream.map.columns.length === 20 && changes.length > 5)
  gateway.roll()
  await until(() => stream.map.columns.length === 21)
  gateway.isPaused = true
  await until(() => Buffer.compare(stream.map.live!.cells, gateway.live('BTC', '1m')!.cells) === 0)
  expect(stream.map.live!.close / gateway.live('BTC', '1m')!.close).toBeCloseTo(1, 6)
  expect(changes).toContain(MapChange.snapshot)
  expect(changes).toContain(MapChange.live)
  expect(changes).toContain(MapChange.columns)
  expect(stream.map).toMatchObject({
    simulated: true,
    modelState: modelStates.indexOf('scored'),
    modelId: 1,
    whole: true,
  })
  expect(resyncs()).toBe(0)
})

test('a missing frame is noticed and answered by one resync', async () => {
  const stream = await begin()
  await until(() => stream.state === 'live')
  const states = new Set<string>()
  stream.onChange(() => states.add(stream.state))
  gateway.skip()
  await until(() => states.has('waiting') && stream.state === 'live')
  expect(resyncs()).toBe(1)
})

test('a corrupt delta is answered by a resync', async () => {
  const stream = await begin({ tickMs: 10_000 })
  await until(() => stream.state === 'live')
  const { sequence, epoch } = stream.map
  const header = {
    kind: FrameKind.delta,
    asset: assetByName('BTC')!.id,
    timeframe: 0,
    flags: 1,
    modelState: 0,
    sequence: sequence + 1,
  }
  gateway.sendRaw(encodeFrame({ ...header, epoch, clockMs: 1, status: undefined }, [Uint8Array.of(9, 9, 9)]))
  await until(() => resyncs() === 1 && stream.state === 'live')
})

test('a lost server leaves the map marked and is found again', async () => {
  const stream = await begin()
  await until(() => stream.state === 'live')
  gateway.isDown = true
  gateway.end(4000)
  await until(() => connection.state === 'retrying')
  expect(stream.state).toBe('waiting')
  expect(stream.map.columns.length).toBe(20)
  await until(() => gateway.turnedAway > 1)
  gateway.isDown = false
  await until(() => stream.state === 'live')
  expect(connection.state).toBe('open')
})

test('a terminal close code ends every try', async () => {
  const stream = await begin()
  await until(() => stream.state === 'live')
  gateway.end(4501)
  await until(() => connection.state === 'closed')
  expect(stream.state).toBe('closed')
  expect(connection.fault).toContain('4501')
})

test('a stream that the server does not know is refused with its code', async () => {
  await begin()
  const stream = connection.subscribe('NOPE', '1m')
  await until(() => stream.state === 'refused')
  expect(stream.refusal).toMatchObject({ code: 'LMAP_REQUEST_UNKNOWN' })
})

test('a silent stream turns stale, and live again with the next frame', { timeout: 12_000 }, async () => {
  const stream = await begin()
  await until(() => stream.state === 'live')
  gateway.isPaused = true
  await expect.poll(() => stream.state, { timeout: limits.clientSilentMs + 3000 }).toBe('stale')
  gateway.isPaused = false
  await until(() => stream.state === 'live')
  expect(resyncs()).toBe(0)
})

test('for await sees the snapshot and what follows, and ends with the stream', async () => {
  const stream = await begin()
  const seen: number[] = []
  for await (const change of stream) {
    seen.push(change)
    if (seen.length === 3) stream.close()
  }
  expect(Math.max(...seen)).toBeGreaterThanOrEqual(MapChange.live)
  expect(stream.state).toBe('closed')
  await until(() => gateway.received.some(({ op }) => op === 'unsubscribe'))
})

test('a server that takes the connection and says nothing is given up', { timeout: 15_000 }, async () => {
  const mute = createServer().listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  connection = connect({ url: `ws://127.0.0.1:${port}/stream`, now: Date.now, random: () => 0 })
  await expect.poll(() => connection.state, { timeout: limits.clientConnectMsMax + 3000 }).toBe('retrying')
  expect(connection.fault).toBe('the server did not answer')
  mute.close()
})

test('two holders share a stream until both have closed it', async () => {
  const first = await begin()
  const second = connection.subscribe('BTC', '1m')
  expect(second).toBe(first)
  first.close()
  await until(() => second.state === 'live')
  second.close()
  expect(second.state).toBe('closed')
})

test('a stream that is closed once too often takes nothing from the next one', async () => {
  const first = await begin()
  first.close()
  const second = connection.subscribe('BTC', '1m')
  first.close()
  await until(() => second.state === 'live')
  const reports = connection.reports('BTC')
  reports.close()
  const next = connection.reports('BTC')
  reports.close()
  expect(next.isClosed).toBe(false)
})

test('a connection that is closed by who hears of its loss stays closed', async () => {
  const stream = await begin()
  await until(() => stream.state === 'live')
  stream.onChange(() => {
    if (stream.state === 'waiting') connection.close()
  })
  gateway.end(4000)
  await until(() => stream.state === 'closed')
  expect(connection.state).toBe('closed')
})

test('what has been read is acknowledged every second', async () => {
  const stream = await begin()
  await until(() => gateway.received.some(({ op }) => op === 'ack'))
  const ack = gateway.received.find(({ op }) => op === 'ack')
  expect(ack?.sequence).toEqual([['BTC', '1m', expect.any(Number)]])
  expect(stream.state).toBe('live')
})

test('back-off grows to its bound and jitters over its upper half', () => {
  expect(retryMs(0, () => 0)).toBe(limits.clientRetryMsMin / 2)
  expect(retryMs(1, () => 1)).toBe(limits.clientRetryMsMin * 2)
  expect(retryMs(1000, () => 1)).toBe(limits.clientRetryMsMax)
})
