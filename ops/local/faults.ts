/** npm run faults: parts of the cluster are killed at random moments under load; nothing may be lost, doubled or changed. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeError, LmapError } from '../../src/model/errors.ts'
import { type Kind, kinds, type Round, runFaults } from './faults-run.ts'

const HELP = `Kills a processor, the collector, a gateway, the store or the broker, one in each round, at a random moment while a
market is played; then all closed columns and report rows must equal those of one process that nothing happened to.

  npm run faults -- [--rounds 30] [--seed N] [--assets BTC,ETH] [--kinds processor,kafka] [--json] [--log FILE]

  --rounds  how many kills (1-200); each kind falls equally often
  --seed    of the market, the victims and the moments; printed, so that a run can be repeated
  --assets  comma-separated (default: all 65)
  --kinds   comma-separated: what is killed, of ${kinds.join(', ')} (default: all)
  --json    last line: one JSON object of named figures
  --log     file that receives what all parts say
  --help    this text`

/** Maps that a client follows: some of each partition. */
const WATCHED_MAX = 8

async function main(): Promise<boolean> {
  const options = parseOptions()
  if (options === undefined) {
    console.log(HELP)
    return true
  }
  const { rounds, seed, assets, chosenKinds, json, log } = options
  const folder = mkdtempSync(join(tmpdir(), 'lmap-faults-'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  // Parts that are still there are killed before, and take a moment to be gone.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  const begun = performance.now()
  const note = (name: string, line: string): void => {
    if (log !== undefined) appendFileSync(log, `${((performance.now() - begun) / 1000).toFixed(2)} ${name} ${line}\n`)
  }
  const watched = (assets ?? 'BTC,ETH,SOL,DOGE,XRP,BNB,ADA,LINK').split(',').slice(0, WATCHED_MAX)
  const done = await runFaults({
    rounds,
    seed,
    kinds: chosenKinds,
    folder,
    watched,
    chosen: assets === undefined ? [] : ['--assets', assets],
    now: Date.now,
    random: Math.random,
    progress: (line) => {
      console.log(`${line} ...`)
      note('faults', line)
    },
    line: note,
    told: (round) => {
      console.log(lineOf(round))
      note('faults', lineOf(round))
    },
  })
  const times = done.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b)
  const equal = done.filter((round) => round.differences.length === 0).length
  const recoveryMsP50 = quantile(times, 0.5)
  const recoveryMsP99 = quantile(times, 0.99)
  console.log(
    `${equal} of ${rounds} rounds equal the uninterrupted run. Recovery: p50 ${recoveryMsP50} ms, p99 ${recoveryMsP99} ms.`,
  )
  for (const [kind, own] of byKind(done)) {
    console.log(`  ${kind.padEnd(12)} ${own.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ')}`)
  }
  if (json) console.log(JSON.stringify({ seed, rounds, equal, recoveryMsP50, recoveryMsP99, done }))
  return equal === rounds
}

function lineOf({ number, victim, atMs, recoveryMs, columns, reports, differences }: Round): string {
  const what =
    differences.length === 0 ? `${columns} columns, ${reports} reports, equal` : `NOT EQUAL: ${differences.join('; ')}`
  return `  ${String(number).padStart(3)}  ${victim.padEnd(12)} after ${(atMs / 1000).toFixed(1)} s, back in ${(recoveryMs / 1000).toFixed(1)} s; ${what}`
}

function byKind(rounds: readonly Round[]): [string, number[]][] {
  const kinds = new Map<string, number[]>()
  for (const { victim, recoveryMs } of rounds) {
    const kind = victim.replace(/-\d+$/, '')
    kinds.set(kind, [...(kinds.get(kind) ?? []), recoveryMs])
  }
  return [...kinds].map(([kind, times]) => [kind, times.sort((a, b) => a - b)])
}

/** Of sorted values: the least that so many do not exceed. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}

function parseOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '30' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        assets: { type: 'string' },
        kinds: { type: 'string', default: kinds.join(',') },
        json: { type: 'boolean', default: false },
        log: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return undefined
    const rounds = whole('rounds', values.rounds, 1, 200)
    return {
      rounds,
      seed: whole('seed', values.seed, 0, 2 ** 31 - 1),
      assets: values.assets,
      chosenKinds: kindsOf(values.kinds),
      json: values.json,
      log: values.log,
    }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_CONFIG', message, { hint: 'See npm run faults -- --help', cause })
  }
}

function kindsOf(text: string): Kind[] {
  return text.split(',').map((name) => {
    const kind = kinds.find((one) => one === name)
    if (kind === undefined) throw new Error(`--kinds: "${name}" is none of ${kinds.join(', ')}.`)
    return kind
  })
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new Error(`--${name} is a whole number from ${least} to ${most}.`)
}

main().then(
  (isEqual) => process.exit(isEqual ? 0 : 1),
  (error: unknown) => {
    console.error(describeError(error))
    process.exit(1)
  },
)
