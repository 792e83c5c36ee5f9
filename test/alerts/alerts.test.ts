// Guards the stage as a whole on the real database engine and a real receiver: rules of a file and saved ones fire webhooks
// for what comes, once, over a restart too; a rule is saved with its back-test only; secrets come out nowhere.
import { createHmac } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Alerts, type AlertsOptions, createAlerts } from '../../src/alerts/alerts.ts'
import { BUCKETS, codeOfUsd, Layer } from '../../src/model/layers.ts'
import { alertHistoryOf } from '../../src/store/alert-history.ts'
import { type ClickHouseStore, createStore } from '../../src/store/store.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { asset, column, minutes, startMs } from '../store/rows.ts'
import { engineSuite, keptLog, temporaryFolder } from '../store/samples.ts'
import { Receiver } from './receiver.ts'
import { MINUTE, sweep, wall } from './samples.ts'

const SECRET = 'a-secret-of-24-characters'
const HOUR = 3_600_000

engineSuite('alerts', () => {
  let folder: string
  let receiver: Receiver
  let store: ClickHouseStore
  let running: Alerts[]
  let nowMs: number
  beforeEach(async () => {
    folder = temporaryFolder()
    receiver = new Receiver()
    await receiver.start()
    running = []
    nowMs = startMs + 3 * HOUR
    store = createStore({
      client: { path: join(folder, 'clickhouse') },
      log: keptLog(),
      now: () => Date.now() as never,
    })
    await store.start()
  })
  afterEach(async () => {
    await Promise.all(running.map((alerts) => alerts.stop()))
    await store.stop()
    await receiver.stop()
  })

  async function open(changes: Partial<AlertsOptions> = {}) {
    const log = keptLog()
    const metrics = createMetrics({ process: false })
    const alerts = createAlerts({
      folder: join(folder, 'alerts'),
      file: undefined,
      targets: { hosts: [receiver.host], isPrivateAllowed: true },
      history: alertHistoryOf(store),
      price: () => 60_000,
      clockMs: () => nowMs,
      source: 'live',
      simulated: false,
      log,
      metrics,
      now: () => nowMs,
      random: () => 0.5,
      ...changes,
    })
    running.push(alerts)
    await alerts.start()
    return { alerts, log, metrics }
  }

  const posted = (changes: object = {}) => ({
    name: 'Large bids',
    kind: 'wall',
    usdMin: 1e6,
    cooldownSeconds: 0,
    webhook: { url: receiver.url, secret: SECRET },
    ...changes,
  })
  const bodies = () => receiver.received.map(({ body }) => JSON.parse(body))

  test('a rule is saved with its back-test, and fires once for what it asks for', async () => {
    for (const one of minutes(180)) store.column(one)
    store.report(wall({ atMs: startMs + 70 * MINUTE, id: 'before' }))
    await store.flush()
    const { alerts, metrics } = await open()
    const entry = await alerts.save(posted(), 1, undefined)
    expect(entry).toMatchObject({ origin: 'saved', fired: 0, backtest: { firings: 1, fromMs: startMs } })
    expect(entry.backtest!.last[0]).toMatchObject({ id: 'before', changes: [0, 0, 0] })
    alerts.report(wall({ usd: 9e5 }))
    alerts.report(sweep())
    alerts.report(wall())
    alerts.report(wall({ atMs: startMs + 60_000 }))
    await receiver.has(1)
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]]
    const [time, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(headers['lmap-signature']))!.slice(1)
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex'))
    expect(bodies()[0]).toEqual({
      delivery: headers['lmap-delivery'],
      rule: { id: entry.id, name: 'Large bids' },
      firedMs: nowMs,
      source: 'live',
      simulated: false,
      report: expect.objectContaining({ id: 'wall-1', asset: 'BTC', venues: ['binance'], usd: 2e6, distanceBp: -30 }),
    })
    await vi.waitFor(async () => expect(await metrics.text()).toMatch(/outcome="taken"} 1/))
    expect(await metrics.text()).toMatch(/lmap_alerts_fired_total 1/)
    expect(alerts.rules(undefined)).toEqual([expect.objectContaining({ fired: 1, firedMs: nowMs })])
    expect(receiver.received).toHaveLength(1)
  })

  test('saved rules, what has fired and what waits survive a restart', async () => {
    const first = await open()
    const { id } = await first.alerts.save(posted(), 1, undefined)
    expect(statSync(join(folder, 'alerts/rules.json')).mode & 0o777).toBe(0o600)
    receiver.answers = [503]
    first.alerts.report(wall())
    await receiver.has(1)
    await first.alerts.stop()
    receiver.answers = [200]
    const second = await open()
    expect(second.alerts.rules(undefined).map((rule) => rule.id)).toEqual([id])
    second.alerts.report(wall())
    await receiver.has(2)
    await vi.waitFor(async () => expect(await second.metrics.text()).toMatch(/outcome="taken"} 1/))
    expect(receiver.received.map(({ headers }) => headers['lmap-delivery'])).toEqual(
      Array(2).fill(receiver.received[0]!.headers['lmap-delivery']),
    )
    second.alerts.report(wall({ id: 'wall-2' }))
    await receiver.has(3)
    expect(bodies()[2].report.id).toBe('wall-2')
  })

  test('a stop keeps what has fired while a name is looked up for ever', async () => {
    const asked = Promise.withResolvers<void>()
    const changes = {
      targets: { hosts: ['hook.example'], isPrivateAllowed: true },
      lookup: () => {
        asked.resolve()
        return new Promise<never>(() => undefined)
      },
    }
    const first = await open(changes)
    await first.alerts.save(posted({ webhook: { url: 'http://hook.example/', secret: SECRET } }), 1, undefined)
    first.alerts.report(wall())
    await asked.promise
    await first.alerts.stop()
    const second = await open(changes)
    second.alerts.report(wall())
    expect(await second.metrics.text()).toMatch(/lmap_alerts_fired_total 0/)
    expect(await second.metrics.text()).toMatch(/lmap_webhook_waiting 1/)
  })

  test('a saved rule whose webhook is damaged is told and left out, the others go on', async () => {
    const first = await open()
    const { id } = await first.alerts.save(posted(), 1, undefined)
    await first.alerts.stop()
    const path = join(folder, 'alerts/rules.json')
    const { kept } = JSON.parse(readFileSync(path, 'utf8')) as { kept: [{ webhook: object }] }
    const damaged = [undefined, {}, { url: 'nowhere', secret: SECRET }, { url: kept[0].webhook }].map(
      (webhook, index) => ({ ...kept[0], id: `damaged-${index}`, webhook }),
    )
    writeFileSync(path, JSON.stringify({ kept: [...damaged, ...kept] }))
    const { alerts, log } = await open()
    expect(alerts.rules(undefined).map((rule) => rule.id)).toEqual([id])
    expect(log.lines.filter((line) => line.includes('cannot be used any more'))).toHaveLength(damaged.length)
  })

  test('each holder has his own rules, so many, and removes his own alone', async () => {
    const { alerts } = await open({ limits: { alertRulesPerHolderMax: 2, alertRulesMax: 3 } })
    const ann = await alerts.save(posted(), 1, 'key ann')
    nowMs++
    await alerts.save(posted(), 1, 'key ann')
    await expect(alerts.save(posted(), 1, 'key ann')).rejects.toMatchObject({ code: 'LMAP_LIMIT' })
    const eve = await alerts.save(posted(), 1, 'key eve')
    await expect(alerts.save(posted(), 1, 'key bob')).rejects.toMatchObject({ code: 'LMAP_LIMIT' })
    expect(alerts.rules('key eve').map(({ id }) => id)).toEqual([eve.id])
    expect(await alerts.remove(ann.id, 'key eve')).toBe(false)
    expect(await alerts.remove(ann.id, 'key ann')).toBe(true)
    expect(alerts.rules('key ann')).toHaveLength(1)
    expect(alerts.rules(undefined)).toEqual([])
  })

  test('a secret comes out nowhere', async () => {
    const { alerts, log, metrics } = await open()
    const entry = await alerts.save(posted(), 1, undefined)
    receiver.answers = [410]
    alerts.report(wall())
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/given up/))
    const out = [JSON.stringify(entry), JSON.stringify(alerts.rules(undefined)), log.lines.join(), await metrics.text()]
    expect(out.join()).not.toMatch(new RegExp(`${SECRET}|hook\\?a`))
    expect(receiver.received[0]!.body).not.toContain(SECRET)
  })

  test('rules of a file are watched, and followed as the file changes', async () => {
    const file = join(folder, 'rules.json')
    const write = (...rules: object[]) => writeFileSync(file, JSON.stringify({ rules }))
    write({ id: 'walls', ...posted() })
    const { alerts, log } = await open({ file, history: undefined })
    expect(alerts.rules(undefined)).toEqual([
      expect.objectContaining({ id: 'file-walls', origin: 'file', backtest: null }),
    ])
    expect(alerts.rules('key ann')).toEqual([])
    alerts.report(wall())
    await receiver.has(1)
    writeFileSync(file, '{')
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/stay as they were/), { timeout: 5_000 })
    expect(alerts.rules(undefined)).toHaveLength(1)
    write({ id: 'sweeps', ...posted({ kind: 'sweep' }) })
    await vi.waitFor(() => expect(alerts.rules(undefined)[0]?.id).toBe('file-sweeps'), { timeout: 5_000 })
    alerts.report(wall({ id: 'wall-2' }))
    alerts.report(sweep())
    await receiver.has(2)
    expect(bodies()[1].rule).toEqual({ id: 'file-sweeps', name: 'Large bids' })
    await expect(alerts.save(posted(), 1, undefined)).rejects.toMatchObject({ code: 'LMAP_NOT_READY' })
  })

  test.each([
    ['is not JSON', '{', /not JSON/],
    ['has no rules', '{}', /"rules"/],
    ['has a rule without a webhook', { name: 'n', kind: 'wall', id: 'a' }, /rules\.0: webhook/],
    ['has a rule without an id', { name: 'n', kind: 'wall' }, /rules\.0: .*id/],
    ['has a rule that is none', { id: 'a', name: 'n', kind: 'walls' }, /rules\.0: kind/],
  ])('a file that %s stops the start with its place', async (_, content, place) => {
    const file = join(folder, 'rules.json')
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify({ rules: [content] }))
    await expect(open({ file })).rejects.toThrow(
      expect.objectContaining({ code: 'LMAP_CONFIG', message: expect.stringMatching(place) }),
    )
  })

  test('a missing file stops the start; damaged saved rules do, and stay as they are', async () => {
    await expect(open({ file: join(folder, 'missing.json') })).rejects.toMatchObject({ code: 'LMAP_CONFIG' })
    const { alerts } = await open()
    await alerts.save(posted(), 1, undefined)
    await alerts.stop()
    const path = join(folder, 'alerts/rules.json')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40))
    await expect(open()).rejects.toMatchObject({ code: 'LMAP_CONFIG' })
  })

  test('clusters are looked at when a 5m column closes, live and in the back-test alike', async () => {
    const cells = new Uint8Array(column().cells.length)
    cells[Layer.shortLevel * BUCKETS + 1_010] = codeOfUsd(5e6, 10)
    const five = { timeframe: 1, baseBucket: 1_000, step: 30, close: 60_000, cells }
    for (const one of minutes(180)) store.column(one)
    store.column(column({ ...five, openMs: startMs + 75 * MINUTE }))
    await store.flush()
    const { alerts } = await open()
    const rule = { kind: 'cluster', assets: ['BTC'], sides: ['short'], usdMin: 4e6 }
    const entry = await alerts.save(posted(rule), 1, undefined)
    expect(entry.backtest).toMatchObject({ firings: 1, last: [{ kind: 'cluster', side: 'short', price: 60_315 }] })
    expect(entry.backtest!.last[0]!.atMs).toBe(startMs + 80 * MINUTE)
    alerts.column(column({ ...five, timeframe: 0 }))
    alerts.column(column({ ...five, asset: asset(1) }))
    alerts.column(column({ ...five, openMs: startMs + 75 * MINUTE }))
    await receiver.has(1)
    const { changes: _, ...told } = entry.backtest!.last[0]!
    expect(bodies().map(({ report }) => report)).toEqual([told])
  })

  test('who takes an asset over tells nothing again that has fired elsewhere', async () => {
    const file = join(folder, 'rules.json')
    const walls = { id: 'walls', ...posted({ usdMin: undefined, cooldownSeconds: 600 }) }
    const sweeps = { id: 'sweeps', ...posted({ kind: 'sweep', usdMin: undefined, distancePercentMax: 1 }) }
    writeFileSync(file, JSON.stringify({ rules: [walls, sweeps] }))
    const of = (name: string) => ({ file, folder: join(folder, name) })
    for (const one of minutes(180)) store.column(one)
    const standing = wall({ id: 'standing', atMs: startMs + 30 * MINUTE })
    const swept = sweep({ id: 'swept', atMs: startMs + 40 * MINUTE })
    const newest = wall({ id: 'newest', atMs: startMs + 50 * MINUTE })
    const behind = wall({ id: 'behind', atMs: startMs + 70 * MINUTE })
    const first = await open(of('first'))
    for (const row of [standing, swept, newest, behind]) {
      store.report(row)
      first.alerts.report(row)
    }
    await receiver.has(4)
    await store.flush()

    // The state ends before the last of them: that one is read from the log again.
    const second = await open({ ...of('second'), clockMs: () => startMs + 55 * MINUTE })
    await second.alerts.adopt([asset(0)])
    second.alerts.report({ ...standing, atMs: startMs + 56 * MINUTE })
    second.alerts.report(swept)
    second.alerts.report(wall({ id: 'silenced', atMs: startMs + 59 * MINUTE }))
    second.alerts.report(behind)
    await receiver.has(5)
    const told = bodies().map(({ report, delivery }) => ({ id: report.id, delivery }))
    expect(
      told
        .slice(0, 4)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['behind', 'newest', 'standing', 'swept'])
    expect(told.slice(0, 4)).toContainEqual(told[4])
    expect(told[4]!.id).toBe('behind')
    expect(await second.metrics.text()).toMatch(/lmap_alerts_fired_total 1/)
  })

  test('an asset does not wait for a store that cannot tell what has fired', async () => {
    const file = join(folder, 'rules.json')
    writeFileSync(file, JSON.stringify({ rules: [{ id: 'walls', ...posted() }] }))
    const history = { ...alertHistoryOf(store), moments: () => new Promise<never>(() => undefined) }
    const { alerts, log } = await open({ file, history, limits: { alertTakeOverMsMax: 50 } })
    await alerts.adopt([asset(0)])
    expect(log.lines.join()).toMatch(/a firing may be told again/)
  })

  test('one rule is tested at a time', async () => {
    const { alerts } = await open()
    const first = alerts.preview(posted(), 1)
    await expect(alerts.preview(posted(), 1)).rejects.toMatchObject({ code: 'LMAP_LIMIT' })
    expect(await first).toMatchObject({ firings: 0 })
    expect(await alerts.preview(posted(), 1)).toMatchObject({ firings: 0 })
  })
})
