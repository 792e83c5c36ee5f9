// Guards the served description of the API: every path answers as it says, with a body of the schema it names, and the
// schemas are those that the bodies are checked with.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MapState } from '../../src/client/map-state.ts'
import { answers } from '../../src/gateway/openapi.ts'
import { BUCKETS, Layer } from '../../src/model/layers.ts'
import { decodeHeader } from '../../src/wire/frame.ts'
import { absorptionRow, convergenceRow, sweepRow, wallRow } from '../model/report-samples.ts'
import { Feed } from './feed.ts'
import { type Rig, startGateway } from './rig.ts'

type Answer = keyof typeof answers
interface Description {
  openapi: string
  paths: Record<
    string,
    {
      get: {
        parameters: { name: string }[]
        responses: Record<string, { content: Record<string, { schema: { $ref?: string } }> }>
      }
    }
  >
  components: { schemas: Record<string, object> }
}

let rig: Rig
let feed: Feed
let description: Description

beforeAll(async () => {
  feed = new Feed(0, 0, 5, (live) => rig.gateway.block(live))
  rig = await startGateway({
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
afterAll(() => rig.gateway.stop())

const requests: [path: string, query: string, status: number][] = [
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
]

test.each(requests)('%s%s answers %i as described', async (path, query, status) => {
  const response = await fetch(rig.http + path + query)
  expect(response.status).toBe(status)
  const content = description.paths[path]?.get.responses[status]?.content['application/json']
  const name = content?.schema.$ref?.split('/').at(-1) as Answer
  const parsed = answers[name].safeParse(await response.json())
  expect(parsed.error?.message).toBeUndefined()
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
    if (get.parameters.length === 0) continue
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
