import { BUCKETS, type ReferenceEstimator } from './estimator.ts'

const WIDTH = 5e-4
const REACH = 6

/** USD by canonical bucket, [longs, shorts], as a plain integral: every ledger bucket, every tap of the blur, every cell. */
export function referenceMap(state: ReferenceEstimator, first: number, step: number, cells: number): Float64Array[] {
  const taps = Array.from({ length: 2 * REACH + 1 }, (_, i) => Math.exp(-((i - REACH) ** 2) / 8))
  const total = taps.reduce((a, b) => a + b, 0)
  const position = state.position(state.price)
  const at = Math.floor(position)
  return ([0, 1] as const).map((side) => {
    const raw = new Float64Array(BUCKETS)
    for (let b = side === 0 ? 0 : at; b <= (side === 0 ? at : BUCKETS - 1); b++) {
      const part = b !== at ? 1 : side === 0 ? position - at : 1 - (position - at)
      raw[b] = state.weights[13]! * state.openInterestUsd * WIDTH * part
      for (let k = state.tierFirst; k < 12; k++) raw[b]! += state.decay * state.weights[k]! * state.ledger[side][k]![b]!
    }
    const lowest = side === 0 ? 0 : at
    const highest = side === 0 ? at : BUCKETS - 1
    const out = new Float64Array(cells)
    for (let b = lowest; b <= highest; b++) {
      for (const [i, tap] of taps.entries()) {
        let to = b + i - REACH
        if (to < lowest) to = 2 * lowest - 1 - to
        if (to > highest) to = 2 * highest + 1 - to
        const edge = (bucket: number) => Math.exp(state.origin + bucket * WIDTH)
        const from = side === 1 && to === at ? state.price : edge(to)
        const until = side === 0 && to === at ? state.price : edge(to + 1)
        spread(out, (state.gain * raw[b]! * tap) / total, from / step - first, until / step - first)
      }
    }
    return out
  })
}

function spread(out: Float64Array, usd: number, from: number, to: number): void {
  for (let cell = Math.floor(from); cell < to; cell++) {
    const overlap = Math.min(to, cell + 1) - Math.max(from, cell)
    if (cell >= 0 && cell < out.length) out[cell]! += (usd * overlap) / (to - from)
  }
}
