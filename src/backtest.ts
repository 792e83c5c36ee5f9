/** Entry point of the back-test: files -> scores. Thin on purpose; what is computed is in engine/backtest. */
import { writeFile } from 'node:fs/promises'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { type BacktestInputs, type Progress, runBacktest } from './engine/backtest/backtest.ts'
import { timeOf } from './engine/backtest/columns.ts'
import { hourBars, type OpenInterest, openInterest, realisedByHour } from './engine/backtest/inputs.ts'
import { distanceTable, knownPositions } from './engine/backtest/positions.ts'
import { predictionsCsv, scoreSummary, scoreTable } from './engine/backtest/report.ts'
import { readTable } from './engine/backtest/table-file.ts'
import { loadCore } from './engine/core.ts'
import { describeError, LmapError } from './model/errors.ts'

interface Flags {
  readonly bars: string
  readonly oi: string
  readonly liquidations: string
  readonly positions?: string
  readonly asset: string
  readonly venue?: string
  readonly from?: number
  readonly to?: number
  readonly json: boolean
  readonly out?: string
  readonly seed: number
}

const EXIT_FAILED = 1
const BAR_CELLS = 30

process.exitCode = await main()
// chdb keeps threads of its own.
process.exit()

async function main(): Promise<number> {
  try {
    const flags = readFlags(process.argv.slice(2))
    if (flags === undefined) return 0
    const core = await loadCore()
    const inputs = await readInputs(flags)
    const result = runBacktest(core, inputs, xorshift(flags.seed), () => performance.now(), progressBar())
    process.stdout.write(scoreTable(flags.asset, result))
    if (result.byDistance !== undefined) process.stdout.write(`\n${distanceTable(result.byDistance)}`)
    if (flags.out !== undefined) await writePredictions(flags.out, predictionsCsv(result))
    if (flags.json) process.stdout.write(`${JSON.stringify(scoreSummary(flags.asset, result))}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`)
    return EXIT_FAILED
  }
}

function readFlags(argv: readonly string[]): Flags | undefined {
  const program = new Command('npm run backtest --')
  program
    .description('Scores the estimator of forced orders, and its baselines, on past data.')
    .requiredOption('--bars <file>', 'price bars of an hour or less: time, high, low, close, volume if there is one')
    .requiredOption(
      '--oi <file>',
      'open interest every few minutes: t, oi (coins), oi_usd; their ratio is the mark price',
    )
    .requiredOption(
      '--liquidations <file>',
      'realised USD by hour: timestamp, liquidation_long_usd, liquidation_short_usd',
    )
    .option('--positions <file>', 'real positions with liquidation prices, to hold the map against')
    .option('--asset <name>', 'asset, where a file has several', (name) => name.toUpperCase(), 'BTC')
    .option('--venue <name>', 'venue of the bars, where the file has several (default: binance)')
    .option('--from <time>', 'first day or time, such as 2025-12-10', time)
    .option('--to <time>', 'end of the period, not part of it', time)
    .option('--json', 'one JSON object as the last line', false)
    .option('--out <file>', "write the recommended model's prediction of every step as CSV")
    .option('--seed <number>', 'of the bootstrap', whole, 1)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', '\nFiles are CSV, gzipped CSV or Parquet. docs/backtest.md says what the numbers mean.')
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

async function readInputs(flags: Flags): Promise<BacktestInputs> {
  const [bars, oi, liquidations] = await Promise.all([flags.bars, flags.oi, flags.liquidations].map(readTable))
  const inputs = {
    bars: hourBars(bars!, flags.asset, flags.venue),
    openInterest: within(openInterest(oi!, flags.asset), flags),
    liquidations: realisedByHour(liquidations!, flags.asset),
  }
  if (flags.positions === undefined) return inputs
  return { ...inputs, positions: knownPositions(await readTable(flags.positions), flags.asset) }
}

function within(marks: OpenInterest, { from = 0, to = Number.POSITIVE_INFINITY, oi }: Flags): OpenInterest {
  const keep = (_: number, i: number): boolean => marks.timeMs[i]! >= from && marks.timeMs[i]! < to
  const cut = {
    timeMs: marks.timeMs.filter(keep),
    coins: marks.coins.filter(keep),
    price: marks.price.filter(keep),
  }
  if (cut.timeMs.length < 2) {
    throw new LmapError('LMAP_FILE_FORMAT', `${oi} has nothing between --from and --to.`, { hint: 'Widen the period.' })
  }
  return cut
}

async function writePredictions(path: string, csv: string): Promise<void> {
  try {
    await writeFile(path, csv)
  } catch (cause) {
    throw new LmapError('LMAP_FILE_UNREADABLE', `${path} cannot be written.`, { cause, hint: 'Check the folder.' })
  }
}

/** A bar with the time left, on a terminal only. */
function progressBar(): Progress {
  const out = process.stderr
  if (!out.isTTY) return () => undefined
  const begun = performance.now()
  return (part, done) => {
    const seconds = (performance.now() - begun) / 1_000
    const left = done > 0 ? `${((seconds / done) * (1 - done)).toFixed(1)} s left` : ''
    const cells = Math.round(done * BAR_CELLS)
    const bar = `${'#'.repeat(cells)}${'.'.repeat(BAR_CELLS - cells)}`
    out.write(done < 1 ? `\r[${bar}] ${left.padEnd(12)} ${part.padEnd(24)}` : `\r${' '.repeat(BAR_CELLS + 40)}\r`)
  }
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
