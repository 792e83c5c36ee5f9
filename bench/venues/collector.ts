import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BATCH_HEADER_BYTES, batchBytes, EventKind, readHeader } from '../../src/model/events.ts'
import { createSource } from '../../src/venues/source.ts'
import { cpuSecondsFine } from '../load/process-usage.ts'
import type { ExchangesOrder, ExchangesReady } from './exchanges.ts'

export interface CollectorRun {
  readonly books: number
  readonly booksLive: number
  readonly levelsPerSecond: number
  /** Of one core: the collector's thread with all that it takes to hand batches over. */
  readonly cpuShare: number
  /** From a venue's clock as it sends to the batch in the hands of the main thread. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of each second by itself, and of these the one in the middle: what the collector needs where it is not kept waiting. */
  readonly p99SecondMs: number
  /** How late timers of this process were meanwhile: what the machine's other work costs anybody. */
  readonly timerLateP99Ms: number
  readonly gaps: number
}

const READY_MS_MAX = 60_000
const POLL_MS = 100
const TIMER_MS = 5
const SECOND_MS = 1_000

/** All venues over loopback into the live source, in its thread, with the waits and budgets of real venues. */
export async function runCollector(order: ExchangesOrder, measureMs: number): Promise<CollectorRun> {
  const child = fork(fileURLToPath(new URL('./exchanges.ts', import.meta.url)))
  try {
    const ready = new Promise<ExchangesReady>((resolve, reject) => {
      child.once('message', (urls) => resolve(urls as ExchangesReady))
      child.once('exit', (code) => reject(new Error(`the venues' process has ended (${code})`)))
    })
    child.send(order)
    return await collect(await ready, order, measureMs)
  } finally {
    child.disconnect()
  }
}

async function collect(urls: ExchangesReady, order: ExchangesOrder, measureMs: number): Promise<CollectorRun> {
  const { assets } = order
  const folder = mkdtempSync(join(tmpdir(), 'lmap-bench-'))
  const options = { urls, folder, cold: [], ...(assets && { assets }) }
  const source = createSource({ kind: 'live', options, log: { level: 'error', pretty: false } })
  const delays: number[] = []
  const seconds: number[] = []
  let isMeasuring = false
  await source.start()
  source.connect({
    write(batches) {
      if (isMeasuring) sample(batches, delays)
      return true
    },
  })
  try {
    const states = () => source.status().venues ?? []
    const total = (pick: (state: ReturnType<typeof states>[number]) => number): number =>
      states().reduce((sum, state) => sum + pick(state), 0)
    const beganMs = performance.now()
    const isReady = (): boolean =>
      states().length === Object.keys(urls).length && states().every(({ books, booksLive }) => booksLive === books)
    while (!isReady() && performance.now() - beganMs < READY_MS_MAX) await sleep(POLL_MS)

    const before = { levels: source.status().levels, cpu: cpuSecondsFine(process.pid), ms: performance.now() }
    const late: number[] = []
    let tickedMs = performance.now()
    const ticker = setInterval(() => {
      late.push(Math.max(0, performance.now() - tickedMs - TIMER_MS))
      tickedMs = performance.now()
    }, TIMER_MS)
    isMeasuring = true
    for (let from = 0; performance.now() - before.ms < measureMs; from = delays.length) {
      await sleep(SECOND_MS)
      seconds.push(quantile(delays.slice(from), 0.99))
    }
    isMeasuring = false
    clearInterval(ticker)
    const tookSeconds = (performance.now() - before.ms) / SECOND_MS
    const cpuShare = (cpuSecondsFine(process.pid) - before.cpu) / tookSeconds
    return {
      books: total(({ books }) => books),
      booksLive: total(({ booksLive }) => booksLive),
      levelsPerSecond: (source.status().levels - before.levels) / tookSeconds,
      cpuShare,
      p50Ms: quantile(delays, 0.5),
      p99Ms: quantile(delays, 0.99),
      p99SecondMs: quantile(seconds, 0.5),
      timerLateP99Ms: quantile(late, 0.99),
      gaps: total(({ gaps }) => gaps),
    }
  } finally {
    await source.stop()
    rmSync(folder, { recursive: true })
  }
}

function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b)
  return values[Math.floor(values.length * share)] ?? Number.NaN
}

/** Ages of the books' updates. Venue times are whole milliseconds, so an age is up to one too large. */
function sample(batches: Uint8Array, delays: number[]): void {
  const nowMs = performance.timeOrigin + performance.now()
  const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
  for (let at = 0, bytes = 0; (bytes = batchBytes(view, at)) > 0; at += bytes) {
    // Whole books and heartbeats carry times that were made up.
    if (view.getUint8(at + BATCH_HEADER_BYTES) === EventKind.bookLevel)
      delays.push(nowMs - readHeader(view, at).venueMs)
  }
}
