import { type Fit, fitRidge } from './ridge.ts'
import { fitWeights, flatWeight } from './weights.ts'

const FOLDS = 5
/** Hours left out of the training on either side of a fold. */
const MARGIN_HOURS = 24
const FLOOR_USD = 3000

export type Sides<T> = [longs: T, shorts: T]

/** The hours that are scored: what was realised, and what price alone says. */
export interface Target {
  readonly count: number
  readonly realised: Sides<Float64Array>
  readonly features: Sides<number[][]>
}

/**
 * A map's exposures by hour: `terms` numbers each, and the strength of the flat prior on their weights; undefined: the
 * weights stay equal and only their scale is fitted.
 */
export interface Exposures {
  readonly terms: number
  readonly prior: number | undefined
  readonly sides: Sides<Float64Array>
}

interface Fold {
  readonly test: number[]
  readonly train: number[]
}

export function folds(count: number): Fold[] {
  const hours = Array.from({ length: count }, (_, i) => i)
  return Array.from({ length: FOLDS }, (_, fold) => {
    const from = Math.floor((fold * count) / FOLDS)
    const to = Math.floor(((fold + 1) * count) / FOLDS)
    return {
      test: hours.slice(from, to),
      train: hours.filter((i) => i < from - MARGIN_HOURS || i >= to + MARGIN_HOURS),
    }
  })
}

/** The fold of each hour. */
export function foldOf(count: number): Uint8Array {
  const of = new Uint8Array(count)
  folds(count).forEach(({ test }, fold) => {
    for (const i of test) of[i] = fold
  })
  return of
}

/** Weights of each fold, fitted on the other hours of both sides. */
export function foldWeights(target: Target, { terms, prior, sides }: Exposures): Float64Array[] {
  return folds(target.count).map(({ train }) => {
    const rows = new Float64Array(2 * train.length * terms)
    const realised = new Float64Array(2 * train.length)
    for (const side of [0, 1] as const) {
      train.forEach((hour, i) => {
        const row = side * train.length + i
        rows.set(sides[side].subarray(hour * terms, (hour + 1) * terms), row * terms)
        realised[row] = target.realised[side][hour]!
      })
    }
    if (prior === undefined) return new Float64Array(terms).fill(flatWeight(rows, realised))
    return fitWeights(rows, terms, realised, prior)
  })
}

/** Predicted USD of each hour, with the weights of its fold. */
export function predict(
  target: Target,
  { terms, sides }: Exposures,
  weights: readonly Float64Array[],
): Sides<Float64Array> {
  const of = foldOf(target.count)
  return sides.map((exposure) =>
    Float64Array.from({ length: target.count }, (_, hour) => {
      const w = weights[of[hour]!]!
      let sum = 0
      for (let k = 0; k < terms; k++) sum += w[k]! * exposure[hour * terms + k]!
      return sum
    }),
  ) as Sides<Float64Array>
}

/** log2 density of what was realised, by hour, and the regression's mean, each from the other folds. */
export interface Densities {
  readonly log2: Sides<Float64Array>
  readonly mean: Sides<Float64Array>
}

/** Price alone (no prediction), price and prediction, or (`alone`) the prediction by itself. */
export function densities(target: Target, predicted?: Sides<Float64Array>, alone = false): Densities {
  const log2: Sides<Float64Array> = [new Float64Array(target.count), new Float64Array(target.count)]
  const mean: Sides<Float64Array> = [new Float64Array(target.count), new Float64Array(target.count)]
  for (const side of [0, 1] as const) {
    const ys = Array.from(target.realised[side], (usd) => Math.log(usd + FLOOR_USD))
    const rows = target.features[side].map((features, hour) => {
      if (predicted === undefined) return features
      const level = Math.log(predicted[side][hour]! + FLOOR_USD)
      return alone ? [level] : [...features, level]
    })
    for (const { train, test } of folds(target.count)) {
      const fit: Fit = fitRidge(
        train.map((hour) => rows[hour]!),
        train.map((hour) => ys[hour]!),
      )
      for (const hour of test) {
        log2[side][hour] = fit.density(rows[hour]!, ys[hour]!)
        mean[side][hour] = fit.mean(rows[hour]!)
      }
    }
  }
  return { log2, mean }
}
