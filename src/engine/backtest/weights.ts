const ITERATIONS = 300
/** A thousandth of the typical realised USD is added to a prediction before it divides anything. */
const FLOOR = 1e-3

/**
 * Weights of exposures, by multiplicative MAP steps for beta-divergence 1/2 from a flat prior of the given strength.
 * `rows` hold `terms` exposures each, one after the other.
 */
export function fitWeights(rows: Float64Array, terms: number, realised: Float64Array, prior: number): Float64Array {
  const n = realised.length
  const floor = FLOOR * median(realised.filter((usd) => usd > 0))
  const flat = flatWeight(rows, realised)
  const weights = new Float64Array(terms).fill(flat)
  const over = new Float64Array(terms)
  const under = new Float64Array(terms)
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    over.fill(0)
    under.fill(0)
    for (let i = 0, at = 0; i < n; i++, at += terms) {
      let predicted = floor
      for (let k = 0; k < terms; k++) predicted += rows[at + k]! * weights[k]!
      const root = 1 / Math.sqrt(predicted)
      const share = (realised[i]! / predicted) * root
      for (let k = 0; k < terms; k++) {
        over[k]! += rows[at + k]! * share
        under[k]! += rows[at + k]! * root
      }
    }
    const strength = (prior * under.reduce((a, b) => a + b, 0)) / terms
    for (let k = 0; k < terms; k++) weights[k] = (weights[k]! * over[k]! + strength * flat) / (under[k]! + strength)
  }
  return weights
}

/** The one weight for all exposures that predicts the sum of what was realised. */
export function flatWeight(rows: Float64Array, realised: Float64Array): number {
  return realised.reduce((a, b) => a + b, 0) / rows.reduce((a, b) => a + b, 0)
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort()
  const middle = sorted.length >> 1
  if (sorted.length === 0) return 0
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
