/** The published score in plain TypeScript: dense matrices, everything kept, nothing incremental but the regressions. */

export interface ScoredHour {
  open: number
  low: number
  high: number
  predicted: [number, number]
  realised: [number, number]
}

const FORGET = 2 ** (-1 / (30 * 24))

/** Bits an hour and side; `history` are bars before the first scored hour: [low, high]. NaN in the first 200 hours. */
export function referenceScore(
  history: readonly [number, number][],
  hours: readonly (ScoredHour | [number, number])[],
): [number, number][] {
  const bars = [...history]
  const rows: { x: number[]; y: number }[][] = [[], []]
  for (const hour of hours) {
    if (!Array.isArray(hour)) {
      for (const side of [0, 1] as const) rows[side]!.push(rowOf(hour, side, bars))
      bars.push([hour.low, hour.high])
    } else bars.push(hour)
  }
  const long = bitsOf(rows[0]!)
  const short = bitsOf(rows[1]!)
  return long.map((bits, i) => [bits, short[i]!])
}

function rowOf(hour: ScoredHour, side: 0 | 1, bars: readonly [number, number][]): { x: number[]; y: number } {
  const ex = side === 0 ? Math.log(hour.open / hour.low) : Math.log(hour.high / hour.open)
  const x = [ex, Math.sqrt(ex), Math.log(ex + 2e-4)]
  for (const w of [1, 3, 8, 24]) {
    const before = bars.slice(-w)
    const fresh =
      side === 0
        ? Math.log(Math.min(...before.map((b) => b[0])) / hour.low)
        : Math.log(hour.high / Math.max(...before.map((b) => b[1])))
    x.push(Math.sqrt(Math.max(0, fresh)), Math.log(Math.max(0, fresh) + 3e-4))
  }
  for (const half of [12, 72]) {
    const weights = bars.map((_, i) => 2 ** ((i + 1 - bars.length) / half))
    const ranges = bars.map(([low, high], i) => weights[i]! * Math.log(high / low))
    x.push(Math.log(ranges.reduce((a, b) => a + b, 0) / weights.reduce((a, b) => a + b, 0)))
  }
  return { x: [...x, Math.log(hour.predicted[side] + 3000)], y: Math.log(hour.realised[side] + 3000) }
}

function bitsOf(rows: readonly { x: number[]; y: number }[]): number[] {
  const first = rows.slice(0, 200)
  const columns = rows[0]!.x.map((_, k) => first.map((row) => row.x[k]!))
  const mean = columns.map((column) => column.reduce((a, b) => a + b, 0) / column.length)
  const deviation = columns.map((column, k) =>
    Math.sqrt(column.reduce((sum, v) => sum + (v - mean[k]!) ** 2, 0) / column.length),
  )
  const standard = rows.map((row) => [1, ...row.x.map((v, k) => (v - mean[k]!) / deviation[k]!)])
  const base = likelihoods(
    standard.map((x) => x.slice(0, 14)),
    rows.map((row) => row.y),
  )
  const full = likelihoods(
    standard,
    rows.map((row) => row.y),
  )
  return full.map((value, i) => (i < 200 ? Number.NaN : value - base[i]!))
}

function likelihoods(xs: readonly number[][], ys: readonly number[]): number[] {
  const n = xs[0]!.length
  let p: number[][] = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => (i === j ? (i === 0 ? 100 : 0.3) : 0)),
  )
  let theta = new Array<number>(n).fill(0)
  let variance = 4
  return xs.map((x, hour) => {
    const px = p.map((row) => row.reduce((sum, v, j) => sum + v * x[j]!, 0))
    const below = FORGET + px.reduce((sum, v, j) => sum + v * x[j]!, 0)
    const error = ys[hour]! - theta.reduce((sum, v, j) => sum + v * x[j]!, 0)
    const density = -0.5 * Math.log2(2 * Math.PI * variance) - error ** 2 / variance / 2 / Math.LN2
    theta = theta.map((v, i) => v + (px[i]! / below) * error)
    p = p.map((row, i) => row.map((v, j) => (v - (px[i]! * px[j]!) / below) / FORGET))
    const trace = p.reduce((sum, row, i) => sum + row[i]!, 0)
    if (trace > 1e4) p = p.map((row) => row.map((v) => (v * 1e4) / trace))
    variance =
      hour < 51 ? (20 * variance + error ** 2) / 21 : 0.99 * variance + 0.01 * Math.min(error ** 2, 25 * variance)
    return density
  })
}
