/** Entry point of the doctor: what of the surroundings is in order, and why not. Thin: how venues are tried is in venues/instruments. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { type Config, readConfig } from './config.ts'
import { assets } from './model/assets.ts'
import { describeError, LmapError } from './model/errors.ts'
import { limits } from './model/limits.ts'
import { type VenueName, venueId, venues } from './model/venues.ts'
import { createLog } from './telemetry/log.ts'
import { findingTable, reachTable, table } from './venues/instruments/doctor-tables.ts'
import { builtInTable, changesBetween, marketsOfTable } from './venues/instruments/instrument-table.ts'
import { askInstruments } from './venues/instruments/instruments.ts'
import { type Reach, reachOf } from './venues/instruments/reach.ts'
import type { Rest } from './venues/instruments/rest.ts'
import { createRests } from './venues/instruments/rest-venues.ts'
import { type Finding, verifyVenue } from './venues/instruments/verify.ts'
import { createAgents } from './venues/live/agents.ts'
import { liveVenues } from './venues/live/venues.ts'

/** Long enough for a dozen slow frames of Hyperliquid. */
const SECONDS = 60
const SECONDS_MAX = 3_600

const HELP = `Looks whether everything that the map needs is there, and says why not.

  npm run doctor -- [--verify] [--seconds ${SECONDS}] [--venues NAMES] [--venue-urls ADDRESSES] [--port N] [--data DIR]

  --verify     looks at what the venues' documents leave open, by asking the venues, and prints what differs
  --seconds    how long --verify listens to streams
  others       as for npm start, and from the same environment variables

Ends with 0 where all is well, 1 where something is not, 2 where npm start -- --source live cannot work at all.`

const OK = 0
const FLAWED = 1
const USELESS = 2

interface Check {
  readonly name: string
  readonly isOk: boolean
  readonly text: string
}

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values, tokens } = parseArgs({
      options: { verify: { type: 'boolean' }, seconds: { type: 'string' }, help: { type: 'boolean' } },
      strict: false,
      tokens: true,
    })
    if (values.help) {
      console.log(HELP)
      return OK
    }
    const own = new Set(['verify', 'seconds'])
    const skipped = new Set(
      tokens.flatMap((token) => {
        if (token.kind !== 'option' || !own.has(token.name)) return []
        return token.name === 'seconds' && !token.inlineValue ? [token.index, token.index + 1] : [token.index]
      }),
    )
    const rest = process.argv.slice(2).filter((_, index) => !skipped.has(index))
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    const config = readConfig(['--source', 'live', ...rest], version)
    if (config === undefined) return OK
    return await examine(config, version, values.verify === true ? secondsOf(values.seconds) : undefined)
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`)
    return USELESS
  }
}

function secondsOf(value: unknown): number {
  const seconds = Number(value ?? SECONDS)
  if (seconds > 0 && seconds <= SECONDS_MAX) return seconds
  throw new LmapError('LMAP_CONFIG', `--seconds must be a number from 1 to ${SECONDS_MAX}.`)
}

async function examine(config: Config, version: string, verifySeconds: number | undefined): Promise<number> {
  console.log(`\nliquidity-map ${version}, ${new Date().toISOString()}\n`)
  const checks = [versions(), build(), await port(config), data(config), proxy()]
  console.log(table(checks.map(({ name, isOk, text }) => ['', name, isOk ? 'ok' : 'NO', text])))
  const agents = createAgents(process.env)
  const wanted = config.venues ?? venues.map((venue) => venue.name)
  const bases = Object.fromEntries(wanted.flatMap((name) => ofUrls(config, name, 'rest')))
  const surroundings = { agents, now: () => Date.now(), prng: () => Math.random() }
  const rests = createRests(wanted, bases, { ...surroundings, tries: 1 })
  const reaches = await Promise.all([...rests].map(([name, rest]) => reach(config, name, rest, agents)))
  console.log(reachTable(reaches))
  // Streams alone make a map; what only requests tell is missing from it.
  const isReached = reaches.some((one) => one.stream.isOpen)
  let isFlawed = checks.some((check) => !check.isOk) || reaches.some((one) => !one.request.isOpen || !one.stream.isOpen)
  if (verifySeconds !== undefined) {
    const patient = createRests(wanted, bases, surroundings)
    const findings = (
      await Promise.all([...patient].map(([name, rest]) => verify(config, name, rest, agents, verifySeconds)))
    ).flat()
    console.log(findingTable([...findings, ...(await symbols(config, patient))]))
    isFlawed ||= findings.some((finding) => finding.agrees === false)
  }
  agents.close()
  if (!isReached) console.log('Live venues cannot be had from here; npm start shows the simulated market.\n')
  return isReached ? (isFlawed ? FLAWED : OK) : USELESS
}

function ofUrls(config: Config, name: VenueName, kind: 'rest' | 'socket'): [VenueName, string][] {
  const url = config.venueUrls?.[name]?.[kind]
  return url === undefined ? [] : [[name, url]]
}

async function reach(
  config: Config,
  name: VenueName,
  rest: Rest,
  agents: ReturnType<typeof createAgents>,
): Promise<Reach> {
  const protocol = await liveVenues[name]!()
  const socketBase = config.venueUrls?.[name]?.socket ?? protocol.urls.socket
  // Every venue has the largest one.
  const market = marketsOfTable(builtInTable(assets.slice(0, 1), [name]), name)[0]!
  return reachOf({ rest, protocol, socketBase, market, agents, now: () => Date.now() })
}

async function verify(
  config: Config,
  name: VenueName,
  rest: Rest,
  agents: ReturnType<typeof createAgents>,
  seconds: number,
): Promise<Finding[]> {
  const protocol = await liveVenues[name]!()
  const socketBase = config.venueUrls?.[name]?.socket ?? protocol.urls.socket
  return verifyVenue({ rest, protocol, socketBase, agents, now: () => Date.now(), forMs: seconds * 1_000 })
}

/** Which symbol is which asset's, of all assets on all venues, against the built-in table. */
async function symbols(config: Config, rests: ReadonlyMap<VenueName, Rest>): Promise<Finding[]> {
  const log = createLog({ level: 'error', pretty: true, stream: process.stderr })
  const before = builtInTable(assets, [...rests.keys()])
  const after = await askInstruments({ assets, rests, folder: config.data, now: () => Date.now(), log })
  const changes = changesBetween(before, after)
  return after.venues.map(({ venue, origin, reason }) => {
    const own = changes.filter((change) => change.venue === venueId(venue))
    const refused = after.refused.filter((refusal) => refusal.venue === venue)
    const found = [
      ...own.map(({ symbol, what }) => `${symbol} ${what}`),
      ...refused.map(({ symbol, reason: why }) => `${symbol} refused: ${why}`),
    ]
    const point = 'symbols, multiples, ticks'
    if (origin !== 'venue') return { venue, point, assumed: 'it can be asked', found: reason ?? '', agrees: undefined }
    const text = found.length === 0 ? 'the same' : found.join('; ')
    return { venue, point, assumed: 'as in the built-in table', found: text, agrees: found.length === 0 }
  })
}

function versions(): Check {
  const major = Number(process.versions.node.split('.')[0])
  return { name: 'versions', isOk: major >= 22, text: `node ${process.version} on ${process.platform} ${process.arch}` }
}

function build(): Check {
  const missing = ['build/core.wasm', 'build/web'].filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))
  const isOk = missing.length === 0
  return {
    name: 'build',
    isOk,
    text: isOk ? 'core and page are built' : `${missing.join(', ')} missing: npm run build`,
  }
}

function port({ host, port: number }: Config): Promise<Check> {
  return new Promise((resolve) => {
    const server = createServer()
    const tell = (isOk: boolean, what: string): void =>
      resolve({ name: 'port', isOk, text: `${number} on ${host} ${what}` })
    server.once('error', (error: NodeJS.ErrnoException) => {
      tell(
        false,
        error.code === 'EADDRINUSE' ? 'is taken: choose another with --port' : `cannot be used (${error.code})`,
      )
    })
    server.listen(number, host, () => server.close(() => tell(true, 'is free')))
  })
}

function data({ data: folder }: Config): Check {
  const name = 'data'
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    return { name, isOk: false, text: `${folder} cannot be written (${(error as NodeJS.ErrnoException).code})` }
  }
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const isOk = free >= limits.diskBytesMin
  return {
    name,
    isOk,
    text: `${folder} can be written, ${(free / 2 ** 30).toFixed(1)} GiB free${isOk ? '' : ': too little'}`,
  }
}

function proxy(): Check {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])
  const set = names.filter((name) => process.env[name])
  return { name: 'proxy', isOk: true, text: set.length === 0 ? 'none in the environment' : `${set.join(', ')} in use` }
}
