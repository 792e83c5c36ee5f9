// Guards gateway threads where they are not just what one thread is: limits and plans hold over all of them, requests are
// answered by any, a thread that is overtaken or fails costs nobody more than a fresh start, and one that fails again and
// again ends the process.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { connect } from '../../src/client/index.ts'
import type { MapState } from '../../src/client/map-state.ts'
import type { LmapError } from '../../src/model/errors.ts'
import type { Column } from '../../src/wire/blocks.ts'
import { Feed } from './feed.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

const BTC_1M = { asset: 'BTC', timeframe: '1m' }
const failingThread = new URL('./failing-thread.ts', import.meta.url)

let rig: Rig
let folder: string | undefined
afterEach(async () => {
  await rig.gateway.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

/** A counter as /metrics tells it; threads tell theirs once in a while. */
async function counter(name: string): Promise<number> {
  return Number(new RegExp(`^lmap_${name} (.+)$`, 'm').exec(await rig.metrics.text())?.[1] ?? 0)
}

async function untilCounter(name: string, value: number): Promise<void> {
  let now = -1
  const look = setInterval(() => void counter(name).then((count) => (now = count)), 5)
  await until(`${name} ${value}`, () => now === value).finally(() => clearInterval(look))
}

async function openMany(count: number): Promise<Reader[]> {
  return Promise.all(Array.from({ length: count }, () => Reader.open(rig.ws)))
}

test('clients of either thread get the same bytes, encoded once', async () => {
  rig = await startGateway({ gateways: 2, limits: { clientSweepMs: 20 } })
  const feed = new Feed(0, 0, 1, (live) => rig.gateway.block(live))
  const readers = await openMany(16)
  for (const reader of readers) {
    reader.send({ op: 'subscribe', ...BTC_1M })
    reader.send({ op: 'subscribe', channel: 'reports', asset: 'BTC' })
  }
  await until('snapshots and reports', () =>
    readers.every(({ frames, texts }) => frames.length === 1 && texts.some(({ op }) => op === 'reports')),
  )
  feed.key()
  rig.gateway.flush()
  for (let tick = 0; tick < 30; tick++) {
    feed.delta()
    if (tick === 15) feed.close()
    rig.gateway.flush()
  }
  await until('the last frame', () => readers.every((reader) => reader.map('0/0').clockMs === feed.clockMs))
  const bytes = readers.map(({ frames }) => Buffer.concat(frames).toString('base64'))
  expect(new Set(bytes).size).toBe(1)
  expect(readers.every(({ gaps }) => gaps === 0)).toBe(true)
  await untilCounter('gateway_deliveries_total', 16 * 31)
  expect(await counter('gateway_frames_total')).toBe(31)
  // At most once for each thread, where both asked before they had heard of the other's.
  expect(await counter('gateway_snapshots_encoded_total')).toBe(1)
  await untilCounter('gateway_clients', 16)
  expect(await counter('gateway_subscriptions')).toBe(32)
})

test('connections of an address are counted over all threads, and a place that is left is free', async () => {
  rig = await startGateway({ gateways: 2, limits: { clientsPerAddressMax: 6 } })
  const readers = await openMany(6)
  const more = await openMany(4)
  await until('the refusals', () => more.every(({ closeCode }) => closeCode === 4501))
  expect(more.map(({ errors }) => errors[0]?.code)).toEqual(Array(4).fill('LMAP_LIMIT'))
  readers[0]!.socket.close()
  await until('the close', () => readers[0]!.closeCode !== undefined)
  let last: Reader | undefined
  for (let tries = 0; last?.texts[0]?.op !== 'hello' && tries < 50; tries++) last = await Reader.open(rig.ws)
  expect(last?.texts[0]?.op).toBe('hello')
  expect(readers.slice(1).every(({ closeCode }) => closeCode === undefined)).toBe(true)
})

test('any thread answers any request, whole bodies and those in pieces', async () => {
  rig = await startGateway({ gateways: 2, limits: { clientSweepMs: 20, mapRequestsMax: 100 } })
  const feed = new Feed(0, 0, 2, (live) => rig.gateway.block(live))
  const reader = await Reader.open(rig.ws)
  await reader.subscribe('BTC', '1m')
  feed.key()
  for (let column = 0; column < 20; column++) {
    feed.delta()
    feed.close()
  }
  rig.gateway.flush()
  // A connection of its own each time, so that both threads are met.
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${rig.http}${path}`, { ...init, headers: { connection: 'close', ...init.headers } })
  const maps = new Set<string>()
  for (let round = 0; round < 16; round++) {
    const map = await ask('/api/v1/map?asset=BTC&timeframe=1m')
    expect(map.status).toBe(200)
    maps.add(await map.text())
    const head = await ask('/api/v1/map?asset=BTC', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const assets = await ask('/api/v1/assets')
    expect((await assets.json()).source).toBe('test')
    const frame = await ask('/api/v1/map?asset=BTC', { headers: { accept: 'application/octet-stream' } })
    expect((await frame.bytes())[0]).toBe(reader.frames[0]![0])
    expect((await ask('/nothing')).status).toBe(404)
  }
  expect(maps.size).toBe(1)
  expect(JSON.parse([...maps][0]!).columns.length).toBeGreaterThan(10)
  await untilCounter('gateway_http_requests_total{status="404"}', 16)
})

test('a key that is revoked is off in every thread', async () => {
  folder = mkdtempSync(join(tmpdir(), 'lmap-threads-'))
  const path = join(folder, 'plans.json')
  const key = 'a-key-of-this-test-that-is-long-enough'
  const plan = {
    assets: ['BTC'],
    timeframes: ['1m'],
    modes: ['raw'],
    reports: [],
    columns: 10,
    api: true,
    alerts: false,
    requestsPerMinute: 100,
    connections: 8,
    streams: 2,
  }
  const sha256 = createHash('sha256').update(key).digest('hex')
  const entry = { name: 'alice', sha256, plan: 'small' }
  const save = (keys: object[]) => writeFileSync(path, JSON.stringify({ plans: { small: plan }, keys }))
  save([entry])
  rig = await startGateway({ gateways: 2, plans: path })
  const readers = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const reader = new Reader(rig.ws, ['lmap', `lmap.key.${key}`])
      await until('the hello', () => reader.texts.length > 0)
      return reader
    }),
  )
  const ninth = new Reader(rig.ws, ['lmap', `lmap.key.${key}`])
  await until('the refusal', () => ninth.closeCode === 4501)
  save([])
  await until('the end of all', () => readers.every(({ closeCode }) => closeCode === 4502))
})

test('a thread that was overtaken gives its clients a fresh start, without a gap', async () => {
  rig = await startGateway({ gateways: 2, limits: { gatewayRingBytes: 1 << 19 } })
  const feed = new Feed(0, 0, 3, (live) => rig.gateway.block(live))
  const readers = await openMany(6)
  await Promise.all(readers.map((reader) => reader.subscribe('BTC', '1m')))
  feed.key()
  rig.gateway.flush()
  // All in one turn of this thread: three times what the ring holds.
  for (let tick = 0; tick < 200; tick++) {
    feed.delta(3_000)
    if (tick % 10 === 9) feed.key('refresh')
    rig.gateway.flush()
  }
  await until('the truth', () => readers.every((reader) => reader.map('0/0').clockMs === feed.clockMs))
  feed.delta()
  rig.gateway.flush()
  await until('the next frame', () => readers.every((reader) => reader.map('0/0').clockMs === feed.clockMs))
  for (const reader of readers) {
    expect(reader.gaps).toBe(0)
    expect(Buffer.compare(reader.map('0/0').live!.cells, feed.live.cells)).toBe(0)
    expect(reader.frames.length).toBeLessThan(200)
  }
})

/** Threads that can be told to fail, one by one. */
function failing() {
  const channel = new BroadcastChannel('failing gateway threads')
  const begun: number[] = []
  channel.onmessage = (event) => {
    begun.push(Number(String((event as { data: unknown }).data).replace('begun ', '')))
  }
  return { begun, fail: (thread: number) => channel.postMessage(thread), close: () => channel.close() }
}

const digest = (columns: readonly Column[]): string => {
  const hash = createHash('sha256')
  for (const { cells, ...facts } of columns) hash.update(JSON.stringify(Object.entries(facts).sort())).update(cells)
  return hash.digest('hex')
}
const digestOfMap = ({ columns, live }: MapState) => digest([...columns, ...(live === undefined ? [] : [live])])

test('a thread that fails is started anew, and every client is back with the right map within 5 s', async () => {
  const threads = failing()
  const failures: LmapError[] = []
  rig = await startGateway({
    gateways: 2,
    threadFile: failingThread,
    failed: (error) => failures.push(error),
    activate: (_asset, _timeframe, on) => {
      if (!on) return
      feed.key()
      rig?.gateway.flush()
    },
    limits: { clientSweepMs: 50 },
  })
  const feed = new Feed(0, 0, 4, (live) => rig.gateway.block(live))
  const clients = Array.from({ length: 300 }, () => connect({ url: rig.ws, now: Date.now, random: Math.random }))
  const streams = clients.map((client) => client.subscribe('BTC', '1m', { columns: 8 }))
  try {
    await until('all maps', () => streams.every(({ state }) => state === 'live'))
    for (let column = 0; column < 5; column++) {
      feed.delta(100)
      feed.close()
      rig.gateway.flush()
    }
    await untilCounter('gateway_clients', 300)
    threads.fail(threads.begun[0]!)
    await until('the loss to be noticed', () => streams.some(({ state }) => state !== 'live'))
    const lostMs = Date.now()
    feed.delta(100)
    rig.gateway.flush()
    const truth = digest([...feed.closed, feed.live])
    await until('the right map everywhere', () => streams.every(({ map }) => map.whole && digestOfMap(map) === truth))
    expect(Date.now() - lostMs).toBeLessThan(5_000)
    await until('the new thread', () => threads.begun.length === 3)
    await untilCounter('gateway_clients', 300)
    expect(rig.log.some((line) => line.includes('told to fail') && line.includes('started anew'))).toBe(true)
    expect(failures).toEqual([])
  } finally {
    for (const client of clients) client.close()
    threads.close()
  }
})

test('threads that fail again and again end the process with a code', async () => {
  const threads = failing()
  const failures: LmapError[] = []
  rig = await startGateway({
    gateways: 2,
    threadFile: failingThread,
    failed: (error) => failures.push(error),
    limits: { gatewayRestartsMax: 2, gatewayRestartMs: 1 },
  })
  for (let failed = 0; failed < 3; failed++) {
    await until('a thread', () => threads.begun.length > failed)
    threads.fail(threads.begun[failed]!)
  }
  await until('the end', () => failures.length > 0)
  expect(failures[0]).toMatchObject({ code: 'LMAP_GATEWAY_THREAD', message: expect.stringContaining('3 times') })
  threads.close()
})
