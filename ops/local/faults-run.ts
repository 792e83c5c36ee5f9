import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../kafka/broker.ts'
import { chanceOf } from './chance.ts'
import { type Digest, differences, digestOf } from './digest.ts'
import { recordMarket } from './market.ts'
import { type Program, startProgram } from './program.ts'
import { type PartName, Topology } from './topology.ts'
import { Watcher } from './watcher.ts'

export interface FaultsOptions {
  readonly rounds: number
  readonly seed: number
  /** What is killed: each as often as the others. */
  readonly kinds: readonly Kind[]
  /** Words such as `--assets BTC,ETH`; all of them without. */
  readonly chosen: readonly string[]
  /** Assets whose maps a client follows. */
  readonly watched: readonly string[]
  readonly folder: string
  readonly now: () => number
  readonly random: () => number
  readonly progress: (line: string) => void
  /** Told every line of a part, with its name. */
  readonly line: (name: string, line: string) => void
  readonly told: (round: Round) => void
}

export interface Round {
  readonly number: number
  readonly victim: PartName
  /** From the start of the load to the kill. */
  readonly atMs: number
  /** From the kill until the part works again and every map that a client follows has moved; a collector: until it sends. */
  readonly recoveryMs: number
  readonly columns: number
  readonly reports: number
  /** Empty where the tables equal those of the uninterrupted run. */
  readonly differences: readonly string[]
}

export const kinds = ['processor', 'collector', 'gateway', 'clickhouse', 'kafka'] as const
export type Kind = (typeof kinds)[number]

/** The market runs so much faster than the clock: columns close all the time. */
const SPEED = 10
/** Of simulated time: with the pace, as many a second as npm start applies. */
const RATE = 2_000
const PART_SECONDS = 80
const KILL_MS_MIN = 500
const KILL_MS_MAX = 0.6 * ((PART_SECONDS * 1_000) / SPEED)
const PARTITIONS = 4
const RECOVERY_MS_MAX = 90_000
const SETTLE_MS_MAX = 120_000
const LOOK_MS = 250
const DATABASE = 'faults'
const REPORTS = ['walls', 'sweeps', 'absorptions', 'convergences']
/** The minutes that are open at the end of a run are written by it: the uninterrupted run has an end, the cluster none. */
const TABLES_WITHOUT = ['venue_minutes']

/** Kills one part in each round, at a moment that the seed chooses, while the market goes on. */
export async function runFaults(options: FaultsOptions): Promise<Round[]> {
  const { rounds, seed, chosen, folder, progress } = options
  progress(`Recording a simulated market of ${rounds} parts (seed ${seed})`)
  const { parts, wholes } = await recordMarket({ ...options, rate: RATE, parts: rounds, partSeconds: PART_SECONDS })
  progress('Playing what was until the end of each part, without a fault')
  const expected = await expectations(options, wholes)
  const topology = new Topology({
    folder: join(folder, 'cluster'),
    processors: 2,
    gateways: 2,
    partitions: PARTITIONS,
    chosen,
    source: 'replay-simulated',
    database: DATABASE,
    progress,
    line: options.line,
  })
  let watcher: Watcher | undefined
  try {
    progress('Starting the cluster')
    await topology.start()
    watcher = new Watcher(topology.page, options.watched, options.now, options.random)
    const chance = chanceOf(seed)
    const victims = victimsOf(options, chance, topology)
    const done: Round[] = []
    for (let index = 0; index < rounds; index++) {
      const atMs = KILL_MS_MIN + chance() * (KILL_MS_MAX - KILL_MS_MIN)
      const fault = { number: index + 1, victim: victims[index]!, atMs: Math.round(atMs) }
      const note = (line: string): void => options.line('faults', line)
      const round = await play({ topology, watcher, part: parts[index]!, expected: expected[index]!, fault, note })
      options.told(round)
      done.push(round)
    }
    return done
  } finally {
    watcher?.close()
    await topology.stop()
  }
}

interface Play {
  readonly topology: Topology
  readonly watcher: Watcher
  readonly part: string
  readonly expected: Digest
  readonly fault: Pick<Round, 'number' | 'victim' | 'atMs'>
  readonly note: (line: string) => void
}

async function play({ topology, watcher, part, expected, fault, note }: Play): Promise<Round> {
  const { victim, atMs } = fault
  const words = ['--source', 'replay', '--path', part, '--speed', String(SPEED)]
  let collector = await topology.collect(words)
  await pause(atMs)
  note(`${victim} is killed`)
  watcher.mark()
  const killedAt = performance.now()
  await topology.kill(victim)
  if (victim === 'collector') collector = await topology.collect(words)
  else await topology.begin(victim)
  note(`${victim} is back`)
  const recoveryMs = Math.round((await recovered(topology, watcher, victim)) - killedAt)
  const { code, signal } = await collector.ended
  if (code !== 0) {
    const reason = collector.lines.findLast((line) => line.startsWith('LMAP_'))
    throw new Error(`round ${fault.number}: the collector did not end in order (${signal ?? code}): ${reason}`)
  }
  const found = await settled(topology, expected)
  return {
    ...fault,
    recoveryMs,
    columns: found.columns?.rows ?? 0,
    reports: REPORTS.reduce((sum, table) => sum + (found[table]?.rows ?? 0), 0),
    differences: differences(expected, found),
  }
}

/** Answers when it was, on the clock of `performance.now()`. */
async function recovered(topology: Topology, watcher: Watcher, victim: PartName): Promise<number> {
  const until = performance.now() + RECOVERY_MS_MAX
  const left = (): number => Math.max(1, Math.ceil(until - performance.now()))
  // A broker says nothing of itself; whoever needs it does.
  const asked = victim === 'kafka' ? [...topology.processors, ...topology.gateways] : [victim]
  await Promise.all(asked.map((name) => topology.ready(name, left())))
  const readyAt = performance.now()
  await watcher.moved(left())
  // A replay plays its part from the start again, and no map moves by what it knows: a venue would go on at once.
  return victim === 'collector' ? readyAt : performance.now()
}

/** Waits until the tables are those of the uninterrupted run; what they are when the time is up is a finding. */
async function settled(topology: Topology, expected: Digest): Promise<Digest> {
  const until = performance.now() + SETTLE_MS_MAX
  for (;;) {
    if (await isQuiet(topology)) {
      const found = await digestOf(topology.clickhouse, TABLES_WITHOUT)
      if (differences(expected, found).length === 0 || performance.now() > until) return found
    }
    if (performance.now() > until) return digestOf(topology.clickhouse, TABLES_WITHOUT)
    await pause(LOOK_MS)
  }
}

/** Nothing waits: all that is in Kafka is applied, and all that was applied is in the store. */
async function isQuiet(topology: Topology): Promise<boolean> {
  const waiting = /^lmap_(?:kafka_lag_messages\{.*\}|engine_pending_bytes|store_rows_waiting|store_disk_bytes) (\S+)$/gm
  for (const name of topology.processors) {
    const response = await fetch(`${topology.addressOf(name)}/metrics`)
    for (const [, value] of (await response.text()).matchAll(waiting)) if (Number(value) > 0) return false
  }
  return true
}

/** What one process, which nothing happens to, has after each part. */
async function expectations(options: FaultsOptions, wholes: readonly string[]): Promise<Digest[]> {
  const { folder, chosen } = options
  const port = await freePort()
  const server = await startProgram({
    name: 'clickhouse of the expectation',
    script: 'ops/clickhouse/clickhouse.ts',
    args: ['--port', String(port), '--path', join(folder, 'expected', 'clickhouse')],
    ready: /answers at/,
  })
  try {
    const url = `http://127.0.0.1:${port}/${DATABASE}`
    const digests: Digest[] = []
    for (const path of wholes) {
      const market = ['--source', 'replay', '--path', path, '--speed', 'max', ...chosen]
      const place = ['--clickhouse', url, '--port', '0', '--data', join(folder, 'expected', 'data')]
      const args = [...market, ...place]
      const program = await startProgram({ name: 'expectation', script: 'src/main.ts', args, ready: /^ {2}page / })
      await inOrder(program)
      digests.push(await digestOf(url, TABLES_WITHOUT))
    }
    return digests
  } finally {
    await server.stop()
  }
}

async function inOrder(program: Program): Promise<void> {
  const { code, signal } = await program.ended
  if (code !== 0) throw new Error(`${program.name} did not end in order (${signal ?? code})`)
}

/** Bags of all kinds, each shuffled; of parts that there are several of, any. */
function victimsOf({ rounds, kinds }: FaultsOptions, chance: () => number, topology: Topology): PartName[] {
  const one = <Name>(names: readonly Name[]): Name => names[Math.floor(chance() * names.length)]!
  const victims: PartName[] = []
  while (victims.length < rounds) {
    const bag = kinds.map((kind) => ({ kind, order: chance() })).sort((a, b) => a.order - b.order)
    for (const { kind } of bag) {
      if (kind === 'processor') victims.push(one(topology.processors))
      else if (kind === 'gateway') victims.push(one(topology.gateways))
      else victims.push(kind)
    }
  }
  return victims.slice(0, rounds)
}
