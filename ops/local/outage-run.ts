import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openClient } from '../../src/store/client.ts'
import { freePort } from '../kafka/broker.ts'
import { chanceOf } from './chance.ts'
import { type Digest, differences, digestOf } from './digest.ts'
import { type Program, startProgram } from './program.ts'

export interface OutageOptions {
  /** How long the server is away. */
  readonly seconds: number
  readonly seed: number
  /** All of them without. */
  readonly assets?: string
  readonly folder: string
  readonly progress: (line: string) => void
}

export interface AwayResult {
  readonly rows: Digest
  /** Empty where counts and sums equal those of the run without the fault. */
  readonly differences: readonly string[]
  readonly secondsAway: number
  /** From the server's return until nothing waited any more. */
  readonly secondsToDrain: number
}

export interface KilledResult {
  readonly columns: number
  readonly columnsLost: number
  /** How long before the end the oldest column that is missing had closed. */
  readonly secondsLost: number
  /** Columns that are there, but are not what the log says. */
  readonly columnsWrong: number
  /** What the next start said of it. */
  readonly found: string
}

const MAIN = 'src/main.ts'
const CLICKHOUSE = 'ops/clickhouse/clickhouse.ts'
const PAGE = /^ {2}page +(http\S+)$/
/** The market runs so much faster than the clock, so that columns close all the time. */
const SPEED = 20
const RATE = 4_000
const LEAD_SECONDS = 6
const TAIL_SECONDS = 6
/** A minute of the market at that pace: several close before the kill, which may fall anywhere between two. */
const MINUTE_MS = 60_000 / SPEED
const ALIVE_MS_MIN = 3 * MINUTE_MS
const RUN_MS_MAX = 600_000

/** A recorded market played with the server gone in its middle, beside the same one without. */
export async function storeAway(options: OutageOptions): Promise<AwayResult> {
  const { seconds, seed, folder, progress } = options
  const file = join(folder, 'market.lmap')
  const duration = Math.ceil((LEAD_SECONDS + seconds + TAIL_SECONDS) * SPEED)
  progress(`Recording ${duration} s of a simulated market (seed ${seed})`)
  const market = ['--seed', String(seed), '--rate', String(RATE), '--duration', String(duration), '--record', file]
  await through(options, 'recorder', [...market, '--speed', 'max', '--no-store'])
  const store = await Database.open(folder)
  try {
    progress('Playing it without a fault')
    await through(options, 'expected', [...playing(file), '--speed', 'max', '--clickhouse', store.url('expected')])
    progress(`Playing it at ${SPEED} times its pace; the server is killed after ${LEAD_SECONDS} s`)
    // It stays when the recording has ended: what waits on the disk by then would otherwise be left to its next start.
    const pace = ['--speed', String(SPEED), '--keep', '--clickhouse', store.url('away')]
    const map = await begin(options, 'away', [...playing(file), ...pace])
    await pause(LEAD_SECONDS * 1000)
    const gone = performance.now()
    await store.kill()
    await pause(seconds * 1000)
    await store.start()
    const back = performance.now()
    progress('The server is back')
    await map.said(/all that waited on the disk is in the store/, RUN_MS_MAX)
    const drained = performance.now()
    await map.said(/The map stays at/, RUN_MS_MAX)
    const { code, signal } = await map.stop()
    if (code !== 0) throw new Error(`${map.name} did not stop in order (${signal ?? code})`)
    const [expected, found] = [await digestOf(store.url('expected')), await digestOf(store.url('away'))]
    return {
      rows: found,
      differences: differences(expected, found),
      secondsAway: (back - gone) / 1000,
      secondsToDrain: (drained - back) / 1000,
    }
  } finally {
    await store.stop()
  }
}

/** A process that is killed at a moment that the seed chooses, and started again. */
export async function processKilled(options: OutageOptions): Promise<KilledResult> {
  const { seed, folder, progress } = options
  const store = await Database.open(folder)
  const file = join(folder, 'killed.lmap')
  const market = ['--seed', String(seed), '--rate', String(RATE), '--speed', String(SPEED)]
  const args = [...market, '--clickhouse', store.url('killed')]
  try {
    const aliveMs = ALIVE_MS_MIN + chanceOf(seed)() * MINUTE_MS
    progress(`A process is killed after ${Math.round(aliveMs)} ms`)
    const first = await begin(options, 'killed', [...args, '--record', file])
    await pause(aliveMs)
    await first.kill()
    progress('What it had recorded until then is played once more')
    const again = [...playing(`${file}.part`), '--speed', 'max', '--clickhouse', store.url('of_log')]
    // A recording that breaks off is played up to the break, and that is said as a failure.
    await through(options, 'of_log', again, /LMAP_FILE_TRUNCATED/)
    const lost = await compareColumns(store.url('of_log'), 'killed')
    const second = await begin(options, 'killed', args)
    const line = await second.said(/history of earlier runs is here/, RUN_MS_MAX)
    await second.stop()
    const { columns, liquidations, newest } = JSON.parse(line) as Record<string, unknown>
    return { ...lost, found: `${columns} columns, ${liquidations} liquidations, the newest until ${newest}` }
  } finally {
    await store.stop()
  }
}

function playing(file: string): string[] {
  return ['--source', 'replay', '--path', file]
}

/** Databases on a server of its own. */
class Database {
  readonly #port: number
  readonly #path: string
  #server: Program | undefined

  constructor(port: number, path: string) {
    this.#port = port
    this.#path = path
  }

  /** Resolves when it answers. */
  static async open(folder: string): Promise<Database> {
    const database = new Database(await freePort(), join(folder, 'clickhouse'))
    await database.start()
    return database
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.#port}/outage_${name}`
  }

  async start(): Promise<void> {
    const args = ['--port', String(this.#port), '--path', this.#path]
    this.#server = await startProgram({ name: 'clickhouse', script: CLICKHOUSE, args, ready: /answers at/ })
  }

  async kill(): Promise<void> {
    await this.#server?.kill()
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
  }
}

function begin({ folder, assets }: OutageOptions, data: string, args: readonly string[]): Promise<Program> {
  const chosen = assets === undefined ? [] : ['--assets', assets]
  const all = ['--port', '0', '--data', join(folder, data), ...chosen, ...args]
  return startProgram({ name: data, script: MAIN, args: all, ready: PAGE })
}

async function through(options: OutageOptions, data: string, args: readonly string[], failure?: RegExp): Promise<void> {
  await endOf(await begin(options, data, args), failure)
}

/** Its source has ended and it went in order, or with the failure that was expected. */
async function endOf(program: Program, failure?: RegExp): Promise<void> {
  const timer = setTimeout(() => program.kill(), RUN_MS_MAX)
  const { code, signal } = await program.ended
  clearTimeout(timer)
  if (code === 0 || (failure !== undefined && program.lines.some((line) => failure.test(line)))) return
  throw new Error(`${program.name} has ended (${signal ?? code}): ${program.lines.slice(-5).join(' | ')}`)
}

/** Columns of the log beside those that were written: equal, or closed so shortly before the end that they were on their way. */
async function compareColumns(ofLog: string, killed: string): Promise<Omit<KilledResult, 'found'>> {
  const client = await openClient({ url: ofLog })
  const content =
    'cityHash64(open, high, low, close, volumeUsd, observedMs, bid, ask, longLiq, shortLiq, longLevel, shortLevel)'
  const closes =
    "time + multiIf(timeframe = '1m', 60, timeframe = '5m', 300, timeframe = '15m', 900, timeframe = '1h', 3600, timeframe = '4h', 14400, 86400)"
  try {
    const [row] = await client.rows<{ columns: number; lost: number; wrong: number; ms: number }>(
      `WITH
        log AS (SELECT asset, timeframe, time, ${content} AS hash, ${closes} AS closed FROM columns FINAL),
        ours AS (SELECT asset, timeframe, time, ${content} AS hash FROM outage_${killed}.columns FINAL),
        joined AS (SELECT log.hash AS a, ours.hash AS b, closed, ours.asset = '' AS isLost
          FROM log LEFT JOIN ours USING (asset, timeframe, time))
      SELECT toUInt32(count()) AS columns, toUInt32(countIf(isLost)) AS lost, toUInt32(countIf(NOT isLost AND a != b)) AS wrong,
        toUInt32(if(lost = 0, 0, date_diff('millisecond', minIf(closed, isLost), (SELECT max(time) + 60 FROM venue_minutes)))) AS ms
      FROM joined`,
    )
    return {
      columns: row!.columns,
      columnsLost: row!.lost,
      columnsWrong: row!.wrong,
      secondsLost: row!.ms / 1000 / SPEED,
    }
  } finally {
    await client.close()
  }
}
