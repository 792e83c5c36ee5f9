// The whole process as a user runs it (embedded store, gateway, page) under 80,000 level updates a second, with a
// client on the 1m stream of every asset. Shows whether it keeps up, and what the main thread costs.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { assets } from '../../src/model/assets.ts'
import { LmapError } from '../../src/model/errors.ts'
import { limits } from '../../src/model/limits.ts'
import { timeframes } from '../../src/model/timeframes.ts'
import { type Bench, rounded } from '../figures.ts'
import { cpuSeconds, rssMb } from './process-usage.ts'

const RATE = 80_000
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Sample {
  readonly levels: number
  readonly pendingBytes: number
  readonly waiting: number
  readonly turnMs: number
}

export const bench: Bench = async ({ full }) => {
  const seconds = full ? 150 : 10
  const data = mkdtempSync(join(tmpdir(), 'lmap-load-'))
  const server = spawn(process.execPath, [MAIN, '--rate', String(RATE), '--port', '0', '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = server.pid
  if (pid === undefined) throw new LmapError('LMAP_INTERNAL', 'the server did not start.')
  try {
    const port = await portOf(server.stdout)
    const client = await subscribeAll(port)
    await sleep(full ? 20_000 : 4_000) // the first full books and the first snapshots are not the steady state
    const samples: Sample[] = []
    const rss: number[] = []
    const from = { cpu: cpuSeconds(pid), at: performance.now(), sample: await sample(port), bytes: client.bytes() }
    for (let second = 0; second < seconds; second++) {
      await sleep(1000)
      samples.push(await sample(port))
      rss.push(rssMb(pid))
    }
    const took = (performance.now() - from.at) / 1000
    const cpu = cpuSeconds(pid)
    const last = samples.at(-1)
    if (last === undefined) throw new LmapError('LMAP_INTERNAL', 'nothing was sampled.')
    client.close()
    const rate = (last.levels - from.sample.levels) / took
    const half = Math.floor(samples.length / 2)
    const pendingEarly = mean(samples.slice(0, half).map((s) => s.pendingBytes))
    const pendingLate = mean(samples.slice(half).map((s) => s.pendingBytes))
    const mainShare = (cpu.main - from.cpu.main) / took
    const allShare = (cpu.all - from.cpu.all) / took
    const rssMax = Math.max(...rss)
    return {
      title: `Load: ${assets.length} assets, five venues, ${RATE.toLocaleString('en')} level updates a second for ${seconds} s, ${assets.length} streams to one client`,
      rows: [
        { name: 'level updates applied', value: rate, unit: 'a second', note: `asked ${RATE.toLocaleString('en')}` },
        { name: 'main thread', value: mainShare * 100, unit: '% of a core', note: 'aim 50' },
        { name: 'whole process (source, core, store, gateway)', value: allShare * 100, unit: '% of a core' },
        { name: 'resident memory, most', value: rssMax, unit: 'MB', note: 'aim 1,500' },
        { name: 'waiting for the core, first half', value: pendingEarly / 1024, unit: 'KB' },
        {
          name: 'waiting for the core, second half',
          value: pendingLate / 1024,
          unit: 'KB',
          note: 'growing lag would show here',
        },
        {
          name: 'turn of the fast loop, median',
          value: median(samples.map((s) => s.turnMs)),
          unit: 'ms',
          note: `every ${limits.tickMs} ms`,
        },
        { name: 'frames to the client', value: (client.bytes() - from.bytes) / took / 1024, unit: 'KB a second' },
      ],
      figures: {
        levelsPerSecond: rounded(rate),
        mainThreadShare: rounded(mainShare),
        processShare: rounded(allShare),
        rssMb: rounded(rssMax),
        pendingKbFirstHalf: rounded(pendingEarly / 1024),
        pendingKbSecondHalf: rounded(pendingLate / 1024),
        logWaiting: last.waiting,
      },
    }
  } finally {
    server.kill('SIGINT')
    await new Promise((resolve) => server.once('exit', resolve))
    rmSync(data, { recursive: true, force: true })
  }
}

/** The port that the banner names. */
async function portOf(output: NodeJS.ReadableStream): Promise<number> {
  let text = ''
  const found = Promise.withResolvers<number>()
  output.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    const port = /page\s+http:\/\/localhost:(\d+)/.exec(text)?.[1]
    if (port !== undefined) found.resolve(Number(port))
  })
  output.on('end', () => found.reject(new LmapError('LMAP_INTERNAL', `the server ended at once:\n${text}`)))
  return found.promise
}

/** One client for every asset's 1m stream, on as many connections as the limit of subscriptions asks for. */
async function subscribeAll(port: number): Promise<{ bytes(): number; close(): void }> {
  let bytes = 0
  const sockets: WebSocket[] = []
  for (let at = 0; at < assets.length; at += limits.clientStreamsMax) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/stream`)
    socket.binaryType = 'arraybuffer'
    const newest = new Map<string, [string, string, number]>()
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') return
      bytes += data.byteLength
      const view = new DataView(data)
      const asset = assets[view.getUint16(2, true)]?.name ?? ''
      const timeframe = timeframes[view.getUint8(4)]?.name ?? ''
      newest.set(`${asset} ${timeframe}`, [asset, timeframe, view.getUint32(8, true)])
    }
    await new Promise((resolve, reject) => {
      socket.onopen = resolve
      socket.onerror = reject
    })
    for (const { name } of assets.slice(at, at + limits.clientStreamsMax)) {
      socket.send(JSON.stringify({ op: 'subscribe', asset: name, timeframe: '1m' }))
      await sleep(limits.clientMessagesMs / limits.clientMessagesMax)
    }
    const timer = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN)
        socket.send(JSON.stringify({ op: 'ack', sequence: [...newest.values()] }))
    }, limits.clientAckMs)
    socket.onclose = () => clearInterval(timer)
    sockets.push(socket)
  }
  return { bytes: () => bytes, close: () => sockets.forEach((socket) => void socket.close()) }
}

async function sample(port: number): Promise<Sample> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const value = (name: string): number => Number(new RegExp(`^lmap_${name} (\\S+)$`, 'm').exec(text)?.[1])
  return {
    levels: value('engine_levels'),
    pendingBytes: value('engine_pending_bytes'),
    waiting: value('log_waiting'),
    turnMs: value('engine_turn_ms'),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
