// Guards the reports on the built page: four tables that sort, filter, flash and hold still; rows that lead to a level or a
// moment, by pointer and by key; what was known then; marks on the map; a sheet on a phone; and what a plan locks.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { momentText } from '../../src/model/moment.ts'
import { exactPrice } from '../../src/model/report-facts.ts'
import { isStanding, type Report, type WallRow } from '../../src/model/reports.ts'
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
const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const { title, skip } = requirement('the reports on the page', missing)

describe.skipIf(skip)(title, { timeout: 120_000 }, () => {
  const built = new BuiltPage()
  let gateway: DevGateway
  let page: Page
  let said: string[]

  afterEach(async () => {
    await page?.close()
    gateway?.stop()
  })

  const text = (selector: string) => page.textContent(selector)
  const address = () => page.evaluate('location.hash') as Promise<string>
  const state = (name: string) => page.waitForSelector(`liquidity-map[state="${name}"]`, patience)
  const row = (id: string) => `report-panel tr[data-id="${id}"]`
  const ids = () =>
    page.$$eval('report-panel tbody tr', (shown) => shown.map((one) => (one as HTMLElement).dataset.id ?? ''))
  const column = (name: string) =>
    page.$$eval(`report-panel tbody .of-${name}`, (cells) => cells.map((c) => c.textContent))

  async function open(hash = '#BTC/1m/hybrid', viewport = desktop, plan?: object): Promise<void> {
    gateway = new DevGateway({ folder: built.folder, tickMs: 1000, columns: 300, ...(plan && { plan }) })
    await gateway.start()
    page = await built.browser.newPage({ viewport })
    said = saidBy(page)
    await page.goto(`http://127.0.0.1:${gateway.port}/${hash}`)
    await page.waitForSelector('.tool[aria-label="Reports"]', patience)
    await page.keyboard.press('r')
    await page.waitForSelector('report-panel:not([hidden])')
  }

  function rowsOf<Kind extends Report['kind']>(kind: Kind): Extract<Report, { kind: Kind }>[] {
    const rows = [...gateway.reports.of('BTC').values()].filter((one) => one.kind === kind)
    return rows.sort((a, b) => b.startMs - a.startMs) as Extract<Report, { kind: Kind }>[]
  }

  test('shows what the server tells, newest first, and sorts and filters it', async () => {
    await open()
    const walls = rowsOf('wall')
    await expect.poll(async () => (await ids()).length, patience).toBe(Math.min(100, walls.length))
    expect((await ids()).slice(0, 20)).toEqual(walls.slice(0, 20).map(({ id }) => id))
    expect(await page.getAttribute('report-panel th.of-start', 'aria-sort')).toBe('descending')
    await page.click('report-panel th.of-usd .order')
    await page.mouse.move(5, 5)
    await expect.poll(() => page.getAttribute('report-panel th.of-usd', 'aria-sort'), patience).toBe('descending')
    const usd = (await column('usd')).map((cell) => readUsd(cell!))
    expect(usd).toEqual([...usd].sort((a, b) => b - a))
    await page.click('report-panel th.of-usd .order')
    await page.mouse.move(5, 5)
    await expect.poll(() => page.getAttribute('report-panel th.of-usd', 'aria-sort'), patience).toBe('ascending')
    await page.selectOption('report-panel select[aria-label="Side"]', 'bid')
    await page.selectOption('report-panel select[aria-label="State"]', 'pulled')
    const wanted = walls.filter((wall) => wall.side === 'bid' && wall.state === 'pulled')
    await expect.poll(async () => (await ids()).length, patience).toBe(wanted.length)
    expect(new Set(await column('side'))).toEqual(new Set(['bid']))
    // The server was asked for what passes, not for everything.
    expect(gateway.reports.asked.at(-1)!.get('state')).toBe('pulled')
    await page.selectOption('report-panel select[aria-label="USD at least"]', '25000000')
    await expect.poll(() => text('.report-said'), patience).toBe('No walls that pass the filters.')
    await expect.poll(() => text('report-panel .lift'), patience).toBe('Walls: unproven: 34 of 61 held, controls 50 %')
    expect(said).toEqual([])
  })

  test('has four kinds, older ones by page, and those of all assets', async () => {
    await open()
    for (const [kind, label] of [
      ['sweep', 'Sweeps'],
      ['absorption', 'Absorptions'],
      ['convergence', 'Convergences'],
    ] as const) {
      await page.focus('.report-tabs [aria-selected="true"]')
      await page.keyboard.press('ArrowRight')
      await expect.poll(() => text('.report-tabs [aria-selected="true"]'), patience).toBe(label)
      const all = rowsOf(kind)
      await expect.poll(async () => (await ids()).length, patience).toBe(Math.min(100, all.length))
      expect(await page.locator('report-panel th').count(), label).toBe(7)
    }
    expect((await column('parts')).every((cell) => /^[WSAL ]+$/.test(cell!))).toBe(true)
    await page.click('#report-tab-walls')
    await expect.poll(async () => (await ids()).length, patience).toBe(100)
    await page.click('report-panel .more')
    await expect.poll(async () => (await ids()).length, patience).toBe(rowsOf('wall').length)
    expect(await page.isVisible('report-panel .more')).toBe(false)
    await page.check('report-panel input[type="checkbox"]')
    await expect.poll(async () => new Set(await column('asset')).size, patience).toBe(2)
    expect(said).toEqual([])
  })

  test('a live row leads to its level, a past one to its moment, by pointer and by key', async () => {
    await open()
    const walls = rowsOf('wall')
    const live = walls.find(isStanding)!
    await page.click(row(live.id))
    await expect.poll(address, patience).toBe(`#BTC/1m/hybrid/${exactPrice(live.price)}`)
    await expect.poll(() => page.getAttribute(row(live.id), 'aria-current'), patience).toBe('true')
    expect(await page.getAttribute('liquidity-map', 'level')).toBe(String(exactPrice(live.price)))
    const past = walls.find((wall) => !isStanding(wall) && wall.startMs < Date.now() - 20 * MINUTE_MS)!
    const momentMs = (Math.floor(past.startMs / MINUTE_MS) + 1) * MINUTE_MS
    await page.click(row(past.id))
    await state('past')
    expect(await address()).toBe(`#BTC/1m/hybrid/${exactPrice(past.price)}@${momentText(momentMs)}`)
    await page.goBack()
    await state('live')
    expect(await address()).toBe(`#BTC/1m/hybrid/${exactPrice(live.price)}`)
    await page.keyboard.press('Escape')
    await expect.poll(address, patience).toBe('#BTC/1m/hybrid')
    // One row takes the Tab key; arrows walk.
    await expect.poll(async () => (await ids()).length, patience).toBe(100)
    expect(await page.locator('report-panel .go[tabindex="0"]').count()).toBe(1)
    await page.focus('report-panel .go[tabindex="0"]')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    const third = (await ids())[2]!
    expect(await page.evaluate('document.activeElement.closest("tr").dataset.id')).toBe(third)
    expect(await page.getAttribute(`${row(third)} .go`, 'aria-label')).toMatch(/^BTC [\d,.]+: (bid|ask) wall, /)
    await page.keyboard.press('Enter')
    await expect.poll(address, patience).toContain(`/${exactPrice(walls[2]!.price)}`)
    expect(said).toEqual([])
  })

  test('rows that are told again flash where they are, and nothing moves below a pointer', async () => {
    await open()
    const live = rowsOf('wall').find(isStanding)!
    await expect.poll(async () => (await ids()).length, patience).toBe(100)
    const before = await ids()
    await page.hover(row(before[3]!))
    const fresh: WallRow = { ...live, id: 'wall-BTC-fresh', startMs: Date.now(), atMs: Date.now() }
    gateway.reports.tell(fresh)
    gateway.reports.tell({ ...live, usd: live.usd * 2, atMs: Date.now() + 1 })
    await page.waitForSelector(`${row(live.id)}.flash`, patience)
    expect((await ids()).slice(0, 5)).toEqual(before.slice(0, 5))
    await page.mouse.move(5, 300)
    await expect.poll(async () => (await ids())[0], patience).toBe(fresh.id)
    // It ended: the row says so, and the map too.
    gateway.reports.tell({ ...fresh, state: 'pulled', atMs: Date.now() + 2 })
    await expect.poll(() => text(`${row(fresh.id)} .of-state`), patience).toBe('pulled')
    await page.emulateMedia({ reducedMotion: 'reduce' })
    gateway.reports.tell({ ...live, usd: live.usd * 4, atMs: Date.now() + 3 })
    await expect.poll(() => text(`${row(live.id)} .of-usd`), patience).not.toBe('')
    expect(await page.$eval(row(live.id), (element) => getComputedStyle(element).animationName)).toBe('none')
    expect(said).toEqual([])
  })

  test('in the past it shows what was known then, and what came of it', async () => {
    const atMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS
    await open(`#BTC/1m/hybrid@${momentText(atMs)}`)
    await state('past')
    const walls = rowsOf('wall').filter(({ startMs }) => startMs <= atMs)
    await expect.poll(async () => (await ids()).length, patience).toBe(Math.min(100, walls.length))
    await expect.poll(() => text('.report-head .then'), patience).toBe('BTC as known then')
    const stood = walls.find((wall) => wall.atMs > atMs)!
    const cell = await text(`${row(stood.id)} .of-state`)
    expect(cell).toBe(stood.state === 'active' ? 'active' : `active → ${stood.state}`)
    expect(await page.isVisible('report-panel .read')).toBe(false)
    await page.selectOption('report-panel select[aria-label="State"]', 'open')
    await expect
      .poll(async () => new Set(await ids()), patience)
      .toEqual(new Set(walls.filter((wall) => wall.atMs > atMs || wall.state === 'active').map(({ id }) => id)))
    expect(said).toEqual([])
  })

  test('walls and chips are on the map and can be switched off', async () => {
    await open()
    await expect.poll(() => inkOf({ walls: true, chips: false, sweeps: false }), patience).toBeGreaterThan(300)
    await expect.poll(() => inkOf({ walls: false, chips: true, sweeps: false }), patience).toBeGreaterThan(300)
    await expect.poll(() => inkOf({ walls: false, chips: false, sweeps: true }), patience).toBeGreaterThan(100)
    expect(said).toEqual([])
  })

  test('a mark that is pointed at says what it stands for', async () => {
    await open()
    // Where a sweep lies over a wall the sweep is meant: another wall then.
    const walls = rowsOf('wall').filter(isStanding)
    let tried = 0
    const at = (price: number) =>
      page.evaluate((level) => {
        const map = document.querySelector('liquidity-map') as LiquidityMap
        const { left, top, width } = map.shadowRoot!.querySelector('.chart canvas')!.getBoundingClientRect()
        const { from, to } = map.visibleSlots!
        const x = left + ((map.field.lastSlot - from) / (to - from)) * width
        return { x, y: top + map.chart!.series.priceToCoordinate(level)! }
      }, price)
    await expect
      .poll(async () => {
        const { x, y } = await at(walls[tried++ % walls.length]!.price)
        await page.mouse.move(x, y + 1)
        await page.mouse.move(x, y)
        // A hint that is gone keeps its words.
        return (await page.isVisible('liquidity-map .mark-hint')) ? text('liquidity-map .mark-hint') : undefined
      }, patience)
      .toMatch(/^BTC [\d,.]+: (bid|ask) wall, active, \$[\d.]+[KM], .* ago · \w+, spoof \d+ %$/)
    await page.mouse.move(5, 300)
    await expect.poll(() => page.isVisible('liquidity-map .mark-hint'), patience).toBe(false)
    expect(said).toEqual([])
  })

  test('the read stands above, and its magnets lead to their level', async () => {
    await open()
    await expect.poll(() => text('report-panel .read .label'), patience).toBe('Balanced')
    expect(await text('report-panel .read summary')).toBe('Books lean neither way.')
    gateway.reports.read = (asset) => ({
      asset,
      label: 'support-heavy',
      reasons: ['Bids weigh more.', 'Four of five venues agree.'],
      magnets: { above: { peak: 75_000, usd: 8.1e6, distance: 0.017 }, below: null },
    })
    await expect.poll(() => text('report-panel .read .label'), patience).toBe('Support-heavy')
    await page.click('report-panel .read summary')
    expect(await page.locator('report-panel .read li:visible').allTextContents()).toEqual([
      'Four of five venues agree.',
    ])
    expect(await page.locator('report-panel .read button:visible').allTextContents()).toEqual(['▲ $8.10M +1.7 %'])
    await page.click('report-panel .read button:visible')
    await expect.poll(address, patience).toBe('#BTC/1m/hybrid/75000')
    expect(said).toEqual([])
  })

  test('is a sheet on a phone', async () => {
    await open('#BTC/1m/hybrid', phone)
    await expect.poll(async () => (await ids()).length, patience).toBeGreaterThan(20)
    const box = (await page.locator('report-panel').boundingBox())!
    expect([box.x, box.width, Math.round(box.y + box.height)]).toEqual([0, phone.width, phone.height])
    expect(box.height).toBeLessThan(phone.height * 0.65)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await page.$eval('.report-rows', (element) => element.scrollWidth <= element.clientWidth)).toBe(true)
    await page.click('report-panel .close')
    expect(await page.isVisible('report-panel')).toBe(false)
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Reports')
    expect(said).toEqual([])
  })

  test.each([
    ['live, dark, on a desktop', 'dark', desktop, 0],
    ['past, light, on a phone', 'light', phone, 60],
  ] as const)('axe finds nothing (%s)', async (_, colorScheme, viewport, minutes) => {
    const atMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS
    await open(`#BTC/1m/hybrid${minutes === 0 ? '' : `@${momentText(atMs)}`}`, viewport)
    await page.emulateMedia({ colorScheme })
    await expect.poll(async () => (await ids()).length, patience).toBeGreaterThan(20)
    await page.evaluate(axe)
    const found = await page.evaluate(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]))',
    )
    expect(found).toEqual([])
  })

  test('what a plan does not have is shown as locked', async () => {
    const all = ['raw', 'synthetic', 'heatmap', 'hybrid']
    const plan = {
      ...{
        name: 'free',
        assets: ['BTC'],
        timeframes: ['1m'],
        modes: all,
        reports: ['walls', 'read', 'lift'],
        columns: 60,
      },
      opens: { assets: {}, timeframes: {}, modes: {}, reports: { sweeps: 'pro' }, columns: 'pro' },
    }
    await open('#BTC/1m/hybrid', desktop, plan)
    await expect.poll(() => page.getAttribute('#report-tab-sweeps', 'class'), patience).toBe('locked')
    expect(await page.getAttribute('#report-tab-walls', 'class')).not.toBe('locked')
    await page.click('#report-tab-sweeps')
    await expect
      .poll(() => text('.report-said'), patience)
      .toBe('Locked: plan free does not have sweeps. Plan pro does.')
    expect(await ids()).toEqual([])
    await expect
      .poll(() => text('time-bar .said'), patience)
      .toBe('Locked: plan free has no maps of the past. Plan pro has.')
    expect(await page.isDisabled('time-bar .play')).toBe(true)
    expect(said).toEqual([])
  })

  /** Pixels of the chart that change when these marks are drawn and no others. */
  function inkOf(marks: { walls: boolean; chips: boolean; sweeps: boolean }): Promise<number> {
    return page.evaluate(async (switches) => {
      const map = document.querySelector('liquidity-map') as LiquidityMap
      const none = { walls: false, chips: false, sweeps: false }
      const picture = async (shown: typeof none): Promise<Uint8ClampedArray> => {
        map.look = { ...map.look, switches: { ...map.look.switches, depth: true, ...shown } }
        await new Promise((resolve) => setTimeout(resolve, 150))
        const canvas = map.chart!.chart.takeScreenshot(true)
        return canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data
      }
      map.setAttribute('paused', '')
      const without = await picture(none)
      const withMarks = await picture(switches)
      map.removeAttribute('paused')
      let changed = 0
      for (let i = 0; i < without.length; i += 4) if (without[i] !== withMarks[i]) changed++
      return changed
    }, marks)
  }
})

function readUsd(text: string): number {
  const [, digits, unit] = /^\$([\d.]+)([KMB]?)$/.exec(text)!
  return Number(digits) * { '': 1, K: 1e3, M: 1e6, B: 1e9 }[unit!]!
}
