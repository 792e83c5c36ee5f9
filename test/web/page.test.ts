// Guards the built page in a real browser, served under a strict content policy with real frames over a real socket:
// it goes live without a word on the console, follows keys and addresses, never looks live when it is not, and both
// painters draw the same picture.
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { gzipBytes } from '../../ops/build-web.ts'
import type { LiquidityMap } from '../../src/web/liquidity-map.ts'
import { requirement } from '../requirements.ts'
import { BuiltPage, saidBy } from './built-page.ts'
import { chromiumPath } from './chromium.ts'
import { DevGateway } from './dev-gateway.ts'

const desktop = { width: 1440, height: 900 }
const phone = { width: 390, height: 844 }
/** A machine that paints in software and is busy elsewhere takes its time. */
const patience = { timeout: 20_000 }
const missing = chromiumPath === undefined ? 'Chromium; PLAYWRIGHT_CHROMIUM names one elsewhere' : undefined
const { title, skip } = requirement('the page', missing)

describe.skipIf(skip)(title, { timeout: 90_000 }, () => {
  const built = new BuiltPage()
  let gateway: DevGateway
  let page: Page
  let said: string[]

  afterEach(async () => {
    await page?.close()
    gateway?.stop()
  })

  async function open(viewport = desktop, hash = '', tickMs = 100): Promise<void> {
    gateway = new DevGateway({ folder: built.folder, tickMs, columns: 80, gap: { first: 20, last: 15 } })
    await gateway.start()
    await openPage(viewport, hash)
  }

  async function openPage(viewport: { width: number; height: number }, hash: string, script = ''): Promise<void> {
    page = await built.browser.newPage({ viewport })
    said = saidBy(page)
    if (script !== '') await page.addInitScript(script)
    await page.goto(`http://127.0.0.1:${gateway.port}/${hash}`)
    await page.waitForSelector('liquidity-map[state="live"]')
  }

  const text = (selector: string) => page.textContent(selector)
  const address = () => page.evaluate('location.hash')
  /** Reports are given up too, and have no timeframe. */
  const mapsGivenUp = () =>
    gateway.received.filter(({ op, timeframe }) => op === 'unsubscribe' && timeframe !== undefined).length

  test('a first visit loads less than 250 KB', async () => {
    const bytes = await gzipBytes(built.folder)
    console.log(`first visit: ${(bytes / 1000).toFixed(1)} KB gzipped`)
    expect(bytes).toBeLessThan(250_000)
  })

  test.each([
    ['a desktop', desktop],
    ['a phone', phone],
  ])('goes live on %s, moves, fits, and says nothing on the console', async (_, viewport) => {
    await open(viewport)
    const before = await text('.price')
    await expect.poll(() => text('.price'), { timeout: 5000 }).not.toBe(before)
    expect(await page.isVisible('.simulated')).toBe(true)
    await expect.poll(() => text('.model'), patience).toBe('Model +0.21 bits/h ± .05')
    expect(await page.evaluate('document.querySelector("liquidity-map").painter')).toBe('webgl2')
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    for (const selector of ['asset-picker', '.badge.state', '.timeframes', '.modes', '.rail']) {
      const box = (await page.locator(selector).boundingBox())!
      expect(box.x >= 0 && box.x + box.width <= viewport.width, `${selector} is on the screen`).toBe(true)
    }
    expect(said).toEqual([])
  })

  test('keys and addresses choose asset, timeframe, mode and depth', async () => {
    await open(desktop, '#eth/5m/raw')
    expect(await text('.picked')).toBe('ETH')
    expect(await text('.timeframes [aria-checked="true"]')).toBe('5m')
    expect(await text('.modes [aria-checked="true"]')).toBe('Raw')
    for (const [key, mode] of [
      ['2', 'synthetic'],
      ['3', 'heatmap'],
      ['4', 'hybrid'],
    ] as const) {
      await page.keyboard.press(key)
      await expect.poll(address).toBe(`#ETH/5m/${mode}`)
    }
    await page.keyboard.press('/')
    await page.keyboard.type('sol')
    await page.keyboard.press('Enter')
    await expect.poll(address).toBe('#SOL/5m/hybrid')
    await page.waitForSelector('liquidity-map[asset="SOL"][state="live"]')
    await page.keyboard.press('d')
    expect(await page.getAttribute('.depth', 'aria-pressed')).toBe('false')
    await page.click('.timeframes button:has-text("1h")')
    await expect.poll(address).toBe('#SOL/1h/hybrid')
    await expect.poll(() => mapsGivenUp()).toBe(2)
    expect(said).toEqual([])
  })

  test('shows each venue in its own state', async () => {
    await open()
    gateway.venueStates = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0)
    const states = () => page.$$eval('.venue', (chips) => chips.map((chip) => (chip as HTMLElement).dataset.state))
    await expect.poll(states, patience).toEqual(['live', 'stale', 'suspect', 'down', 'unknown'])
  })

  test('reads out the bucket below the crosshair', async () => {
    await open()
    await page.mouse.move(await slotX(30), 300)
    await page.waitForSelector('.readout .cell:not([hidden])')
    expect(await text('.readout .time')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/)
    expect(await text('.readout .range')).toMatch(/^[\d,.]+ – [\d,.]+$/)
    expect(await page.locator('.readout .row').count()).toBe(9)
    expect(await text('.readout .cascade .value')).toMatch(/^(–|(≤ )?\d+\.\d\d)$/)
    // The market has a gap there.
    await page.mouse.move(await slotX(17), 300)
    await expect.poll(() => text('.readout .candle')).toMatch(/UTC: nothing is known$/)
  })

  test('names magnets and clusters with USD and distance', async () => {
    await open()
    await page.waitForSelector('.cluster.magnet')
    const magnets = await page.locator('.cluster.magnet').allTextContents()
    expect(magnets.length).toBeGreaterThanOrEqual(1)
    for (const magnet of magnets) expect(magnet).toMatch(/^[▲▼] \$[\d.]+[KMBT]? [+−][\d.]+ %$/)
    expect(await page.locator('.cluster').first().getAttribute('title')).toMatch(/^Modelled, (longs|shorts): \$/)
    await page.keyboard.press('1')
    await expect.poll(() => page.locator('.cluster.modelled').count(), patience).toBe(0)
  })

  test('an unproven forecast is told, and hybrid shows what happened alone', async () => {
    await open()
    const predicted = () =>
      page.evaluate(() => {
        const { field } = document.querySelector('liquidity-map') as LiquidityMap
        return field.codes.some((code, i) => i % 4 === 1 && code > 0)
      })
    await expect.poll(predicted, patience).toBe(true)
    await expect.poll(() => text('.note'), patience).toBe('Model +0.21 bits/h ± .05')
    expect(await page.isVisible('.note')).toBe(false)
    gateway.scoreText = 'unproven (+0.01 bits/h ± .04)'
    gateway.modelState = 2
    await expect.poll(() => text('.model'), patience).toBe('Model unproven (+0.01 bits/h ± .04)')
    await expect.poll(predicted, patience).toBe(false)
    expect(await text('.note')).toMatch(/^The forecast is unproven/)
    expect(await page.isVisible('.note')).toBe(true)
    await page.keyboard.press('2')
    await expect.poll(predicted, patience).toBe(true)
    expect(said).toEqual([])
    // A score that cannot be read is no score: the state still comes with the frames.
    gateway.scoreText = undefined
    gateway.modelState = 1
    await expect.poll(() => text('.model'), patience).toBe('Model not scored yet')
    await expect.poll(() => page.getAttribute('.model', 'title'), patience).toMatch(/the server answered 503/)
  })

  test('a silent or lost server never looks live, and comes back', async () => {
    await open()
    gateway.isPaused = true
    await page.waitForSelector('liquidity-map[state="lost"]', { timeout: 8000 })
    expect(await text('.badge.state')).toBe('Stale')
    expect(await text('liquidity-map .veil')).toMatch(/^No data for \d+ s\. Map as of/)
    gateway.isPaused = false
    await page.waitForSelector('liquidity-map[state="live"]')
    gateway.isDown = true
    gateway.end(4000)
    await page.waitForSelector('liquidity-map[state="lost"]')
    await expect.poll(() => text('.badge.state')).toBe('Reconnecting')
    gateway.isDown = false
    await page.waitForSelector('liquidity-map[state="live"]', { timeout: 10_000 })
    gateway.end(4501)
    await page.waitForSelector('liquidity-map[state="ended"]')
    expect(await text('liquidity-map .veil')).toContain('4501')
    expect(said).toEqual([])
  })

  test('keeps the place that was chosen when a column closes or the map is read anew', async () => {
    await open()
    await page.mouse.move(600, 400)
    await page.mouse.down()
    await page.mouse.move(800, 400, { steps: 4 })
    await page.mouse.up()
    const place = () => page.evaluate('document.querySelector("liquidity-map").visibleSlots')
    await page.waitForTimeout(900)
    const before = (await place()) as { from: number; to: number }
    gateway.skip()
    await page.keyboard.press('3')
    await page.waitForTimeout(600)
    const after = (await place()) as { from: number; to: number }
    expect(after.from).toBeCloseTo(before.from, 1)
    expect(after.to).toBeCloseTo(before.to, 1)
  })

  test.each([
    ['as it opens', false],
    ['zoomed out to where predictions are hatched', true],
  ])('without WebGL2 the other painter draws the same picture, %s', async (_, isFar) => {
    await open(desktop, '#BTC/1m/synthetic', 600_000)
    if (isFar) await zoomOut()
    const first = await picture()
    await page.close()
    const blind = 'const real = HTMLCanvasElement.prototype.getContext;'
    const noGl = 'function (kind, ...rest) { return kind === "webgl2" ? null : real.call(this, kind, ...rest) }'
    await openPage(desktop, '#BTC/1m/synthetic', `${blind} HTMLCanvasElement.prototype.getContext = ${noGl}`)
    expect(await page.evaluate('document.querySelector("liquidity-map").painter')).toBe('canvas')
    if (isFar) await zoomOut()
    const second = await picture()
    expect(second.length).toBe(first.length)
    const difference = first.reduce((sum, value, i) => sum + Math.abs(value - second[i]!), 0) / first.length
    console.log(`painters differ by ${difference.toFixed(2)} of 255`)
    expect(difference).toBeLessThan(4)
    expect(Math.max(...first)).toBeGreaterThan(180)
  })

  /** Pulls the price axis together until levels beyond the forecast's reach are in view. */
  async function zoomOut(): Promise<void> {
    const { chartWidth, profileLeft } = await page.evaluate(() => {
      const root = document.querySelector('liquidity-map')!.shadowRoot!
      const left = root.querySelector('.profile')!.getBoundingClientRect().left
      return { chartWidth: root.querySelector('.chart canvas')!.getBoundingClientRect().width, profileLeft: left }
    })
    const axisX = (chartWidth + profileLeft) / 2
    for (let pull = 0; pull < 2; pull++) {
      await page.mouse.move(axisX, 200)
      await page.mouse.down()
      await page.mouse.move(axisX, 800, { steps: 5 })
      await page.mouse.up()
    }
    await page.mouse.move(5, 5)
  }

  /** Where on the screen the column lies that is so many slots older than the newest. */
  function slotX(back: number): Promise<number> {
    return page.evaluate((slots) => {
      const map = document.querySelector('liquidity-map') as LiquidityMap
      const { width, left } = map.shadowRoot!.querySelector('.chart canvas')!.getBoundingClientRect()
      const { from, to } = map.visibleSlots!
      return left + ((map.field.lastSlot - slots - from) / (to - from)) * width
    }, back)
  }

  /** The chart's pixels on a grid, colours one after the other. */
  async function picture(): Promise<number[]> {
    await page.waitForTimeout(600)
    return page.evaluate(() => {
      const root = document.querySelector('liquidity-map')!.shadowRoot!
      const canvas = root.querySelector<HTMLCanvasElement>('.chart canvas')!
      const { data, width, height } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
      const values: number[] = []
      for (let y = 3; y < height; y += 5) {
        for (let x = 2; x < width; x += 7) values.push(...data.slice((y * width + x) * 4, (y * width + x) * 4 + 3))
      }
      return values
    })
  }
})
