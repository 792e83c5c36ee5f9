/** npm run cluster: the topology of docker-compose.yml as processes of this machine. */
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError, LmapError } from '../../src/model/errors.ts'
import { type PartName, Topology } from './topology.ts'

const FOLDER = fileURLToPath(new URL('../../data/cluster', import.meta.url))
const HELP = `Runs the whole topology on this machine, without Docker: a Kafka broker (Java 17; Maven the first time), the embedded
ClickHouse behind its HTTP interface, a collector, processors, and gateways behind one port.

  npm run cluster -- [--source simulator] [--assets BTC,ETH] [--rate 20000] [--processors 2] [--gateways 2] ...

  --source      simulator or live
  --assets      comma-separated (default: all 65)
  --rate        simulator: level updates per second (default: 20000)
  --processors  how many share the assets (1-8, default: 2)
  --gateways    how many share the clients (1-8, default: 2)
  --partitions  of the topics (default: 8); cannot change under a folder that is there
  --port        of the page (default: 8080); --kafka-port (9092) and --clickhouse-port (8123) of the others; 0 takes any
  --folder      where everything stays between runs (default: data/cluster)
  --verbose     what the parts say, and not only what goes wrong
  --help        this text

A part that ends is started again. Ctrl-C stops all of them in order. What must hold: npm run faults`

/** A part that ends more often than this in a minute has a reason that starting it again does not mend. */
const RESTARTS_MAX = 5
const RESTART_MS = 1_000
const MINUTE_MS = 60_000

async function main(): Promise<boolean> {
  const options = parseOptions()
  if (options === undefined) {
    console.log(HELP)
    return true
  }
  const { verbose, ...rest } = options
  const stopping = Promise.withResolvers<void>()
  const topology = new Topology({
    ...rest,
    progress: (line) => console.log(`  ${line}`),
    line: (name, line) => {
      if (verbose || isWorth(line)) console.log(`  ${name.padEnd(12)} ${line}`)
    },
  })
  let isAsked = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isAsked && signal === 'SIGINT') process.exit(1)
      isAsked = true
      stopping.resolve()
    })
  }
  console.log('Starting the parts, from left to right ...')
  let isInOrder = true
  try {
    await Promise.race([topology.start(), stopping.promise])
    if (!isAsked) {
      console.log(addressesOf(topology))
      const failure = watch(topology, () => isAsked)
      await Promise.race([stopping.promise, failure])
    }
  } catch (error) {
    isInOrder = false
    console.error(describeError(error))
  }
  isAsked = true
  console.log('Stopping the parts, from right to left ...')
  await topology.stop()
  if (isInOrder) console.log('Stopped in order.')
  return isInOrder
}

/** Rejects when a part cannot be kept alive. */
function watch(topology: Topology, isOver: () => boolean): Promise<never> {
  const failure = Promise.withResolvers<never>()
  const endings = new Map<PartName, number[]>()
  const follow = (name: PartName): void => {
    void topology.programs.get(name)?.ended.then(async ({ code, signal }) => {
      // A collector whose source has an end is done.
      if (isOver() || (name === 'collector' && code === 0)) return
      const now = performance.now()
      const recent = [...(endings.get(name) ?? []), now].filter((at) => now - at < MINUTE_MS)
      endings.set(name, recent)
      if (recent.length > RESTARTS_MAX) {
        failure.reject(new LmapError('LMAP_INTERNAL', `${name} ended ${recent.length} times in a minute.`))
        return
      }
      console.log(`  ${name} has ended (${signal ?? `code ${code}`}) and is started again`)
      await pause(RESTART_MS)
      if (isOver()) return
      await topology.begin(name).then(() => {
        console.log(`  ${name} is back, process ${topology.programs.get(name)?.id}`)
        follow(name)
      }, failure.reject)
    })
  }
  for (const name of topology.programs.keys()) follow(name)
  return failure.promise
}

function addressesOf(topology: Topology): string {
  const own = [...topology.gateways, ...topology.processors, 'collector', 'clickhouse'] as const
  const rows = [
    ['page', `${topology.page.replace('127.0.0.1', 'localhost')}   all gateways behind it`],
    ...own.map((name) => [name, `${topology.addressOf(name)}   process ${topology.programs.get(name)?.id}`]),
    ['kafka', topology.brokers],
  ]
  const lines = rows.map(([name = '', what]) => `  ${name.padEnd(12)} ${what}`)
  return ['', ...lines, '', '  Each but Kafka and ClickHouse has /readyz and /metrics. Ctrl-C stops.', ''].join('\n')
}

/** Warnings, errors, and what a part says when it fails. */
function isWorth(line: string): boolean {
  return /"level":"(warn|error|fatal)"|^LMAP_|Error:/.test(line)
}

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        source: { type: 'string', default: 'simulator' },
        assets: { type: 'string' },
        rate: { type: 'string', default: '20000' },
        processors: { type: 'string', default: '2' },
        gateways: { type: 'string', default: '2' },
        partitions: { type: 'string', default: '8' },
        port: { type: 'string', default: '8080' },
        'kafka-port': { type: 'string', default: '9092' },
        'clickhouse-port': { type: 'string', default: '8123' },
        folder: { type: 'string', default: FOLDER },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return undefined
    const { source, assets, verbose } = values
    if (source !== 'simulator' && source !== 'live') throw new Error('--source is simulator or live.')
    const chosen = assets === undefined ? [] : ['--assets', assets]
    const rate = source === 'simulator' ? ['--rate', String(whole('rate', values.rate, 1, 5_000_000))] : []
    return {
      folder: resolve(values.folder),
      ports: {
        page: whole('port', values.port, 0, 65_535),
        kafka: whole('kafka-port', values['kafka-port'], 0, 65_535),
        clickhouse: whole('clickhouse-port', values['clickhouse-port'], 0, 65_535),
      },
      processors: whole('processors', values.processors, 1, 8),
      gateways: whole('gateways', values.gateways, 1, 8),
      partitions: whole('partitions', values.partitions, 1, 65),
      collect: ['--source', source, ...rate, ...chosen],
      chosen,
      source,
      verbose,
    }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_CONFIG', message, { hint: 'See npm run cluster -- --help', cause })
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new Error(`--${name} is a whole number from ${least} to ${most}.`)
}

main().then(
  (isInOrder) => process.exit(isInOrder ? 0 : 1),
  (error: unknown) => {
    console.error(describeError(error))
    process.exit(1)
  },
)
