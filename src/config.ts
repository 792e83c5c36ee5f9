import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import {
  assetNames,
  hosts,
  list,
  networks,
  speed,
  type VenueAddresses,
  venueNames,
  venueUrls,
  whole,
} from './flag-values.ts'
import { type HistoryName, historyNames } from './history-name.ts'
import { LmapError } from './model/errors.ts'
import { limits } from './model/limits.ts'
import type { VenueName } from './model/venues.ts'
import { type LogLevel, logLevels } from './telemetry/log.ts'

export const sourceNames = ['simulator', 'replay', 'live'] as const

/** What a process does: everything, or its part of it on Kafka, see docs/scale-out.md. */
export const roles = ['all', 'collect', 'process', 'serve'] as const
export type Role = (typeof roles)[number]

/** What a process was asked to do: flags and environment, checked. */
export interface Config {
  readonly role: Role
  readonly source: (typeof sourceNames)[number]
  /** Of process and serve, who have no recording to look into. */
  readonly history: HistoryName | undefined
  /** Names; all assets without. */
  readonly assets: readonly string[] | undefined
  /** Live: all venues without. */
  readonly venues: readonly VenueName[] | undefined
  /** Live: the past of markets that are not known is sent first; of several collectors one does. */
  readonly warmUp: boolean
  /** Live: addresses that replace the venues' own. */
  readonly venueUrls: VenueAddresses | undefined
  readonly seed: number
  /** Level updates per second of the simulator. */
  readonly rate: number
  /** Simulator and replay: 1 is real time. */
  readonly speed: number | 'max'
  /** Simulator: ends after so many seconds of its own time. */
  readonly durationSeconds: number | undefined
  readonly truth: string | undefined
  /** Recording to replay. */
  readonly path: string | undefined
  /** Replay: go on serving the map when the recording has ended. */
  readonly keep: boolean
  /** File that receives everything the source sends. */
  readonly record: string | undefined
  readonly host: string
  readonly port: number
  /** Networks of the proxies before us, whose word for who asks is believed. */
  readonly proxies: readonly string[]
  /** Threads that fan out and hold the sockets; 1: none of their own. */
  readonly gateways: number
  /** File of plans and keys. */
  readonly plans: string | undefined
  /** File of alert rules. */
  readonly alerts: string | undefined
  /** Hosts that webhooks may go to, and whether these may be in private networks. */
  readonly webhookHosts: readonly string[]
  readonly webhookPrivate: boolean
  readonly workers: number
  readonly kafka: readonly string[] | undefined
  readonly topic: string
  /** Kafka topic of what processors tell gateways. */
  readonly frames: string
  /** Group of the processors. */
  readonly group: string
  /** Of both topics. */
  readonly partitions: number
  /** Folder of this source's data. */
  readonly data: string
  readonly store:
    | { readonly kind: 'embedded' }
    | { readonly kind: 'server'; readonly url: string }
    | { readonly kind: 'none' }
  /** Questions in SQL are answered at /api/v1/sql. */
  readonly sql: boolean
  /** Cluster of the ClickHouse server. */
  readonly cluster: string | undefined
  /** Keeping times that differ from the usual ones, as written. */
  readonly retention: string | undefined
  readonly logLevel: LogLevel
}

export type { VenueAddresses }

const EXAMPLES = `
Examples:
  npm start                                          the simulated market, page at http://localhost:8080
  npm start -- --assets BTC,ETH --rate 5000          two assets, fewer updates
  npm start -- --source live                         the market as it is, from five venues
  npm start -- --source live --venues binance,okx --assets BTC
  npm start -- --source replay --path FILE --keep    a recording at its own pace, then keep the map open
  npm start -- --source replay --path FILE --speed max
  npm start -- --record market.lmap                  write everything the source sends to a file
  npm start -- --kafka localhost:9092                events travel through a Kafka broker (npm run kafka starts one)
  npm start -- --clickhouse http://localhost:8123    history in a ClickHouse server

Every flag can also be given as an environment variable: --port as LMAP_PORT, --no-store as LMAP_NO_STORE=1.
Data lies in DIR/SOURCE: simulated, replayed and live history never mix; a replay of a simulated market is simulated too. Ctrl-C stops in order.`

const ROLE_EXAMPLES = `
Examples:
  npm run collect -- --kafka localhost:9092 --clickhouse http://localhost:8123    events of a source to Kafka
  npm run process -- --kafka localhost:9092 --clickhouse http://localhost:8123    the map of them; as many as there is work for
  npm run serve -- --kafka localhost:9092 --clickhouse http://localhost:8123      page, API and streams; as many as there are clients

All name the same brokers, topics and partitions, the same --source, and the same ClickHouse; see docs/scale-out.md.
Every flag can also be given as an environment variable: --port as LMAP_PORT. Ctrl-C stops in order.`

/** Reads the role, flags and environment. Returns undefined where help or version was asked for and printed. */
export function readConfig(argv: readonly string[], version: string): Config | undefined {
  const [first] = argv
  const role = roles.find((name) => name === first && name !== 'all') ?? 'all'
  const { program, defaults } = command(version, role)
  try {
    program.parse([...argv.slice(role === 'all' ? 0 : 1)], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    // A suggestion comes on a line of its own; ours is one line.
    const message = error.message
      .replace(/^error: /, '')
      .replace(/\s*\n\s*/g, ' ')
      .replace(/\.?$/, '.')
    throw new LmapError('LMAP_CONFIG', message, {
      hint: `${commandOf(role)} --help lists what there is.`,
    })
  }
  return check(role, { ...defaults, ...program.opts<Flags>() })
}

interface Flags extends Omit<Config, 'role' | 'source' | 'history' | 'store' | 'durationSeconds' | 'data'> {
  readonly source: HistoryName
  readonly data: string
  readonly duration: number | undefined
  readonly clickhouse: string | undefined
  readonly store: boolean
}

/** Where a role listens if nothing else is said: several of them run on one machine. */
const PORTS: Readonly<Record<Role, number>> = { all: 8080, collect: 9101, process: 9102, serve: 8080 }
const SUMMARIES: Readonly<Record<Role, string>> = {
  all: 'One live map of where price is pulled and stopped: resting depth, realised liquidations and predicted forced orders, across five venues and 65 assets.',
  collect: 'Brings the events of a source into Kafka.',
  process: 'Makes the map out of the events in Kafka, together with the others of its group; keeps it in ClickHouse.',
  serve: 'Serves the map that processors make: page, API and streams.',
}

function commandOf(role: Role): string {
  return role === 'all' ? 'npm start --' : `npm run ${role} --`
}

/** The flags of a role, and what those have that it does not know. */
function command(version: string, role: Role): { program: Command; defaults: Partial<Flags> } {
  const program = new Command(commandOf(role))
  program
    .description(SUMMARIES[role])
    .version(version)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', role === 'all' ? EXAMPLES : ROLE_EXAMPLES)
  const defaults: Record<string, unknown> = {}
  for (const [known, option] of options(role)) {
    if (known.split(' ').includes(role)) program.addOption(option)
    // A flag that says no is yes as long as nobody says it.
    else defaults[option.attributeName()] = option.negate ? true : option.defaultValue
  }
  return { program, defaults }
}

/** Every flag with the roles that know it. */
function options(role: Role): [string, Option][] {
  const cores = availableParallelism()
  const every = roles.join(' ')
  const option = (flags: string, text: string): Option => {
    const made = new Option(flags, text)
    return made.env(`LMAP_${made.name().replaceAll('-', '_').toUpperCase()}`)
  }
  return [
    [
      every,
      option('--source <name>', 'where events come from')
        .choices(role === 'all' || role === 'collect' ? sourceNames : historyNames)
        .default('simulator'),
    ],
    [
      'all collect process',
      option('--assets <names>', 'comma-separated, such as BTC,ETH (default: all 65)').argParser(assetNames),
    ],
    [
      'all collect',
      option('--venues <names>', 'live: comma-separated, such as binance,okx (default: all)').argParser(venueNames),
    ],
    [
      'all collect',
      option(
        '--venue-urls <list>',
        'live: other addresses, such as bybit.socket=wss://HOST,bybit.rest=https://HOST',
      ).argParser(venueUrls),
    ],
    [
      every,
      option('--port <number>', role === 'all' || role === 'serve' ? 'page, API and stream' : 'health and metrics')
        .argParser(whole(0, 65_535))
        .default(PORTS[role]),
    ],
    [every, option('--host <address>', 'address to listen on; 0.0.0.0 for every network').default('127.0.0.1')],
    [
      'all serve',
      option('--gateways <number>', 'threads that serve clients, on one port; 1: the main thread does')
        .argParser(whole(1, limits.gatewaysMax))
        .default(1),
    ],
    [
      'all serve',
      option('--proxies <networks>', 'proxies before us, such as 10.0.0.0/8: their x-forwarded-for says who asks')
        .argParser(networks)
        .default([]),
    ],
    ['all serve', option('--plans <file>', 'ask for keys: who may have what, see docs/plans.md')],
    ['all process', option('--alerts <file>', 'alert rules to watch, see docs/alerts.md')],
    [
      'all process',
      option('--webhook-hosts <hosts>', 'where webhooks may go, such as hooks.example.com,localhost:9000')
        .argParser(hosts)
        .default([]),
    ],
    ['all process', option('--webhook-private', 'webhooks may go into private networks too').default(false)],
    [every, option('--data <dir>', 'folder for history').default('data')],
    [every, option('--clickhouse <url>', 'keep history in this ClickHouse server')],
    ['all serve', option('--sql', 'answer questions in SQL at /api/v1/sql, read-only').default(false)],
    ['all process serve', option('--cluster <name>', 'cluster of that server: replicated and distributed tables')],
    ['all process', option('--retention <times>', 'days to keep, such as columns.1m=60,liquidations=3650')],
    ['all collect', new Option('--no-store', 'keep no history').env('LMAP_NO_STORE')],
    ['all collect', new Option('--no-warm-up', 'live: send no past of the markets').env('LMAP_NO_WARM_UP')],
    [every, option('--kafka <brokers>', 'send events through Kafka, such as localhost:9092').argParser(list)],
    ['all collect process', option('--topic <name>', 'Kafka topic of the events').default('lmap.events')],
    ['process serve', option('--frames <name>', 'Kafka topic of what processors tell gateways').default('lmap.frames')],
    ['process', option('--group <name>', 'Kafka group that shares the work').default('lmap.process')],
    [
      every,
      option('--partitions <number>', 'Kafka: of each topic; at most as many processors have work')
        .argParser(whole(1, 65))
        .default(8),
    ],
    [
      'all process',
      option('--workers <number>', 'threads of the engine')
        .argParser(whole(1, 64))
        .default(Math.max(1, cores - 1)),
    ],
    ['all collect', option('--record <file>', 'write all events to a file that --source replay plays')],
    ['all collect', option('--path <file>', 'replay: the recording, a file or a folder')],
    [
      'all collect',
      option('--speed <factor>', 'replay, simulator: 1 is real time, max as fast as possible')
        .argParser(speed)
        .default(1),
    ],
    ['all', option('--keep', 'replay: keep serving the map when the recording has ended').default(false)],
    [
      'all collect',
      option('--seed <number>', 'simulator: same seed, same market')
        .argParser(whole(0, 2 ** 31 - 1))
        .default(1),
    ],
    [
      'all collect',
      option('--rate <number>', 'simulator: level updates per second').argParser(whole(1, 5_000_000)).default(20_000),
    ],
    [
      'all collect',
      option('--duration <seconds>', 'simulator: end after so much simulated time').argParser(whole(1, 10_000_000)),
    ],
    ['all collect', option('--truth <file>', 'simulator: write what was planted, as JSON lines')],
    [every, option('--log-level <level>', 'what is worth a line').choices(logLevels).default('info')],
  ]
}

function check(role: Role, flags: Flags): Config {
  const { duration, clickhouse, store, data, source: history, ...others } = flags
  const source = history === 'replay-simulated' ? 'replay' : history
  const rest = { ...others, role, source }
  const isPart = role === 'process' || role === 'serve'
  checkRole(role, flags)
  if (rest.source !== 'live' && (rest.venues ?? rest.venueUrls) !== undefined) {
    throw new LmapError('LMAP_CONFIG', '--venues and --venue-urls go with --source live.', {
      hint: 'Add --source live.',
    })
  }
  if (!isPart && rest.source === 'replay' && rest.path === undefined) {
    throw new LmapError('LMAP_CONFIG', '--source replay needs a recording.', { hint: 'Name it with --path FILE.' })
  }
  if (rest.source !== 'replay' && rest.path !== undefined) {
    throw new LmapError('LMAP_CONFIG', '--path goes with --source replay.', { hint: 'Add --source replay.' })
  }
  if (clickhouse !== undefined && !/^https?:\/\/[^/]+/.test(clickhouse)) {
    throw new LmapError('LMAP_CONFIG', '--clickhouse is not an address.', {
      hint: 'It looks like http://localhost:8123.',
    })
  }
  if (rest.cluster !== undefined && clickhouse === undefined) {
    throw new LmapError('LMAP_CONFIG', '--cluster goes with --clickhouse.', { hint: 'Add --clickhouse URL.' })
  }
  return Object.freeze({
    ...rest,
    venues: rest.venues,
    venueUrls: rest.venueUrls,
    cluster: rest.cluster,
    retention: rest.retention,
    durationSeconds: duration,
    history: isPart ? history : undefined,
    data: join(resolve(data), history),
    store: storeOf(store, clickhouse),
  })
}

/** What the parts cannot do without: the log between them, and the history that they share. */
function checkRole(role: Role, { kafka, clickhouse, store }: Flags): void {
  if (role === 'all') return
  if (kafka === undefined) {
    throw new LmapError('LMAP_CONFIG', `${role} needs Kafka.`, { hint: 'Name it with --kafka localhost:9092.' })
  }
  if (clickhouse === undefined && (role !== 'collect' || store)) {
    const hint =
      role === 'collect' ? 'Name it with --clickhouse URL, or add --no-store.' : 'Name it with --clickhouse URL.'
    throw new LmapError('LMAP_CONFIG', `${role} needs a ClickHouse server.`, { hint })
  }
}

function storeOf(wanted: boolean, url: string | undefined): Config['store'] {
  if (!wanted) return { kind: 'none' }
  return url === undefined ? { kind: 'embedded' } : { kind: 'server', url }
}
