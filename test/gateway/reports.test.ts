// Guards reports over HTTP, with the real database: pages of what is stored and of what has been told and is not stored
// yet, the last word of each row, every parameter checked, nothing of it ever part of a statement, and by plan no more
// than there may be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { GatewayOptions } from '../../src/gateway/server.ts'
import type { ReportFacts } from '../../src/model/report-facts.ts'
import type { Report } from '../../src/model/reports.ts'
import type { AssetId } from '../../src/model/units.ts'
import { createStore } from '../../src/store/store.ts'
import { absorptionRow, convergenceRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'
import { now } from '../store/rows.ts'
import { engineSuite, keptLog } from '../store/samples.ts'
import { type Rig, startGateway } from './rig.ts'

interface Page {
  kind: string
  from: number
  to: number | null
  rows: ReportFacts[]
  next: string | null
}

const ETH = 1 as AssetId
const sources = {
  liquidity: async () => undefined,
  model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
  scores: async () => [],
  at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
  ask: undefined,
}

engineSuite('reports over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-http-reports-'))
  const store = createStore({ client: { path: folder }, log: keptLog(), now })
  let rig: Rig
  const start = async (options: Partial<GatewayOptions> = {}): Promise<void> => {
    await rig?.gateway.stop()
    rig = await startGateway({
      readings: { ...sources, reports: (query) => store.reports(query) },
      ...options,
    })
  }
  const stored = async (...rows: Report[]): Promise<void> => {
    for (const row of rows) store.report(row)
    await store.flush()
  }
  const told = (...rows: Report[]): void => {
    for (const row of rows) rig.gateway.report(row)
    rig.gateway.flush()
  }
  const page = async (kind: string, query = ''): Promise<Page> => {
    const answer = await fetch(`${rig.http}/api/v1/reports/${kind}${query}`)
    expect(answer.status).toBe(200)
    return (await answer.json()) as Page
  }
  const ids = ({ rows }: Page): string[] => rows.map(({ id }) => id)
  const wall = (number: number, change: Parameters<typeof wallRow>[0] = {}) =>
    wallRow({ id: `wall-${number}`, startMs: START_MS + number * 1_000, atMs: START_MS + number * 1_000, ...change })

  beforeAll(async () => {
    await store.start()
    await start()
    await stored(
      ...Array.from({ length: 20 }, (_, index) => wall(index, { state: 'faded', peakUsd: (index + 1) * 1e5 })),
      sweepRow(),
      absorptionRow({ asset: ETH, id: 'absorption-ETH' }),
      convergenceRow(),
    )
  })
  afterAll(async () => {
    await rig.gateway.stop()
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('every kind, the newest first, in the shape of docs/http.md', async () => {
    expect(ids(await page('walls', '?limit=3'))).toEqual(['wall-19', 'wall-18', 'wall-17'])
    expect(await page('sweeps')).toMatchObject({ kind: 'sweep', from: 0, to: null, rows: [{ venue: 'binance' }] })
    expect((await page('absorptions')).rows).toMatchObject([{ asset: 'ETH', state: 'forming' }])
    expect((await page('convergences')).rows).toMatchObject([
      { state: 'chip', venues: [{ name: 'binance' }, { name: 'okx' }] },
    ])
  })

  test('pages follow each other to the end', async () => {
    const found: string[] = []
    let next: string | null = ''
    while (next !== null) {
      const one: Page = await page('walls', `?limit=7${next === '' ? '' : `&cursor=${next}`}`)
      found.push(...ids(one))
      next = one.next
    }
    expect(found).toEqual(Array.from({ length: 20 }, (_, index) => `wall-${19 - index}`))
  })

  test.each([
    ['asset=eth', 'absorptions', 1],
    ['asset=BTC,sol', 'absorptions', 0],
    ['asset=BTC,ETH', 'absorptions', 1],
    ['side=ask', 'walls', 0],
    ['side=bid&minUsd=1.9e6', 'walls', 2],
    ['state=faded,pulled', 'walls', 20],
    ['state=active', 'walls', 0],
    [`from=${START_MS + 15_000}`, 'walls', 5],
    [`to=${START_MS + 5_000}`, 'walls', 5],
    [`from=${new Date(START_MS + 2_000).toISOString()}&to=${START_MS + 5_000}`, 'walls', 3],
  ])('%s of %s finds %i', async (query, kind, count) => {
    expect((await page(kind, `?${query}`)).rows.length).toBe(count)
  })

  describe('what is told and not stored yet', () => {
    beforeAll(() => start())

    test('is there, in its place, and pages do not repeat or lose it', async () => {
      told(wall(30), wall(10, { id: 'wall-10b' }))
      const first = await page('walls', '?limit=10')
      const second = await page('walls', `?limit=20&cursor=${first.next}`)
      const all = [...ids(first), ...ids(second)]
      expect(all.slice(0, 2)).toEqual(['wall-30', 'wall-19'])
      expect(all.slice(10, 12)).toEqual(['wall-10b', 'wall-10'])
      expect([all.length, new Set(all).size, second.next]).toEqual([22, 22, null])
    })

    test('replaces the older word, also where the filter would let only that through', async () => {
      await stored(wall(40, { state: 'active' }))
      told(wall(40, { state: 'filled', atMs: START_MS + 50_000 }))
      expect(ids(await page('walls', '?state=active&asset=BTC'))).not.toContain('wall-40')
      expect((await page('walls', '?state=filled')).rows).toMatchObject([{ id: 'wall-40', state: 'filled' }])
      await stored(wall(40, { state: 'filled', atMs: START_MS + 50_000 }))
      expect((await page('walls', '?state=filled')).rows.length).toBe(1)
    })

    test('what stands is heard of until now', async () => {
      told(wall(50, { state: 'active' }))
      expect(ids(await page('walls', `?from=${START_MS + 90_000}`))).toEqual(['wall-50', 'wall-30', 'wall-10b'])
    })
  })

  test('an answer is not sent again as long as nothing has changed', async () => {
    await start()
    const url = `${rig.http}/api/v1/reports/sweeps`
    const answer = await fetch(url)
    const etag = answer.headers.get('etag')!
    expect(answer.headers.get('cache-control')).toBe('private, no-cache')
    const known = (header: string) => fetch(url, { headers: { 'if-none-match': header } })
    for (const header of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const again = await known(header)
      expect([again.status, await again.text()]).toEqual([304, ''])
    }
    expect((await known('"other"')).status).toBe(200)
    told(sweepRow({ id: 'another' }))
    expect((await known(etag)).status).toBe(200)
  })

  const refused: [string, string][] = [
    ['walls?asset=NOPE', 'LMAP_REQUEST_UNKNOWN'],
    ['walls?asset=', 'LMAP_REQUEST_UNKNOWN'],
    ['walls?side=buy', 'LMAP_REQUEST_UNKNOWN'],
    ['walls?side=bid,ask', 'LMAP_REQUEST_INVALID'],
    ['sweeps?side=bid', 'LMAP_REQUEST_UNKNOWN'],
    ['sweeps?state=active', 'LMAP_REQUEST_INVALID'],
    ['walls?state=chip', 'LMAP_REQUEST_UNKNOWN'],
    ['convergences?state=', 'LMAP_REQUEST_UNKNOWN'],
    ['walls?from=yesterday', 'LMAP_REQUEST_INVALID'],
    ['walls?from=2026-01-01', 'LMAP_REQUEST_INVALID'],
    ['walls?from=5&to=5', 'LMAP_REQUEST_INVALID'],
    ['walls?minUsd=-1', 'LMAP_REQUEST_INVALID'],
    ['walls?minUsd=lots', 'LMAP_REQUEST_INVALID'],
    ['walls?minUsd=1e99', 'LMAP_REQUEST_INVALID'],
    ['walls?limit=0', 'LMAP_REQUEST_INVALID'],
    ['walls?limit=1001', 'LMAP_REQUEST_INVALID'],
    ['walls?cursor=', 'LMAP_REQUEST_INVALID'],
    ['walls?cursor=nonsense', 'LMAP_REQUEST_INVALID'],
    [`walls?cursor=${Buffer.from('[1]').toString('base64url')}`, 'LMAP_REQUEST_INVALID'],
    [`walls?cursor=${Buffer.from('[-1,""]').toString('base64url')}`, 'LMAP_REQUEST_INVALID'],
    [`walls?cursor=${Buffer.from('[1.5,"a"]').toString('base64url')}`, 'LMAP_REQUEST_INVALID'],
    [`walls?cursor=${Buffer.from('[1,"a b"]').toString('base64url')}`, 'LMAP_REQUEST_INVALID'],
    [`walls?cursor=${Buffer.from(JSON.stringify([1, 'a'.repeat(201)])).toString('base64url')}`, 'LMAP_REQUEST_INVALID'],
    ['walls?offset=3', 'LMAP_REQUEST_INVALID'],
  ]
  test.each(refused)('%s is refused with %s', async (path, code) => {
    const answer = await fetch(`${rig.http}/api/v1/reports/${path}`)
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([400, code])
  })

  test('no parameter carries SQL: each hostile one is refused or finds nothing, and the tables stay', async () => {
    await start()
    const before = await page('walls', '?limit=1000')
    const hostile = [
      "bid' OR 1=1 --",
      "'; DROP TABLE walls; --",
      '\\',
      '{id:String}',
      "'] OR 1=1 OR ['",
      ') FORMAT Native --',
      '1 UNION ALL SELECT * FROM checkpoints',
    ]
    for (const text of hostile) {
      for (const name of ['asset', 'from', 'to', 'side', 'state', 'minUsd', 'limit', 'cursor']) {
        const answer = await fetch(`${rig.http}/api/v1/reports/walls?${name}=${encodeURIComponent(text)}`)
        expect([name, text, answer.status]).toEqual([name, text, 400])
      }
      // A cursor that is well made but lies reaches the database, as a parameter.
      if (/^[\x21-\x7e]*$/.test(text)) {
        const cursor = Buffer.from(JSON.stringify([START_MS, text])).toString('base64url')
        expect((await page('walls', `?cursor=${cursor}`)).rows.every(({ id }) => id < text)).toBe(true)
      }
    }
    expect(ids(await page('walls', '?limit=1000'))).toEqual(ids(before))
  })

  test('a store that fails is a 503 that says nothing of the database', async () => {
    await start({
      readings: {
        ...sources,
        reports: async () => {
          throw new Error('connect ECONNREFUSED 10.0.0.7:8123')
        },
      },
    })
    const answer = await fetch(`${rig.http}/api/v1/reports/walls`)
    const text = await answer.text()
    expect([answer.status, JSON.parse(text).error.code]).toEqual([503, 'LMAP_STORE_DOWN'])
    expect(text).not.toContain('10.0.0.7')
    expect(rig.log.some((line) => line.includes('10.0.0.7'))).toBe(true)
  })

  test('without a store there is what was told', async () => {
    await start({ readings: sources })
    told(wallRow(), sweepRow())
    expect(ids(await page('walls'))).toEqual([wallRow().id])
  })

  test('a plan has its kinds, its assets and its depth of history', async () => {
    const plansFolder = mkdtempSync(join(tmpdir(), 'lmap-http-report-plans-'))
    onTestFinished(() => rmSync(plansFolder, { recursive: true }))
    const some = {
      assets: ['BTC'],
      timeframes: ['1m', '5m'],
      modes: ['raw'],
      reports: ['walls', 'absorptions'],
      columns: 12,
      api: true,
      requestsPerMinute: 100,
      connections: 9,
      streams: 9,
    }
    const pro = { ...some, assets: 'all', timeframes: 'all', reports: 'all', columns: 360 }
    const path = join(plansFolder, 'plans.json')
    writeFileSync(path, JSON.stringify({ plans: { some, pro }, anonymous: 'some' }))
    // An hour of five-minute columns: at this time it reaches back to the middle of the walls.
    const nowMs = START_MS + 9_500 + 3_600_000
    await start({ plans: path, now: () => nowMs })
    const walls = await page('walls')
    expect(walls.from).toBe(nowMs - 3_600_000)
    expect(ids(walls).at(-1)).toBe('wall-10')
    expect((await page('absorptions')).rows).toEqual([])
    for (const query of ['sweeps', 'walls?asset=BTC,ETH', 'walls?from=0', `walls?to=${START_MS}`]) {
      const answer = await fetch(`${rig.http}/api/v1/reports/${query}`)
      const { error } = (await answer.json()) as { error: { code: string; hint: string } }
      expect([query, answer.status, error.code, error.hint]).toEqual([query, 403, 'LMAP_PLAN', 'Plan pro does.'])
    }
  })
})
