// Guards the example page of docs/: served from the checkout by any server, with the built SDK, it paints a real map and tells of a report.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { Feed } from '../gateway/feed.ts'
import { type Rig, startGateway } from '../gateway/rig.ts'
import { wallRow } from '../model/report-samples.ts'
import { chromiumPath, launch } from '../web/chromium.ts'

const root = new URL('../../', import.meta.url)
const why = chromiumPath === undefined ? ' (skipped: no Chromium here)' : ''

test.skipIf(chromiumPath === undefined)(`the example page paints the map${why}`, async () => {
  let rig: Rig | undefined
  const feed = new Feed(0, 0, 3, (live) => rig?.gateway.block(live))
  for (let column = 0; column < 40; column++) {
    feed.delta(400)
    feed.close()
  }
  rig = await startGateway({
    history: async () => feed.stored(),
    activate: (_, __, on) => {
      if (on) feed.key()
      rig?.gateway.flush()
    },
  })
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const file = new URL(`.${pathname.endsWith('/') ? `${pathname}index.html` : pathname}`, root)
    if (!existsSync(file)) {
      // The icon that every browser asks for.
      response.writeHead(404).end()
      return
    }
    response.setHeader('content-type', file.pathname.endsWith('.js') ? 'text/javascript' : 'text/html')
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const browser = await launch()
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    await page.goto(`http://127.0.0.1:${port}/docs/example/?url=${encodeURIComponent(rig.ws)}`)
    await page.waitForFunction(() => document.querySelector('canvas')!.width === 41)
    await page.waitForFunction(() => document.querySelector('#state')!.textContent === 'live')
    rig.gateway.report(wallRow())
    rig.gateway.flush()
    await page.waitForFunction(() =>
      document.querySelector('#report')!.textContent!.startsWith('wall active bid 64190'),
    )
    const painted = await page.evaluate(() => {
      const { width, height } = document.querySelector('canvas')!
      const { data } = document.querySelector('canvas')!.getContext('2d')!.getImageData(0, 0, width, height)
      return data.filter((value, at) => at % 4 !== 3 && value > 0).length
    })
    expect(painted).toBeGreaterThan(100)
    expect(errors).toEqual([])
  } finally {
    await browser.close()
    server.close()
    await rig.gateway.stop()
  }
})
