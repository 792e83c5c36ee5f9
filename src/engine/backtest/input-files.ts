import { LmapError } from '../../model/errors.ts'
import type { BacktestInputs } from './backtest.ts'
import { HOUR_MS, hourBars, hourCloses, type OpenInterest, openInterest, realisedByHour } from './inputs.ts'
import { knownPositions } from './positions.ts'
import type { Progress } from './progress-bar.ts'
import { readTable } from './table-file.ts'

/** What is read, and which part of it. */
export interface InputFiles {
  readonly bars: string
  readonly oi: string
  readonly liquidations: string
  readonly positions?: string
  readonly asset: string
  readonly venue?: string
  readonly from?: number
  readonly to?: number
}

/** Prices of one asset on two venues, or in two kinds, are never so far apart; those of two assets hardly ever so near. */
const PRICE_OFF_MAX = 0.15

/** Reads the files and makes sure that they speak of one asset and have time in common. */
export async function readInputs(files: InputFiles, progress: Progress): Promise<BacktestInputs> {
  const { asset } = files
  const paths = [files.oi, files.bars, files.liquidations, ...(files.positions === undefined ? [] : [files.positions])]
  const read = async (path: string) => {
    progress(`reading ${path.split('/').at(-1)}`, paths.indexOf(path) / paths.length)
    return readTable(path)
  }
  const marks = within(openInterest(await read(files.oi), asset), files)
  const bars = hourBars(await read(files.bars), asset, files.venue)
  const told = await read(files.liquidations)
  const liquidations = realisedByHour(told, asset)
  const markSpan: Span = { path: files.oi, fromMs: marks.timeMs[0]!, toMs: marks.timeMs.at(-1)! }
  for (const [path, hours] of [
    [files.bars, bars],
    [files.liquidations, liquidations],
  ] as const) {
    requireOverlap(markSpan, spanOf(path, hours.keys()))
  }
  const barPrices = new Map([...bars].map(([hour, { high, low }]) => [hour, (high + low) / 2]))
  requireSamePrices(files, marks, files.bars, barPrices)
  requireSamePrices(files, marks, files.liquidations, hourCloses(told, asset))
  if (files.positions === undefined) return { bars, openInterest: marks, liquidations }
  return {
    bars,
    openInterest: marks,
    liquidations,
    positions: knownPositions(await read(files.positions), asset),
  }
}

function within(marks: OpenInterest, { from = 0, to = Number.POSITIVE_INFINITY, oi }: InputFiles): OpenInterest {
  const { timeMs } = marks
  const keep = (_: number, i: number): boolean => timeMs[i]! >= from && timeMs[i]! < to
  const cut = { timeMs: timeMs.filter(keep), coins: marks.coins.filter(keep), price: marks.price.filter(keep) }
  if (cut.timeMs.length >= 2) return cut
  throw new LmapError('LMAP_FILE_FORMAT', `${oi} has nothing between --from and --to.`, {
    hint: `It covers ${day(timeMs[0]!)} to ${day(timeMs.at(-1)!)}.`,
  })
}

interface Span {
  readonly path: string
  readonly fromMs: number
  readonly toMs: number
}

function spanOf(path: string, hours: Iterable<number>): Span {
  let fromMs = Number.POSITIVE_INFINITY
  let toMs = Number.NEGATIVE_INFINITY
  for (const hour of hours) {
    fromMs = Math.min(fromMs, hour)
    toMs = Math.max(toMs, hour + HOUR_MS)
  }
  if (toMs > fromMs) return { path, fromMs, toMs }
  throw new LmapError('LMAP_FILE_FORMAT', `${path} has no row that can be used.`, {
    hint: 'Its numbers are empty or make no sense.',
  })
}

function requireOverlap(a: Span, b: Span): void {
  if (Math.max(a.fromMs, b.fromMs) < Math.min(a.toMs, b.toMs)) return
  const covers = ({ path, fromMs, toMs }: Span): string => `${path} covers ${day(fromMs)} to ${day(toMs)}`
  throw new LmapError('LMAP_FILE_FORMAT', `${covers(a)}, ${covers(b)}: no hour in common.`, {
    hint: 'Give files of one period.',
  })
}

/** Files that name no asset are told apart by their prices. */
function requireSamePrices(
  files: InputFiles,
  marks: OpenInterest,
  path: string,
  hours: ReadonlyMap<number, number>,
): void {
  const ratios = marks.price.map((price, i) => {
    const other = hours.get(Math.floor((marks.timeMs[i]! - 1) / HOUR_MS) * HOUR_MS)
    return other === undefined ? Number.NaN : price / other
  })
  const known = ratios.filter((ratio) => ratio > 0).sort()
  if (known.length === 0) return
  const median = known[known.length >> 1]!
  if (Math.abs(Math.log(median)) < PRICE_OFF_MAX) return
  throw new LmapError(
    'LMAP_FILE_FORMAT',
    `prices of ${files.oi} are ${median.toPrecision(3)} times those of ${path}: they are not of one asset.`,
    { hint: `Give files of ${files.asset}, or say --asset.` },
  )
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')
}
