// The page as a first visitor gets it: real Chromium, the real product, a simulated market of all assets. What it loads,
// when its first map is on the screen, whether frames are missed while columns stream and while the map is dragged, and
// whether its memory grows.
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { assets } from '../src/model/assets.ts'
import { LmapError } from '../src/model/errors.ts'
import { chromiumPath, launch } from '../test/web/chromium.ts'
import { type Bench, type Row, rounded } from './figures.ts'
import { rssMb } from './load/process-usage.ts'
import { frameTimes, watchFirstFrame, watchFirstMap } from './page-probe.ts'
import { Product } from './page-product.ts'

/**
 * As Chromium draws where there is no GPU: all by the processor, and no WebGL, so the map is painted on a plain canvas.
 * Drawn by SwiftShader a frame costs ten times as much, which no browser does of itself any more.
 */
const NO_GPU = ['--disable-gpu', '--disable-3d-apis']
const HASH = '#BTC/1m/hybrid'
const VIEW = { width: 1440, height: 900 }
const FRAME_MS = 1000 / 60
const FIRST_MAP_MS_MAX = 60_000
const SIZES = {
  small: {
    historyMs: 4_000,
    visits: 2,
    settleMs: 2_000,
    streamMs: 3_000,
    panMs: 2_000,
    watchMs: 6_000,
    everyMs: 2_000,
  },
  full: {
    historyMs: 60_000,
    visits: 9,
    settleMs: 20_000,
    streamMs: 30_000,
    panMs: 20_000,
    watchMs: 600_000,
    everyMs: 20_000,
  },
} as const

export const bench: Bench = async ({ full }) => {
  // The smoke run of all benches goes on without.
  if (chromiumPath === undefined) {
    return {
      title: 'Page: not measured, no Chromium was found (PLAYWRIGHT_CHROMIUM names one).',
      rows: [],
      figures: {},
    }
  }
  const size = full ? SIZES.full : SIZES.small
  const product = new Product()
  let browser: Browser | undefined
  try {
    say(`making history for ${size.historyMs / 1000} s ...`)
    await product.makeHistory(size.historyMs)
    await product.start()
    browser = await launch(...NO_GPU)
    say('an empty page of the same server ...')
    const floor = await emptyPage(browser, product.address, size.visits, size.panMs)
    say(`${size.visits} first visits ...`)
    const visits = await visitOften(browser, product.address, size.visits)
    const page = await browser.newPage({ viewport: VIEW })
    await open(page, product.address)
    await sleep(size.settleMs)
    say('frames while columns stream ...')
    const streaming = framesOf(await page.evaluate(frameTimes, size.streamMs))
    say('frames while the map is dragged ...')
    const dragged = framesOf(await whileDragging(page, size.panMs))
    say(`memory for ${size.watchMs / 1000} s ...`)
    const memory = await watchMemory(browser, page, size.watchMs, size.everyMs)
    return {
      title: `Page: Chromium on a machine without a GPU, ${VIEW.width} x ${VIEW.height}, the product with ${assets.length} assets on the same machine`,
      rows: [
        { name: 'first visit, code, gzip', value: visits.gzipKb, unit: 'KB', note: `aim 250; ${visits.files} files` },
        { name: 'first visit, data, gzip', value: visits.dataKb, unit: 'KB', note: `${visits.answers} answers` },
        {
          name: 'navigation to the first painted map, median',
          value: visits.firstMapMs,
          unit: 'ms',
          note: `aim 300; ${visits.allMs.map(Math.round).join(', ')}`,
        },
        { name: 'the same of an empty page', value: floor.firstFrameMs, unit: 'ms', note: 'what nothing at all takes' },
        { name: 'frames of an empty page', value: floor.frames.fps, unit: 'a second', note: floor.frames.note },
        { name: 'frames while 1m columns stream', value: streaming.fps, unit: 'a second', note: streaming.note },
        { name: 'frames while the map is dragged', value: dragged.fps, unit: 'a second', note: dragged.note },
        ...memory.rows,
      ],
      figures: {
        gzipKb: rounded(visits.gzipKb),
        dataKb: rounded(visits.dataKb),
        firstMapMs: rounded(visits.firstMapMs),
        emptyPageMs: rounded(floor.firstFrameMs),
        emptyPageFps: rounded(floor.frames.fps),
        fps: rounded(Math.min(streaming.fps, dragged.fps)),
        streamFps: rounded(streaming.fps),
        panFps: rounded(dragged.fps),
        missedFramesPercent: rounded(100 * streaming.missed),
        heapGrowthMb: rounded(memory.heapGrowthMb),
        browserGrowthMb: rounded(memory.browserGrowthMb),
      },
    }
  } finally {
    await browser?.close()
    await product.remove()
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Opens the map; milliseconds until its first map was on the screen. */
async function open(page: Page, address: string): Promise<number> {
  await page.addInitScript(watchFirstMap)
  await page.goto(`${address}/${HASH}`)
  const late = sleep(FIRST_MAP_MS_MAX).then(() => {
    throw new LmapError('LMAP_NOT_READY', `no map was painted within ${FIRST_MAP_MS_MAX} ms.`)
  })
  return Promise.race([page.evaluate(() => window.firstMap!), late])
}

/** What this browser takes on this machine, beside this server, for a page with nothing in it: no page can do better. */
async function emptyPage(browser: Browser, address: string, visits: number, ms: number) {
  const allMs: number[] = []
  let times: number[] = []
  for (let visit = 0; visit <= visits; visit++) {
    const context = await browser.newContext({ viewport: VIEW })
    const page = await context.newPage()
    await page.addInitScript(watchFirstFrame)
    await page.goto(`${address}/healthz`)
    const firstMs = await page.evaluate(() => window.firstFrame!)
    if (visit > 0) allMs.push(firstMs)
    if (visit === visits) times = await page.evaluate(frameTimes, ms)
    await context.close()
  }
  return { firstFrameMs: median(allMs), frames: framesOf(times) }
}

/** Each with an empty cache; the first one warms the server up and does not count. */
async function visitOften(browser: Browser, address: string, visits: number) {
  const allMs: number[] = []
  let urls = new Set<string>()
  for (let visit = 0; visit <= visits; visit++) {
    const context = await browser.newContext({ viewport: VIEW })
    const page = await context.newPage()
    // Of one visit: what another asks for later has another time in its address.
    urls = new Set()
    page.on('response', (response) => urls.add(response.url()))
    const ms = await open(page, address)
    if (visit > 0) allMs.push(ms)
    if (visit === visits) await page.waitForLoadState('networkidle')
    await context.close()
  }
  return { allMs, firstMapMs: median(allMs), ...(await weigh(urls)) }
}

/** What a first visit loads, as it is delivered: code, and what the code asks for. */
async function weigh(urls: ReadonlySet<string>) {
  const kb = { code: 0, data: 0 }
  let files = 0
  for (const url of urls) {
    if (isFont(url)) continue
    const isData = new URL(url).pathname.startsWith('/api/')
    if (!isData) files++
    kb[isData ? 'data' : 'code'] += (await gzipBytes(url)) / 1000
  }
  return { gzipKb: kb.code, dataKb: kb.data, files, answers: urls.size - files }
}

function isFont(url: string): boolean {
  return /\.(woff2?|ttf|otf)$/.test(new URL(url).pathname)
}

/** Bytes of a body on its way to who takes gzip and nothing better. */
function gzipBytes(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      answer.on('end', () => resolve(bytes))
    }).on('error', reject)
  })
}

function framesOf(times: readonly number[]) {
  const total = times.reduce((sum, ms) => sum + ms, 0)
  const missed = times.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / FRAME_MS) - 1), 0) / (total / FRAME_MS)
  const slowest = Math.max(...times)
  const note = `aim 60; ${(100 * missed).toFixed(1)} % missed, longest ${slowest.toFixed(0)} ms`
  return { fps: (1000 * times.length) / total, missed, note }
}

/** The mouse goes to and fro across the chart with its button down. */
async function whileDragging(page: Page, ms: number): Promise<number[]> {
  const times = page.evaluate(frameTimes, ms)
  const [left, right, y] = [VIEW.width * 0.3, VIEW.width * 0.6, VIEW.height * 0.45]
  const end = performance.now() + ms
  await page.mouse.move(left, y)
  await page.mouse.down()
  for (let step = 0; performance.now() < end; step++) {
    const part = 0.5 - 0.5 * Math.cos(step / 20)
    await page.mouse.move(left + part * (right - left), y + 20 * Math.sin(step / 13))
  }
  await page.mouse.up()
  return times
}

/** The page's heap after a collection and what its process and the GPU's hold, again and again. */
async function watchMemory(browser: Browser, page: Page, ms: number, everyMs: number) {
  const session = await page.context().newCDPSession(page)
  const whole = await browser.newBrowserCDPSession()
  const heaps: number[] = []
  const processes: number[] = []
  const end = performance.now() + ms
  do {
    heaps.push(await heapMb(session))
    processes.push(await browserMb(whole))
    await sleep(everyMs)
  } while (performance.now() < end)
  const heapGrowthMb = growthOf(heaps)
  const browserGrowthMb = growthOf(processes)
  const seconds = Math.round(ms / 1000)
  const rows: Row[] = [
    { name: 'heap after a collection', value: heaps.at(-1)!, unit: 'MB' },
    { name: `growth of the heap in ${seconds} s`, value: heapGrowthMb, unit: 'MB', note: 'aim 0; last third to first' },
    { name: 'processes of the browser', value: processes.at(-1)!, unit: 'MB' },
    { name: `growth of the processes in ${seconds} s`, value: browserGrowthMb, unit: 'MB' },
  ]
  return { rows, heapGrowthMb, browserGrowthMb }
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize / 2 ** 20
}

async function browserMb(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  return processInfo
    .filter(({ type }) => type === 'renderer' || type === 'GPU')
    .reduce((sum, { id }) => sum + rssMb(id), 0)
}

/** Mean of the last third less that of the first: one sample says little. */
function growthOf(values: readonly number[]): number {
  const third = Math.max(1, Math.floor(values.length / 3))
  return mean(values.slice(-third)) - mean(values.slice(0, third))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
