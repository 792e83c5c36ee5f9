// Guards the past over HTTP: a map at a time in the shape of a live one, times that mean one moment only, questions in
// SQL refused unless they were asked for, and no parameter of any endpoint that reaches the database as text.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTime } from '../../src/gateway/past.ts'
import type { ReadingSources } from '../../src/gateway/readings.ts'
import type { AssetId } from '../../src/model/units.ts'
import { venueStates } from '../../src/model/venues.ts'
import { answerOf } from '../../src/store/sql.ts'
import { type ClickHouseStore, createStore } from '../../src/store/store.ts'
import { decodeHeader } from '../../src/wire/frame.ts'
import { type asset, minutes, now, startMs } from '../store/rows.ts'
import { engineSuite, keptLog } from '../store/samples.ts'
import { type Rig, startGateway } from './rig.ts'

test('a time is milliseconds or ISO 8601 with a zone', () => {
  expect(readTime('1763806500000')).toBe(1_763_806_500_000)
  expect(readTime('2025-11-22T10:15:00Z')).toBe(1_763_806_500_000)
  expect(readTime('2025-11-22T12:15:00.000+02:00')).toBe(1_763_806_500_000)
  for (const text of [
    '',
    'now',
    '2025-11-22',
    '2025-11-22T10:15:00',
    '-1',
    '1e3',
    '0x10',
    '99999999999999',
    '2025-13-22T10:15:00Z',
    "2025-11-22T10:15:00Z'; DROP",
  ]) {
    expect(() => readTime(text), text).toThrow('at is a time')
  }
})

engineSuite('history over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-past-'))
  let store: ClickHouseStore
  let open: Rig
  let shut: Rig
  const get = async (path: string, rig = open) => {
    const answer = await fetch(rig.http + path)
    const text = await answer.text()
    return { status: answer.status, type: answer.headers.get('content-type'), text, json: () => JSON.parse(text) }
  }

  beforeAll(async () => {
    store = createStore({ client: { path: folder }, log: keptLog(), now })
    await store.start()
    for (const row of minutes(10)) store.column(row)
    store.venueMinute({
      ...{
        asset: 0 as AssetId,
        venue: 2,
        minuteMs: startMs + 4 * 60_000,
        state: venueStates.indexOf('stale'),
        batches: 1,
      },
      ...{ mark: 0, openInterest: 2, openInterestUsd: 7.4e9, buyUsd: 0, sellUsd: 0, trades: 0 },
    })
    await store.flush()
    const sources: ReadingSources = {
      liquidity: async () => undefined,
      model: () => ({ state: 0, id: 0, mean: 0, error: Infinity, hours: 0 }),
      scores: (id, most) => store.scores(id, most),
      at: (id, timeframe, atMs, most) => store.at(id, timeframe, atMs, most),
      extent: (id, timeframe) => store.extent(id, timeframe),
      reports: (query) => store.reports(query),
      ask: (sql, format) => answerOf(store, sql, format),
    }
    const history = (id: ReturnType<typeof asset>, timeframe: number) => store.columns(id, timeframe, 359)
    open = await startGateway({ history, readings: sources })
    shut = await startGateway({ history, readings: { ...sources, extent: undefined, ask: undefined } })
  })
  afterAll(async () => {
    await open.gateway.stop()
    await shut.gateway.stop()
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a map at a time holds what had closed by then', async () => {
    const at = new Date(startMs + 5 * 60_000 + 1).toISOString()
    const { status, json } = await get(`/api/v1/map?asset=BTC&at=${at}&columns=3&layers=bid`)
    expect(status).toBe(200)
    const map = json()
    expect(map).toMatchObject({
      asset: 'BTC',
      timeframe: '1m',
      clockMs: startMs + 5 * 60_000,
      at: { askedMs: startMs + 5 * 60_000 + 1, asOfMs: startMs + 5 * 60_000 },
      model: { state: 'none' },
    })
    const times = map.columns.map(({ openMs }: { openMs: number }) => (openMs - startMs) / 60_000)
    expect(times).toEqual([2, 3, 4])
    expect(map.columns.every(({ isLive }: { isLive: boolean }) => !isLive)).toBe(true)
  })

  test('with the venues as they were, in JSON and in a frame', async () => {
    const path = `/api/v1/map?asset=BTC&columns=1&layers=bid&at=`
    const venuesAt = async (minute: number) => (await get(path + (startMs + minute * 60_000))).json().venues
    expect(await venuesAt(5)).toMatchObject([
      { name: 'binance', state: 'unknown', ageMs: null, openInterestUsd: 0 },
      { state: 'unknown' },
      { name: 'okx', state: 'stale', ageMs: null, openInterestUsd: 7.4e9 },
      { state: 'unknown' },
      { state: 'unknown' },
    ])
    expect((await venuesAt(4))[2].state).toBe('unknown')
    expect((await venuesAt(7))[2].state).toBe('down')
    const headers = { accept: 'application/octet-stream' }
    const frame = await fetch(`${open.http}${path}${startMs + 5 * 60_000}`, { headers })
    const { status } = decodeHeader(new Uint8Array(await frame.arrayBuffer()))
    expect(venueStates[status!.venueStates[2]!]).toBe('stale')
  })

  test('an open column is the last of its map', async () => {
    const { json } = await get(`/api/v1/map?asset=BTC&timeframe=5m&at=${startMs + 8 * 60_000}&columns=2&layers=bid`)
    expect(json().columns).toEqual([
      expect.objectContaining({ openMs: startMs + 5 * 60_000, observedMs: 180_000, isLive: true }),
    ])
    const none = await get(`/api/v1/map?asset=BTC&at=0`)
    expect([none.status, none.json().columns]).toEqual([200, []])
  })

  test('the extent of a history is told, and where there is none that is told too', async () => {
    expect((await get('/api/v1/history?asset=btc')).json()).toEqual({
      asset: 'BTC',
      timeframe: '1m',
      kept: true,
      firstMs: startMs,
      endMs: startMs + 600_000,
    })
    expect((await get('/api/v1/history?asset=BTC&timeframe=1d')).json()).toMatchObject({ kept: true, firstMs: null })
    expect((await get('/api/v1/history?asset=BTC', shut)).json()).toMatchObject({ kept: false, firstMs: null })
  })

  test('live and history meet without a seam', async () => {
    const [live, past] = await Promise.all([
      get('/api/v1/map?asset=BTC&columns=360&layers=bid'),
      get(`/api/v1/map?asset=BTC&columns=360&layers=bid&at=${startMs + 600_000}`),
    ])
    expect(past.json().columns).toEqual(live.json().columns)
  })

  test('questions are refused unless they were asked for', async () => {
    const refused = await get('/api/v1/sql?query=SELECT%201', shut)
    expect([refused.status, refused.json().error.code]).toEqual([404, 'LMAP_REQUEST_UNKNOWN'])
    const answer = await get('/api/v1/sql?query=SELECT%20count()%20AS%20n%20FROM%20candles')
    expect([answer.status, answer.type, answer.json().data]).toEqual([
      200,
      'application/json; charset=utf-8',
      [{ n: 10 }],
    ])
    const csv = await get('/api/v1/sql?format=csv&query=SELECT%201%20AS%20n')
    expect([csv.type, csv.text]).toEqual(['text/csv; charset=utf-8', '"n"\n1\n'])
  })

  test('what is over is not sent again: the past has ETags, by layers, mode and moment', async () => {
    const past = (query: string, headers: Record<string, string> = {}) =>
      fetch(`${open.http}/api/v1/map?asset=BTC&at=${startMs + 5 * 60_000}${query}`, { headers })
    const etags = new Set<string>()
    const queries = ['', '&layers=bid', '&columns=2', '&mode=raw', '&timeframe=5m', '&range=5']
    for (const query of queries) {
      const etag = (await past(query)).headers.get('etag')!
      etags.add(etag)
      expect((await past(query, { 'if-none-match': etag })).status).toBe(304)
      const frame = { accept: 'application/octet-stream', 'if-none-match': etag }
      if (query !== '&mode=raw') expect((await past(query, frame)).status).toBe(200)
    }
    const later = await fetch(`${open.http}/api/v1/map?asset=BTC&at=${startMs + 6 * 60_000}`)
    expect(etags.add(later.headers.get('etag')!).size).toBe(queries.length + 1)
  })

  const attacks = [
    "' OR 1=1 --",
    "BTC'; DROP TABLE columns; --",
    "BTC\" UNION SELECT file('/etc/passwd') --",
    '1m\u0000',
    '1; DROP TABLE columns',
    '(SELECT 1)',
    '$(id)',
    '{asset:String}',
    '../../etc/passwd',
    '0x31',
    '1 OR 1',
    '__proto__',
    'constructor',
    '%27',
    '\\',
    '🙂',
  ]
  const parameters: Record<string, string[]> = {
    '/api/v1/map?asset=BTC': ['asset', 'timeframe', 'columns', 'layers', 'mode', 'range', 'at', 'from'],
    '/api/v1/clusters?asset=BTC': ['asset', 'timeframe', 'other'],
    '/api/v1/score?asset=BTC': ['asset', 'hours', 'other'],
    '/api/v1/history?asset=BTC': ['asset', 'timeframe', 'other'],
    '/api/v1/read?asset=BTC': ['asset', 'other'],
    '/api/v1/reports/walls?asset=BTC': ['asset', 'from', 'to', 'side', 'state', 'minUsd', 'limit', 'cursor', 'other'],
    '/api/v1/reports/sweeps?asset=BTC': ['asset', 'from', 'to', 'side', 'state', 'minUsd', 'limit', 'cursor', 'other'],
    '/api/v1/reports/absorptions?asset=BTC': [
      'asset',
      'from',
      'to',
      'side',
      'state',
      'minUsd',
      'limit',
      'cursor',
      'other',
    ],
    '/api/v1/reports/convergences?asset=BTC': [
      'asset',
      'from',
      'to',
      'side',
      'state',
      'minUsd',
      'limit',
      'cursor',
      'other',
    ],
    '/api/v1/sql?query=SELECT%201': ['format', 'query', 'database', 'default_format', 'readonly'],
  }
  test.for(Object.entries(parameters).flatMap(([path, names]) => names.map((name) => [path, name] as const)))(
    '%s refuses SQL in %s',
    async ([path, name]) => {
      for (const attack of attacks) {
        const url = new URL(path, open.http)
        url.searchParams.set(name, attack)
        const { status, text } = await get(url.pathname + url.search)
        expect([400, status], `${name}=${attack}: ${text.slice(0, 200)}`).toContain(status)
        expect(text).not.toContain('root:')
      }
      expect(await store.query('SELECT count() AS n FROM columns')).toEqual([{ n: 10 }])
    },
  )

  test.for([
    'DROP TABLE columns',
    'SELECT 1; DROP TABLE columns',
    "SELECT file('/etc/passwd')",
    "SELECT * FROM url('http://127.0.0.1:9/', 'CSV')",
    'SELECT * FROM system.tables',
    'SELECT * FROM checkpoints',
    "SELECT 1 INTO OUTFILE '/tmp/lmap-never'",
    'SELECT 1 SETTINGS readonly = 0',
    '',
  ])('over HTTP refused: %s', async (sql) => {
    const { status, json } = await get(`/api/v1/sql?query=${encodeURIComponent(sql)}`)
    expect([status, json().error.code]).toEqual([400, 'LMAP_REQUEST_INVALID'])
  })
})
