/** The where score once more, plainly: lists and sorts, everything kept. */

const BINS = 64
const KEEP = 2 ** (-1 / 720)

interface Sums {
  usd: number
  bits: number
  usualBits: number
  top: number
  usualTop: number
}

export class ReferenceWhere {
  sums: Sums = { usd: 0, bits: 0, usualBits: 0, top: 0, usualTop: 0 }
  #parts = [new Array<number>(BINS).fill(0), new Array<number>(BINS).fill(0)]
  #hours = [new Array<number>(BINS).fill(0), new Array<number>(BINS).fill(0)]

  /** `map` and `realised` by side: USD of an absolute bucket. */
  hour(buckets: { open: number; low: number; high: number }, map: Reader[], realised: Reader[]): void {
    for (const key of Object.keys(this.sums) as (keyof Sums)[]) this.sums[key] *= KEEP
    const counts = [buckets.open - buckets.low, buckets.high - buckets.open]
    for (const side of [0, 1]) {
      const ground = Array.from({ length: Math.min(512, counts[side]!) }, (_, i) =>
        side === 0 ? buckets.open - 1 - i : buckets.open + 1 + i,
      )
      if (ground.length > 1) this.#side(side, ground, map[side]!, realised[side]!)
    }
  }

  get result(): { bits: number; usualBits: number; lift: number; usualLift: number } {
    const { usd, bits, usualBits, top, usualTop } = this.sums
    const mean = (value: number) => (usd > 0 ? value / usd : 0)
    return { bits: mean(bits), usualBits: mean(usualBits), lift: mean(top) * 4, usualLift: mean(usualTop) * 4 }
  }

  #side(side: number, ground: number[], map: Reader, realised: Reader): void {
    const own = ground.map(realised)
    const said = ground.map(map)
    const usual = ground.map((_, i) => {
      const bin = Math.min(BINS - 1, Math.floor(i / 4))
      return (this.#parts[side]![bin]! + 5 * 0.02) / (this.#hours[side]![bin]! + 5)
    })
    const usd = sum(own)
    if (usd > 0 && sum(said) > 0) {
      this.sums.usd += usd
      this.sums.bits += bitsOf(own, said)
      this.sums.usualBits += bitsOf(own, usual)
      this.sums.top += topOf(own, said)
      this.sums.usualTop += topOf(own, usual)
    }
    this.#parts[side] = this.#parts[side]!.map((value) => value * KEEP)
    this.#hours[side] = this.#hours[side]!.map((value) => value * KEEP)
    if (usd === 0) return
    own.forEach((value, i) => {
      const bin = Math.min(BINS - 1, Math.floor(i / 4))
      this.#parts[side]![bin]! += value / usd
      this.#hours[side]![bin]! += 1
    })
  }
}

type Reader = (bucket: number) => number

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

/** USD times bits over uniform of a forecast that is doubted by 5 %. */
function bitsOf(own: readonly number[], forecast: readonly number[]): number {
  const total = sum(forecast)
  const n = own.length
  return sum(own.map((usd, i) => (usd > 0 ? usd * Math.log2((0.95 * (forecast[i]! / total) + 0.05 / n) * n) : 0)))
}

/** USD in those buckets that fewer than a quarter of the ground is said to hold more than. */
function topOf(own: readonly number[], forecast: readonly number[]): number {
  return sum(own.filter((_, i) => forecast.filter((other) => other > forecast[i]!).length < own.length / 4))
}
