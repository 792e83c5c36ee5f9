import { LmapError } from '../../model/errors.ts'
import { rankCorrelation } from '../../model/rank-correlation.ts'
import { densities, type Exposures, foldOf, foldWeights, predict, type Sides, type Target } from './cross-validation.ts'
import { priceFeatures } from './features.ts'
import type { HourBar, OpenInterest, Realised } from './inputs.ts'
import { runLadder } from './ladder.ts'
import { type LedgerRun, runLedger, TERMS, walkLedger } from './ledger.ts'
import { dayBlockInterval, deviance15, joined, partialRankCorrelation } from './measures.ts'
import { BINS, type ByDistance, binOf, type Position } from './positions.ts'
import type { Progress } from './progress-bar.ts'
import { type Hour, hoursOf, prepareSteps, type Steps, warmUntilMs } from './steps.ts'

export interface BacktestInputs {
  readonly bars: ReadonlyMap<number, HourBar>
  readonly openInterest: OpenInterest
  readonly liquidations: ReadonlyMap<number, Realised>
  /** Real positions to hold the map against, if there are any. */
  readonly positions?: readonly Position[]
}

export const models = ['climatology', 'ladder', 'noVolume', 'recommended', 'online'] as const
export type Model = (typeof models)[number]

export interface ModelScore {
  readonly bits: { mean: number; low: number; high: number }
  readonly solo: number
  readonly rho: number
  readonly partial: number
  readonly deviance15: number
  /** Realised over predicted USD of all hours. */
  readonly ratio: number
}

export interface BacktestResult {
  readonly steps: Steps
  /** Hours that were scored. */
  readonly hours: readonly Hour[]
  readonly realised: Sides<Float64Array>
  readonly predicted: Readonly<Record<Model, Sides<Float64Array>>>
  readonly scores: Readonly<Record<Model, ModelScore>>
  /** Rank correlation of price alone. */
  readonly priceRho: number
  /** Recommended model, USD swept by step: `step * 2 + side`; NaN outside the scored hours. */
  readonly stepPredicted: Float64Array
  /** Part of the scored steps that had a volume. */
  readonly volumeShare: number
  /** Measured and predicted USD by distance from price, where positions were given. */
  readonly byDistance: ByDistance | undefined
  /** Time that the core took for one pass over all steps. */
  readonly coreMs: number
}

const HOURS_MIN = 14 * 24
/** Cells of the map that is held against positions: a small part of their bins. */
const CELL_PART = 2e-4
const PRIOR = 0.3
/** Two terms only: a weaker prior, so that it does not decide the split between them. */
const PRIOR_BACKGROUND = 0.2

/**
 * Scores the estimator and its baselines on past hours, the way docs/backtest.md says. `prng` draws the bootstrap;
 * `nowMs` times the core.
 */
export function runBacktest(
  core: WebAssembly.Module,
  inputs: BacktestInputs,
  prng: () => number,
  nowMs: () => number,
  progress: Progress,
): BacktestResult {
  progress('steps', 0)
  const steps = prepareSteps(inputs.openInterest, inputs.bars)
  const all = hoursOf(steps)
  const fromMs = warmUntilMs(all)
  const scored = all.flatMap((hour, i) => (hour.timeMs >= fromMs && inputs.liquidations.has(hour.timeMs) ? [i] : []))
  if (scored.length < HOURS_MIN) {
    throw new LmapError(
      'LMAP_FILE_FORMAT',
      `only ${scored.length} hours have marks and liquidations after five days of warm-up.`,
      {
        hint: `${HOURS_MIN} are needed: give longer files, or a wider --from and --to.`,
      },
    )
  }
  progress('ledger', 0.05)
  const begun = nowMs()
  const recommended = runLedger(core, steps, all, inputs.liquidations, fromMs, true)
  const coreMs = nowMs() - begun
  progress('ledger without volume', 0.15)
  const noVolume = runLedger(core, steps, all, inputs.liquidations, fromMs, false)
  const byDistance =
    inputs.positions === undefined ? undefined : compareByDistance(core, inputs, inputs.positions, steps, all, fromMs)
  progress('ladder', 0.25)
  const ladder = runLadder(steps)
  const hours = scored.map((i) => all[i]!)
  const features = priceFeatures(all)
  const target: Target = {
    count: hours.length,
    realised: bothSides((side) => Float64Array.from(hours, ({ timeMs }) => inputs.liquidations.get(timeMs)![side])),
    features: [scored.map((i) => features[0][i]!), scored.map((i) => features[1][i]!)],
  }
  const exposures: Record<Exclude<Model, 'online'>, Exposures> = {
    climatology: { terms: 2, prior: PRIOR_BACKGROUND, sides: ledgerHours(recommended, hours, TERMS - 2) },
    ladder: { terms: 1, prior: undefined, sides: ladderHours(ladder, hours) },
    noVolume: { terms: TERMS, prior: PRIOR, sides: ledgerHours(noVolume, hours, 0) },
    recommended: { terms: TERMS, prior: PRIOR, sides: ledgerHours(recommended, hours, 0) },
  }
  const base = densities(target)
  const predicted = {} as Record<Model, Sides<Float64Array>>
  const scores = {} as Record<Model, ModelScore>
  let stepPredicted: Float64Array = new Float64Array(0)
  models.forEach((model, i) => {
    progress(model, 0.3 + (0.7 * i) / models.length)
    if (model === 'online') {
      predicted[model] = bothSides((side) => Float64Array.from(scored, (hour) => recommended.online[hour]![side]))
    } else {
      const weights = foldWeights(target, exposures[model])
      predicted[model] = predict(target, exposures[model], weights)
      if (model === 'recommended') stepPredicted = predictSteps(recommended, steps.count, hours, weights)
    }
    scores[model] = scoreOf(target, base, predicted[model], hours, prng)
  })
  progress('done', 1)
  return {
    steps,
    hours,
    realised: target.realised,
    predicted,
    scores,
    priceRho: rankCorrelation(joined(target.realised), joined(base.mean)),
    stepPredicted,
    volumeShare: volumeShare(steps, hours),
    byDistance,
    coreMs,
  }
}

/** The map that was live at each snapshot of positions, against what they would have lost there. */
function compareByDistance(
  core: WebAssembly.Module,
  inputs: BacktestInputs,
  positions: readonly Position[],
  steps: Steps,
  hours: readonly Hour[],
  fromMs: number,
): ByDistance {
  const byStep = new Map<number, Position[]>()
  let step = 0
  for (const position of positions) {
    while (step + 1 < steps.count && steps.timeMs[step + 1]! <= position.timeMs) step++
    if (position.timeMs < fromMs || position.timeMs > steps.timeMs[step]! + 2 * steps.dtMs[step]!) continue
    const known = byStep.get(step)
    if (known === undefined) byStep.set(step, [position])
    else known.push(position)
  }
  if (byStep.size === 0) {
    throw new LmapError('LMAP_FILE_FORMAT', 'no snapshot of positions lies in the hours that are scored.', {
      hint: 'Give positions of the same period, behind its first five days.',
    })
  }
  const measured = new Float64Array(2 * BINS)
  const predicted = new Float64Array(2 * BINS)
  const looks = { steps: new Set(byStep.keys()), widthAt: (price: number) => price * CELL_PART }
  for (const map of walkLedger(core, steps, hours, inputs.liquidations, fromMs, true, looks)) {
    const price = steps.close[map.step]!
    for (const { side, usd, liquidationPrice } of byStep.get(map.step)!) {
      const bin = binOf(side, liquidationPrice, price)
      if (bin >= 0) measured[side * BINS + bin]! += usd
    }
    for (const side of [0, 1] as const) {
      map.sides[side].forEach((usd, cell) => {
        const bin = usd > 0 ? binOf(side, (cell + 0.5) * map.width, price) : -1
        if (bin >= 0) predicted[side * BINS + bin]! += usd
      })
    }
  }
  return { snapshots: byStep.size, measured, predicted }
}

function scoreOf(
  target: Target,
  base: ReturnType<typeof densities>,
  predicted: Sides<Float64Array>,
  hours: readonly Hour[],
  prng: () => number,
): ModelScore {
  const realised = joined(target.realised)
  const usd = joined(predicted)
  const full = densities(target, predicted)
  const alone = densities(target, predicted, true)
  const against = (own: Sides<Float64Array>) =>
    bothSides((side) => own[side].map((value, i) => value - base.log2[side][i]!))
  const times = hours.map(({ timeMs }) => timeMs)
  return {
    bits: dayBlockInterval(against(full.log2), times, prng),
    solo: mean(joined(against(alone.log2))),
    rho: rankCorrelation(realised, usd),
    partial: partialRankCorrelation(realised, usd, joined(base.mean)),
    deviance15: deviance15(realised, usd),
    ratio: mean(realised) / mean(usd),
  }
}

/** Exposures of hours from those of their steps, terms from `first` on. */
function ledgerHours({ exposure }: LedgerRun, hours: readonly Hour[], first: number): Sides<Float64Array> {
  const terms = TERMS - first
  return bothSides((side) => {
    const sums = new Float64Array(hours.length * terms)
    hours.forEach(({ from, to }, hour) => {
      for (let i = from; i < to; i++) {
        for (let k = 0; k < terms; k++) sums[hour * terms + k]! += exposure[(i * 2 + side) * TERMS + first + k]!
      }
    })
    return sums
  })
}

function ladderHours(swept: Float64Array, hours: readonly Hour[]): Sides<Float64Array> {
  return bothSides((side) =>
    Float64Array.from(hours, ({ from, to }) => {
      let sum = 0
      for (let i = from; i < to; i++) sum += swept[i * 2 + side]!
      return sum
    }),
  )
}

function predictSteps(
  { exposure }: LedgerRun,
  count: number,
  hours: readonly Hour[],
  weights: readonly Float64Array[],
): Float64Array {
  const of = foldOf(hours.length)
  const predicted = new Float64Array(2 * count).fill(Number.NaN)
  hours.forEach(({ from, to }, hour) => {
    for (let row = from * 2; row < to * 2; row++) {
      let sum = 0
      for (let k = 0; k < TERMS; k++) sum += weights[of[hour]!]![k]! * exposure[row * TERMS + k]!
      predicted[row] = sum
    }
  })
  return predicted
}

function volumeShare(steps: Steps, hours: readonly Hour[]): number {
  let known = 0
  let count = 0
  for (const { from, to } of hours) {
    for (let i = from; i < to; i++) if (steps.volumeUsd[i]! >= 0) known++
    count += to - from
  }
  return known / count
}

function bothSides<T>(make: (side: 0 | 1) => T): Sides<T> {
  return [make(0), make(1)]
}

function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}
