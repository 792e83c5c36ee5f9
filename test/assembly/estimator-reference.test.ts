// Guards the meaning of the estimator: on two months of BTC the core must give what an independent implementation gave,
// hour by hour: exposure swept, online calibration, the hazard without volume.
import { beforeAll, describe, expect, test } from 'vitest'
import { BASE, type Build, compileKernel, type Kernel } from './estimator-build.ts'
import { type Columns, readColumns, readSteps, recorded, type Step } from './estimator-history.ts'

const STEP_MS = 300_000
const EXPOSURE_CLOSED = 1024
const BACKGROUND = 12
/** The last hour has eleven steps; the reference divides its open interest by twelve all the same. */
const WHOLE_HOURS = 1_365

describe.skipIf(recorded.skip).each<Build>(['release', 'debug'])(`estimator on ${recorded.title}, %s`, (build) => {
  let kernel: Kernel
  let hours: Columns
  let steps: Step[]
  /** Exposures of each reference hour as the core has them: [side][term]. */
  let exposures: number[][][]
  let predicted: [number, number][]
  let hazardError = 0

  beforeAll(async () => {
    kernel = await compileKernel(build, 'assembly/estimator.ts')
    hours = readColumns('reference/btc_hours.csv.gz')
    steps = readSteps()
    run()
  })

  function run(): void {
    const index = new Map(Array.from(hours.hour!, (hour, i) => [hour, i]))
    exposures = []
    predicted = []
    kernel.call('estimatorInit', BASE, steps[0]!.close)
    kernel.call('estimatorPrior', BASE, 1)
    steps.forEach(({ hour, low, high, close, coins, hazard, slowHazard }, i) => {
      if (i > 0 && hour !== steps[i - 1]!.hour) closeHour(index.get(steps[i - 1]!.hour))
      kernel.call('estimatorSweep', BASE, low, high, close)
      const slow = kernel.call('estimatorHazard', BASE, low, high, coins, STEP_MS)
      if (i > 0) hazardError = Math.max(hazardError, Math.abs(slow / slowHazard - 1))
      kernel.call('estimatorTurnover', BASE, low, high, close, i === 0 ? 0 : hazard, coins * close, STEP_MS)
    })
    closeHour(index.get(steps.at(-1)!.hour))
  }

  function closeHour(i: number | undefined): void {
    const realised = i === undefined ? [Number.NaN, Number.NaN] : [hours.yLong![i]!, hours.yShort![i]!]
    kernel.call('estimatorHour', BASE, realised[0]!, realised[1]!, 1)
    if (i === undefined) return
    const at = (BASE + EXPOSURE_CLOSED) / 8
    exposures[i] = [0, 1].map((side) => [...kernel.f64.slice(at + 16 * side, at + 16 * side + 14)])
    predicted[i] = [kernel.call('estimatorPredicted', BASE, 0), kernel.call('estimatorPredicted', BASE, 1)]
  }

  test('exposure swept is within 1e-4 of the hour and side, and the background within 1e-6', () => {
    let compared = 0
    exposures.forEach((sides, i) => {
      sides.forEach((terms, side) => {
        const reference = terms.map((_, k) => hours[`x${side === 0 ? 'Long' : 'Short'}${k + 1}`]![i]!)
        // An hour that swept nothing leaves sums of 1e-80: a hundredth of a dollar is nothing.
        const total = Math.max(
          0.01,
          reference.slice(0, BACKGROUND).reduce((a, b) => a + b, 0),
        )
        for (let k = 0; k < BACKGROUND; k++) expect(Math.abs(terms[k]! - reference[k]!) / total).toBeLessThan(1e-4)
        for (let k = BACKGROUND; k < 14 && i < WHOLE_HOURS; k++) expect(terms[k]!).toBeCloseTo(reference[k]!, -1)
        compared++
      })
    })
    expect(compared).toBe(2 * (WHOLE_HOURS + 1))
  })

  test('online predictions from a cold start are within .1 %', () => {
    predicted.slice(0, WHOLE_HOURS).forEach(([long, short], i) => {
      expect(Math.abs(long / hours.yhatOnlineLong![i]! - 1)).toBeLessThan(1e-3)
      expect(Math.abs(short / hours.yhatOnlineShort![i]! - 1)).toBeLessThan(1e-3)
    })
  })

  test('the hazard without volume is the same', () => {
    expect(hazardError).toBeLessThan(1e-6)
  })

  test('two months take less than a second', () => {
    const from = performance.now()
    run()
    expect(performance.now() - from).toBeLessThan(build === 'release' ? 1_000 : 5_000)
  })
})
