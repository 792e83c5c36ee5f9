// Guards the picture itself: each mode, both grounds, the other palette and the painter without WebGL draw a market that
// never changes as they did when somebody last looked at it. Only canvases are compared, without text: fonts differ from
// machine to machine. `npm run goldens` makes them anew; look at what has changed before you keep it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pixelmatch from 'pixelmatch'
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import type { LiquidityMap } from '../../src/web/liquidity-map.ts'
import { requirement } from '../requirements.ts'
import { chromiumPath } from './chromium.ts'
import { PageRig, patience } from './page-rig.ts'

const folder = fileURLToPath(new URL('./goldens/', import.meta.url))
const isWriting = process.env.LMAP_GOLDENS === 'write'
/** Of all pixels: painters round in their own way, and so do drivers. */
const DIFFERENT_SHARE_MAX = 0.02
/** Of the largest difference that two colours can have. */
const COLOUR_DIFFERENCE = 0.12
/** Fewer are a chart that waits for its map. */
const COLOURS_MIN = 60
/** A time long gone, so that nothing of now can get in. */
const NOW_MS = Date.UTC(2026, 0, 15, 12, 0, 30)
const viewport = { width: 536, height: 500 }

const missing = chromiumPath === undefined ? 'Chromium; PLAYWRIGHT_CHROMIUM names one elsewhere' : undefined
const shots = [
  ['raw-dark', 'mode="raw" theme="dark"'],
  ['synthetic-dark', 'mode="synthetic" theme="dark"'],
  ['heatmap-dark', 'mode="heatmap" theme="dark"'],
  ['hybrid-dark', 'mode="hybrid" theme="dark"'],
  ['hybrid-light', 'mode="hybrid" theme="light"'],
  ['viridis-dark', 'mode="hybrid" theme="dark" palette="viridis"'],
  ['far-light', 'mode="synthetic" theme="light" range="10" threshold="0.3" layers="labels"'],
] as const

const everything: readonly string[] = shots.map(([name]) => name)
describe.each([
  { painter: 'WebGL2', flags: [], names: everything },
  { painter: 'a plain canvas', flags: ['--disable-3d-apis'], names: ['hybrid-dark', 'far-light'] },
])('$painter', ({ painter, flags, names }) => {
  const { title, skip } = requirement(`draws what it drew before on ${painter}`, missing)
  describe.skipIf(skip)(title, { timeout: 90_000 }, () => {
    const rig = new PageRig(...flags)

    test.each(shots.filter(([name]) => names.includes(name)))('%s', async (name, attributes) => {
      const html = `<!doctype html><liquidity-map asset="BTC" timeframe="1m" ${attributes}></liquidity-map><script src="/embed.js"></script>`
      writeFileSync(join(rig.folder, `${name}.html`), html)
      await rig.open({ hash: `${name}.html`, now: () => NOW_MS, tickMs: 600_000, columns: 100, context: { viewport } })
      const painted = await rig.page.evaluate(() => (document.querySelector('liquidity-map') as LiquidityMap).painter)
      expect(painted).toBe(painter === 'WebGL2' ? 'webgl2' : 'canvas')
      const picture = await settled()
      const path = join(folder, `${name}.png`)
      // The plain canvas is held to the same pictures.
      if (isWriting && painter === 'WebGL2') {
        mkdirSync(folder, { recursive: true })
        writeFileSync(path, PNG.sync.write(picture))
      }
      expect(existsSync(path), 'there is a golden; `npm run goldens` makes it').toBe(true)
      const golden = PNG.sync.read(readFileSync(path))
      expect([picture.width, picture.height]).toEqual([golden.width, golden.height])
      const { width, height } = golden
      const seen = new PNG({ width, height })
      const different = pixelmatch(golden.data, picture.data, seen.data, width, height, {
        threshold: COLOUR_DIFFERENCE,
      })
      const share = different / (width * height)
      console.log(`${name} on ${painter}: ${(share * 100).toFixed(2)} % of the pixels differ`)
      if (share > DIFFERENT_SHARE_MAX) {
        const kept = join(tmpdir(), `lmap-${name}-${painter.replaceAll(' ', '-')}.png`)
        writeFileSync(kept, PNG.sync.write(seen))
        console.log(`what differs is in ${kept}`)
      }
      expect(share).toBeLessThanOrEqual(DIFFERENT_SHARE_MAX)
    })

    /** The canvases of chart and profile, once they stay as they are. */
    async function settled(): Promise<PNG> {
      let before = ''
      let now = await canvases()
      await expect
        .poll(
          async () => {
            before = now
            now = await canvases()
            return now === before && coloursOf(now) > COLOURS_MIN
          },
          { ...patience, interval: 400 },
        )
        .toBe(true)
      return pictureOf(now)
    }

    function canvases(): Promise<string> {
      return rig.page.evaluate(() => {
        // Above it stand the sums of the profile, in letters.
        const HEAD_PX = 32
        const root = document.querySelector('liquidity-map')!.shadowRoot!
        const chart = root.querySelector<HTMLCanvasElement>('.chart canvas')!
        const profile = root.querySelector<HTMLCanvasElement>('.profile canvas')!
        const both = document.createElement('canvas')
        both.width = chart.width + profile.width
        both.height = chart.height
        const context = both.getContext('2d')!
        context.drawImage(chart, 0, 0)
        context.drawImage(profile, chart.width, 0)
        context.clearRect(chart.width, 0, profile.width, HEAD_PX)
        return both.toDataURL('image/png')
      })
    }
  })
})

function pictureOf(address: string): PNG {
  return PNG.sync.read(Buffer.from(address.slice(address.indexOf(',') + 1), 'base64'))
}

function coloursOf(address: string): number {
  return new Set(new Uint32Array(new Uint8Array(pictureOf(address).data).buffer)).size
}
