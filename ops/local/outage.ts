/** npm run outage: the store away under load, and a process that is killed; what is there afterwards must be the same. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeError, LmapError } from '../../src/model/errors.ts'
import { type AwayResult, type KilledResult, processKilled, storeAway } from './outage-run.ts'

const HELP = `Takes the ClickHouse server away from a running map, and the map from its server, and compares what is there
afterwards with a run in which nothing happened.

  npm run outage -- [--seconds 120] [--seed N] [--assets BTC,ETH] [--json]

  --seconds  how long the server is away
  --seed     of the market, and of the moment of the kill; printed, so that a run can be repeated
  --assets   comma-separated (default: all 65)
  --json     last line: one JSON object of named figures
  --help     this text`

/** What docs/store.md allows a kill to cost: a second of waiting rows, and the time to write them. */
const SECONDS_LOST_MAX = 3

async function main(): Promise<boolean> {
  const options = parseOptions()
  if (options === undefined) {
    console.log(HELP)
    return true
  }
  const { seconds, seed, assets, json } = options
  const folder = mkdtempSync(join(tmpdir(), 'lmap-outage-'))
  const progress = (line: string): void => console.log(`${line} ...`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  // Parts that are still there are killed before, and take a moment to be gone.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  const run = { seconds, seed, folder, progress, ...(assets !== undefined && { assets }) }
  const away = await storeAway(run)
  const killed = await processKilled(run)
  console.log(reportOf(away, killed))
  const isEqual = away.differences.length === 0
  const isWithin = killed.columnsWrong === 0 && killed.secondsLost <= SECONDS_LOST_MAX
  if (json) {
    const { secondsAway, secondsToDrain, differences } = away
    console.log(JSON.stringify({ seed, secondsAway, secondsToDrain, differences, ...killed }))
  }
  return isEqual && isWithin
}

function reportOf(away: AwayResult, killed: KilledResult): string {
  const rows = Object.entries(away.rows).map(([table, { rows }]) => `${table} ${rows.toLocaleString('en')}`)
  return [
    '',
    `The server was away for ${away.secondsAway.toFixed(0)} s; ${away.secondsToDrain.toFixed(1)} s after its return nothing waited any more.`,
    away.differences.length === 0
      ? `Counts and sums equal those of the run without it: ${rows.join(', ')}.`
      : `NOT EQUAL: ${away.differences.join('; ')}`,
    `The killed process lost ${killed.columnsLost} of ${killed.columns} columns, the oldest closed ${killed.secondsLost.toFixed(1)} s before its end; ${killed.columnsWrong} are wrong.`,
    `The next start found ${killed.found}.`,
  ].join('\n')
}

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '120' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        assets: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return undefined
    const seconds = whole('seconds', values.seconds, 1, 3_600)
    return { seconds, seed: whole('seed', values.seed, 0, 2 ** 31 - 1), assets: values.assets, json: values.json }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_CONFIG', message, { hint: 'See npm run outage -- --help', cause })
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new Error(`--${name} is a whole number from ${least} to ${most}.`)
}

main().then(
  (isSame) => process.exit(isSame ? 0 : 1),
  (error: unknown) => {
    console.error(describeError(error))
    process.exit(1)
  },
)
