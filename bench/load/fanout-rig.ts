import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { LmapError } from '../../src/model/errors.ts'
import { limits } from '../../src/model/limits.ts'
import { cpuSecondsFine, rssMb, rssPeakMb } from './process-usage.ts'

export type Server = 'raw' | 'gateway' | 'gateway in 2 threads' | 'ws' | 'socket.io' | 'json'

/** A server that has not fed every subscriber by then cannot keep up: it is measured as it is. */
const READY_MS = 20_000
/** What any other answer of a process may take beyond the time that it was asked to run for. */
const ANSWER_MS = 10_000

export interface Measured {
  /** CPU of the server for one delivery. */
  readonly cpuUs: number
  readonly perCpuSecond: number
  /** Deliveries of those that were due: below 1 the server is saturated, and ages are those of a growing queue. */
  readonly share: number
  /** Subscribers that had had a frame when the measurement began. */
  readonly fed: number
  /** Connections that were lost. */
  readonly closed: number
  /** Age of a frame when it arrives, ms. */
  readonly p50: number
  readonly p99: number
  /** Memory that a connection added to a server that had had a tenth of them before, so that its heap has its size. */
  readonly rssKb: number
  readonly rssPeakMb: number
}

export interface Storm {
  /** From the first connection until the last subscriber had its snapshot. */
  readonly seconds: number
  /** CPU of the server in that time. */
  readonly cpuSeconds: number
  /** Subscribers that had their snapshot when the time that a start may take was over. */
  readonly fed: number
  readonly snapshotBytes: number
  readonly growthMb: number
  /** Snapshots that the gateway put together, 0 for others. */
  readonly encoded: number
}

interface Spec {
  readonly server: Server
  readonly subscribers: number
  readonly streams: number
  readonly frameBytes?: number
  readonly snapshotBytes?: number
  readonly slow?: number
  readonly ackMs?: number
  /** Connections opened at a time. */
  readonly burst?: number
}

const NATIVE = fileURLToPath(new URL('../native/', import.meta.url))
const SERVER = fileURLToPath(new URL('./fanout-server.ts', import.meta.url))
const BURST = 100
const WARM_SECONDS = 1
const modes = {
  raw: 'path',
  gateway: 'gateway',
  'gateway in 2 threads': 'gateway',
  ws: 'path',
  'socket.io': 'socketio',
  json: 'json',
} as const

/** Starts servers and load generators, a core each, and reads what they say. */
export class FanOutRig {
  /** Whether the two sides have a core each. */
  readonly isPinned: boolean
  readonly #folder: string
  /** All that run: a measurement that fails leaves none of them behind. */
  readonly #children = new Set<ChildProcess>()

  constructor(folder: string, isPinned: boolean) {
    this.#folder = folder
    this.isPinned = isPinned
  }

  /** Compiles the C side. `names` are the streams, "ASSET TIMEFRAME", by index. */
  static async open(names: readonly string[]): Promise<FanOutRig> {
    const folder = mkdtempSync(join(tmpdir(), 'lmap-fanout-'))
    writeFileSync(join(folder, 'names'), `${names.join('\n')}\n`)
    try {
      for (const program of ['raw-server', 'load']) {
        execFileSync('gcc', ['-O2', '-o', join(folder, program), join(NATIVE, `${program}.c`)])
      }
    } catch (cause) {
      rmSync(folder, { recursive: true })
      throw new LmapError('LMAP_CONFIG', 'the load generator was not compiled.', {
        hint: 'This bench needs Linux and gcc.',
        cause,
      })
    }
    return new FanOutRig(folder, availableParallelism() > 1 && canPin())
  }

  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true })
  }

  async measure(spec: Spec & { readonly seconds: number }): Promise<Measured> {
    const server = await this.#serve(spec)
    try {
      const few = Math.ceil(spec.subscribers / 10)
      await this.#visit({ ...spec, subscribers: few, slow: 0 }, server.port)
      const emptyMb = rssMb(server.pid)
      const load = this.#load(spec, server.port)
      const { fed, closed } = await load.ready()
      await load.go(WARM_SECONDS)
      const before = cpuSecondsFine(server.pid)
      const result = await load.go(spec.seconds)
      const cpu = cpuSecondsFine(server.pid) - before
      // What the first ones left is used again.
      const rssKb = ((rssMb(server.pid) - emptyMb) * 1024) / (spec.subscribers - few)
      const peakMb = rssPeakMb(server.pid)
      await load.stop()
      const readers = spec.subscribers - (spec.slow ?? 0)
      return {
        cpuUs: (cpu * 1e6) / result.deliveries,
        perCpuSecond: result.deliveries / cpu,
        share: result.deliveries / ((result.seconds * readers * 1000) / limits.tickMs),
        p50: result.p50,
        p99: result.p99,
        rssKb,
        rssPeakMb: peakMb,
        fed,
        closed: closed + result.closed,
      }
    } finally {
      await this.#stopAll()
    }
  }

  async storm(spec: Spec): Promise<Storm> {
    const server = await this.#serve(spec)
    try {
      // The first subscriber of each stream causes its history to be read: that is not the storm.
      await this.#visit({ ...spec, subscribers: spec.streams * 20 }, server.port)
      const emptyMb = rssMb(server.pid)
      const encodedBefore = await server.encoded()
      const cpuBefore = cpuSecondsFine(server.pid)
      const load = this.#load({ ...spec, burst: spec.subscribers }, server.port)
      const { seconds, bytes, fed } = await load.ready()
      const cpuUsed = cpuSecondsFine(server.pid) - cpuBefore
      const growthMb = rssPeakMb(server.pid) - emptyMb
      const encoded = (await server.encoded()) - encodedBefore
      await load.stop()
      return {
        seconds,
        cpuSeconds: cpuUsed,
        fed,
        snapshotBytes: Math.round(bytes / Math.max(1, fed)),
        growthMb,
        encoded,
      }
    } finally {
      await this.#stopAll()
    }
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#children].map((child) => stopped(child, 'SIGKILL')))
  }

  /** Subscribers who come, stay for a second and go. */
  async #visit(spec: Spec, port: number): Promise<void> {
    const load = this.#load({ ...spec, burst: BURST }, port)
    await load.ready()
    await load.go(WARM_SECONDS)
    await load.stop()
  }

  async #serve(spec: Spec) {
    const numbers = [spec.streams, limits.tickMs, spec.frameBytes ?? 300, spec.snapshotBytes ?? 0].map(String)
    const program =
      spec.server === 'raw'
        ? [join(this.#folder, 'raw-server'), ...numbers]
        : [process.execPath, SERVER, spec.server, ...numbers]
    const { child, lines } = this.#spawn(0, program)
    const port = Number(await nextLine(child, lines, 'port'))
    const pid = child.pid as number
    return {
      pid,
      port,
      async encoded(): Promise<number> {
        if (!spec.server.startsWith('gateway')) return 0
        child.kill('SIGUSR2')
        return Number(await nextLine(child, lines, 'encoded'))
      },
    }
  }

  #load(spec: Spec, port: number) {
    const { server, subscribers, streams, slow = 0, ackMs = 0, burst = BURST } = spec
    const names = join(this.#folder, 'names')
    const numbers = [port, modes[server], subscribers, streams, names, slow, ackMs, burst, READY_MS]
    const { child, lines } = this.#spawn(1, [join(this.#folder, 'load'), ...numbers.map(String)])
    return {
      async ready() {
        const text = await nextLine(child, lines, 'ready', READY_MS + ANSWER_MS)
        const [seconds = 0, bytes = 0, fed = 0, closed = 0] = text.split(' ').map(Number)
        return { seconds, bytes, fed, closed }
      },
      async go(seconds: number) {
        child.stdin?.write(`go ${seconds}\n`)
        const text = await nextLine(child, lines, '{', seconds * 1000 + ANSWER_MS)
        return JSON.parse(`{${text}`) as {
          seconds: number
          deliveries: number
          p50: number
          p99: number
          closed: number
        }
      },
      stop: () => stopped(child, 'SIGKILL'),
    }
  }

  #spawn(core: number, program: readonly string[]): { child: ChildProcess; lines: Interface } {
    const [command = '', ...args] = this.isPinned ? ['taskset', '-c', String(core), ...program] : program
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return { child, lines: createInterface({ input: child.stdout as NodeJS.ReadableStream }) }
  }
}

/** What follows `word` on the next line that begins with it. */
async function nextLine(child: ChildProcess, lines: Interface, word: string, withinMs = ANSWER_MS): Promise<string> {
  const found = Promise.withResolvers<string>()
  const read = (line: string): void => {
    if (line.startsWith(word)) found.resolve(line.slice(word.length).trim())
  }
  const ended = (): void =>
    found.reject(new LmapError('LMAP_INTERNAL', `a process of the bench ended before "${word}".`))
  const late = (): void =>
    found.reject(new LmapError('LMAP_STAGE_TIMEOUT', `a process of the bench did not say "${word}" in ${withinMs} ms.`))
  const timer = setTimeout(late, withinMs)
  lines.on('line', read)
  child.once('exit', ended)
  try {
    return await found.promise
  } finally {
    clearTimeout(timer)
    lines.off('line', read)
    child.off('exit', ended)
  }
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

function canPin(): boolean {
  try {
    execFileSync('taskset', ['-c', '1', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    // Without taskset, or in a container with one core of many, the two sides share what there is; the title says so.
    return false
  }
}
