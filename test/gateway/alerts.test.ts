// Guards who may test, see, save and remove alert rules over HTTP: the page of the machine itself, or keys whose plan has
// alerts; that other pages and made-up names get nothing; and that bodies are JSON, bounded, and answered with codes.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Alerts, createAlerts } from '../../src/alerts/alerts.ts'
import { limits } from '../../src/model/limits.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { candlesOf, historyOf, wall } from '../alerts/samples.ts'
import { startMs } from '../store/rows.ts'
import { keptLog, temporaryFolder } from '../store/samples.ts'
import { type Rig, startGateway, until } from './rig.ts'

const rule = {
  name: 'Large bids',
  kind: 'wall',
  assets: ['BTC'],
  webhook: { url: 'https://hooks.example.com/secret-path', secret: 'a-secret-of-24-characters' },
}
const json = { 'content-type': 'application/json' }

let rig: Rig
let alerts: Alerts
let folder: string
let metrics: Metrics

async function start(plans?: object, hosts = ['hooks.example.com'], gateways = 1): Promise<void> {
  folder = temporaryFolder()
  metrics = createMetrics({ process: false })
  alerts = createAlerts({
    folder: join(folder, 'alerts'),
    file: undefined,
    targets: { hosts, isPrivateAllowed: false },
    history: historyOf([], candlesOf(startMs, [60_000, 60_000])),
    price: () => 60_000,
    clockMs: () => startMs + 3_600_000,
    source: 'test',
    simulated: true,
    log: keptLog(),
    metrics,
    now: () => Date.now(),
    random: () => 0.5,
  })
  await alerts.start()
  const path = join(folder, 'plans.json')
  if (plans !== undefined) writeFileSync(path, JSON.stringify(plans))
  rig = await startGateway({ alerts, gateways, ...(plans !== undefined && { plans: path }) })
}

afterEach(async () => {
  await rig.gateway.stop()
  await alerts.stop()
})

interface Answer {
  readonly status: number
  readonly body: Record<string, never>
  readonly code: string | undefined
}

/** By node:http: fetch would not send some of these headers. */
function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${rig.http}${path}`, { method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => {
        const parsed = text === '' ? {} : JSON.parse(text)
        resolve({ status: response.statusCode!, body: parsed, code: parsed.error?.code })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const post = (path: string, value: unknown, headers: Record<string, string> = {}) =>
  ask('POST', path, { ...json, ...headers }, typeof value === 'string' ? value : JSON.stringify(value))

describe('without plans', () => {
  beforeEach(() => start())

  test("the machine's own page tests, saves, sees and removes rules", async () => {
    const tested = await post('/api/v1/alerts/preview?days=3', { name: 'n', kind: 'wall', assets: ['BTC'] })
    expect([tested.status, tested.body]).toEqual([200, expect.objectContaining({ firings: 0, last: [] })])
    const saved = await post('/api/v1/alerts', rule, { origin: rig.http })
    expect(saved.status).toBe(201)
    expect(saved.body).toMatchObject({ origin: 'saved', webhook: { url: 'https://hooks.example.com/…' } })
    const { id } = saved.body as unknown as { id: string }
    const listed = await ask('GET', '/api/v1/alerts')
    expect(listed.body).toMatchObject({ canSave: true, hosts: ['hooks.example.com'], rules: [{ id }] })
    expect(JSON.stringify(listed.body)).not.toMatch(/a-secret-of|secret-path/)
    expect(await ask('DELETE', `/api/v1/alerts?id=${id}`)).toMatchObject({ status: 200, body: { removed: id } })
    expect(await ask('DELETE', `/api/v1/alerts?id=${id}`)).toMatchObject({ status: 404, code: 'LMAP_REQUEST_UNKNOWN' })
  })

  test.each([
    ['another page', { origin: 'https://evil.example' }],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a name that leads here', { host: 'evil.example' }],
    ['a page that a browser calls foreign', { 'sec-fetch-site': 'cross-site' }],
    ['a page beside ours', { 'sec-fetch-site': 'same-site' }],
    ['who comes through a proxy of the machine', { 'x-forwarded-for': '203.0.113.1' }],
    ['who says the machine has sent him', { 'x-forwarded-for': '127.0.0.1' }],
    ['who comes through a proxy that names him otherwise', { forwarded: 'for=203.0.113.1' }],
    ['who comes through a proxy of nginx', { 'x-real-ip': '203.0.113.1' }],
    ['who comes through a proxy that names itself', { via: '1.1 front' }],
  ])('%s neither changes nor sees rules', async (_, headers) => {
    await post('/api/v1/alerts', rule)
    expect(await post('/api/v1/alerts', rule, headers)).toMatchObject({ status: 403, code: 'LMAP_ALERTS_LOCKED' })
    expect(await ask('DELETE', '/api/v1/alerts?id=x', headers)).toMatchObject({
      status: 403,
      code: 'LMAP_ALERTS_LOCKED',
    })
    expect((await ask('GET', '/api/v1/alerts', headers)).body).toEqual({ canSave: false, hosts: [], rules: [] })
    expect(alerts.rules(undefined)).toHaveLength(1)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', ''])(
    'a body of %s is not read',
    async (type) => {
      const body = JSON.stringify(rule)
      for (const path of ['/api/v1/alerts', '/api/v1/alerts/preview']) {
        expect(await ask('POST', path, { 'content-type': type }, body)).toMatchObject({
          status: 400,
          code: 'LMAP_REQUEST_INVALID',
        })
      }
    },
  )

  test.each([
    ['no JSON', '{', 'LMAP_REQUEST_INVALID'],
    ['nothing', '', 'LMAP_REQUEST_INVALID'],
    ['no rule', [], 'LMAP_REQUEST_INVALID'],
    ['an unknown asset', { ...rule, assets: ['ZZZ'] }, 'LMAP_REQUEST_INVALID'],
    ['no webhook', { name: 'n', kind: 'wall' }, 'LMAP_REQUEST_INVALID'],
    ['another host', { ...rule, webhook: { ...rule.webhook, url: 'https://evil.example/' } }, 'LMAP_WEBHOOK_REFUSED'],
    ['too much', ' '.repeat(limits.alertBodyBytesMax + 1), 'LMAP_REQUEST_TOO_LARGE'],
    ['far too much', ' '.repeat(4 << 20), 'LMAP_REQUEST_TOO_LARGE'],
  ])('%s is refused with a code', async (_, value, code) => {
    expect(await post('/api/v1/alerts', value)).toMatchObject({ status: 400, code })
    expect(alerts.rules(undefined)).toEqual([])
  })

  test.each([
    ['POST', '/api/v1/alerts?days=0'],
    ['POST', '/api/v1/alerts?days=31'],
    ['POST', '/api/v1/alerts/preview?days=x'],
    ['POST', '/api/v1/alerts/preview?day=1'],
    ['DELETE', '/api/v1/alerts?name=x'],
    ['GET', '/api/v1/alerts?holder=ann'],
  ])('%s %s is refused', async (method, path) => {
    const answer = method === 'POST' ? await post(path, rule) : await ask(method, path)
    expect(answer).toMatchObject({ status: 400, code: 'LMAP_REQUEST_INVALID' })
  })

  test('other methods are refused, and no other page takes a body', async () => {
    for (const [method, path] of [
      ['PUT', '/api/v1/alerts'],
      ['OPTIONS', '/api/v1/alerts'],
      ['GET', '/api/v1/alerts/preview'],
      ['POST', '/api/v1/assets'],
      ['DELETE', '/'],
    ] as const) {
      expect((await ask(method, path, json, '{}')).status, `${method} ${path}`).toBe(path === '/' ? 404 : 405)
    }
  })
})

test('threads of the gateway hand bodies and refusals over as they are', async () => {
  await start(undefined, undefined, 2)
  // Each connection may come to another thread.
  for (let round = 0; round < 6; round++) {
    const saved = await post('/api/v1/alerts', rule)
    expect(saved.status).toBe(201)
    const { id } = saved.body as unknown as { id: string }
    expect(await post('/api/v1/alerts', rule, { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    const large = ' '.repeat(limits.alertBodyBytesMax + 1)
    expect(await post('/api/v1/alerts', large)).toMatchObject({ code: 'LMAP_REQUEST_TOO_LARGE' })
    expect((await ask('DELETE', `/api/v1/alerts?id=${id}`)).status).toBe(200)
  }
})

test('without hosts nothing can be saved', async () => {
  await start(undefined, [])
  expect((await ask('GET', '/api/v1/alerts')).body).toEqual({ canSave: false, hosts: [], rules: [] })
  expect(await post('/api/v1/alerts', rule)).toMatchObject({ status: 400, code: 'LMAP_WEBHOOK_REFUSED' })
})

describe('with plans', () => {
  const plan = {
    assets: ['BTC'],
    timeframes: 'all',
    modes: 'all',
    reports: ['walls'],
    columns: 360,
    api: true,
    requestsPerMinute: 1_000,
    connections: 10,
    streams: 10,
  }
  const key = (name: string, of: string) => ({
    name,
    sha256: createHash('sha256').update(`key-of-${name}`).digest('hex'),
    plan: of,
  })
  const as = (name: string) => ({ authorization: `Bearer key-of-${name}` })
  const plansFile = {
    plans: {
      free: { ...plan, alerts: true },
      none: plan,
      pro: { ...plan, assets: 'all', reports: 'all', alerts: true },
    },
    anonymous: 'free',
    keys: [key('ann', 'pro'), key('eve', 'free'), key('bob', 'none')],
  }
  beforeEach(() => start(plansFile))

  test('a key whose plan has alerts has rules of its own', async () => {
    const saved = await post('/api/v1/alerts', rule, as('ann'))
    expect(saved.status).toBe(201)
    const { id } = saved.body as unknown as { id: string }
    expect((await ask('GET', '/api/v1/alerts', as('ann'))).body).toMatchObject({ canSave: true, rules: [{ id }] })
    expect((await ask('GET', '/api/v1/alerts', as('eve'))).body).toMatchObject({ canSave: true, rules: [] })
    expect((await ask('DELETE', `/api/v1/alerts?id=${id}`, as('eve'))).status).toBe(404)
    expect((await ask('DELETE', `/api/v1/alerts?id=${id}`, as('ann'))).status).toBe(200)
  })

  test('rules of a key that is gone fire no more', async () => {
    for (const name of ['ann', 'eve']) expect((await post('/api/v1/alerts', rule, as(name))).status).toBe(201)
    const fired = async () => Number(/lmap_alerts_fired_total (\d+)/.exec(await metrics.text())?.[1])
    alerts.report(wall({ id: 'one' }))
    expect(await fired()).toBe(2)
    writeFileSync(
      join(folder, 'plans.json'),
      JSON.stringify({ ...plansFile, keys: [key('ann', 'none'), key('eve', 'free')] }),
    )
    await until('the file', () => rig.log.some((line) => line.includes('plans read again')))
    alerts.report(wall({ id: 'two', atMs: wall().atMs + 3_600_000 }))
    expect(await fired()).toBe(3)
  })

  test('without a key rules can be tested where the plan has it, never saved, not even on the machine itself', async () => {
    expect((await post('/api/v1/alerts/preview', rule)).status).toBe(200)
    expect(await post('/api/v1/alerts', rule)).toMatchObject({ status: 403, code: 'LMAP_ALERTS_LOCKED' })
    expect((await ask('GET', '/api/v1/alerts')).body).toEqual({ canSave: false, hosts: [], rules: [] })
  })

  test('what is not in the plan is refused with the plan that has it', async () => {
    const refused = async (name: string, value: object) => {
      const answers = [
        await post('/api/v1/alerts', value, as(name)),
        await post('/api/v1/alerts/preview', value, as(name)),
      ]
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 403, code: 'LMAP_PLAN' })
        expect(JSON.stringify(answer.body)).toMatch(/Plan (pro|free) does/)
      }
    }
    await refused('bob', rule)
    await refused('eve', { ...rule, assets: ['ETH'] })
    await refused('eve', { ...rule, assets: undefined })
    await refused('eve', { ...rule, kind: 'sweep' })
    expect((await post('/api/v1/alerts', rule, as('eve'))).status).toBe(201)
    expect((await post('/api/v1/alerts', rule, as('mallory'))).status).toBe(401)
  })
})
