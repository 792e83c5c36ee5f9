// Guards alerts in a real browser against the real gateway and the real alerts stage: a rule is tested before it can be
// saved, calls for what comes and stays silent when it is off, survives a reload, never leaves the browser but to be
// tested, and goes to the server only when that is asked for; by keyboard, at phone width, and fit for a screen reader.
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildWeb } from '../../ops/build-web.ts'
import { type Alerts, createAlerts } from '../../src/alerts/alerts.ts'
import type { WallRow } from '../../src/model/reports.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { candlesOf, historyOf, subject, wall } from '../alerts/samples.ts'
import { Feed } from '../gateway/feed.ts'
import { type Rig, startGateway } from '../gateway/rig.ts'
import { requirement } from '../requirements.ts'
import { keptLog } from '../store/samples.ts'
import { chromiumPath, launch } from './chromium.ts'

/** A machine that paints in software and is busy elsewhere takes its time. */
const patience = { timeout: 15_000 }
const HOUR = 3_600_000
const missing = chromiumPath === undefined ? 'Chromium; PLAYWRIGHT_CHROMIUM names one elsewhere' : undefined
const { title, skip } = requirement('alerts on the page', missing)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe.skipIf(skip)(title, { timeout: 90_000 }, () => {
  let folder: string
  let browser: Browser
  let page: Page
  let rig: Rig
  let alerts: Alerts
  let feed: Feed
  let said: string[]
  let asked: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lmap-alerts-'))
    await buildWeb(join(folder, 'web'))
    browser = await launch()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })
  afterEach(async () => {
    await page?.context().close()
    await rig?.gateway.stop()
    await alerts?.stop()
    await rm(join(folder, 'alerts'), { recursive: true, force: true })
  })

  interface Opening {
    readonly hasHistory?: boolean
    readonly width?: number
    readonly hosts?: readonly string[]
    readonly plans?: string
  }

  async function open({
    hasHistory = true,
    width = 1280,
    hosts = ['hooks.example.com'],
    plans,
  }: Opening = {}): Promise<void> {
    feed = new Feed(0, 0, 5, (live) => rig.gateway.block(live))
    const startMs = feed.clockMs - 24 * HOUR
    const moments = [3, 5, 8].map((hours) =>
      subject({ id: `wall-${hours}`, atMs: startMs + hours * HOUR, price: 100, usd: 3e6, distanceBp: -20 }),
    )
    alerts = createAlerts({
      folder: join(folder, 'alerts'),
      file: undefined,
      targets: { hosts, isPrivateAllowed: false },
      history: hasHistory ? historyOf(moments, candlesOf(startMs, Array(24 * 60).fill(100), 0.1)) : undefined,
      price: () => 100,
      clockMs: () => feed.clockMs,
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
      ...(plans !== undefined && { plans }),
      webRoot: join(folder, 'web'),
      history: async () => feed.stored(),
      activate: (_asset, _timeframe, on) => {
        if (on) feed.key()
        rig.gateway.flush()
      },
    })
    for (let column = 0; column < 3; column++) {
      feed.delta()
      feed.close()
    }
    const context = await browser.newContext({ viewport: { width, height: 820 } })
    page = await context.newPage()
    said = []
    asked = []
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(String(error)))
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`))
    await page.goto(`${rig.http}/#BTC/1m/raw`)
    await page.waitForSelector('liquidity-map[state="live"]')
  }

  const told = () => page.textContent('alert-dialog .told')
  const rules = () => page.locator('.rules li:not(.empty)').allTextContents()
  const calls = () => page.locator('.calls li:not(.empty)').allTextContents()
  const canSave = () => page.isEnabled('alert-dialog .save')

  function tell(changes: Partial<WallRow> = {}): void {
    feed.delta(0)
    rig.gateway.report(wall({ atMs: feed.clockMs, startMs: feed.clockMs - 5_000, price: 100, ...changes }))
    rig.gateway.flush()
  }

  async function fillRule(): Promise<void> {
    await page.keyboard.press('a')
    await page.fill('[name=usdMin]', '2M')
    await page.check('.sides [value=bid]')
    await page.selectOption('[name=cooldownSeconds]', '0')
  }

  async function saveRule(): Promise<void> {
    await fillRule()
    await page.click('alert-dialog .test')
    await expect.poll(canSave, patience).toBe(true)
    await page.click('alert-dialog .save')
    await expect.poll(rules, patience).toHaveLength(1)
  }

  test('a rule is tested before it is saved, and calls for what comes', async () => {
    await open()
    await fillRule()
    expect(await canSave()).toBe(false)
    await page.click('alert-dialog .test')
    await page.waitForSelector('.alert-result')
    expect(await page.textContent('.alert-result .words')).toMatch(/^3 firings in/)
    expect(await page.locator('.alert-result tbody').last().locator('tr').count()).toBe(3)
    expect(await canSave()).toBe(true)
    // Another rule is another test.
    await page.fill('[name=usdMin]', '1.5M')
    expect(await canSave()).toBe(false)
    await page.fill('[name=usdMin]', '2M')
    expect(await canSave()).toBe(true)
    await page.click('alert-dialog .save')
    await expect.poll(rules).toEqual([expect.stringMatching(/^Bid walls from \$2M.*no calls yet\. 3 firings in/)])
    tell({ id: 'small', usd: 1e6 })
    tell({ id: 'other-side', side: 'ask' })
    tell({ id: 'one' })
    await expect.poll(calls, patience).toEqual([expect.stringMatching(/BTC bid wall, active: \$2.00M at −0.3 %$/)])
    expect(await page.textContent('.toast')).toMatch(/^Bid walls from \$2M: BTC bid wall/)
    tell({ id: 'one' })
    tell({ id: 'two' })
    await expect.poll(calls, patience).toHaveLength(2)
    await page.locator('.calls button').first().click()
    await expect.poll(() => page.isVisible('alert-dialog dialog')).toBe(false)
    expect(await page.evaluate('location.hash')).toBe('#BTC/1m/raw/100')
    expect(said).toEqual([])
  })

  test('rules stay in this browser, over a reload, and rest when they are off', async () => {
    await open()
    await saveRule()
    expect(asked.filter((line) => line.includes('/alerts'))).toEqual([
      'GET /api/v1/alerts',
      'POST /api/v1/alerts/preview',
    ])
    expect(alerts.rules(undefined)).toEqual([])
    await page.reload()
    await page.waitForSelector('liquidity-map[state="live"]')
    await page.keyboard.press('a')
    await expect.poll(rules).toHaveLength(1)
    await page.uncheck('.rules input')
    tell({ id: 'unheard' })
    await page.check('.rules input')
    tell({ id: 'heard' })
    await expect.poll(calls, patience).toHaveLength(1)
    await page.click('.rules .name')
    expect(await page.inputValue('[name=usdMin]')).toBe('2000000')
    await page.fill('[name=usdMin]', '3M')
    await page.click('alert-dialog .test')
    await expect.poll(canSave, patience).toBe(true)
    await page.click('alert-dialog .save')
    await expect.poll(rules).toEqual([expect.stringMatching(/^Bid walls from \$2M/)])
    tell({ id: 'too-small-now' })
    tell({ id: 'large', usd: 5e6 })
    await expect.poll(calls, patience).toHaveLength(2)
    await page.click('.rules .remove')
    expect(await rules()).toEqual([])
    expect(await page.evaluate('document.activeElement.className')).toContain('new')
  })

  test('a rule for the server is saved there, signed for, and removed', async () => {
    await open()
    await fillRule()
    await page.fill('[name=assets]', 'btc')
    await page.check('[value=server]')
    await page.fill('[name=url]', 'https://elsewhere.example/')
    await page.fill('[name=secret]', 'a-secret-of-24-characters')
    await page.click('alert-dialog .test')
    await expect.poll(canSave, patience).toBe(true)
    await page.click('alert-dialog .save')
    await expect.poll(() => page.textContent('alert-dialog .fault'), patience).toMatch(/elsewhere.example is not among/)
    await page.fill('[name=url]', 'https://hooks.example.com/map')
    await page.click('alert-dialog .save')
    await expect.poll(rules, patience).toEqual([expect.stringMatching(/^BTC bid walls from \$2M.*hooks\.example\.com/)])
    expect(alerts.rules(undefined)).toHaveLength(1)
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('a-secret-of')
    expect(await page.inputValue('[name=secret]')).toBe('')
    await page.click('.rules .remove')
    await expect.poll(rules, patience).toEqual([])
    expect(alerts.rules(undefined)).toEqual([])
  })

  test('says why there is no back-test, and why no webhook', async () => {
    await open({ hasHistory: false, hosts: [] })
    await fillRule()
    expect(await page.isDisabled('[value=server]')).toBe(true)
    await page.click('alert-dialog .test')
    await expect.poll(told, patience).toMatch(/^No back-test: There is no history here/)
    await page.click('alert-dialog .save')
    await expect.poll(rules).toEqual([expect.stringMatching(/No back-test: There is no history/)])
  })

  test('says where a rule hears nothing', async () => {
    const plans = join(folder, 'plans.json')
    const plan = { assets: 'all', timeframes: 'all', modes: 'all', columns: 360, api: true, alerts: true }
    const bounds = { requestsPerMinute: 1_000, connections: 10, streams: 64 }
    writeFileSync(
      plans,
      JSON.stringify({ plans: { free: { ...plan, ...bounds, reports: ['clusters'] } }, anonymous: 'free' }),
    )
    await open({ plans })
    await fillRule()
    await page.click('alert-dialog .test')
    await expect.poll(told, patience).toMatch(/^No back-test: Plan free does not include the report walls/)
    await page.click('alert-dialog .save')
    await expect
      .poll(() => page.locator('.rules .deaf').allTextContents(), patience)
      .toEqual([expect.stringMatching(/^Not watched: Plan free does not include/)])
  })

  test('what is no rule is told where it is written', async () => {
    await open()
    await fillRule()
    for (const [name, value, fault] of [
      ['usdMin', 'much', /usdMin is a number/],
      ['distancePercentMax', '99', /distancePercentMax is a number from 0 to 30/],
      ['assets', 'BTC, NOPE', /assets has no "NOPE"/],
    ] as const) {
      const before = await page.inputValue(`[name=${name}]`)
      await page.fill(`[name=${name}]`, value)
      expect(await page.textContent('alert-dialog .fault')).toMatch(fault)
      expect([await canSave(), await page.isEnabled('alert-dialog .test')]).toEqual([false, false])
      await page.fill(`[name=${name}]`, before)
      expect(await page.textContent('alert-dialog .fault')).toBe('')
    }
  })

  test('is begun from a report, tested by keyboard, and left with Escape', async () => {
    await open()
    await page.keyboard.press('r')
    tell({ peakUsd: 4.7e6 })
    await page.locator('.report-rows tr[data-id] button').focus()
    await page.keyboard.press('a')
    expect(await page.inputValue('[name=assets]')).toBe('BTC')
    expect(await page.inputValue('[name=usdMin]')).toBe('4000000')
    expect(await page.isChecked('.sides [value=bid]')).toBe(true)
    await page.keyboard.press('Escape')
    await page.selectOption('.report-filters select >> nth=1', 'ask')
    await page.click('.report-filters .alert')
    expect(await page.isChecked('.sides [value=ask]')).toBe(true)
    expect(await page.inputValue('[name=usdMin]')).toBe('')
    await page.focus('alert-dialog .test')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.alert-result')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(rules, patience).toHaveLength(1)
    // Keys of the page behind it rest.
    await page.keyboard.press('2')
    expect(await page.evaluate('location.hash')).toBe('#BTC/1m/raw')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.isVisible('alert-dialog dialog')).toBe(false)
    // What is left in the storage by somebody else is no rule.
    await page.evaluate(
      `localStorage.setItem('liquidity-map.alerts', '{"version":1,"value":{"alerts":[5,{"id":"x"}]}}')`,
    )
    await page.reload()
    await page.waitForSelector('liquidity-map[state="live"]')
    await page.keyboard.press('a')
    expect(await rules()).toEqual([])
    expect(said).toEqual([])
  })

  test.each([
    ['on a desktop', 1280],
    ['on a phone', 390],
  ])('fits and can be read out %s', async (_, width) => {
    await open({ width })
    await saveRule()
    await page.click('.rules .name')
    await page.click('alert-dialog .test')
    await page.waitForSelector('.alert-result')
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await page.evaluate('document.querySelector("alert-dialog form").scrollWidth <= innerWidth')).toBe(true)
    for (const scheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: scheme })
      await page.evaluate(axe)
      const { violations } = (await page.evaluate('axe.run("alert-dialog")')) as {
        violations: { id: string; help: string; nodes: { html: string }[] }[]
      }
      expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([])
    }
  })
})
