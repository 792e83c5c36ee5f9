// The log on a real broker: how fast a collector writes, how fast a processor makes the map of what waits for it, beside
// the bare limit of the same client on the same topic, and how much faster than the market a backlog is caught up with.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, kafkaRequirements, type RunningKafka, startKafka } from '../ops/kafka/broker.ts'
import { startProgram } from '../ops/local/program.ts'
import { LmapError } from '../src/model/errors.ts'
import { type Bench, rounded } from './figures.ts'

const SEED = 7
/** The default load. */
const RATE = 20_000
const PARTITIONS = 8
const POLL_MS = 100
const DEADLINE_MS = 240_000
const TOPIC = 'bench.events'

interface Sums {
  readonly [name: string]: number
}

export const bench: Bench = async ({ full }) => {
  const missing = kafkaRequirements()
  // The small run is part of `npm run verify`, which a machine without Java can pass.
  if (missing !== undefined && !full) return { title: `Kafka: not measured, needs ${missing}`, rows: [], figures: {} }
  const marketSeconds = full ? 600 : 120
  const folder = mkdtempSync(join(tmpdir(), 'lmap-bench-kafka-'))
  const tell = (line: string): void => void process.stderr.write(`kafka: ${line}\n`)
  let broker: RunningKafka | undefined
  try {
    broker = await startKafka({ port: await freePort(), folder: join(folder, 'kafka') })
    const address = broker.brokers[0]!
    tell(`a market of ${marketSeconds} s at ${RATE.toLocaleString('en')} levels/s into Kafka`)
    const written = await collect(folder, address, marketSeconds)
    tell(`${written.levels.toLocaleString('en')} levels in ${written.seconds.toFixed(1)} s`)
    const bare = await readBare(address, written.levels)
    tell(`bare client: ${Math.round(bare.rate).toLocaleString('en')} levels/s`)
    const state = await makeState(folder, address, written.levels)
    tell(`processor: ${Math.round(state.rate).toLocaleString('en')} levels/s`)
    const again = await readBare(address, written.levels)
    const limit = Math.max(bare.rate, again.rate)
    const ratio = state.rate / limit
    const timesRealTime = marketSeconds / state.seconds
    return {
      title: `Kafka: ${marketSeconds} s of the default load, 65 assets, ${written.levels.toLocaleString('en')} level updates, ${PARTITIONS} partitions (seed ${SEED})`,
      rows: [
        { name: 'simulator -> collector -> Kafka', value: written.levels / written.seconds, unit: 'levels/s' },
        {
          name: 'bare kafkajs consumer, does nothing',
          value: limit,
          unit: 'levels/s',
          note: `${rounded(bare.megabytes)} MB/s unpacked; ${rounded(bare.cores)} cores`,
        },
        {
          name: 'processor: map, columns, reports, frames, store',
          value: state.rate,
          unit: 'levels/s',
          note: `${rounded(ratio)} of the bare consumer (aim 0.8); ${rounded(state.cores)} cores`,
        },
        {
          name: 'backlog caught up with',
          value: timesRealTime,
          unit: 'x real time',
          note: `${marketSeconds} s in ${rounded(state.seconds)} s (aim 20)`,
        },
      ],
      figures: {
        collectLevelsPerSecond: rounded(written.levels / written.seconds),
        bareLevelsPerSecond: rounded(limit),
        stateLevelsPerSecond: rounded(state.rate),
        stateVsBareConsumer: rounded(ratio),
        // On a machine that does other things too, what they cost says more than how long they took.
        bareLevelsPerCpuSecond: rounded(bare.rate / bare.cores),
        stateLevelsPerCpuSecond: rounded(state.rate / state.cores),
        backlogSeconds: marketSeconds,
        backlogTimesRealTime: rounded(timesRealTime),
      },
    }
  } finally {
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function collect(folder: string, broker: string, seconds: number): Promise<{ levels: number; seconds: number }> {
  const market = ['--rate', String(RATE), '--seed', String(SEED), '--speed', 'max', '--duration', String(seconds)]
  const place = ['--kafka', broker, '--topic', TOPIC, '--partitions', String(PARTITIONS), '--no-store']
  const common = ['--port', '0', '--data', join(folder, 'collect'), '--log-level', 'error']
  const program = await startProgram({
    name: 'collect',
    script: 'src/main.ts',
    args: ['collect', ...market, ...place, ...common],
    ready: /health +(http\S+)/,
  })
  const begunMs = performance.now()
  // The process ends by itself, so what it has sent is asked for until then.
  let levels = 0
  const ended = program.ended.then(() => true)
  while (!(await Promise.race([ended, sleep(POLL_MS, false)]))) {
    levels = await levelsSent(program.address).catch(() => levels)
  }
  const took = (performance.now() - begunMs) / 1000
  if ((await program.ended).code !== 0) throw new LmapError('LMAP_INTERNAL', 'the collector has failed.')
  return { levels, seconds: took }
}

async function levelsSent(address: string): Promise<number> {
  const { stages } = (await (await fetch(`${address}/readyz`)).json()) as { stages: { source: { levels: number } } }
  return stages.source.levels
}

async function readBare(broker: string, levels: number): Promise<{ rate: number; megabytes: number; cores: number }> {
  const program = await startProgram({
    name: 'bare consumer',
    script: 'bench/kafka-bare.ts',
    args: [broker, TOPIC, String(PARTITIONS)],
    ready: /^READ (.+)$/,
    readyMsMax: DEADLINE_MS,
  })
  const told = JSON.parse(program.address) as { seconds: number; bytes: number; cpuSeconds: number }
  await program.ended
  return {
    rate: levels / told.seconds,
    megabytes: told.bytes / told.seconds / 2 ** 20,
    cores: told.cpuSeconds / told.seconds,
  }
}

/** The role as users run it, on a store of its own; timed from its first level to its last. */
async function makeState(
  folder: string,
  broker: string,
  levels: number,
): Promise<{ rate: number; seconds: number; cores: number }> {
  const store = await startProgram({
    name: 'clickhouse',
    script: 'ops/clickhouse/clickhouse.ts',
    args: ['--port', '0', '--path', join(folder, 'clickhouse')],
    ready: /answers at (http\S+),/,
  })
  try {
    const place = ['--kafka', broker, '--topic', TOPIC, '--frames', 'bench.frames', '--partitions', String(PARTITIONS)]
    const common = ['--port', '0', '--data', join(folder, 'process'), '--log-level', 'error']
    const program = await startProgram({
      name: 'process',
      script: 'src/main.ts',
      args: ['process', ...place, '--clickhouse', store.address, ...common],
      ready: /health +(http\S+)/,
    })
    try {
      return await timeState(program.address, levels)
    } finally {
      await program.stop()
    }
  } finally {
    await store.stop()
  }
}

async function timeState(address: string, levels: number) {
  const begunMs = performance.now()
  let first: { ms: number; sums: Sums } | undefined
  for (;;) {
    const sums = await sumsOf(address)
    const ms = performance.now()
    const done = sums.engine_levels ?? 0
    // From the first request on: what a fetch brings at once must not look as if it had cost nothing.
    if (first === undefined && (sums.assets_held ?? 0) > 0) first = { ms, sums }
    if (first !== undefined && done >= levels) {
      const seconds = (ms - first.ms) / 1000
      const cpuSeconds = (sums.process_cpu_seconds_total ?? 0) - (first.sums.process_cpu_seconds_total ?? 0)
      return { rate: (done - (first.sums.engine_levels ?? 0)) / seconds, seconds, cores: cpuSeconds / seconds }
    }
    if (ms - begunMs > DEADLINE_MS) {
      throw new LmapError(
        'LMAP_STAGE_TIMEOUT',
        `the processor has ${done} of ${levels} levels after ${DEADLINE_MS} ms.`,
      )
    }
    await sleep(POLL_MS)
  }
}

/** Numbers of a role, labels added up. */
async function sumsOf(address: string): Promise<Sums> {
  const text = await (await fetch(`${address}/metrics`)).text()
  const sums: Record<string, number> = {}
  for (const [, name, value] of text.matchAll(/^(?:lmap_)?(\w+)(?:\{[^}]*\})? ([\d.e+-]+)$/gm)) {
    sums[name!] = (sums[name!] ?? 0) + Number(value)
  }
  return sums
}
