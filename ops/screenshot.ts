/** npm run screenshot: makes docs/images from the running product, a simulated market after an hour of its own time. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { launch } from '../test/web/chromium.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const SPEED = 60
/** Level updates a second of its own time: few enough to keep up. */
const RATE = 1_000
const MARKET_MINUTES = 100
const PAINT_MS = 4_000
const shots = [
  { name: 'map', hash: '#BTC/1m/hybrid', width: 1440, height: 900 },
  { name: 'synthetic', hash: '#ETH/1m/synthetic', width: 1440, height: 900 },
  { name: 'phone', hash: '#BTC/1m/hybrid', width: 390, height: 844 },
]

const data = mkdtempSync(join(tmpdir(), 'lmap-shot-'))
const args = ['src/main.ts', '--port', '0', '--data', data, '--assets', 'BTC,ETH,SOL']
args.push('--speed', String(SPEED), '--rate', String(RATE))
const server = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
const browser = await launch()
try {
  const address = await addressOf(server.stdout)
  process.stderr.write(`waiting for ${MARKET_MINUTES} minutes of the market, ${SPEED} times as fast ...\n`)
  await sleep((MARKET_MINUTES * 60_000) / SPEED)
  mkdirSync(join(root, 'docs/images'), { recursive: true })
  for (const { name, hash, width, height } of shots) {
    const page = await browser.newPage({ viewport: { width, height } })
    await page.goto(`${address}/${hash}`)
    await sleep(PAINT_MS)
    await page.screenshot({ path: join(root, `docs/images/${name}.png`) })
    await page.close()
    process.stderr.write(`docs/images/${name}.png\n`)
  }
} finally {
  await browser.close()
  server.kill('SIGINT')
  await new Promise((resolve) => server.once('exit', resolve))
  rmSync(data, { recursive: true, force: true })
}
process.exit()

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of output) {
    text += String(chunk)
    const found = /page\s+(http:\S+)/.exec(text)?.[1]
    if (found !== undefined) return found
  }
  throw new Error(`the server ended at once:\n${text}`)
}
