/** Entry point: flags and environment -> stages -> ordered stop. The one file that reads the clock and the environment. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Config, readConfig } from './config.ts'
import { isSimulated } from './history-name.ts'
import { assets } from './model/assets.ts'
import { describeError } from './model/errors.ts'
import type { UnixMs } from './model/units.ts'
import { venues } from './model/venues.ts'
import { collect } from './roles/collect.ts'
import type { Part, PartSurroundings } from './roles/part.ts'
import { processEvents } from './roles/process.ts'
import { serve } from './roles/serve.ts'
import { run, type System } from './run.ts'
import { createLog } from './telemetry/log.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const EXIT_FAILED = 1

process.exitCode = await main()
// Worker threads and native handles must not hold a process that has stopped in order.
process.exit()

async function main(): Promise<number> {
  let system: { stop(): Promise<boolean> } | undefined
  try {
    const config = readConfig(process.argv.slice(2), version)
    if (config === undefined) return 0
    const pretty = process.stdout.isTTY === true
    const log = createLog({ level: config.logLevel, pretty, stream: process.stdout })
    const asked = stopAsked()
    const now = (): UnixMs => Date.now() as UnixMs
    const surroundings = { log, now, random: Math.random, version, proxyEnv: proxyEnv(), pretty }
    const start = async <S extends { stop(): Promise<boolean> }>(starting: Promise<S>): Promise<S> => {
      const started = await starting
      system = started
      return started
    }
    const ended =
      config.role === 'all'
        ? await watchSystem(await start(run(config, surroundings)), asked)
        : await watchPart(config, await start(startPart(config, { ...surroundings, identity: randomBytes(16) })), asked)
    const isInOrder = (await system?.stop()) ?? true
    if (!isInOrder)
      process.stdout.write('Stopped, but not all of it in order: the lines above say what was left behind.\n')
    else if (!ended) process.stdout.write('Stopped in order.\n')
    return isInOrder ? 0 : EXIT_FAILED
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`)
    await system?.stop()
    return EXIT_FAILED
  }
}

/** True: its source has ended. */
async function watchSystem(system: System, asked: Promise<void>): Promise<boolean> {
  const begun = performance.now()
  process.stdout.write(banner(system))
  const ended = await Promise.race([asked.then(() => false), system.ended.then(() => true)])
  if (!ended) return false
  process.stdout.write(await summary(system, performance.now() - begun))
  if (system.config.keep) {
    process.stdout.write(`The map stays at ${address(system.config.host, system.gateway.port)} until Ctrl-C.\n`)
    await asked
  }
  return true
}

/** A role on Kafka. True: its work had an end. */
async function watchPart(config: Config, part: Part, asked: Promise<void>): Promise<boolean> {
  process.stdout.write(partBanner(config, part))
  const ended = await Promise.race([asked.then(() => false), part.ended.then(() => true)])
  if (ended) process.stdout.write('The source has ended, and all of it is in Kafka.\n')
  return ended
}

function startPart(config: Config, surroundings: PartSurroundings): Promise<Part> {
  if (config.role === 'collect') return collect(config, surroundings)
  return config.role === 'process' ? processEvents(config, surroundings) : serve(config, surroundings)
}

/** Resolves at the first Ctrl-C or TERM, or when the terminal or pipe is gone; a second Ctrl-C ends the process at once. */
function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const ask = (): void => {
      if (asked) process.exit(EXIT_FAILED)
      asked = true
      resolve()
    }
    process.on('SIGINT', ask)
    process.on('SIGTERM', ask)
    // A terminal that closes may say so twice, and what is written then fails: both ask for an ordered stop, no more.
    process.on('SIGHUP', resolve)
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => resolve())
  })
}

/** What the environment says about proxies, in upper and lower case. */
function proxyEnv(): Record<string, string | undefined> {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}

function address(asked: string, port: number): string {
  const host = ['127.0.0.1', '0.0.0.0', '::'].includes(asked) ? 'localhost' : asked
  return `http://${host}:${port}`
}

function partBanner(config: Config, part: Part): string {
  const { role, host } = config
  const facts = [...part.facts, [role === 'serve' ? 'page' : 'health', address(host, part.port)]]
  const lines = facts.map(([name = '', fact]) => `  ${name.padEnd(8)} ${fact}`)
  return [
    '',
    `liquidity-map ${version}: ${role}`,
    ...lines,
    '',
    '  --help lists what there is. Ctrl-C stops.',
    '',
    '',
  ].join('\n')
}

function banner(system: System): string {
  const { config, history } = system
  const names = config.assets ?? assets.map((asset) => asset.name)
  const what = {
    simulator: `SIMULATED market: ${counted(names.length, 'asset')} on ${venues.length} venues, ${config.rate} level updates/s, seed ${config.seed}`,
    replay: `${isSimulated(history) ? 'SIMULATED, ' : ''}replay of ${config.path} at speed ${config.speed}`,
    live: `${counted(names.length, 'asset')} live on ${(config.venues ?? venues.map((venue) => venue.name)).join(', ')}`,
  }[config.source]
  const store = {
    embedded: `embedded ClickHouse in ${config.data}`,
    server: 'ClickHouse server',
    none: 'none (--no-store)',
  }
  return [
    '',
    `liquidity-map ${version}`,
    `  source   ${what}`,
    `  log      ${config.kafka === undefined ? 'in this process' : `Kafka at ${config.kafka.join(', ')}, topic ${config.topic}`}`,
    `  engine   ${counted(config.workers, 'worker')}`,
    `  history  ${store[config.store.kind]}`,
    `  page     ${address(config.host, system.gateway.port)}`,
    '',
    `  ${config.source === 'live' ? '' : 'npm start -- --source live shows the real market; '}--help lists what there is. Ctrl-C stops.`,
    '',
    '',
  ].join('\n')
}

async function summary({ engine, source, eventLog }: System, tookMs: number): Promise<string> {
  const sent = source.status()
  const applied = engine.status()
  const rows: [string, number | string][] = [
    ['events', sent.records],
    ['levels', applied.levels],
    ['trades', applied.trades],
    ['liquidations', applied.liquidations],
    ['gaps', sent.gaps],
    ['rejected', sent.rejected],
    ['corrupt', eventLog.status().corrupt],
    ['columns', applied.columns],
    ['time', `${(tookMs / 1000).toFixed(2)} s`],
  ]
  const line = ([name, value]: [string, number | string]): string =>
    `  ${name.padEnd(13)} ${value.toLocaleString('en')}\n`
  return `The source has ended.\n${rows.map(line).join('')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
