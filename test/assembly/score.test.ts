// Guards the published score: hour by hour it must equal an independent implementation's on recorded BTC, and the plain
// twin's on made-up markets; a prediction that knows nothing must stay unproven.
import { beforeAll, describe, expect, test } from 'vitest'
import { referenceScore, type ScoredHour } from '../reference/estimator-score.ts'
import { prng, seed } from '../reference/prng.ts'
import { BASE, type Build, compileKernel, type Kernel } from './estimator-build.ts'
import { readColumns, readSteps, recorded } from './estimator-history.ts'

const HOUR_MS = 3_600_000

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Hours whose liquidations follow range, and a prediction that knows `skill` of the rest. */
function madeUp(hours: number, skill: number): ScoredHour[] {
  const random = prng(seed)
  let price = 100
  return Array.from({ length: hours }, () => {
    const open = price
    price *= Math.exp(normal(random) * 0.004)
    const low = Math.min(open, price) * Math.exp(-Math.abs(normal(random)) * 0.002)
    const high = Math.max(open, price) * Math.exp(Math.abs(normal(random)) * 0.002)
    const side = (excursion: number): [number, number] => {
      const hidden = normal(random)
      const level = 10 + 200 * excursion
      return [Math.exp(level + skill * hidden + (1 - skill) * normal(random)), Math.exp(level + hidden)]
    }
    const [longHat, long] = side(Math.log(open / low))
    const [shortHat, short] = side(Math.log(high / open))
    return { open, low, high, predicted: [longHat, shortHat], realised: [long, short] }
  })
}

describe.each<Build>(['release', 'debug'])('score, %s build', (build) => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await compileKernel(build, 'assembly/score.ts')
  })
  const feed = ({ open, low, high, predicted, realised }: ScoredHour) =>
    kernel.call('scoreHour', BASE, open, low, high, ...predicted, ...realised)
  const bits = () => [kernel.call('scoreBits', BASE, 0), kernel.call('scoreBits', BASE, 1)]

  test(`equals the twin (seed ${seed})`, () => {
    const hours = madeUp(420, 0.5)
    const expected = referenceScore([[99, 101]], hours)
    kernel.call('scoreInit', BASE)
    kernel.call('scoreBar', BASE, 99, 101)
    hours.forEach((hour, i) => {
      feed(hour)
      if (i < 200) return
      const [long, short] = bits()
      expect(long).toBeCloseTo(expected[i]![0], 7)
      expect(short).toBeCloseTo(expected[i]![1], 7)
    })
  })

  test(`states: not scored for 14 days, then proven only with skill (seed ${seed})`, () => {
    for (const [skill, state] of [
      [0.9, 3],
      [0, 2],
    ] as const) {
      kernel.call('scoreInit', BASE)
      kernel.call('scoreBar', BASE, 99, 101)
      for (const [i, hour] of madeUp(336 + 24 * 12, skill).entries()) {
        feed(hour)
        if (i < 335) expect(kernel.call('scoreState', BASE)).toBe(1)
        if (i === 400) expect(kernel.call('scoreState', BASE)).toBe(2)
      }
      expect(kernel.call('scoreState', BASE)).toBe(state)
    }
  })

  test.skipIf(recorded.skip)(`each hour of ${recorded.title} is within .005 bits`, () => {
    const hours = readColumns('reference/btc_hours.csv.gz')
    const index = new Map(Array.from(hours.hour!, (hour, i) => [hour, i]))
    const bars = new Map<number, [number, number, number]>()
    for (const { hour, open, low, high } of readSteps()) {
      const bar = bars.get(hour) ?? [Number.POSITIVE_INFINITY, 0, open]
      bars.set(hour, [Math.min(bar[0], low), Math.max(bar[1], high), bar[2]])
    }
    kernel.call('scoreInit', BASE)
    let sum = 0
    let count = 0
    for (const [hour, [low, high, open]] of bars) {
      const i = index.get(hour)
      if (i === undefined) {
        if (hour < hours.hour!.at(-1)! + HOUR_MS) kernel.call('scoreBar', BASE, low, high)
        continue
      }
      const at = (name: string) => hours[name]![i]!
      kernel.call(
        'scoreHour',
        BASE,
        open,
        low,
        high,
        at('yhatOnlineLong'),
        at('yhatOnlineShort'),
        at('yLong'),
        at('yShort'),
      )
      if (i < 200) continue
      const now = bits()
      expect(Math.abs(now[0]! - at('rlsBitsLong'))).toBeLessThan(0.005)
      expect(Math.abs(now[1]! - at('rlsBitsShort'))).toBeLessThan(0.005)
      if (i >= 336) {
        sum += now[0]! + now[1]!
        count += 2
      }
    }
    expect(sum / count).toBeCloseTo(0.297, 3)
    expect(kernel.call('scoreState', BASE)).toBe(3)
  })
})
