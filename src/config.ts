import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { assetByName } from './model/assets.ts'
import { LmapError } from './model/errors.ts'
import { type VenueName, venueId, venues } from './model/venues.ts'
import { type LogLevel, logLevels } from './telemetry/log.ts'

export const sourceNames = ['simulator', 'replay', 'live'] as const

/** What a process was asked to do: flags and environment, checked. */
export interface Config {
  readonly source: (typeof sourceNames)[number]
  /** Names; all assets without. */
  readonly assets: readonly string[] | undefined
  /** Live: all venues without. */
  readonly venues: readonly VenueName[] | undefined
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
  /** File of plans and keys. */
  readonly plans: string | undefined
  readonly workers: number
  readonly kafka: readonly string[] | undefined
  readonly topic: string
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

export type VenueAddresses = Readonly<Partial<Record<VenueName, { socket?: string; rest?: string }>>>

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

/** Reads flags and environment. Returns undefined where help or version was asked for and printed. */
export function readConfig(argv: readonly string[], version: string): Config | undefined {
  const program = command(version)
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    // A suggestion comes on a line of its own; ours is one line.
    const message = error.message
      .replace(/^error: /, '')
      .replace(/\s*\n\s*/g, ' ')
      .replace(/\.?$/, '.')
    throw new LmapError('LMAP_CONFIG', message, {
      hint: 'npm start -- --help lists what there is.',
    })
  }
  return check(program.opts<Flags>())
}

interface Flags extends Omit<Config, 'store' | 'durationSeconds' | 'data'> {
  readonly data: string
  readonly duration: number | undefined
  readonly clickhouse: string | undefined
  readonly store: boolean
}

function command(version: string): Command {
  const cores = availableParallelism()
  const option = (flags: string, text: string): Option => {
    const made = new Option(flags, text)
    return made.env(`LMAP_${made.name().replaceAll('-', '_').toUpperCase()}`)
  }
  const program = new Command('npm start --')
  program
    .description(
      'One live map of where price is pulled and stopped: resting depth, realised liquidations and predicted forced orders, across five venues and 65 assets.',
    )
    .version(version)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(option('--source <name>', 'where events come from').choices(sourceNames).default('simulator'))
    .addOption(option('--assets <names>', 'comma-separated, such as BTC,ETH (default: all 65)').argParser(assetNames))
    .addOption(
      option('--venues <names>', 'live: comma-separated, such as binance,okx (default: all)').argParser(venueNames),
    )
    .addOption(
      option(
        '--venue-urls <list>',
        'live: other addresses, such as bybit.socket=wss://HOST,bybit.rest=https://HOST',
      ).argParser(venueUrls),
    )
    .addOption(option('--port <number>', 'page, API and stream').argParser(whole(0, 65_535)).default(8080))
    .addOption(option('--host <address>', 'address to listen on; 0.0.0.0 for every network').default('127.0.0.1'))
    .addOption(option('--plans <file>', 'ask for keys: who may have what, see docs/plans.md'))
    .addOption(option('--data <dir>', 'folder for history').default('data'))
    .addOption(option('--clickhouse <url>', 'keep history in this ClickHouse server'))
    .addOption(option('--sql', 'answer questions in SQL at /api/v1/sql, read-only').default(false))
    .addOption(option('--cluster <name>', 'cluster of that server: replicated and distributed tables'))
    .addOption(option('--retention <times>', 'days to keep, such as columns.1m=60,liquidations=3650'))
    .addOption(new Option('--no-store', 'keep no history').env('LMAP_NO_STORE'))
    .addOption(option('--kafka <brokers>', 'send events through Kafka, such as localhost:9092').argParser(list))
    .addOption(option('--topic <name>', 'Kafka topic of the events').default('lmap.events'))
    .addOption(
      option('--workers <number>', 'threads of the engine')
        .argParser(whole(1, 64))
        .default(Math.max(1, cores - 1)),
    )
    .addOption(option('--record <file>', 'write all events to a file that --source replay plays'))
    .addOption(option('--path <file>', 'replay: the recording, a file or a folder'))
    .addOption(
      option('--speed <factor>', 'replay, simulator: 1 is real time, max as fast as possible')
        .argParser(speed)
        .default(1),
    )
    .addOption(option('--keep', 'replay: keep serving the map when the recording has ended').default(false))
    .addOption(
      option('--seed <number>', 'simulator: same seed, same market')
        .argParser(whole(0, 2 ** 31 - 1))
        .default(1),
    )
    .addOption(
      option('--rate <number>', 'simulator: level updates per second').argParser(whole(1, 5_000_000)).default(20_000),
    )
    .addOption(
      option('--duration <seconds>', 'simulator: end after so much simulated time').argParser(whole(1, 10_000_000)),
    )
    .addOption(option('--truth <file>', 'simulator: write what was planted, as JSON lines'))
    .addOption(option('--log-level <level>', 'what is worth a line').choices(logLevels).default('info'))
    .addHelpText('after', EXAMPLES)
  return program
}

function check(flags: Flags): Config {
  const { duration, clickhouse, store, data, ...rest } = flags
  if (rest.source !== 'live' && (rest.venues ?? rest.venueUrls) !== undefined) {
    throw new LmapError('LMAP_CONFIG', '--venues and --venue-urls go with --source live.', {
      hint: 'Add --source live.',
    })
  }
  if (rest.source === 'replay' && rest.path === undefined) {
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
    data: join(resolve(data), rest.source),
    store: storeOf(store, clickhouse),
  })
}

function storeOf(wanted: boolean, url: string | undefined): Config['store'] {
  if (!wanted) return { kind: 'none' }
  return url === undefined ? { kind: 'embedded' } : { kind: 'server', url }
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

function speed(text: string): number | 'max' {
  const value = Number(text)
  if (text === 'max') return 'max'
  if (value > 0 && value <= 1e6) return value
  throw new InvalidArgumentError('It must be a number above 0, or max.')
}

function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => name === '')) throw new InvalidArgumentError('It must be a comma-separated list.')
  return names
}

function assetNames(text: string): string[] {
  const names = list(text).map((name) => {
    const asset = assetByName(name)
    if (asset === undefined) throw new InvalidArgumentError(`There is no asset ${name}.`)
    return asset.name
  })
  return [...new Set(names)]
}

function venueNames(text: string): VenueName[] {
  return list(text).map(venueName)
}

function venueName(text: string): VenueName {
  const venue = venues[venueId(text.toLowerCase())]
  if (venue === undefined) throw new InvalidArgumentError(`There is no venue ${text}.`)
  return venue.name
}

function venueUrls(text: string): VenueAddresses {
  const urls: Partial<Record<VenueName, { socket?: string; rest?: string }>> = {}
  for (const part of list(text)) {
    const [, name = '', kind = '', url = ''] = /^(\w+)\.(\w+)=(.+)$/.exec(part) ?? []
    const scheme = { socket: /^wss?:$/, rest: /^https?:$/ }[kind]
    if (scheme?.test(URL.parse(url)?.protocol ?? '') !== true) {
      throw new InvalidArgumentError('It must be VENUE.socket=wss://HOST or VENUE.rest=https://HOST.')
    }
    urls[venueName(name)] = { ...urls[venueName(name)], [kind]: url }
  }
  return urls
}
