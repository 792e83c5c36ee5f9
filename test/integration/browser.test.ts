// Guards the first minute of a newcomer: the command is started, a real browser opens the page, and within 15 s of the
// start the map moves, says SIMULATED, follows its switches, and has put nothing on the console.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requirement } from '../requirements.ts'
import { chromiumPath, launch } from '../web/chromium.ts'
import { addressOf, type Command, endCommands, newFolder, removeFolders, startMain } from './command.ts'

const MOVES_MS_MAX = 15_000
const missing = chromiumPath === undefined ? 'Chromium, see test/web/chromium.ts' : undefined
const { title, skip } = requirement('the page of a started command', missing)

describe.skipIf(skip)(title, { timeout: 30_000 }, () => {
  let browser: Browser
  let command: Command
  let page: Page
  let begunMs: number
  const said: string[] = []

  beforeAll(async () => {
    browser = await launch()
    begunMs = performance.now()
    command = startMain(['--port', '0', '--data', newFolder()])
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(String(error)))
    page.on('requestfailed', (request) => said.push(`${request.url()}: ${request.failure()?.errorText}`))
    await page.goto(await addressOf(command))
  })

  afterAll(async () => {
    await browser?.close()
    await endCommands()
    removeFolders()
  })

  const chart = () => page.locator('liquidity-map').screenshot()
  const live = (rest = '') => page.waitForSelector(`liquidity-map[state="live"]${rest}`)

  /** Chart, price and clock are not what they are now. */
  async function expectMoves(): Promise<void> {
    const [before, price, clock] = [await chart(), await page.textContent('.price'), await page.textContent('time')]
    await expect.poll(() => page.textContent('.price'), { timeout: 10_000 }).not.toBe(price)
    await expect.poll(() => page.textContent('time'), { timeout: 5_000 }).not.toBe(clock)
    await expect.poll(async () => (await chart()).equals(before), { timeout: 5_000 }).toBe(false)
  }

  test('moves within 15 s of the start', async () => {
    await live()
    await expectMoves()
    expect(performance.now() - begunMs).toBeLessThan(MOVES_MS_MAX)
  })

  test('says that it is simulated, and that all five venues are live', async () => {
    expect(await page.isVisible('.simulated')).toBe(true)
    expect(await page.textContent('.simulated')).toBe('SIMULATED')
    await expect
      .poll(() => page.locator('.venue').evaluateAll((chips) => chips.map((chip) => chip.dataset.state)))
      .toEqual(Array(5).fill('live'))
  })

  test('switches timeframe, mode and asset', async () => {
    await page.getByRole('radio', { name: '5m', exact: true }).click()
    await live('[timeframe="5m"]')
    await expectMoves()
    for (const mode of ['Raw', 'Synthetic', 'Heatmap', 'Hybrid']) {
      const before = await chart()
      await page.getByRole('radio', { name: mode, exact: true }).click()
      await live(`[mode="${mode.toLowerCase()}"]`)
      await expect.poll(async () => (await chart()).equals(before), { timeout: 5_000 }).toBe(false)
    }
    await page.goto(`${new URL(page.url()).origin}/#ETH/1m/hybrid`)
    await live('[asset="ETH"][timeframe="1m"]')
    await expectMoves()
  })

  test('had nothing to say on the console, and stops in order with a viewer there', async () => {
    expect(said).toEqual([])
    command.signal('SIGINT')
    const ended = await command.ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/\nStopped in order\.\n$/)
    await page.waitForSelector('liquidity-map:not([state="live"])')
  })
})
