/** The estimator in plain float64 TypeScript, written from its definition and not from the core. Slow on purpose. */

export const BUCKETS = 2802
const WIDTH = 5e-4
const TIERS = 12
const POINTS = 4
const RESIDUE = 0.02
const EDGES = Array.from({ length: TIERS + 1 }, (_, k) => 0.002 * (0.45 / 0.002) ** (k / TIERS))
const START = [0.85, 1, 1.31, 1.55, 1.72, 2.24, 2.58, 2.32, 1.76, 1.6, 1.58, 1.58, 1.22, 1.08].map((w) => w * 1e-3)
const DAY_MS = 86_400_000

export type Pair<T> = [long: T, short: T]
const fraction = (x: number) => x - Math.floor(x)
const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x))

export class ReferenceEstimator {
  decay = 1
  origin: number
  price: number
  steps = 0
  tierFirst = 0
  /** ledger[side][tier][bucket] */
  ledger: Pair<Float64Array[]> = [tiers(), tiers()]
  openInterestUsd = 0
  /** Exposure of the hour in progress; terms 12 and 13 are the background. */
  exposure: Pair<number[]> = [terms(), terms()]
  closed: Pair<number[]> = [terms(), terms()]
  predicted: Pair<number> = [0, 0]
  weights = [...START]
  g = 1
  gain = 1
  hours = 0
  #low = { bucket: -1, offset: 1 }
  #high = { bucket: -1, offset: 0 }
  #stepPrice: number
  #openInterest: number[] = []
  #cold = false
  #sums = { gOver: 0, gUnder: 0, over: terms(), under: terms(), gainOver: 0, gainUnder: 0 }
  #range: number[] = []
  #change: number[] = []
  #coins = Number.NaN

  constructor(price: number) {
    this.price = price
    this.#stepPrice = price
    this.origin = Math.log(price) - (BUCKETS / 2) * WIDTH
  }

  prior(g: number): void {
    this.#cold = true
    this.g = g
    this.weights = this.weights.map(() => g / 14)
  }

  tiers(distanceMin: number): void {
    this.tierFirst = EDGES.findIndex((edge, k) => k > 0 && edge > distanceMin * (1 + 1e-12)) - 1
  }

  position(price: number): number {
    return (Math.log(price) - this.origin) / WIDTH
  }

  sweep(low: number, high: number, close: number): void {
    const at = Math.floor(this.position(this.price))
    const below = this.position(low)
    const bl = Math.floor(below)
    const e = this.#low.bucket === bl ? this.#low.offset : 1
    const x = below - bl
    const f = x >= e ? 0 : (e - x) / e
    if (this.#low.bucket !== bl || x < e) this.#low = { bucket: bl, offset: x }
    this.ledger[0].forEach((row, tier) => {
      this.exposure[0][tier]! += this.decay * (take(row, bl, f) + takeAll(row, bl + 1, at + 1))
    })
    const above = this.position(high)
    const bh = Math.floor(above)
    const g = this.#high.bucket === bh ? this.#high.offset : 0
    const y = above - bh
    const h = y <= g ? 0 : (y - g) / (1 - g)
    if (this.#high.bucket !== bh || y > g) this.#high = { bucket: bh, offset: y }
    this.ledger[1].forEach((row, tier) => {
      this.exposure[1][tier]! += this.decay * (take(row, bh, h) + takeAll(row, at - 1, bh - 1))
    })
    this.price = close
    this.#recentre()
  }

  #recentre(): void {
    const away = Math.floor(this.position(this.price)) - BUCKETS / 2
    if (Math.abs(away) <= Math.floor(BUCKETS / 8)) return
    this.origin += away * WIDTH
    this.#low.bucket -= away
    this.#high.bucket -= away
    this.ledger = this.ledger.map((side) =>
      side.map((row) => Float64Array.from(row, (_, b) => row[b + away] ?? 0)),
    ) as Pair<Float64Array[]>
  }

  /** Hazard without volume; NaN coins: no open interest. */
  hazard(low: number, high: number, coins: number, dtMs: number): number {
    const range = Math.log(high / low)
    const known = !Number.isNaN(coins)
    const change = known && !Number.isNaN(this.#coins) ? Math.abs(coins - this.#coins) : 0
    const glitch = change > 0.2 * this.#coins
    const activity = (value: number, seen: number[]) => {
      const mean = weekMean(seen, dtMs)
      return mean > 0 ? clamp(value / mean, 0.05, 20) : value > 0 ? 20 : 0.05
    }
    const first = this.#range.length === 0
    const byRange = activity(range, this.#range)
    const byChange = known && !glitch ? activity(change, this.#change) : byRange
    this.#range.push(range)
    if (known && !glitch) this.#change.push(change)
    if (known) this.#coins = coins
    return first ? 0 : (Math.LN2 / DAY_MS) * dtMs * (0.3 + (0.7 * (byRange + byChange)) / 2)
  }

  turnover(low: number, high: number, close: number, hazard: number, openInterestUsd: number): void {
    this.exposure[0][13]! += openInterestUsd * Math.max(0, Math.log(this.#stepPrice / low))
    this.exposure[1][13]! += openInterestUsd * Math.max(0, Math.log(high / this.#stepPrice))
    this.#openInterest.push(openInterestUsd)
    this.openInterestUsd = openInterestUsd
    this.#stepPrice = close
    const n = this.steps++
    if (!(hazard > 0)) return
    this.decay *= Math.exp(-hazard)
    const unit = (hazard * openInterestUsd) / (POINTS * this.decay)
    for (let k = this.tierFirst; k < TIERS; k++) {
      for (let j = 0; j < POINTS; j++) {
        const i = n * POINTS + j
        const u = fraction(i * 0.6180339887498949 + 0.37 * k)
        const v = fraction(i * 0.7548776662466927 + 0.61 * k)
        const entry = low ** (1 - u) * high ** u
        const d = EDGES[k]! * (EDGES[k + 1]! / EDGES[k]!) ** v
        if (entry * (1 - d) < close) this.#put(0, k, entry * (1 - d), unit)
        if (entry * (1 + d) > close) this.#put(1, k, entry * (1 + d), unit)
      }
    }
  }

  #put(side: 0 | 1, tier: number, price: number, unit: number): void {
    const bucket = Math.floor(this.position(price))
    if (bucket >= 0 && bucket < BUCKETS) this.ledger[side][tier]![bucket]! += unit
  }

  hour(longUsd: number, shortUsd: number, complete = true): void {
    const mean = this.#openInterest.reduce((a, b) => a + b, 0) / Math.max(1, this.#openInterest.length)
    for (const x of this.exposure) x[12] = 1e-3 * mean
    this.#openInterest = []
    this.closed = this.exposure
    this.exposure = [terms(), terms()]
    this.predicted = [dot(this.weights, this.closed[0]), dot(this.weights, this.closed[1])]
    if (complete && longUsd >= 0 && shortUsd >= 0) this.#calibrate([longUsd, shortUsd])
  }

  #calibrate(realised: Pair<number>): void {
    const sums = this.#sums
    const keep = 2 ** (-1 / (14 * 24))
    const settled = this.hours >= 72
    sums.gOver *= keep
    sums.gUnder *= keep
    sums.over = sums.over.map((x) => x * keep)
    sums.under = sums.under.map((x) => x * keep)
    for (const side of [0, 1] as const) {
      const x = this.closed[side]
      const y = realised[side]
      const m0 = x.reduce((a, b) => a + b, 0) / 14
      const expected = (this.hours === 0 ? y : this.g * m0) + 1e3
      sums.gOver += (settled ? Math.min(y, 8 * expected + 2e4) : y) * expected ** -0.5
      sums.gUnder += m0 * expected ** -0.5
      const m = this.predicted[side] + 1e3
      const clipped = settled ? Math.min(y, 8 * m + 2e4) : y
      x.forEach((value, k) => {
        sums.over[k]! += ((this.weights[k]! * value) / m) * clipped * m ** -0.5
        sums.under[k]! += value * m ** -0.5
      })
    }
    this.g = sums.gOver / sums.gUnder
    if (settled) {
      const strength = (0.3 * sums.under.reduce((a, b) => a + b, 0)) / 14
      this.weights = sums.over.map((n, k) => (n + (strength * this.g) / 14) / (sums.under[k]! + strength))
      const keepGain = 2 ** (-1 / (30 * 24))
      sums.gainOver = sums.gainOver * keepGain + realised[0] + realised[1]
      sums.gainUnder = sums.gainUnder * keepGain + this.predicted[0] + this.predicted[1]
      this.gain = clamp(sums.gainOver / sums.gainUnder, 0.5, 2)
    } else if (this.#cold) {
      this.weights = this.weights.map(() => this.g / 14)
    }
    this.hours++
  }
}

function tiers(): Float64Array[] {
  return Array.from({ length: TIERS }, () => new Float64Array(BUCKETS))
}

function terms(): number[] {
  return new Array<number>(14).fill(0)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0)
}

function take(row: Float64Array, bucket: number, part: number): number {
  const held = row[bucket]
  if (held === undefined) return 0
  row[bucket] = held * (1 - (1 - RESIDUE) * part)
  return held * part
}

function takeAll(row: Float64Array, first: number, last: number): number {
  let sum = 0
  for (let b = first; b <= last; b++) sum += take(row, b, 1)
  return sum
}

/** Exponentially weighted mean with a half-life of 7 days, all weights spelled out. */
function weekMean(values: readonly number[], dtMs: number): number {
  let sum = 0
  let weight = 0
  for (let age = 0; age < values.length; age++) {
    const w = 2 ** ((-age * dtMs) / (7 * DAY_MS))
    sum += w * values[values.length - 1 - age]!
    weight += w
  }
  return weight > 0 ? sum / weight : 0
}
