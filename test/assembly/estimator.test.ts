// Guards the ledger's arithmetic: random markets through the core and through its plain twin must agree on both builds,
// and what the estimator promises must hold: nothing negative, mass conserved, no look-ahead, a crossing removes
// exactly what it touched.
import { beforeAll, describe, expect, test } from 'vitest'
import { BUCKETS, ReferenceEstimator } from '../reference/estimator.ts'
import { referenceMap } from '../reference/estimator-map.ts'
import { prng, seed } from '../reference/prng.ts'
import { BASE, type Build, compileKernel, type Kernel } from './estimator-build.ts'

const STEP_MS = 300_000
const LEDGER = 1344 + 8 * 2816
const ROW = 2816
const OUT = BASE + 0x80000
const CELLS = 2048

interface MarketStep {
  low: number
  high: number
  close: number
  volume: number
  coins: number
}

/** A random walk with jumps; volume and open interest go missing now and then. */
function market(seedOf: number, steps: number, volatility = 0.004): MarketStep[] {
  const random = prng(seedOf)
  let price = 10 ** (random() * 6 - 1)
  let coins = 1e8 / price
  return Array.from({ length: steps }, () => {
    const open = price
    price *= Math.exp((random() - 0.5) * volatility * (random() < 0.02 ? 12 : 1))
    coins *= 1 + (random() - 0.5) * (random() < 0.02 ? 0.9 : 0.01)
    return {
      low: Math.min(open, price) * (1 - random() * volatility * 0.3),
      high: Math.max(open, price) * (1 + random() * volatility * 0.3),
      close: price,
      volume: random() < 0.2 ? Number.NaN : random() * 3e7,
      coins: random() < 0.1 ? Number.NaN : coins,
    }
  })
}

describe.each<Build>(['release', 'debug'])('estimator, %s build', (build) => {
  let kernel: Kernel

  beforeAll(async () => {
    kernel = await compileKernel(build, 'assembly/estimator.ts')
  })

  const call = (name: string, ...numbers: number[]) => kernel.call(name, BASE, ...numbers)
  const decay = () => kernel.f64[BASE / 8]!
  const row = (side: number, tier: number) =>
    new Float32Array(kernel.memory.buffer, BASE + LEDGER + 4 * ROW * (side * 12 + tier), BUCKETS)
  const mass = (side: number) => {
    let sum = 0
    for (let tier = 0; tier < 12; tier++) for (const cell of row(side, tier)) sum += cell
    return sum * decay()
  }
  const image = () => new Uint8Array(kernel.memory.buffer).slice(BASE, BASE + kernel.constant('ESTIMATOR_BYTES'))

  function feed(steps: readonly MarketStep[]): void {
    for (const { low, high, close, volume, coins } of steps) {
      call('estimatorSweep', low, high, close)
      call('estimatorStep', low, high, close, volume, coins, STEP_MS)
    }
  }

  /** Both through the same steps; the hazard comes from the core, so that the ledgers are compared by themselves. */
  function feedBoth(steps: readonly MarketStep[], realised: () => number): ReferenceEstimator {
    const twin = new ReferenceEstimator(steps[0]!.close)
    call('estimatorInit', steps[0]!.close)
    steps.forEach(({ low, high, close, coins }, i) => {
      call('estimatorSweep', low, high, close)
      twin.sweep(low, high, close)
      const hazard = call('estimatorHazard', low, high, coins, STEP_MS)
      expect(hazard).toBeCloseTo(twin.hazard(low, high, coins, STEP_MS), 10)
      call('estimatorTurnover', low, high, close, hazard, 1e8, STEP_MS)
      twin.turnover(low, high, close, hazard, 1e8)
      if (i % 12 === 11) {
        const [long, short] = [realised(), realised()]
        call('estimatorHour', long, short, 1)
        twin.hour(long, short)
        for (const side of [0, 1] as const) {
          expect(Math.abs(call('estimatorPredicted', side) / twin.predicted[side] - 1)).toBeLessThan(1e-5)
        }
      }
    })
    return twin
  }

  test(`ledger, calibration and map equal the twin's (seed ${seed})`, () => {
    const random = prng(seed + 1)
    const twin = feedBoth(market(seed, 1_500), () => random() ** 4 * 1e6)
    let largest = 0
    let off = 0
    for (const side of [0, 1] as const) {
      for (let tier = 0; tier < 12; tier++) {
        const cells = row(side, tier)
        twin.ledger[side][tier]!.forEach((value, b) => {
          largest = Math.max(largest, value * twin.decay)
          off = Math.max(off, Math.abs(cells[b]! * decay() - value * twin.decay))
        })
      }
    }
    expect(off / largest).toBeLessThan(1e-6)
    const step = twin.price * 3e-4
    const first = Math.floor(twin.price / step) - CELLS / 2
    call('estimatorMap', OUT, OUT + 4 * CELLS, first, step, CELLS)
    const maps = referenceMap(twin, first, step, CELLS)
    const peak = Math.max(...maps.flatMap((map) => [...map]))
    maps.forEach((map, side) => {
      const cells = new Float32Array(kernel.memory.buffer, OUT + 4 * CELLS * side, CELLS)
      for (let i = 0; i < CELLS; i++) expect(Math.abs(cells[i]! - map[i]!) / peak, `cell ${i}`).toBeLessThan(1e-4)
    })
  })

  test(`nothing is ever negative, and a truncated market gives the same prefix (seed ${seed})`, () => {
    const steps = market(seed + 2, 900)
    call('estimatorInit', steps[0]!.close)
    feed(steps.slice(0, 500))
    const whole = image()
    feed(steps.slice(500))
    for (const side of [0, 1])
      for (let tier = 0; tier < 12; tier++) expect(Math.min(...row(side, tier))).toBeGreaterThanOrEqual(0)
    call('estimatorInit', steps[0]!.close)
    feed(steps.slice(0, 500))
    expect(Buffer.compare(image(), whole)).toBe(0)
  })

  test(`a turnover adds its hazard's worth on each side, less what lies on the wrong side of price (seed ${seed})`, () => {
    call('estimatorInit', 100)
    call('estimatorTiers', 0.02, 0)
    call('estimatorTurnover', 99.9, 100.1, 100, 0.01, 1e9, STEP_MS)
    // Tiers from the one that holds 2 %: six of twelve; every point lies on the right side of so narrow a step.
    const first = new DataView(kernel.memory.buffer).getInt32(BASE + 60, true)
    expect(first).toBe(5)
    for (const side of [0, 1]) expect(mass(side) / ((12 - first) * 0.01 * 1e9)).toBeCloseTo(1, 5)
  })

  test(`a crossing removes exactly the touched buckets, less the residue (seed ${seed})`, () => {
    const steps = market(seed + 3, 400, 0.001)
    call('estimatorInit', steps[0]!.close)
    feed(steps)
    const price = steps.at(-1)!.close
    const before = Array.from({ length: 24 }, (_, i) => row(Math.floor(i / 12), i % 12).slice())
    const position = (value: number) => (Math.log(value) - kernel.f64[BASE / 8 + 2]!) / 5e-4
    const low = price * 0.99
    const edge = Math.floor(position(low))
    const part = 1 - (position(low) - edge)
    call('estimatorSweep', low, price, price)
    before.forEach((cells, i) => {
      const now = row(Math.floor(i / 12), i % 12)
      const at = Math.floor(position(price))
      cells.forEach((value, b) => {
        if (i >= 12) {
          if (b < at - 1 || b > at) expect(now[b]).toBe(value)
        } else if (b < edge || b > at + 1) expect(now[b]).toBe(value)
        else if (b > edge) expect(now[b]!).toBeCloseTo(value * 0.02, -Math.log10(value + 1e-9) + 4)
        else if (value > 0) expect(now[b]! / value).toBeCloseTo(1 - 0.98 * part, 5)
      })
    })
    const swept = image()
    call('estimatorSweep', low, low, price)
    const longs = before[0]!.subarray(0, edge)
    expect(row(0, 0).subarray(0, edge)).toEqual(longs)
    expect(image().length).toBe(swept.length)
  })

  test(`moving the ledger with price keeps its mass, and the map keeps the ledger's (seed ${seed})`, () => {
    call('estimatorInit', 100)
    call('estimatorTurnover', 99, 101, 100, 0.02, 1e9, STEP_MS)
    const shorts = mass(1)
    // A fall by a fifth moves the ledger; shorts lie above and are not touched by it.
    call('estimatorSweep', 80, 100, 80)
    expect(kernel.f64[BASE / 8 + 2]!).toBeCloseTo(Math.log(80) - 0.7005, 3)
    expect(mass(1) / shorts).toBeCloseTo(1, 2)
    const step = 0.024
    call('estimatorMap', OUT, OUT + 4 * 8192, 0, step, 8192)
    const cells = new Float32Array(kernel.memory.buffer, OUT, 2 * 8192)
    const weights = kernel.f64.subarray(BASE / 8 + 32, BASE / 8 + 46)
    const at = Math.floor((Math.log(80) - kernel.f64[BASE / 8 + 2]!) / 5e-4)
    for (const side of [0, 1]) {
      let expected = 0
      const [from, to] = side === 0 ? [0, at] : [at, BUCKETS - 1]
      for (let b = from!; b <= to!; b++) {
        for (let tier = 0; tier < 12; tier++) expected += decay() * weights[tier]! * row(side, tier)[b]!
        expected += weights[13]! * 1e9 * 5e-4
      }
      let shown = 0
      for (let i = 0; i < 8192; i++) shown += cells[side * 8192 + i]!
      // Half a bucket of background around price, and what the grid does not reach.
      expect(Math.abs(shown / expected - 1)).toBeLessThan(2e-3)
      const price = Math.floor(80 / step)
      for (let i = 0; i < 8192; i++) if (side === 0 ? i > price : i < price) expect(cells[side * 8192 + i]).toBe(0)
    }
  })

  test('missing inputs: each is flagged, and the ledger is still seeded', () => {
    const flags = () => call('estimatorFlags')
    call('estimatorInit', 100)
    feed([{ low: 99.9, high: 100.1, close: 100, volume: Number.NaN, coins: Number.NaN }])
    expect(flags() & 7).toBe(1 + 4)
    feed([{ low: 99.9, high: 100.1, close: 100, volume: Number.NaN, coins: Number.NaN }])
    expect(mass(0)).toBeGreaterThan(0)
    feed([{ low: 99.9, high: 100.1, close: 100, volume: 1e6, coins: 1e6 }])
    expect(flags() & 7).toBe(0)
    feed([{ low: 99.9, high: 100.1, close: 100, volume: 1e6, coins: Number.NaN }])
    expect(flags() & 7).toBe(2)
    call('estimatorTiers', 0.005, 1)
    call('estimatorShare', 0.8)
    expect(flags() & (8 + 64)).toBe(8 + 64)
    expect(flags() & 16).toBe(16)
    call('estimatorHour', 1e5, 1e5, 1)
    expect(flags() & 16).toBe(0)
    call('estimatorHour', Number.NaN, Number.NaN, 1)
    expect(flags() & 16).toBe(16)
  })

  test('a capped or missing feed leaves the model as it is; a complete one changes it after burn-in', () => {
    call('estimatorInit', 100)
    const model = call('estimatorModel')
    for (let hour = 0; hour < 100; hour++) {
      feed(market(hour, 12))
      call('estimatorHour', hour % 2 === 0 ? 1e6 : Number.NaN, 1e6, hour % 2)
    }
    expect(call('estimatorModel')).toBe(model)
    for (let hour = 0; hour < 80; hour++) {
      feed(market(7, 12))
      call('estimatorHour', 1e6, 1e6, 1)
    }
    expect(call('estimatorModel')).not.toBe(model)
    expect(call('estimatorGain')).toBeGreaterThanOrEqual(0.5)
    expect(call('estimatorGain')).toBeLessThanOrEqual(2)
  })
})
