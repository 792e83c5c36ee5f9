// Guards the map on a page that is not ours: one script tag on another origin under a strict policy, attributes that are
// followed, one connection for all maps, styles that stay where they belong, and a server that is not there told in words.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { requirement } from '../requirements.ts'
import { BuiltPage, hostsAskedBy, saidBy } from './built-page.ts'
import { chromiumPath } from './chromium.ts'
import { DevGateway } from './dev-gateway.ts'

const patience = { timeout: 15_000 }
const missing = chromiumPath === undefined ? 'Chromium; PLAYWRIGHT_CHROMIUM names one elsewhere' : undefined
const { title, skip } = requirement('the map in other pages', missing)

describe.skipIf(skip)(title, { timeout: 60_000 }, () => {
  const built = new BuiltPage()
  let gateway: DevGateway
  let host: Server
  let page: Page
  let body = ''
  let said: string[]
  let requests: string[]

  beforeEach(async () => {
    gateway = new DevGateway({ folder: built.folder, tickMs: 100, columns: 60 })
    await gateway.start()
    host = createServer((_, response) => {
      const server = `127.0.0.1:${gateway.port}`
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.setHeader(
        'content-security-policy',
        `default-src 'none'; style-src 'unsafe-inline'; script-src http://${server}; connect-src http://${server} ws://${server}`,
      )
      response.end(`<!doctype html><title>A page</title>${body}`)
    })
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await page?.close()
    gateway.stop()
    host.close()
  })

  async function open(html: string): Promise<void> {
    body = `${html}<script src="http://127.0.0.1:${gateway.port}/embed.js" async></script>`
    page = await built.browser.newPage({ viewport: { width: 1000, height: 800 } })
    said = saidBy(page)
    requests = hostsAskedBy(page)
    // By another name of this machine, so that it is another origin.
    await page.goto(`http://localhost:${(host.address() as AddressInfo).port}/`)
  }

  const states = () => page.$$eval('liquidity-map', (maps) => maps.map((map) => map.getAttribute('state')))

  test('goes live by one script tag, follows its attributes, and asks its own server alone', async () => {
    await open('<liquidity-map asset="BTC" timeframe="1m" mode="hybrid"></liquidity-map>')
    await expect.poll(states, patience).toEqual(['live'])
    const titleText = () => page.locator('liquidity-map .title').textContent()
    expect(await titleText()).toBe('BTC · 1m · Hybrid')
    expect(await page.locator('liquidity-map .simulated').isVisible()).toBe(true)
    expect(await page.locator('liquidity-map .credit').isVisible()).toBe(true)
    await expect
      .poll(() => page.locator('liquidity-map .model').textContent(), patience)
      .toBe('Model +0.21 bits/h ± .05')
    await page.evaluate(() => {
      const map = document.querySelector('liquidity-map')!
      map.setAttribute('asset', 'ETH')
      map.setAttribute('mode', 'raw')
      map.setAttribute('theme', 'light')
    })
    await expect.poll(titleText, patience).toBe('ETH · 1m · Raw')
    await expect.poll(states, patience).toEqual(['live'])
    expect(new Set(requests.slice(1))).toEqual(new Set([`127.0.0.1:${gateway.port}`]))
    expect(said).toEqual([])
  })

  test('maps of one server share a connection, which ends with the last of them', async () => {
    const map = (asset: string) =>
      `<liquidity-map asset="${asset}" timeframe="5m" style="height:200px"></liquidity-map>`
    await open(`<div id="one">${map('BTC')}${map('ETH')}</div><div id="two"></div>`)
    await expect.poll(states, patience).toEqual(['live', 'live'])
    expect(gateway.clientCount).toBe(1)
    // Moved within the page it is the same map still.
    await page.evaluate(() => document.querySelector('#two')!.append(document.querySelector('liquidity-map')!))
    await expect.poll(states, patience).toEqual(['live', 'live'])
    expect(gateway.clientCount).toBe(1)
    await page.evaluate(() => {
      for (const gone of document.querySelectorAll('liquidity-map')) gone.remove()
    })
    await expect.poll(() => gateway.clientCount, patience).toBe(0)
    expect(said).toEqual([])
  })

  test('styles of the page do not reach in, and none leak out', async () => {
    const style =
      '<style>div { border: 9px solid lime; display: none } body { font: 40px serif; color: red; text-align: right; text-transform: uppercase }</style>'
    await open(`${style}<p>Host</p><liquidity-map asset="BTC" timeframe="1m"></liquidity-map>`)
    await expect.poll(states, patience).toEqual(['live'])
    const seen = await page.evaluate(() => {
      const inner = getComputedStyle(document.querySelector('liquidity-map')!.shadowRoot!.querySelector('.readout')!)
      const outer = getComputedStyle(document.querySelector('p')!)
      return [inner.borderTopWidth, inner.fontSize, inner.textTransform, inner.display, outer.fontSize, outer.color]
    })
    expect(seen).toEqual(['0px', '11px', 'none', 'block', '40px', 'rgb(255, 0, 0)'])
    expect(said).toEqual([])
  })

  test('a server that is not there, or is no address, is told; another one can be named', async () => {
    await open('<liquidity-map asset="BTC" timeframe="1m" server="javascript:alert(1)"></liquidity-map>')
    const veil = () => page.locator('liquidity-map .veil').textContent()
    await expect.poll(veil, patience).toMatch(/no web address/)
    await page.evaluate(() => document.querySelector('liquidity-map')!.setAttribute('server', 'http://127.0.0.1:1'))
    await expect.poll(veil, patience).toMatch(/^Waiting for the server: /)
    await page.evaluate(() => document.querySelector('liquidity-map')!.removeAttribute('server'))
    await expect.poll(states, patience).toEqual(['live'])
  })

  test('a market that the server does not have is told, and another one takes its place', async () => {
    await open('<liquidity-map asset="NONE" timeframe="1m"></liquidity-map>')
    await expect.poll(states, patience).toEqual(['ended'])
    expect(await page.locator('liquidity-map .veil').textContent()).toMatch(/refused/)
    await page.evaluate(() => document.querySelector('liquidity-map')!.setAttribute('asset', 'SOL'))
    await expect.poll(states, patience).toEqual(['live'])
  })
})
