// Guards everything that takes bytes or text from outside against a million random and mutated inputs: frames, control
// messages, queries, keys and plans files in this process, messages and raw requests against a real gateway. Nothing
// may crash, throw without a code, or go uncounted. LMAP_FUZZ=1000000 for the long round, LMAP_SEED to repeat one.
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { readServerMessage } from '../../src/client/control.ts'
import { MapState } from '../../src/client/map-state.ts'
import { identify } from '../../src/gateway/access.ts'
import { parseControl, parseJson } from '../../src/gateway/control.ts'
import { readPlans } from '../../src/gateway/plans.ts'
import { readMapQuery, readScoreQuery, readStreamQuery } from '../../src/gateway/query.ts'
import { cursorOf, readReportQuery } from '../../src/gateway/report-request.ts'
import { LmapError } from '../../src/model/errors.ts'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import { limits } from '../../src/model/limits.ts'
import { reportKinds } from '../../src/model/reports.ts'
import { BlockType, type Column, emptyColumn, encodeColumn, encodeDelta } from '../../src/wire/blocks.ts'
import { decodeHeader, encodeFrame, FrameKind } from '../../src/wire/frame.ts'
import { encodeGroup } from '../../src/wire/groups.ts'
import { startGateway, until } from '../gateway/rig.ts'
import { seed } from '../wire/seed.ts'
import { Chance, Tally } from './fuzz.ts'

/** Inputs in all. The gateway's share is smaller: each costs a round trip. */
const TOTAL = Number(process.env.LMAP_FUZZ ?? 20_000)
const share = (part: number): number => Math.ceil(TOTAL * part)
const TIMEOUT_MS = Math.max(60_000, TOTAL * 4)

function columnOf(chance: Chance, openMs: number, changes: number): Column {
  const column = {
    ...emptyColumn(),
    openMs,
    open: 9,
    high: 9,
    low: 8,
    close: 9,
    volumeUsd: 7,
    step: 0.5,
    quantumUsd: 100,
  }
  for (let change = 0; change < changes; change++) {
    column.cells[chance.below(LAYERS * BUCKETS)] = chance.below(256)
  }
  return column
}

function header(kind: number, sequence: number) {
  const status = { modelId: 3, venueStates: Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0) }
  // Every other delta is silent about its status.
  const isShort = kind === FrameKind.delta && sequence % 2 === 0
  const base = { kind, asset: 1, timeframe: 2, flags: 1, modelState: 1, sequence, epoch: 1, clockMs: 1.7e12 }
  return { ...base, status: isShort ? undefined : status }
}

test(
  `frames (seed ${seed})`,
  () => {
    const chance = new Chance(seed)
    const tally = new Tally()
    const live = columnOf(chance, 600_000, 40)
    const next = columnOf(chance, 600_000, 40)
    const closed = [1, 2, 3].map((minute) => columnOf(chance, minute * 60_000, 30))
    const delta = encodeDelta(live.cells, next.cells, next)
    const snapshot = encodeFrame(header(FrameKind.snapshot, 5), [
      encodeColumn(BlockType.key, live),
      encodeGroup(closed),
    ])
    const frames = [
      snapshot,
      encodeFrame(header(FrameKind.delta, 6), [delta]),
      encodeFrame(header(FrameKind.delta, 6), [
        encodeColumn(BlockType.closed, live),
        encodeColumn(BlockType.key, next),
      ]),
    ]
    const map = new MapState()
    const apply = (frame: Uint8Array) => map.apply(decodeHeader(frame), frame)
    for (let count = share(0.45); count > 0; count--) {
      if (!map.whole) apply(snapshot)
      const frame = chance.below(8) === 0 ? chance.bytes(200) : chance.mutate(chance.one(frames))
      tally.try(() => void apply(frame))
    }
    expect(tally.total).toBe(share(0.45))
    expect([...tally.counts.keys()].sort()).toEqual(['LMAP_FRAME_CORRUPT', 'LMAP_FRAME_VERSION', 'taken'])
  },
  TIMEOUT_MS,
)

const messages = [
  '{"op":"subscribe","asset":"BTC","timeframe":"1m"}',
  '{"op":"subscribe","asset":"BTC","timeframe":"1m","layers":["bid","ask"],"columns":30,"range":5}',
  '{"op":"unsubscribe","asset":"ETH","timeframe":"4h"}',
  '{"op":"resync","asset":"BTC","timeframe":"1m"}',
  '{"op":"subscribe","channel":"reports","asset":"BTC","kinds":["wall","sweep"]}',
  '{"op":"unsubscribe","channel":"reports","asset":"ETH"}',
  '{"op":"ack","sequence":[["BTC","1m",12],["ETH","1h",4294967295]]}',
]
const answers = [
  '{"op":"hello","version":3,"server":"x","source":"y","assets":["BTC"],"timeframes":["1m"],"layers":["bid"],"venues":[]}',
  '{"op":"reports","asset":"BTC","sequence":1,"clockMs":2,"standing":true,"sinceMs":1,"rows":[{"kind":"wall","id":"w","asset":"BTC","startMs":1,"atMs":2,"price":3,"usd":4}]}',
  '{"op":"error","code":"LMAP_PLAN","message":"no","request":{"asset":"BTC","timeframe":"1m"}}',
]

test(`control messages and answers (seed ${seed})`, () => {
  const chance = new Chance(seed + 1)
  const tally = new Tally()
  for (let count = share(0.2); count > 0; count--) {
    tally.try(() => void parseControl(parseJson(chance.mutateText(chance.one(messages)))))
    readServerMessage(chance.mutateText(chance.one(answers)))
  }
  expect(tally.total).toBe(share(0.2))
  expect([...tally.counts.keys()].sort()).toEqual(['LMAP_REQUEST_INVALID', 'LMAP_REQUEST_UNKNOWN', 'taken'])
})

test(`queries (seed ${seed})`, () => {
  const chance = new Chance(seed + 2)
  const tally = new Tally()
  const queries = [
    'asset=BTC&timeframe=1m&columns=20&layers=bid,ask',
    'asset=eth&mode=hybrid&at=2026-01-01T00:00:00Z',
    'asset=BTC&hours=%31&x',
    'asset=BTC,eth&from=1&to=2026-01-01T00:00:00Z&side=bid&state=active,filled&minUsd=2.5e6&limit=9',
    `cursor=${cursorOf({ startMs: 1_700_000_000_000, id: 'wall-BTC-bybit-bid-3209-1700000000000' })}`,
    '',
  ]
  for (let count = share(0.2); count > 0; count--) {
    const query = chance.mutateText(chance.one(queries))
    tally.try(() => {
      const read = chance.one([
        readStreamQuery,
        (text: string) => readMapQuery(text, 60),
        (text: string) => readScoreQuery(text, 10, 100),
        (text: string) => readReportQuery(text, chance.one(reportKinds), limits),
      ])
      read(query)
    })
  }
  expect(tally.total).toBe(share(0.2))
  expect([...tally.counts.keys()].sort()).toEqual(['LMAP_REQUEST_INVALID', 'LMAP_REQUEST_UNKNOWN', 'taken'])
})

const plan = {
  assets: ['BTC'],
  timeframes: ['1m'],
  modes: 'all',
  reports: [],
  columns: 9,
  api: true,
  requestsPerMinute: 9,
  connections: 9,
  streams: 9,
}
const file = JSON.stringify({
  plans: { free: plan },
  keys: [{ name: 'ann', sha256: '0f'.repeat(32), plan: 'free' }],
  tokens: {
    algorithm: 'EdDSA',
    publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
    issuer: 'a',
    audience: 'b',
  },
})

test(
  `keys, tokens and plans files (seed ${seed})`,
  async () => {
    const chance = new Chance(seed + 3)
    const tally = new Tally()
    const plans = readPlans(file)
    const credentials = [
      'lmap_0123456789abcdef',
      'eyJhbGciOiJFZERTQSJ9.eyJwbGFuIjoicHJvIn0.AAAA',
      'eyJhbGciOiJub25lIn0.e30.',
      '',
    ]
    for (let count = share(0.1); count > 0; count--) {
      const credential = chance.mutateText(chance.one(credentials))
      await expect(identify(plans, credential, 'x', 0)).rejects.toBeInstanceOf(LmapError)
      tally.try(() => void readPlans(chance.mutateText(file)))
    }
    expect(tally.total).toBe(share(0.1))
    expect([...tally.counts.keys()].sort()).toEqual(['LMAP_CONFIG', 'taken'])
  },
  TIMEOUT_MS,
)

test(
  `a gateway on the wire (seed ${seed})`,
  async () => {
    const chance = new Chance(seed + 4)
    const rig = await startGateway({ limits: { clientMessagesMax: 1e9 } })
    const count = share(0.05)
    try {
      await sendMessages(rig.ws, chance, Math.ceil(count / 2))
      await sendRequests(rig.gateway.port, chance, Math.floor(count / 2))
      const sent = /^lmap_gateway_messages_total (\d+)$/m.exec(await rig.metrics.text())?.[1]
      expect(Number(sent)).toBeGreaterThanOrEqual(Math.ceil(count / 2))
      expect((await fetch(`${rig.http}/healthz`)).status).toBe(200)
      expect(rig.log.filter((line) => line.includes('request failed'))).toEqual([])
    } finally {
      await rig.gateway.stop()
    }
  },
  TIMEOUT_MS,
)

/** Text and binary messages; a socket that was closed for one is opened anew. */
async function sendMessages(url: string, chance: Chance, count: number): Promise<void> {
  let left = count
  while (left > 0) {
    const socket = new WebSocket(url)
    let isClosed = false
    socket.onclose = () => {
      isClosed = true
    }
    await new Promise((resolve) => {
      socket.onopen = resolve
    })
    for (let batch = Math.min(left, 200); batch > 0 && !isClosed; batch--) {
      left--
      const isBinary = chance.below(50) === 0
      socket.send(isBinary ? Buffer.from(chance.bytes(40)) : chance.mutateText(chance.one(messages)))
      if (batch % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (isBinary) break
    }
    socket.close()
    await until('the close', () => isClosed)
  }
}

/** Bytes that are nearly HTTP: each is answered or its connection closed. */
async function sendRequests(port: number, chance: Chance, count: number): Promise<void> {
  const requests = [
    'GET /api/v1/map?asset=BTC&columns=2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc\r\nConnection: close\r\n\r\n',
    'GET /stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    'HEAD /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\nIf-None-Match: "a"\r\nConnection: close\r\n\r\n',
  ]
  for (let done = 0; done < count; done++) {
    const bytes = chance.mutate(Buffer.from(chance.one(requests)))
    await new Promise<void>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('data', () => socket.destroy())
      socket.on('error', () => socket.destroy())
      socket.on('close', () => resolve())
      // Half a request is waited for by the server: this side gives up.
      socket.setTimeout(10, () => socket.destroy())
      socket.write(bytes)
    })
  }
}
