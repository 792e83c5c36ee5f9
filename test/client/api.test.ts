// Guards the SDK's questions over HTTP: every parameter arrives, pages are asked for only as the loop goes on, answers are
// typed by kind, and refusals keep their code.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { createApi } from '../../src/client/api.ts'
import { reportFacts } from '../../src/model/report-facts.ts'
import { matchesReport, type ReportQuery } from '../../src/model/report-query.ts'
import type { AssetId } from '../../src/model/units.ts'
import { type Rig, startGateway } from '../gateway/rig.ts'
import { convergenceRow, START_MS, sweepRow, wallRow } from '../model/report-samples.ts'

let rig: Rig | undefined
afterEach(async () => {
  await rig?.gateway.stop()
  rig = undefined
})

const rows = Array.from({ length: 25 }, (_, index) => sweepRow({ id: `sweep-${index}`, startMs: START_MS - index }))

const chips = { kind: 'chip', side: 'support', controls: { n: 400, held: 200, broken: 200 } } as const

/** A gateway whose store has the rows, and what it was asked. */
async function serve(): Promise<ReportQuery[]> {
  const asked: ReportQuery[] = []
  rig = await startGateway({
    readings: {
      liquidity: async () => undefined,
      model: () => ({ state: 0, id: 0, mean: 0, error: 0, hours: 0 }),
      scores: async () => [],
      at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
      reports: async (query) => {
        asked.push(query)
        const found = rows.filter((row) => matchesReport(query, row))
        const page = found.slice(0, query.most)
        return { rows: page, next: found.length > query.most ? page.at(-1) : undefined }
      },
      lift: async (asset) => [{ ...chips, reports: { n: asset === undefined ? 400 : 40, held: 30, broken: 10 } }],
      ask: undefined,
    },
    limits: { liveWaitMsMax: 20 },
  })
  return asked
}

test('all rows come, page after page as the loop goes on', async () => {
  const asked = await serve()
  const api = createApi({ url: rig!.ws })
  const ids: string[] = []
  for await (const { id, levels } of api.reports('sweep', { limit: 10 })) {
    expect(levels).toBe(12)
    ids.push(id)
    if (ids.length === 15) expect(asked.length).toBe(2)
  }
  expect(ids).toEqual(rows.map(({ id }) => id))
  expect(asked.length).toBe(3)
  const first = await api.reportPage('sweep', { limit: 3 })
  expect(first.rows).toEqual(rows.slice(0, 3).map((row) => reportFacts(row)))
  expect((await api.reportPage('sweep', { limit: 1, cursor: first.next! })).rows[0]!.id).toBe('sweep-3')
})

test('every parameter arrives', async () => {
  const asked = await serve()
  const api = createApi({ url: rig!.http })
  const fromMs = START_MS + 0.25
  await api.reportPage('wall', {
    assets: ['btc', 'ETH'],
    fromMs,
    toMs: START_MS + 9,
    side: 'bid',
    states: ['filled', 'pulled'],
    minUsd: 2.5e6,
    limit: 7,
  })
  expect(asked[0]).toEqual({
    kind: 'wall',
    assets: [0, 1] as AssetId[],
    fromMs: START_MS,
    toMs: START_MS + 9,
    side: 'bid',
    states: ['filled', 'pulled'],
    usdMin: 2.5e6,
    before: undefined,
    most: 7,
  })
})

test('the read', async () => {
  await serve()
  rig!.gateway.report(convergenceRow())
  rig!.gateway.flush()
  const read = await createApi({ url: rig!.ws }).read('BTC')
  expect(read).toMatchObject({ asset: 'BTC', label: 'unproven', convergences: [{ state: 'chip' }] })
  expect(read.reasons.length).toBeGreaterThan(0)
})

test('the lift, of one asset or of all', async () => {
  await serve()
  const api = createApi({ url: rig!.ws })
  const of = (lifts: Awaited<ReturnType<typeof api.lift>>) =>
    lifts.find(({ kind, side }) => kind === 'chip' && side === 'support')!
  expect(of(await api.lift())).toMatchObject({ n: 400, held: 30, controls: { n: 400 }, isConvincing: false })
  expect(of(await api.lift('BTC'))).toMatchObject({ n: 40, words: expect.stringContaining('held more often') })
})

test('refusals keep their code, and a request can be given up', async () => {
  await serve()
  const api = createApi({ url: rig!.ws })
  await expect(api.read('NOPE')).rejects.toMatchObject({ code: 'LMAP_REQUEST_UNKNOWN' })
  await expect(api.reportPage('wall', { side: 'buy' })).rejects.toMatchObject({ code: 'LMAP_REQUEST_UNKNOWN' })
  const loop = api.reports('sweep', { limit: 5000 })
  await expect(loop.next()).rejects.toMatchObject({ code: 'LMAP_REQUEST_INVALID' })
  const given = AbortSignal.abort(new Error('given up'))
  await expect(api.reportPage('wall', { signal: given })).rejects.toThrow('given up')
})

test('the key goes with it, and what is no page is refused', async () => {
  const seen: (string | undefined)[] = []
  const bodies = [
    { rows: [reportFacts(wallRow())], next: null },
    { rows: [reportFacts(sweepRow())], next: null },
    { rows: {}, next: null },
    { rows: [], next: 3 },
  ]
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.end(JSON.stringify(bodies.shift()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const api = createApi({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`, key: 'k' })
  expect((await api.reportPage('wall')).rows.length).toBe(1)
  for (let wrong = 0; wrong < 3; wrong++) {
    await expect(api.reportPage('wall')).rejects.toMatchObject({ code: 'LMAP_NOT_READY' })
  }
  expect(new Set(seen)).toEqual(new Set(['Bearer k']))
})
