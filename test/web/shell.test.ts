// Guards what stands around the map in a real browser: layouts with a linked crosshair, pause, position, picture, link,
// settings that are remembered, keys, plans, a server that starts anew, a browser without WebGL, every width, and the rules
// of accessibility that axe knows, dark and light.
import { readFileSync } from 'node:fs'
import type { Download } from 'playwright-core'
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import { portToOpen } from '../../src/gateway/port.ts'
import type { LiquidityMap } from '../../src/web/liquidity-map.ts'
import { requirement } from '../requirements.ts'
import { chromiumPath } from './chromium.ts'
import { DevGateway } from './dev-gateway.ts'
import { PageRig, patience, phone } from './page-rig.ts'

const missing = chromiumPath === undefined ? 'Chromium; PLAYWRIGHT_CHROMIUM names one elsewhere' : undefined
const { title, skip } = requirement('around the map', missing)
const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

describe.skipIf(skip)(title, { timeout: 90_000 }, () => {
  const rig = new PageRig()
  const states = () => rig.page.$$eval('liquidity-map', (maps) => maps.map((map) => map.getAttribute('state')))
  const hash = () => rig.page.evaluate(() => location.hash)

  test.each([
    ['dark', 'desktop', '', []],
    ['light', 'desktop', '', ['v']],
    ['dark', 'desktop', '', ['o']],
    ['light', 'desktop', '', ['/']],
    ['light', 'desktop', '', ['?']],
    ['dark', 'phone', '', ['l']],
    ['light', 'phone', '', []],
    ['dark', 'desktop', '#BTC/1m/raw+ETH/1m/hybrid+SOL/1m/heatmap+BTC/1h/synthetic', ['p']],
  ] as const)('axe finds nothing (%s, %s %s, keys %j)', async (colorScheme, screen, address, keys) => {
    await rig.open({ hash: address, context: { colorScheme, ...(screen === 'phone' && { viewport: phone }) } })
    for (const key of keys) await rig.page.keyboard.press(key)
    await rig.page.evaluate(axe)
    const found = await rig.page.evaluate(async () => {
      const { violations } = await (
        window as unknown as {
          axe: {
            run(): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }>
          }
        }
      ).axe.run()
      return violations.map(({ id, nodes }) => [
        id,
        nodes.map(({ target, failureSummary }) => [target, failureSummary]),
      ])
    })
    expect(found).toEqual([])
    expect(rig.said).toEqual([])
  })

  test('one to four maps, each with its own market, and a crosshair that is linked', async () => {
    await rig.open({ tickMs: 500, context: { permissions: ['clipboard-read', 'clipboard-write'] } })
    await rig.page.keyboard.press('l')
    await rig.page.click('.layouts button:has-text("Four")')
    await rig.page.keyboard.press('Escape')
    await expect.poll(states, patience).toEqual(['live', 'live', 'live', 'live'])
    expect(await hash()).toBe('#BTC/1m/hybrid+BTC/15m/hybrid+BTC/1h/hybrid+BTC/4h/hybrid')
    await rig.page.keyboard.press('Shift+Digit3')
    await rig.page.keyboard.press('1')
    await expect.poll(hash).toBe('#BTC/1m/hybrid+BTC/15m/hybrid+BTC/1h/raw+BTC/4h/hybrid')
    await rig.page.keyboard.press('/')
    await rig.page.keyboard.type('eth')
    await rig.page.keyboard.press('Enter')
    await expect.poll(hash).toBe('#BTC/1m/hybrid+BTC/15m/hybrid+ETH/1h/raw+BTC/4h/hybrid')
    await expect.poll(states, patience).toEqual(['live', 'live', 'live', 'live'])
    expect(await rig.page.locator('liquidity-map[active] .title').textContent()).toBe('ETH · 1h · Raw')
    // The second and fourth show the same asset: they are pointed at with time and price, ETH with the time alone.
    const box = (await rig.page.locator('liquidity-map').nth(1).boundingBox())!
    const cells = () =>
      rig.page.$$eval('liquidity-map', (maps) =>
        maps.map((map) => {
          const cell = map.shadowRoot!.querySelector<HTMLElement>('.cell')!
          return cell.hidden ? '' : cell.querySelector('.range')!.textContent
        }),
      )
    await rig.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    // Prices move below a pointer that stands still: the others follow.
    const linked = async () => {
      const [, second, third, fourth] = await cells()
      return [/^[\d,.]+ – [\d,.]+$/.test(second ?? ''), third, second === fourth]
    }
    await expect.poll(linked, patience).toEqual([true, '', true])
    expect(await rig.page.locator('liquidity-map').nth(2).locator('.candle').textContent()).toMatch(/^O /)
    await rig.page.mouse.move(5, 5)
    await expect.poll(cells, patience).toEqual(['', '', '', ''])
    await rig.page.keyboard.press('c')
    await expect.poll(() => rig.text('.toast')).toBe('Link copied')
    expect(await rig.page.evaluate(() => navigator.clipboard.readText())).toBe(rig.address + (await hash()))
    await rig.reload()
    await expect.poll(states, patience).toEqual(['live', 'live', 'live', 'live'])
    expect(rig.said).toEqual([])
  })

  test('a paused map says so with its age, shows what it showed, and catches up', async () => {
    await rig.open()
    await rig.page.keyboard.press('p')
    await rig.page.waitForSelector('liquidity-map[state="paused"]')
    const price = await rig.text('.price')
    await expect.poll(() => rig.text('liquidity-map .band'), patience).toMatch(/^PAUSED [2-9] s ago · as of .* UTC$/)
    expect(await rig.text('.badge.state')).toBe('Paused')
    expect(await rig.text('.price')).toBe(price)
    expect(await rig.page.getAttribute('.rail [aria-label="Pause"]', 'aria-pressed')).toBe('true')
    // Another reading of what was held, not of what has come since.
    await rig.page.keyboard.press('1')
    await rig.page.waitForTimeout(400)
    expect(await rig.text('.price')).toBe(price)
    await rig.page.keyboard.press('p')
    await rig.page.waitForSelector('liquidity-map[state="live"]')
    await expect.poll(() => rig.text('.price'), patience).not.toBe(price)
    expect(await rig.text('liquidity-map .band')).toBe('')
    expect(rig.said).toEqual([])
  })

  test("the reader's position is drawn, kept, and sent nowhere", async () => {
    await rig.open({ columns: 60 })
    const sent: string[] = []
    rig.page.on('request', (request) =>
      sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData()}`),
    )
    rig.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload))))
    await rig.page.keyboard.press('o')
    await rig.page.click('.choices button:has-text("Short")')
    await rig.page.fill('[name=entry]', '73,123.5')
    await rig.page.fill('[name=sizeUsd]', '98765')
    await rig.page.fill('[name=forced]', '0')
    await rig.page.click('.chief:visible')
    await expect.poll(() => rig.text('.tool-panel:popover-open .fault')).toMatch(/leverage/)
    await rig.page.fill('[name=forced]', '5')
    await rig.page.keyboard.press('Enter')
    const own = () => rig.text('liquidity-map .own')
    await expect
      .poll(own, patience)
      .toMatch(/^Short \$98\.8K from 73,123\.5 · [+−]\$.* · liquidation 8\d,\d{3}\.\d \(\+/)
    await rig.reload()
    await expect.poll(own, patience).toMatch(/^Short \$98\.8K/)
    await rig.page.click('.timeframes button:has-text("5m")')
    await rig.page.waitForSelector('liquidity-map[timeframe="5m"][state="live"]', patience)
    expect(sent.length).toBeGreaterThan(3)
    expect(sent.filter((text) => /73[,.]?123|98[,.]?765|position/i.test(text))).toEqual([])
    await rig.page.keyboard.press('o')
    await rig.page.click('.remove:visible')
    await expect.poll(own).toBe('')
    expect(rig.said).toEqual([])
  })

  test('a picture has the maps, their scale and a name that says what it is', async () => {
    await rig.open()
    const [download] = await Promise.all([
      rig.page.waitForEvent('download') as Promise<Download>,
      rig.page.keyboard.press('i'),
    ])
    expect(download.suggestedFilename()).toMatch(/^liquidity-map-BTC-1m-hybrid-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.png$/)
    const picture = PNG.sync.read(readFileSync(await download.path()))
    const panes = (await rig.page.locator('map-panes').boundingBox())!
    expect([picture.width, picture.height]).toEqual([Math.round(panes.width), Math.round(panes.height + 76)])
    expect(new Set(new Uint32Array(new Uint8Array(picture.data).buffer)).size).toBeGreaterThan(500)
    expect(rig.said).toEqual([])
  })

  test('what was chosen is remembered, and rubbish in its place does no harm', async () => {
    await rig.open({ context: { colorScheme: 'dark' } })
    await rig.page.keyboard.press('t')
    await rig.page.keyboard.press('t')
    expect(await rig.page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
    await rig.page.keyboard.press('v')
    await rig.page.click('.tool-panel button:has-text("Viridis")')
    await rig.page.click('.tool-panel button:has-text("±2 %")')
    await rig.page.uncheck('[data-switch="depth"]')
    await rig.page.keyboard.press('Escape')
    await rig.page.keyboard.press('2')
    const look = () =>
      rig.page.evaluate(() => {
        const map = document.querySelector('liquidity-map') as LiquidityMap
        return [map.ground, map.look.palette, map.look.range, map.look.switches.depth, map.mode]
      })
    const chosen = ['light', 'viridis', '2', false, 'synthetic']
    expect(await look()).toEqual(chosen)
    await rig.page.goto(rig.address)
    await rig.page.waitForSelector('liquidity-map[state="live"]', patience)
    expect(await look()).toEqual(chosen)
    for (const rubbish of ['{', '{"version":1,"value":{"look":[],"panes":{},"theme":7}}', '{"version":9}']) {
      await rig.page.evaluate((text) => localStorage.setItem('liquidity-map.settings', text), rubbish)
      await rig.page.goto('about:blank')
      await rig.page.goto(rig.address)
      await rig.page.waitForSelector('liquidity-map[state="live"]', patience)
      expect(await look()).toEqual(['dark', 'ember', 'fit', true, 'hybrid'])
    }
    expect(rig.said).toEqual([])
  })

  test.each([
    ['1', 'raw'],
    ['2', 'synthetic'],
    ['3', 'heatmap'],
    ['4', 'hybrid'],
  ])('mode %s, %s, has its own scales and asks nobody else for anything', async (key, mode) => {
    await rig.open({ hash: '#BTC/1m/hybrid' })
    await rig.page.keyboard.press(key)
    await expect.poll(() => rig.text('.modes [aria-checked="true"]'), patience).toMatch(new RegExp(mode, 'i'))
    const names = () => rig.page.locator('.ramp:visible b').allTextContents()
    const wanted = { raw: ['Realised'], hybrid: ['Realised', 'Predicted'] }[mode] ?? ['Predicted']
    await expect.poll(names, patience).toEqual([...wanted, 'Bids, asks'])
    await rig.page.keyboard.press('d')
    await expect.poll(names, patience).toEqual(wanted)
    expect([...new Set(rig.hosts)]).toEqual([`127.0.0.1:${rig.gateway.port}`])
    expect(rig.said).toEqual([])
  })

  test('keys move the crosshair and speak its cell; the list of keys is complete', async () => {
    await rig.open()
    await rig.page.locator('liquidity-map .chart').focus()
    for (const key of ['ArrowLeft', 'ArrowUp', 'Shift+ArrowLeft', 'ArrowDown']) await rig.page.keyboard.press(key)
    await rig.page.waitForSelector('liquidity-map .cell:not([hidden])')
    await expect
      .poll(() => rig.text('liquidity-map .spoken'), patience)
      .toMatch(/UTC, [\d,.]+ – [\d,.]+: .*Column opened/)
    await rig.page.keyboard.press('Escape')
    await rig.page.waitForSelector('liquidity-map .cell', { state: 'hidden' })
    const slots = () =>
      rig.page.evaluate(() => {
        const { from, to } = (document.querySelector('liquidity-map') as LiquidityMap).visibleSlots!
        return to - from
      })
    const before = await slots()
    await rig.page.keyboard.press('-')
    await expect.poll(slots, patience).toBeGreaterThan(before * 1.3)
    await rig.page.keyboard.press('f')
    await expect.poll(slots, patience).toBeCloseTo(before, 0)
    await rig.page.keyboard.press(']')
    await expect.poll(hash).toBe('#BTC/5m/hybrid')
    await rig.page.keyboard.press('?')
    const keys = await rig.page.locator('.keys kbd').allTextContents()
    for (const key of ['/', 'V', 'L', 'O', 'P', 'F', 'I', 'C', 'W', 'D', 'T', '1 – 4']) expect(keys).toContain(key)
    expect(new Set(keys).size).toBe(keys.length)
    await rig.page.keyboard.press('Escape')
    expect(await rig.page.locator('.tool-panel:popover-open').count()).toBe(0)
    expect(rig.said).toEqual([])
  })

  test('a server that starts anew is found again by every map', async () => {
    // Chosen by name: a port that the system chose is kept from the next one for a minute.
    const port = await portToOpen('127.0.0.1', 0)
    await rig.open({ hash: '#BTC/1m/hybrid+ETH/1m/raw', port })
    await expect.poll(states, patience).toEqual(['live', 'live'])
    rig.gateway.stop()
    await expect.poll(states, patience).toEqual(['lost', 'lost'])
    rig.gateway = new DevGateway({ folder: rig.folder, tickMs: 100, columns: 80, port })
    await rig.gateway.start()
    await expect.poll(states, { timeout: 25_000 }).toEqual(['live', 'live'])
    // A browser tells of connections that were refused; nothing else may have been said.
    expect(rig.said.filter((text) => !/WebSocket connection to|ERR_CONNECTION/.test(text))).toEqual([])
  })

  test('what a plan lacks is locked with a reason, and a key opens it', async () => {
    const free = {
      name: 'free',
      assets: ['BTC', 'ETH'],
      timeframes: ['1m'],
      modes: ['raw', 'hybrid'],
      reports: [],
      columns: 60,
    }
    await rig.open({ plan: { ...free, opens: { assets: { SOL: 'pro' }, timeframes: { '1h': 'pro' } } } })
    // What is said to be disabled still answers.
    await rig.page.click('.timeframes button:has-text("1h")', { force: true })
    await expect.poll(() => rig.text('.toast')).toBe('Locked: plan free does not have 1h. Plan pro does.')
    await rig.page.keyboard.press('3')
    await expect.poll(() => rig.text('.toast')).toBe('Locked: plan free does not have heatmap.')
    await rig.page.keyboard.press('/')
    await rig.page.keyboard.type('sol')
    await rig.page.keyboard.press('Enter')
    await expect.poll(() => rig.text('asset-picker p')).toBe('Locked: plan free does not have SOL. Plan pro does.')
    await rig.page.keyboard.press('Escape')
    expect(await hash()).toBe('')
    await rig.page.keyboard.press('k')
    expect(await rig.text('.plan')).toContain('free')
    rig.gateway.plan = undefined
    await rig.page.fill('[name=key]', 'key-of-ann-0123456789')
    await rig.page.keyboard.press('Enter')
    await expect.poll(() => rig.gateway.protocols.at(-1), patience).toBe('lmap, lmap.key.key-of-ann-0123456789')
    await rig.page.waitForSelector('liquidity-map[state="live"]', patience)
    expect(await rig.page.evaluate(() => location.href)).not.toContain('key-of')
    expect(await rig.page.locator('.timeframes [aria-disabled="true"]').count()).toBe(0)
    expect(rig.said).toEqual([])
  })

  test.each([390, 768, 1440, 2560])('nothing hangs over the edge at %i px', async (width) => {
    await rig.open({ context: { viewport: { width, height: width < 700 ? 844 : 1000 } } })
    for (const key of ['', 'v', 'o', '?']) {
      if (key !== '') await rig.page.keyboard.press(key)
      const over = await rig.page.evaluate(() => {
        const wide =
          document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight
        const shown = [...document.querySelectorAll('header > *, .tool, footer > *, .tool-panel, map-panes')].filter(
          (element) => element.checkVisibility(),
        )
        const out = shown.filter((element) => {
          const { left, right, top, bottom } = element.getBoundingClientRect()
          return left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5
        })
        return [wide, ...out.map(({ className, tagName }) => `${tagName}.${className}`)]
      })
      expect(over, `with the panel of key "${key}"`).toEqual([false])
      if (key !== '') await rig.page.keyboard.press('Escape')
    }
  })
})

const blind = requirement('a browser without WebGL', missing)
describe.skipIf(blind.skip)(blind.title, { timeout: 90_000 }, () => {
  const rig = new PageRig('--disable-3d-apis')

  test('draws the map on a plain canvas', async () => {
    await rig.open({ hash: '#BTC/1m/heatmap' })
    expect(await rig.page.evaluate(() => (document.querySelector('liquidity-map') as LiquidityMap).painter)).toBe(
      'canvas',
    )
    const colours = () =>
      rig.page.evaluate(() => {
        const canvas = document
          .querySelector('liquidity-map')!
          .shadowRoot!.querySelector<HTMLCanvasElement>('.chart canvas')!
        // Read from a copy: the map's own canvas is not made for it, and the browser would say so.
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })!
        copy.drawImage(canvas, 0, 0)
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
        return new Set(new Uint32Array(data.buffer)).size
      })
    await expect.poll(colours, patience).toBeGreaterThan(200)
    expect(rig.said).toEqual([])
  })
})
