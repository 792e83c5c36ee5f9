/** Entry point of the back-test: files -> scores. Thin on purpose; what is computed is in engine/backtest. */
import { resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { type BacktestInputs, type BacktestResult, runBacktest } from './engine/backtest/backtest.ts'
import { timeOf } from './engine/backtest/columns.ts'
import { hourlyMaps, mapColumns } from './engine/backtest/hourly-map.ts'
import { type InputFiles, readInputs } from './engine/backtest/input-files.ts'
import { checkOutput, writeTable } from './engine/backtest/output-file.ts'
import { distanceTable } from './engine/backtest/positions.ts'
import { type Progress, progressBar } from './engine/backtest/progress-bar.ts'
import { predictionColumns, predictions, scoreSummary, scoreTable } from './engine/backtest/report.ts'
import { hoursOf } from './engine/backtest/steps.ts'
import { loadCore } from './engine/core.ts'
import { assetByName } from './model/assets.ts'
import { describeError, LmapError } from './model/errors.ts'

interface Flags extends InputFiles {
  readonly json: boolean
  readonly out?: string
  readonly map?: string
  readonly mapReach: number
  readonly seed: number
}

const EXIT_FAILED = 1
const REACH_PERCENT = 6
const REACH_PERCENT_MAX = 60
/** What reading, scoring, the predictions and the map take beside each other. */
const PHASE_WEIGHTS = { reading: 25, scoring: 60, predictions: 5, map: 30 }

const HELP = `
Files are CSV, gzipped CSV or Parquet. Times are Unix ms, seconds or ISO text (UTC). The first name found is used:

  --bars          t|timestamp|time|open_time, high|h|price_high, low|l|price_low, close|c|price_close, and volume in
                  USD (quote_volume|volume_usd|turnover) or in coins (volume|v), if any
  --oi            t|timestamp|..., oi|open_interest|sum_open_interest (coins),
                  oi_usd|open_interest_usd|sum_open_interest_value
  --liquidations  t|timestamp|..., liquidation_long_usd|long_usd, liquidation_short_usd|short_usd
  --positions     snapshot|t|timestamp|..., direction|side, position_value_usd|value_usd|usd,
                  liq_px|liq_price|liquidation_price

Rows of other assets (coin|asset|symbol) and venues (venue|exchange) are passed over. At least 19 days are needed: five
to fill the ledger and fourteen to score.

Examples:
  npm run backtest -- --asset BTC --bars bars.parquet --oi oi.csv.gz --liquidations liquidations.csv.gz
  npm run backtest -- ... --from 2025-12-10 --to 2026-01-10 --json | tail -n 1
  npm run backtest -- ... --out predictions.csv.gz --map map.parquet --map-reach 10

What the numbers mean, and what they are for two months of BTC: docs/backtest.md.`

process.exitCode = await main()
// chdb keeps threads of its own.
process.exit()

async function main(): Promise<number> {
  let clear: () => void = () => undefined
  try {
    const flags = readFlags(process.argv.slice(2))
    if (flags === undefined) return 0
    await checkOutputs(flags)
    const core = await loadCore()
    const weights = Object.entries(PHASE_WEIGHTS).map(([phase, weight]) => {
      const isLeftOut =
        (phase === 'predictions' && flags.out === undefined) || (phase === 'map' && flags.map === undefined)
      return isLeftOut ? 0 : weight
    })
    const bar = progressBar(process.stderr, () => performance.now(), weights)
    clear = bar.clear
    const [reading, scoring, predicting, mapping] = bar.phases
    const begunMs = performance.now()
    const cpu = process.cpuUsage()
    const inputs = await readInputs(flags, reading!)
    const readMs = performance.now() - begunMs
    const result = runBacktest(core, inputs, xorshift(flags.seed), () => performance.now(), scoring!)
    const { user, system } = process.cpuUsage(cpu)
    const tookMs = { read: readMs, all: performance.now() - begunMs, cpu: (user + system) / 1_000 }
    if (flags.out !== undefined) await writeTable(flags.out, predictionColumns, predictions(result, predicting!))
    if (flags.map !== undefined) await writeMap(core, flags, flags.map, inputs, result, mapping!)
    bar.clear()
    process.stdout.write(scoreTable(flags.asset, result, tookMs))
    if (result.byDistance !== undefined) process.stdout.write(`\n${distanceTable(result.byDistance)}`)
    if (flags.json) process.stdout.write(`${JSON.stringify(scoreSummary(flags.asset, result, tookMs))}\n`)
    return 0
  } catch (error) {
    clear()
    process.stderr.write(`${describeError(error)}\n`)
    return EXIT_FAILED
  }
}

function readFlags(argv: readonly string[]): Flags | undefined {
  const program = new Command('npm run backtest --')
  program
    .description(
      'Runs the estimator of forced orders over past data, with the core that runs live, and scores it and its ' +
        'baselines: how much better than price alone does the map say what an hour liquidates, given where price went?',
    )
    .requiredOption('--bars <file>', 'price bars of an hour or less')
    .requiredOption('--oi <file>', 'open interest every few minutes, in coins and USD; their ratio is the mark price')
    .requiredOption('--liquidations <file>', 'realised USD by hour and side')
    .option('--positions <file>', 'real positions with liquidation prices, to hold the map against')
    .option('--asset <name>', 'asset, where a file has several', (name) => name.toUpperCase(), 'BTC')
    .option('--venue <name>', 'venue of the bars, where the file has several (default: binance, else the fullest)')
    .option('--from <time>', 'first day or time, such as 2025-12-10', time)
    .option('--to <time>', 'end of the period, not part of it', time)
    .option('--out <file>', 'write the prediction of every step: .csv, .csv.gz or .parquet')
    .option('--map <file>', 'write the map of every hour by bucket: .csv, .csv.gz or .parquet')
    .option('--map-reach <percent>', 'how far from price the map is written', percent, REACH_PERCENT)
    .option('--json', 'one JSON object as the last line', false)
    .option('--seed <number>', 'of the bootstrap', whole, 1)
    .helpOption('-h, --help', 'this text')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', HELP)
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
    throw new LmapError('LMAP_CONFIG', `${message.replace(/\.?$/, '.')}`, {
      hint: 'npm run backtest -- --help lists what there is.',
    })
  }
  return program.opts<Flags>()
}

function time(text: string): number {
  const timeMs = timeOf(text)
  if (!(timeMs > 0)) throw new InvalidArgumentError('Write a day such as 2025-12-10, a time with zone, or Unix ms.')
  return timeMs
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Write a whole number.')
  return value
}

function percent(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= REACH_PERCENT_MAX) return value
  throw new InvalidArgumentError(`Write a number above 0, up to ${REACH_PERCENT_MAX}.`)
}

/** Before anything is read: hours of work should not end at a bad name, nor on top of their own input. */
async function checkOutputs({ out, map, ...flags }: Flags): Promise<void> {
  const taken = new Set([flags.bars, flags.oi, flags.liquidations, flags.positions ?? ''].map((path) => resolve(path)))
  for (const path of [out, map]) {
    if (path === undefined) continue
    await checkOutput(path)
    if (taken.has(resolve(path))) {
      throw new LmapError('LMAP_CONFIG', `${path} is read or written already.`, {
        hint: 'Give each file its own name.',
      })
    }
    taken.add(resolve(path))
  }
}

async function writeMap(
  core: WebAssembly.Module,
  flags: Flags,
  path: string,
  { liquidations }: BacktestInputs,
  { steps }: BacktestResult,
  progress: Progress,
): Promise<void> {
  const shown = { reach: flags.mapReach / 100, tick: assetByName(flags.asset)?.gridTick }
  await writeTable(path, mapColumns, hourlyMaps(core, steps, hoursOf(steps), liquidations, shown, progress))
}

/** Marsaglia's xorshift, for the bootstrap only: numbers in [0, 1). */
function xorshift(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4_294_967_296
  }
}
