// Guards the pooling of a past that venues tell in pieces: sums, shares for what is missing, one price path, no
// invention where nobody knows. Plain numbers, and random gaps (printed seed).
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BAR_MS, type Bar, type Reading } from '../../../src/venues/warm-up/history.ts'
import { poolPast, type VenuePast } from '../../../src/venues/warm-up/pool.ts'

const FROM = Date.UTC(2026, 10, 18)
const HOUR_MS = 3_600_000
const seed = Number(process.env.LMAP_SEED ?? 20_261_123)

function bars(count: number, volumeUsd: number, close = 100, has: (index: number) => boolean = () => true): Bar[] {
  return Array.from({ length: count }, (_, index) => ({
    openMs: FROM + index * BAR_MS,
    low: close - 1,
    high: close + 1,
    close,
    volumeUsd,
  })).filter((_, index) => has(index))
}

function readings(hours: number, coins: (hour: number) => number): Reading[] {
  return Array.from({ length: hours + 1 }, (_, hour) => ({ atMs: FROM + hour * HOUR_MS, coins: coins(hour) }))
}

function past(part: Partial<VenuePast>): VenuePast {
  return { bars: [], readings: [], coinsNow: 0, ...part }
}

const span = (count: number) => ({ fromMs: FROM, untilMs: FROM + count * BAR_MS })

describe('volume', () => {
  test('is the sum of the venues', () => {
    const pooled = poolPast([past({ bars: bars(12, 100) }), past({ bars: bars(12, 50) })], span(12))
    expect(pooled.map((bar) => bar.volumeUsd)).toEqual(Array(12).fill(150))
  })

  test('has no dent where a venue lacks bars: its usual share stands in', () => {
    const pooled = poolPast(
      [past({ bars: bars(12, 100) }), past({ bars: bars(12, 50, 100, (index) => index < 6) })],
      span(12),
    )
    expect(pooled.map((bar) => bar.volumeUsd)).toEqual(Array(12).fill(150))
  })

  test('of a venue that told no bar at all follows its open interest', () => {
    const pooled = poolPast([past({ bars: bars(3, 100), coinsNow: 10 }), past({ coinsNow: 5 })], span(3))
    expect(pooled.map((bar) => bar.volumeUsd)).toEqual([150, 150, 150])
  })
})

describe('price', () => {
  test('comes from the first venue that has the bar', () => {
    const pooled = poolPast(
      [past({ bars: bars(4, 1, 100, (index) => index !== 2) }), past({ bars: bars(4, 1, 101) })],
      span(4),
    )
    expect(pooled.map((bar) => bar.close)).toEqual([100, 100, 101, 100])
  })

  test('is not invented: bars that no venue has are left out', () => {
    const pooled = poolPast([past({ bars: bars(4, 1, 100, (index) => index !== 1) })], span(4))
    expect(pooled.map((bar) => (bar.openMs - FROM) / BAR_MS)).toEqual([0, 2, 3])
  })
})

describe('open interest', () => {
  test('lies on the line between two hours, at the end of its bar', () => {
    const pooled = poolPast([past({ bars: bars(12, 1), readings: readings(1, (hour) => 100 + 12 * hour) })], span(12))
    expect(pooled.map((bar) => bar.coins)).toEqual(Array.from({ length: 12 }, (_, index) => 101 + index))
  })

  test('of venues without a past follows the others, by their present', () => {
    const pooled = poolPast(
      [
        past({ bars: bars(12, 1), readings: readings(1, (hour) => (hour === 0 ? 50 : 100)), coinsNow: 100 }),
        past({ bars: bars(12, 1), coinsNow: 25 }),
      ],
      span(12),
    )
    expect(pooled.at(-1)!.coins).toBeCloseTo(125)
    expect(pooled[5]!.coins).toBeCloseTo(75 * 1.25)
  })

  test('is the present where nobody has a past, and unknown where nobody has even that', () => {
    expect(poolPast([past({ bars: bars(2, 1), coinsNow: 7 })], span(2)).map((bar) => bar.coins)).toEqual([7, 7])
    expect(poolPast([past({ bars: bars(2, 1) })], span(2)).map((bar) => bar.coins)).toEqual([0, 0])
  })

  test('does not speak for a time long before or after it was read', () => {
    const late = [{ atMs: FROM + 100 * HOUR_MS, coins: 9 }]
    const early = [{ atMs: FROM, coins: 9 }]
    expect(poolPast([past({ bars: bars(1, 1), readings: late, coinsNow: 4 })], span(1))[0]!.coins).toBe(4)
    const [, , , last] = poolPast([past({ bars: bars(48, 1), readings: early, coinsNow: 4 })], span(48)).filter(
      (_, index) => index % 12 === 11,
    )
    expect(last!.coins).toBe(4)
  })
})

test(`gaps change the sums by what they hid at most, and never the order (seed ${seed})`, () => {
  const venue = fc.record({
    gaps: fc.array(fc.boolean(), { minLength: 48, maxLength: 48 }),
    volume: fc.integer({ min: 1, max: 1_000 }),
  })
  fc.assert(
    fc.property(fc.array(venue, { minLength: 1, maxLength: 5 }), (venues) => {
      const pooled = poolPast(
        venues.map(({ gaps, volume }) => past({ bars: bars(48, volume, 100, (index) => !gaps[index]) })),
        span(48),
      )
      const told = venues.filter(({ gaps }) => gaps.some((gap) => !gap))
      const whole = told.reduce((sum, { volume }) => sum + volume, 0)
      for (const bar of pooled) expect(bar.volumeUsd).toBeCloseTo(whole, 6)
      const times = pooled.map((bar) => bar.openMs)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(new Set(times).size).toBe(times.length)
    }),
    { seed, numRuns: 200 },
  )
})
