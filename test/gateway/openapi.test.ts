// Guards the served description of the API: every path answers as it says, with a body of the schema it names, and the
// schemas are those that the bodies are checked with.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Alerts, createAlerts } from '../../src/alerts/alerts.ts'
import { MapState } from '../../src/client/map-state.ts'
import { answers } from '../../src/gateway/openapi.ts'
import { BUCKETS, Layer } from '../../src/model/layers.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { decodeHeader } from '../../src/wire/frame.ts'
import { candlesOf, historyOf, subject } from '../alerts/samples.ts'
import { absorptionRow, convergenceRow, sweepRow, wallRow } from '../model/report-samples.ts'
import { keptLog } from '../store/samples.ts'
import { Feed } from './feed.ts'
import { type Rig, startGateway } from './rig.ts'

type Answer = keyof typeof answers
interface Operation {
  parameters: { name: string }[]
  responses: Record<string, { content: Record<string, { schema: { $ref?: string } }> }>
}
interface Description {
  openapi: string
  paths: Record<string, Partial<Record<string, Operation>>>
  components: { schemas: Record<string, object> }
}

let rig: Rig
let feed: Feed
let description: Description
let alerts: Alerts
const folder = mkdtempSync(join(tmpdir(), 'lmap-openapi-'))

beforeAll(async () => {
  feed = new Feed(0, 0, 5, (live) => rig.gateway.block(live))
  alerts = createAlerts({
    folder,
    file: undefined,
    targets: { hosts: ['hooks.example.com'], isPrivateAllowed: false },
    history: historyOf([subject()], candlesOf(subject().atMs - 3_600_000, Array(300).fill(60_000))),
    price: () => 60_000,
    clockMs: () => subject().atMs + 7_200_000,
    source: 'test',
    simulated: true,
    log: keptLog(),
    metrics: createMetrics({ process: false }),
    now: () => Date.now(),
    random: () => 0.5,
  })
  await alerts.start()
  rig = await startGateway({
    alerts,
    history: async (asset) => (asset === feed.asset ? feed.stored() : []),
    activate: (asset, _, on) => {
      if (on && asset === feed.asset) feed.key()
      rig.gateway.flush()
    },
  })
  for (let column = 0; column < 40; column++) {
    feed.delta(60)
    feed.close()
  }
  for (const row of [wallRow(), sweepRow(), absorptionRow(), convergenceRow()]) rig.gateway.report(row)
  rig.gateway.flush()
  description = (await (await fetch(`${rig.http}/api/v1/openapi.json`)).json()) as Description
})
afterAll(async () => {
  await rig.gateway.stop()
  await alerts.stop()
  rmSync(folder, { recursive: true })
})

const rule = { name: 'Walls', kind: 'wall', assets: ['BTC'] }
const webhook = { url: 'https://hooks.example.com/', secret: 'a-secret-of-24-characters' }
const requests: [path: string, query: string, status: number, method?: string, body?: object][] = [
  ['/healthz', '', 200],
  ['/readyz', '', 200],
  ['/api/v1/assets', '', 200],
  ['/api/v1/map', '?asset=BTC', 200],
  ['/api/v1/map', '?asset=btc&timeframe=1m&columns=3&layers=bid,longLevel', 200],
  ['/api/v1/map', '?asset=BTC&mode=hybrid', 200],
  ['/api/v1/map', '?asset=NOPE', 400],
  ['/api/v1/map', '?asset=BTC&columns=0', 400],
  ['/api/v1/map', '?asset=BTC&at=2026-01-01T00:00:00Z', 503],
  ['/api/v1/clusters', '?asset=BTC', 200],
  ['/api/v1/clusters', '', 400],
  ['/api/v1/score', '?asset=BTC', 200],
  ['/api/v1/history', '?asset=BTC&timeframe=5m', 200],
  ['/api/v1/history', '?asset=BTC&timeframe=5x', 400],
  ['/api/v1/reports/walls', '?asset=BTC&limit=5', 200],
  ['/api/v1/reports/walls', '?side=buy', 400],
  ['/api/v1/reports/sweeps', '', 200],
  ['/api/v1/reports/absorptions', '?state=forming', 200],
  ['/api/v1/reports/convergences', '?state=chip,chip%2B&from=2023-11-14T00:00:00Z', 200],
  ['/api/v1/read', '?asset=BTC', 200],
  ['/api/v1/read', '', 400],
  ['/api/v1/reports/lift', '', 200],
  ['/api/v1/reports/lift', '?asset=btc', 200],
  ['/api/v1/reports/lift', '?asset=NOPE', 400],
  ['/api/v1/sql', '?query=SELECT%201', 404],
  ['/api/v1/alerts/preview', '?days=1', 200, 'POST', rule],
  ['/api/v1/alerts/preview', '', 400, 'POST', { ...rule, kind: 'tide' }],
  ['/api/v1/alerts', '', 201, 'POST', { ...rule, webhook }],
  ['/api/v1/alerts', '', 400, 'POST', rule],
  ['/api/v1/alerts', '', 200],
  ['/api/v1/alerts', '?id=none', 404, 'DELETE'],
]

test.each(requests)('%s%s answers %i as described', async (path, query, status, method = 'GET', body) => {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(rig.http + path + query, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  })
  expect(response.status).toBe(status)
  const content = description.paths[path]?.[method.toLowerCase()]?.responses[status]?.content['application/json']
  const name = content?.schema.$ref?.split('/').at(-1) as Answer
  const parsed = answers[name].safeParse(await response.json())
  expect(parsed.error?.message).toBeUndefined()
})

test('what can be unchanged says so, and is', async () => {
  const readings = Object.entries(description.paths).flatMap(([path, { get }]) =>
    get?.responses[304] === undefined ? [] : [{ path, get }],
  )
  expect(readings.length).toBeGreaterThan(8)
  for (const { path, get } of readings) {
    const query = get.parameters.some(({ name }) => name === 'asset') ? '?asset=BTC' : ''
    const etag = (await fetch(rig.http + path + query)).headers.get('etag')!
    const again = await fetch(rig.http + path + query, { headers: { 'if-none-match': etag } })
    expect([path, again.status]).toEqual([path, 304])
  }
})

test('answers with reports have some', async () => {
  for (const kind of ['walls', 'sweeps', 'absorptions', 'convergences']) {
    const { rows } = (await (await fetch(`${rig.http}/api/v1/reports/${kind}`)).json()) as { rows: object[] }
    expect(rows.length).toBe(1)
  }
})

test('every path and every schema is asked for above', () => {
  expect(description.openapi).toBe('3.1.0')
  expect(new Set(requests.map(([path]) => path))).toEqual(new Set(Object.keys(description.paths)))
  expect(Object.keys(description.components.schemas)).toEqual(Object.keys(answers))
})

test('every described parameter is known, and no other', async () => {
  for (const [path, { get }] of Object.entries(description.paths)) {
    if (get === undefined || get.parameters.length === 0) continue
    for (const { name } of [...get.parameters, { name: 'nonsense' }]) {
      const text = await (await fetch(`${rig.http}${path}?${name}=x`)).text()
      expect(text.includes('There is no parameter'), `${path} ${name}`).toBe(name === 'nonsense')
    }
  }
})

describe('a map as a frame', () => {
  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${rig.http}/api/v1/map?${query}`, { headers: { accept: 'application/octet-stream', ...headers } })

  test('is a snapshot with the columns and layers asked for', async () => {
    const response = await get('asset=BTC&columns=36&layers=bid')
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    const frame = new Uint8Array(await response.arrayBuffer())
    const map = new MapState()
    map.apply(decodeHeader(frame), frame)
    expect(map.columns.map(({ openMs }) => openMs)).toEqual(feed.closed.slice(-35).map(({ openMs }) => openMs))
    const { cells } = map.columns.at(-1)!
    const truth = feed.closed.at(-1)!.cells
    expect(cells.subarray(0, BUCKETS)).toEqual(truth.subarray(0, BUCKETS))
    expect(cells.subarray(Layer.ask * BUCKETS).every((code) => code === 0)).toBe(true)
  })

  test('is not sent again as long as its ETag holds', async () => {
    const etag = (await get('asset=BTC')).headers.get('etag')!
    expect((await get('asset=BTC', { 'if-none-match': etag })).status).toBe(304)
    feed.delta()
    rig.gateway.flush()
    expect((await get('asset=BTC', { 'if-none-match': etag })).status).toBe(200)
  })

  test('has no mode', async () => {
    expect((await get('asset=BTC&mode=raw')).status).toBe(400)
  })
})
