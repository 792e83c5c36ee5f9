import { assert } from '../../model/errors.ts'

const LAMBDA = 3

/** A fitted regression: log2 of the Gaussian density of `y` at `x`, and the mean. */
export interface Fit {
  density(x: readonly number[], y: number): number
  mean(x: readonly number[]): number
}

/** Ridge regression on standardised columns, intercept free; the residual deviation comes from the training rows. */
export function fitRidge(rows: readonly (readonly number[])[], ys: readonly number[]): Fit {
  assert(rows.length > 0 && rows.length === ys.length, 'ridge has as many rows as targets')
  const n = rows.length
  const columns = rows[0]!.length
  const centre = new Float64Array(columns)
  const scale = new Float64Array(columns)
  for (const row of rows) for (let k = 0; k < columns; k++) centre[k]! += row[k]! / n
  for (const row of rows) for (let k = 0; k < columns; k++) scale[k]! += (row[k]! - centre[k]!) ** 2
  for (let k = 0; k < columns; k++) scale[k] = Math.sqrt(scale[k]! / n) || 1
  const level = ys.reduce((sum, y) => sum + y, 0) / n
  const normal = Array.from({ length: columns }, () => new Float64Array(columns))
  const target = new Float64Array(columns)
  const z = new Float64Array(columns)
  rows.forEach((row, i) => {
    for (let k = 0; k < columns; k++) z[k] = (row[k]! - centre[k]!) / scale[k]!
    for (let a = 0; a < columns; a++) {
      target[a]! += z[a]! * (ys[i]! - level)
      for (let b = 0; b <= a; b++) normal[a]![b]! += z[a]! * z[b]!
    }
  })
  for (let a = 0; a < columns; a++) normal[a]![a]! += LAMBDA
  const slopes = solve(normal, target)
  const mean = (row: readonly number[]): number => {
    let sum = level
    for (let k = 0; k < columns; k++) sum += (slopes[k]! * (row[k]! - centre[k]!)) / scale[k]!
    return sum
  }
  const variance = rows.reduce((sum, row, i) => sum + (ys[i]! - mean(row)) ** 2, 0) / n
  return {
    mean,
    density: (x, y) => -0.5 * Math.log2(2 * Math.PI * variance) - (y - mean(x)) ** 2 / (2 * Math.LN2 * variance),
  }
}

/** Solves a symmetric positive definite system, given its lower half, by Cholesky. */
function solve(lower: Float64Array[], right: Float64Array): Float64Array {
  const n = right.length
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i]![j]!
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!
      lower[i]![j] = i === j ? Math.sqrt(sum) : sum / lower[j]![j]!
    }
  }
  const x = right.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i]![k]! * x[k]!
    x[i]! /= lower[i]![i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k]![i]! * x[k]!
    x[i]! /= lower[i]![i]!
  }
  return x
}
