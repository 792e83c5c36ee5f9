import { type BacktestResult, type Model, models } from './backtest.ts'
import type { Progress } from './progress-bar.ts'
import type { WrittenColumn } from './table-file.ts'
import { aligned } from './text-table.ts'

const names: Readonly<Record<Model, string>> = {
  climatology: 'climatology riding with price',
  ladder: 'public ladder 5-100x',
  noVolume: 'estimator without volume',
  recommended: 'estimator, recommended',
  online: 'estimator, calibrated online',
}

/** How long it took, ms: reading the files, all of it up to the scores, and the time on processors in that. */
export interface Took {
  readonly read: number
  readonly all: number
  readonly cpu: number
}

/** The score table for a terminal. */
export function scoreTable(asset: string, result: BacktestResult, took: Took): string {
  const { hours, scores } = result
  const day = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')
  const head = ['model', 'bits/h', '95 % interval', 'solo', 'rho', 'partial', 'D15', 'real/pred']
  const rows = models.map((model) => {
    const { bits, solo, rho, partial, deviance15, ratio } = scores[model]
    const interval = `${signed(bits.low)} .. ${signed(bits.high)}`
    return [
      names[model],
      signed(bits.mean),
      interval,
      signed(solo),
      rho.toFixed(3),
      partial.toFixed(3),
      deviance15.toFixed(2),
      ratio.toFixed(2),
    ]
  })
  const notes = [
    `${asset}, ${hours.length} hours x 2 sides, ${day(hours[0]!.timeMs)} to ${day(hours.at(-1)!.timeMs)} UTC; price alone has rho ${result.priceRho.toFixed(3)}.`,
    "bits: what the map adds to price alone about the hour's liquidations, given where price went; 5-fold blocked",
    'cross-validation, interval by day blocks. online: the live calibration from a cold start. Not a forecast of price.',
    ...(result.volumeShare < 1
      ? [`Volume is known for ${(100 * result.volumeShare).toFixed(1)} % of the steps; the rest runs without it.`]
      : []),
    `${result.steps.count} steps took ${seconds(took.all)} s (${seconds(took.cpu)} of CPU): ${seconds(took.read)} to read, the rest to score; one pass of the core ${seconds(result.coreMs)}.`,
  ]
  return `${aligned([head, ...rows])}\n\n${notes.join('\n')}\n`
}

/** What the last line of --json holds. */
export function scoreSummary(asset: string, result: BacktestResult, took: Took): Record<string, unknown> {
  const pick = <T>(value: (model: Model) => T) => Object.fromEntries(models.map((model) => [model, value(model)]))
  return {
    asset,
    hours: result.hours.length,
    fromMs: result.hours[0]!.timeMs,
    toMs: result.hours.at(-1)!.timeMs,
    steps: result.steps.count,
    coreMs: result.coreMs,
    readMs: took.read,
    tookMs: took.all,
    cpuMs: took.cpu,
    volumeShare: result.volumeShare,
    priceRho: result.priceRho,
    bits: pick((model) => result.scores[model].bits.mean),
    interval: pick((model) => [result.scores[model].bits.low, result.scores[model].bits.high]),
    solo: pick((model) => result.scores[model].solo),
    rho: pick((model) => result.scores[model].rho),
    partial: pick((model) => result.scores[model].partial),
    deviance15: pick((model) => result.scores[model].deviance15),
    realisedOverPredicted: pick((model) => result.scores[model].ratio),
  }
}

export const predictionColumns: readonly WrittenColumn[] = [
  { name: 'time', kind: 'time' },
  { name: 'side', kind: 'word' },
  { name: 'predicted_usd', kind: 'number' },
  { name: 'realised_usd', kind: 'number' },
]

/**
 * The recommended model's prediction of every scored step, one part of CSV an hour. Realised USD is known by the hour:
 * it stands on the hour's last step, beside which predictions of the hour's steps add up.
 */
export function* predictions(
  { steps, hours, realised, stepPredicted }: BacktestResult,
  progress: Progress,
): Generator<string> {
  for (const [hour, { from, to }] of hours.entries()) {
    progress('predictions', hour / hours.length)
    const lines: string[] = []
    for (let i = from; i < to; i++) {
      for (const side of [0, 1] as const) {
        const known = i === to - 1 ? realised[side][hour]!.toFixed(2) : ''
        const name = side === 0 ? 'long' : 'short'
        lines.push(`${steps.timeMs[i]},${name},${stepPredicted[i * 2 + side]!.toFixed(2)},${known}\n`)
      }
    }
    yield lines.join('')
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2)
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`
}
