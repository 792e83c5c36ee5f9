// Guards time travel on the built page: by bar, by key, by address and by a message of another page; what is shown is what
// was known then and says so plainly; loads are few and never two at a time; the present comes back; and a past that is not
// to be had says why.
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { momentText } from '../../src/model/moment.ts'
import type { LiquidityMap } from '../../src/web/liquidity-map.ts'
import { requirement } from '../requirements.ts'
import { BuiltPage, saidBy } from './built-page.ts'
import { chromiumPath } from './chromium.ts'
import { DevGateway } from './dev-gateway.ts'

const desktop = { width: 1280, height: 720 }
const phone = { width: 390, height: 844 }
const MINUTE_MS = 60_000
/** A machine that paints in software and is busy elsewhere takes its time. */
const patience = { timeout: 30_000 }
const missing = chromiumPath === undefined ? 'Chromium; PLAYWRIGHT_CHROMIUM names one elsewhere' : undefined
const { title, skip } = requirement('the page in the past', missing)

describe.skipIf(skip)(title, { timeout: 120_000 }, () => {
  const built = new BuiltPage()
  let gateway: DevGateway
  let page: Page
  let said: string[]

  afterEach(async () => {
    await page?.close()
    gateway?.stop()
  })

  /** The newest end of a column, on the clock of this process and of the page. */
  const edgeMs = () => Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
  const text = (selector: string) => page.textContent(selector)
  const address = () => page.evaluate('location.hash') as Promise<string>
  const state = (name: string) => page.waitForSelector(`liquidity-map[state="${name}"]`, patience)
  const field = () => page.inputValue('time-bar .moment input')

  async function open(hash = '', viewport = desktop): Promise<void> {
    gateway = new DevGateway({ folder: built.folder, tickMs: 1000, columns: 150 })
    await gateway.start()
    page = await built.browser.newPage({ viewport })
    said = saidBy(page)
    await page.goto(`http://127.0.0.1:${gateway.port}/${hash}`)
  }

  /** What the chart holds, newest first. */
  function shown(): Promise<{ newestMs: number; close: number; columns: number; isLive: boolean }> {
    return page.evaluate(() => {
      const { shown } = document.querySelector('liquidity-map') as LiquidityMap
      const newest = shown?.live ?? shown?.columns.at(-1)
      return {
        newestMs: newest?.openMs ?? 0,
        close: newest?.close ?? 0,
        columns: shown?.columns.length ?? 0,
        isLive: shown?.live !== undefined,
      }
    })
  }

  test('an address opens what was known then, and says so', async () => {
    const atMs = edgeMs() - 50 * MINUTE_MS
    await open(`#BTC/1m/hybrid@${momentText(atMs)}`)
    await state('past')
    const minute = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')
    await expect.poll(() => text('liquidity-map .band'), patience).toBe(`AS KNOWN AT ${minute} UTC · forecast scored`)
    expect(await text('.badge.state')).toBe('Past')
    expect(await field()).toBe(minute)
    const truth = gateway.closed('BTC', '1m').filter(({ openMs }) => openMs + MINUTE_MS <= atMs)
    expect(await shown()).toEqual({
      newestMs: truth.at(-1)!.openMs,
      close: truth.at(-1)!.close,
      columns: truth.length,
      isLive: false,
    })
    expect(await page.isVisible('.badge.model')).toBe(false)
    // The stream goes on below and does not paint over the past.
    await page.waitForTimeout(600)
    expect((await shown()).newestMs).toBe(truth.at(-1)!.openMs)
    await page.keyboard.press('End')
    await state('live')
    expect(await address()).toBe('#BTC/1m/hybrid')
    expect((await shown()).isLive).toBe(true)
    await expect.poll(() => text('liquidity-map .band'), patience).toBe('')
    await page.goBack()
    await state('past')
    await page.goForward()
    await state('live')
    expect(said).toEqual([])
  })

  test('keys step by column, live and past are one row of columns, and steps are no places to come back to', async () => {
    await open('#BTC/1m/hybrid')
    await state('live')
    await expect.poll(shown, patience).toMatchObject({ isLive: true })
    const live = await shown()
    const length = await page.evaluate('history.length')
    await page.keyboard.press('ArrowLeft')
    await state('past')
    // The column of now is left out; all that had closed is the same.
    await expect.poll(shown, patience).toMatchObject({ newestMs: live.newestMs - MINUTE_MS, isLive: false })
    expect((await shown()).columns).toBe(live.columns)
    for (let step = 2; step <= 5; step++) {
      await page.keyboard.press('ArrowLeft')
      await expect.poll(shown, patience).toMatchObject({ newestMs: live.newestMs - step * MINUTE_MS })
    }
    await page.keyboard.press('Shift+ArrowLeft')
    await expect.poll(shown, patience).toMatchObject({ newestMs: live.newestMs - 15 * MINUTE_MS })
    await page.keyboard.press('ArrowRight')
    await expect.poll(shown, patience).toMatchObject({ newestMs: live.newestMs - 14 * MINUTE_MS })
    expect(await page.evaluate('history.length')).toBe(length)
    // One whole map, then a few columns each.
    const [first, ...others] = gateway.asked.map(({ columns }) => columns)
    expect(first).toBe(360)
    expect(Math.max(...others)).toBeLessThanOrEqual(3)
    await page.keyboard.press('Home')
    await expect.poll(shown, patience).toMatchObject({ newestMs: gateway.closed('BTC', '1m')[0]!.openMs, columns: 1 })
    expect(said).toEqual([])
  })

  test('a time can be typed, dragged to, and left for the present', async () => {
    await open('#BTC/1m/hybrid')
    await state('live')
    await page.fill('time-bar .moment input', 'some day')
    await page.keyboard.press('Enter')
    expect(await page.getAttribute('time-bar .moment input', 'aria-invalid')).toBe('true')
    expect(await text('time-bar .said')).toMatch(/^Not a time/)
    await page.fill('time-bar .moment input', '-2h')
    await page.keyboard.press('Enter')
    await state('past')
    const typed = Date.parse((await address()).split('@')[1]!)
    expect(Math.abs(Date.now() - 2 * 60 * MINUTE_MS - typed)).toBeLessThan(30_000)
    expect(await text('time-bar .said')).toBe('')
    const box = (await page.locator('time-bar .track').boundingBox())!
    gateway.asked.length = 0
    await page.mouse.move(box.x + box.width * 0.8, box.y + 10)
    await page.mouse.down()
    for (let step = 0; step < 12; step++) await page.mouse.move(box.x + box.width * (0.8 - step * 0.03), box.y + 10)
    await page.mouse.up()
    await expect.poll(() => page.getAttribute('time-bar', 'class'), patience).toBe('past')
    const dragged = Date.parse((await address()).split('@')[1]!)
    expect(dragged % MINUTE_MS).toBe(0)
    await expect.poll(shown, patience).toMatchObject({ newestMs: dragged - MINUTE_MS })
    // Not one for each move, and of those that were overtaken none is shown.
    expect(gateway.asked.length).toBeLessThanOrEqual(12)
    expect(Number(await page.getAttribute('time-bar .track', 'aria-valuenow'))).toBe(dragged)
    await page.click('time-bar .live')
    await state('live')
    expect(said).toEqual([])
  })

  test('play shows column after column and can be paused', async () => {
    const atMs = edgeMs() - 40 * MINUTE_MS
    await open(`#BTC/1m/hybrid@${momentText(atMs)}`)
    await state('past')
    await page.selectOption('time-bar .speed', '100')
    await page.click('time-bar .play')
    await expect.poll(async () => (await shown()).newestMs, patience).toBeGreaterThanOrEqual(atMs + 2 * MINUTE_MS)
    await page.click('time-bar .play')
    const paused = await field()
    await page.waitForTimeout(900)
    expect(await field()).toBe(paused)
    // The address is written when the steps rest.
    await expect.poll(address, patience).toMatch(/@.*:00Z$/)
    // Each minute was asked for once, by play or ahead of it.
    const times = gateway.asked.map((one) => one.atMs)
    expect(new Set(times).size).toBe(times.length)
    expect(said).toEqual([])
  })

  test('another page can name a moment, and is told why it may not', async () => {
    await open('#BTC/1m/hybrid')
    await state('live')
    const atMs = edgeMs() - 30 * MINUTE_MS
    const ask = (message: object) =>
      page.evaluate((data) => {
        const answer = new Promise((resolve) => {
          const listen = (event: MessageEvent) => {
            if (!('ok' in event.data)) return
            removeEventListener('message', listen)
            resolve(event.data)
          }
          addEventListener('message', listen)
        })
        postMessage(data, location.origin)
        return answer
      }, message)
    expect(
      await ask({ type: 'liquidity-map', asset: 'eth', timeframe: '5m', mode: 'raw', at: momentText(atMs) }),
    ).toEqual({ type: 'liquidity-map', ok: true })
    await state('past')
    expect(await address()).toBe(`#ETH/5m/raw@${momentText(atMs)}`)
    for (const [message, code] of [
      [{ type: 'liquidity-map', asset: 'NOPE' }, 'LMAP_REQUEST_UNKNOWN'],
      [{ type: 'liquidity-map', at: '10:15' }, 'LMAP_REQUEST_INVALID'],
      [{ type: 'liquidity-map', at: { toString: null } }, 'LMAP_REQUEST_INVALID'],
      [{ type: 'liquidity-map', script: 'alert(1)' }, 'LMAP_REQUEST_INVALID'],
    ] as const) {
      expect(await ask(message)).toMatchObject({ ok: false, error: { code } })
    }
    expect(await address()).toBe(`#ETH/5m/raw@${momentText(atMs)}`)
    expect(await ask({ type: 'liquidity-map', at: null })).toMatchObject({ ok: true })
    await state('live')
    await expect.poll(address, patience).toBe('#ETH/5m/raw')
    expect(said).toEqual([])
  })

  test('a past that cannot be read says so and can be tried again; none that is kept locks the bar', async () => {
    await open('#BTC/1m/hybrid')
    await state('live')
    gateway.isHistoryDown = true
    await page.keyboard.press('ArrowLeft')
    await state('ended')
    expect(await text('liquidity-map .veil')).toBe('The past cannot be read. LMAP_STORE_DOWN: The store is away.')
    await expect.poll(() => text('time-bar .said'), patience).toMatch(/The store is away/)
    gateway.isHistoryDown = false
    await page.click('time-bar .said button')
    await state('past')
    await page.click('time-bar .live')
    await state('live')
    // The browser says of every failed request that it failed; the page itself says nothing more.
    expect(said.filter((line) => !line.includes('503'))).toEqual([])
    await page.close()
    gateway.stop()
    gateway = new DevGateway({ folder: built.folder, columns: 30 })
    gateway.keepsHistory = false
    await gateway.start()
    page = await built.browser.newPage({ viewport: desktop })
    await page.goto(`http://127.0.0.1:${gateway.port}/`)
    await state('live')
    await expect.poll(() => text('time-bar .said'), patience).toMatch(/keeps no history/)
    expect(await page.isDisabled('time-bar .play')).toBe(true)
    await page.keyboard.press('ArrowLeft')
    expect(await address()).not.toContain('@')
  })

  test('fits a phone, and one moment is for all maps', async () => {
    const atMs = edgeMs() - 30 * MINUTE_MS
    await open(`#BTC/1m/hybrid@${momentText(atMs)}`, phone)
    await state('past')
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    for (const selector of ['.play', '.live', '.moment', '.track']) {
      const box = (await page.locator(`time-bar ${selector}`).boundingBox())!
      expect(box.x >= 0 && box.x + box.width <= phone.width, `${selector} is on the screen`).toBe(true)
    }
    await page.setViewportSize(desktop)
    await page.evaluate(() => {
      location.hash = '#BTC/1m/hybrid+ETH/5m/raw'
    })
    await expect.poll(() => page.locator('liquidity-map[state="live"]').count(), patience).toBe(2)
    await page.keyboard.press('PageUp')
    await expect.poll(() => page.locator('liquidity-map[state="past"]').count(), patience).toBe(2)
    const moments = async () => (await address()).split('+').map((part) => part.split('@')[1])
    await expect.poll(async () => (await moments())[0], patience).toMatch(/Z$/)
    expect(new Set(await moments()).size).toBe(1)
    expect(said).toEqual([])
  })
})
