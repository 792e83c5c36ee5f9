/** npm run screenshot [NAME ...]: makes docs/images from the running product, a simulated market after hours of its own time. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { launch } from '../test/web/chromium.ts'

interface Shot {
  readonly name: string
  readonly hash: string
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'dark' | 'light'
  /** What a reader does before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const SPEED = 60
/** Level updates a second of its own time: few enough to keep up. */
const RATE = 1_000
const MARKET_MINUTES = 240
const PAST_MINUTES = 45
/** A machine that is busy elsewhere makes the market slower, never for ever. */
const WAIT_MS_MAX = 900_000
const PAINT_MS = 4_000
const BYTES_MAX = 400_000
const desktop = { width: 1280, height: 760 }

const shots: readonly Shot[] = [
  { name: 'map', hash: '#BTC/1m/hybrid' },
  { name: 'map-light', hash: '#BTC/1m/hybrid', scheme: 'light' },
  { name: 'phone', hash: '#BTC/1m/hybrid', width: 390, height: 844 },
  { name: 'raw', hash: '#BTC/1m/raw' },
  { name: 'synthetic', hash: '#ETH/1m/synthetic' },
  { name: 'heatmap', hash: '#ETH/1m/heatmap' },
  { name: 'reports', hash: '#BTC/1m/hybrid', act: openReports },
  { name: 'past', hash: '#BTC/1m/hybrid', act: goBack },
  { name: 'four', hash: '#BTC/1m/hybrid+ETH/1m/synthetic+SOL/1m/raw+BTC/5m/heatmap' },
  { name: 'alerts', hash: '#BTC/1m/hybrid', act: testAlert },
  { name: 'position', hash: '#BTC/1m/hybrid', act: drawPosition },
]

const wanted = process.argv.slice(2)
const data = mkdtempSync(join(tmpdir(), 'lmap-shot-'))
const args = ['src/main.ts', '--port', '0', '--data', data, '--assets', 'BTC,ETH,SOL']
args.push('--speed', String(SPEED), '--rate', String(RATE))
const server = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
const browser = await launch()
try {
  const address = await addressOf(server.stdout)
  await marketOf(address)
  mkdirSync(join(root, 'docs/images'), { recursive: true })
  for (const shot of shots) if (wanted.length === 0 || wanted.includes(shot.name)) await take(address, shot)
} finally {
  await browser.close()
  server.kill('SIGINT')
  await new Promise((resolve) => server.once('exit', resolve))
  rmSync(data, { recursive: true, force: true })
}
process.exit()

async function take(address: string, { name, hash, width, height, scheme = 'dark', act }: Shot): Promise<void> {
  const viewport = { width: width ?? desktop.width, height: height ?? desktop.height }
  const context = await browser.newContext({ viewport, colorScheme: scheme })
  const page = await context.newPage()
  await page.goto(`${address}/${hash}`)
  await page.waitForSelector('liquidity-map[state="live"]')
  await act?.(page)
  await sleep(PAINT_MS)
  const path = join(root, `docs/images/${name}.png`)
  await page.screenshot({ path })
  await context.close()
  const bytes = statSync(path).size
  process.stderr.write(`docs/images/${name}.png, ${Math.round(bytes / 1000)} KB\n`)
  if (bytes > BYTES_MAX) throw new Error(`${name}.png is larger than ${BYTES_MAX / 1000} KB: make its window smaller`)
}

async function openReports(page: Page): Promise<void> {
  await page.keyboard.press('r')
  await page.waitForSelector('.report-rows tr[data-id]')
}

async function goBack(page: Page): Promise<void> {
  const clockMs = await page.evaluate(() => {
    const map = document.querySelector('liquidity-map') as unknown as { stream: { map: { clockMs: number } } }
    return map.stream.map.clockMs
  })
  const moment = new Date(clockMs - PAST_MINUTES * 60_000).toISOString().slice(0, 17)
  await page.evaluate((hash) => {
    location.hash = hash
  }, `#BTC/1m/hybrid@${moment}00Z`)
}

async function testAlert(page: Page): Promise<void> {
  await page.keyboard.press('a')
  await page.fill('[name=usdMin]', '1M')
  await page.fill('[name=distancePercentMax]', '1')
  await page.selectOption('[name=cooldownSeconds]', '60')
  await page.click('alert-dialog .test')
  await page.waitForSelector('.alert-result')
}

async function drawPosition(page: Page): Promise<void> {
  const price = Number((await page.textContent('.price'))!.replaceAll(',', ''))
  await page.keyboard.press('o')
  await page.fill('[name=entry]', String(Math.round(price * 1.002)))
  await page.fill('[name=sizeUsd]', '25000')
  await page.fill('[name=forced]', '50')
  await page.click('.tool-panel:popover-open .chief')
}

/** Waits until the market has gone on for long enough by its own clock. */
async function marketOf(address: string): Promise<void> {
  process.stderr.write(`waiting for ${MARKET_MINUTES} minutes of the market, up to ${SPEED} times as fast ...\n`)
  const endMs = Date.now() + WAIT_MS_MAX
  let beginMs = 0
  for (;;) {
    const response = await fetch(`${address}/api/v1/map?asset=BTC&columns=1`)
    const { clockMs = 0 } = response.ok ? ((await response.json()) as { clockMs?: number }) : {}
    if (beginMs === 0) beginMs = clockMs
    if (beginMs > 0 && clockMs - beginMs >= MARKET_MINUTES * 60_000) return
    if (Date.now() > endMs) throw new Error('the market is too slow on this machine')
    await sleep(1_000)
  }
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of output) {
    text += String(chunk)
    const found = /page\s+(http:\S+)/.exec(text)?.[1]
    if (found !== undefined) return found
  }
  throw new Error(`the server ended at once:\n${text}`)
}
