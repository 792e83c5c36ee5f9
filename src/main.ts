/** Entry point: flags and environment -> stages -> ordered stop. The one file that reads the clock and the environment. */
import { readFileSync } from 'node:fs'
import { readConfig } from './config.ts'
import { isSimulated } from './history-name.ts'
import { assets } from './model/assets.ts'
import { describeError } from './model/errors.ts'
import type { UnixMs } from './model/units.ts'
import { venues } from './model/venues.ts'
import { run, type System } from './run.ts'
import { createLog } from './telemetry/log.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const EXIT_FAILED = 1

process.exitCode = await main()
// Worker threads and native handles must not hold a process that has stopped in order.
process.exit()

async function main(): Promise<number> {
  const begun = performance.now()
  let system: System | undefined
  try {
    const config = readConfig(process.argv.slice(2), version)
    if (config === undefined) return 0
    const pretty = process.stdout.isTTY === true
    const log = createLog({ level: config.logLevel, pretty, stream: process.stdout })
    const asked = stopAsked()
    system = await run(config, {
      log,
      now: () => Date.now() as UnixMs,
      random: Math.random,
      version,
      proxyEnv: proxyEnv(),
      pretty,
    })
    process.stdout.write(banner(system))
    const ended = await Promise.race([asked.then(() => false), system.ended.then(() => true)])
    if (ended) {
      process.stdout.write(await summary(system, performance.now() - begun))
      if (config.keep) {
        process.stdout.write(`The map stays at ${address(system)} until Ctrl-C.\n`)
        await asked
      }
    }
    const isInOrder = await system.stop()
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

function address({ config, gateway }: System): string {
  const host = ['127.0.0.1', '0.0.0.0', '::'].includes(config.host) ? 'localhost' : config.host
  return `http://${host}:${gateway.port}`
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
    `  page     ${address(system)}`,
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
