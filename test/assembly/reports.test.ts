// Guards the edges of what a report is: how long a wall must stand, what became of it, which prints are one sweep, when
// an absorption is confirmed or failed, what agrees and what contradicts, and that a checkpoint carries all of it on.
import { describe, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { batchBytes } from '../../src/model/events.ts'
import type { Report } from '../../src/model/reports.ts'
import { createSimulator } from '../../src/venues/simulator/simulator.ts'
import { prng, seed } from '../reference/prng.ts'
import { type Build, builds, CoreUnderTest } from './core.ts'
import { ReportMarket } from './report-market.ts'

const asset = assetByName('BTC')!
const BID = 0
const ASK = 1
/** Away from price in buckets of 3 bp: about 20 bp. */
const NEAR = 7
const FAR = 30

describe.each(Object.keys(builds) as Build[])('reports, %s build', (build) => {
  const market = (): ReportMarket => new ReportMarket(build, asset)

  test('an even book has no walls', () => {
    const calm = market()
    calm.pass(30_000)
    expect(calm.core.reports).toEqual([])
    expect(calm.core.memory.asymmetry()).toMatchObject({ side: 'balanced', venues: 1 })
    expect(Math.abs(calm.core.memory.asymmetry().book)).toBeLessThan(0.1)
  })

  test.each([
    [4_800, 0],
    [6_000, 1],
  ])('what stands out for %i ms makes %i walls', (ms, walls) => {
    const book = market()
    // Between two samples, so that the sixth second is not lost to rounding.
    book.nowMs += 100
    book.rest(BID, NEAR, 8e6)
    book.nowMs -= 100
    book.pass(ms)
    book.rest(BID, NEAR, 0)
    book.pass(10_000)
    expect(book.reports('wall')).toHaveLength(walls)
  })

  test('a wall tells side, place, size and what eats it', () => {
    const book = market()
    book.rest(ASK, NEAR, 8e6)
    for (let second = 0; second < 10; second++) {
      book.print(ASK, 1, 100_000)
      book.pass(1_000)
    }
    const [wall] = book.reports('wall')
    expect(wall).toMatchObject({ state: 'active', side: 'ask', venue: 0, bucket: book.bucketOf(ASK, NEAR), pulls: 0 })
    expect(wall!.usd).toBeCloseTo(8.2e6, -5)
    expect(wall!.venueUsd[0]).toBeCloseTo(wall!.usd, -1)
    expect(wall!.density).toBeGreaterThan(20)
    expect(wall!.secondsToEat).toBeGreaterThan(60)
    expect(wall!.distanceBp).toBeGreaterThan(15)
    expect(wall!.spoof).toBeCloseTo(0.2, 6)
    expect(wall!.strength).toBeGreaterThan(0)
    expect(book.core.memory.asymmetry().walls).toBe(-1)
  })

  test('cancelled within a second while price is near it was pulled, and others there look like spoofs', () => {
    const book = market()
    book.rest(BID, NEAR, 8e6)
    book.pass(8_000)
    for (const left of [6e6, 4e6, 2e6, 0]) {
      book.rest(BID, NEAR, left)
      book.pass(250)
    }
    book.pass(4_000)
    expect(book.reports('wall')).toMatchObject([{ state: 'pulled', pulls: 1 }])
    book.rest(BID, NEAR + 2, 8e6)
    book.pass(8_000)
    const next = book.reports('wall').at(-1)!
    expect(next).toMatchObject({ state: 'active', pulls: 1 })
    expect(next.spoof).toBeGreaterThan(0.4)
  })

  test('cancelled while price is far, or bit by bit, it faded', () => {
    const book = market()
    book.rest(BID, FAR, 8e6)
    book.rest(ASK, NEAR, 8e6)
    book.pass(8_000)
    book.rest(BID, FAR, 0)
    for (let left = 7; left >= 0; left--) {
      book.rest(ASK, NEAR, left * 1e6)
      book.pass(2_000)
    }
    book.pass(5_000)
    expect(book.reports('wall').map((wall) => wall.state)).toEqual(['faded', 'faded'])
  })

  test('what takers have eaten was filled, and is not called moved', () => {
    const book = market()
    book.rest(BID, NEAR, 8e6)
    book.pass(8_000)
    for (let left = 7; left >= 0; left--) {
      book.print(BID, NEAR, 1e6)
      book.rest(BID, NEAR, left * 1e6)
      book.pass(500)
    }
    book.rest(BID, NEAR + 2, 8e6)
    book.pass(5_000)
    expect(book.reports('wall')[0]).toMatchObject({ state: 'filled', executedUsd: expect.closeTo(8e6, -5) })
  })

  test('the same size a few buckets on is the wall that has moved; another size is not', () => {
    const book = market()
    book.rest(BID, NEAR, 8e6)
    book.rest(ASK, NEAR, 8e6)
    book.pass(8_000)
    book.rest(BID, NEAR, 0)
    book.rest(BID, NEAR + 3, 8.4e6)
    book.rest(ASK, NEAR, 0)
    book.rest(ASK, NEAR + 3, 12e6)
    book.pass(4_000)
    const [bid, ask] = ['bid', 'ask'].map((side) => book.reports('wall').find((wall) => wall.side === side))
    expect(bid).toMatchObject({ state: 'moved', movedBuckets: -3 })
    expect(ask).toMatchObject({ state: 'pulled', movedBuckets: 0 })
  })

  test('a feed that goes down, and one that is silent, leave stale walls', () => {
    const down = market()
    down.rest(BID, NEAR, 8e6)
    down.pass(8_000)
    down.feedDown()
    down.nowMs += 250
    down.feedDown()
    expect(down.reports('wall')).toMatchObject([{ state: 'stale' }])
    const silent = market()
    silent.rest(BID, NEAR, 8e6)
    silent.pass(8_000)
    silent.nowMs += 20_000
    silent.pass(250)
    expect(silent.reports('wall')).toMatchObject([{ state: 'stale' }])
  })

  test('a sweep is the same whether its fills are merged or not', () => {
    const [raw, merged] = [market(), market()]
    for (const book of [raw, merged]) book.pass(2_000)
    for (let level = 1; level <= 6; level++) {
      for (let fill = 0; fill < 4; fill++) raw.print(ASK, level, 60_000, level * 10)
      merged.print(ASK, level, 240_000, level * 10)
    }
    for (const book of [raw, merged]) book.pass(3_000)
    expect(raw.reports('sweep')).toMatchObject([{ side: 'buy', levels: 6, clusterCount: 1, liquidationDriven: false }])
    const plain = (book: ReportMarket) => book.reports('sweep').map((row) => ({ ...row, usd: Math.round(row.usd) }))
    expect(plain(raw).map(({ depthPart: _, ...row }) => row)).toEqual(
      plain(merged).map(({ depthPart: _, ...row }) => row),
    )
  })

  test('too few levels, too slow, or back and forth is no sweep', () => {
    const book = market()
    for (const level of [1, 2]) book.print(ASK, level, 2e6, level)
    book.pass(5_000)
    for (let level = 1; level <= 6; level++) {
      book.print(BID, level, 1e6)
      book.pass(250)
    }
    book.pass(5_000)
    for (const [i, level] of [1, 2, 1, 2, 1, 3, 1, 4].entries()) book.print(ASK, level, 1e6, i)
    book.pass(5_000)
    expect(book.reports('sweep')).toEqual([])
  })

  test('liquidations make a sweep theirs, also those that are told later; repeats are one cluster', () => {
    const book = market()
    const sweep = (): void => {
      for (let level = 1; level <= 5; level++) book.print(BID, level, 400_000, level * 5)
    }
    book.pass(2_000)
    sweep()
    book.pass(750)
    expect(book.reports('sweep')).toMatchObject([{ side: 'sell', liquidationDriven: false }])
    book.liquidate(0, 900_000)
    expect(book.reports('sweep')).toMatchObject([{ liquidationDriven: true, clusterCount: 1 }])
    book.pass(60_000)
    sweep()
    book.pass(2_000)
    book.liquidate(1, 5e6)
    const [first, second] = book.reports('sweep')
    expect(second).toMatchObject({ clusterCount: 2, clusterMs: first!.startMs, liquidationDriven: false })
  })

  /** Four minutes of small trades on either side, then takers press on one bid that refills. */
  function pressed(book: ReportMarket): void {
    const random = prng(seed)
    for (let second = 0; second < 240; second++) {
      const side = random() < 0.5 ? BID : ASK
      book.print(side, 1, 20_000 + 60_000 * random())
      book.pass(1_000)
    }
    for (let hit = 0; hit < 60; hit++) {
      book.print(BID, 1, 200_000)
      book.clear(BID, 1)
      book.pass(250)
      book.rest(BID, 1, 0)
    }
  }

  test(`takers who press on a level that holds are absorbed (seed ${seed})`, () => {
    const book = market()
    pressed(book)
    const [forming] = book.reports('absorption')
    expect(forming).toMatchObject({ state: 'forming', side: 'bid', bucket: book.bucketOf(BID, 1), wall: false })
    expect(forming!.refills).toBeGreaterThanOrEqual(3)
    expect(forming!.executedToShown).toBeGreaterThan(3)
    expect(forming!.efficiency).toBeLessThanOrEqual(0.25)
    book.pass(60_000)
    expect(book.reports('absorption')).toMatchObject([{ id: forming!.id, state: 'confirmed' }])
  })

  test(`and have broken it when they trade three buckets beyond (seed ${seed})`, () => {
    const book = market()
    pressed(book)
    book.pass(5_000)
    book.print(BID, 4, 10_000)
    book.pass(60_000)
    expect(book.reports('absorption')).toMatchObject([{ state: 'failed' }])
  })

  test(`wall, sweep and absorption at one level are a chip; the other way round they contradict (seed ${seed})`, () => {
    const book = market()
    pressed(book)
    book.rest(BID, 3, 9e6)
    book.pass(8_000)
    expect(book.reports('convergence')).toMatchObject([
      { state: 'watch', side: 'support', wall: true, absorption: true },
    ])
    for (const level of [-3, -2, -1, 0, 1]) book.print(BID, level, 400_000, (level + 3) * 5)
    book.pass(3_000)
    const [chip] = book.reports('convergence')
    expect(chip).toMatchObject({ state: 'chip', sweep: true, venues: [0] })
    expect(chip!.score).toBeGreaterThan(0.45)
    for (const level of [-2, -1, 0, 1]) book.print(ASK, level, 400_000, (level + 2) * 5)
    book.pass(3_000)
    expect(book.reports('convergence')).toMatchObject([{ id: chip!.id, state: 'contested' }])
    // Price goes through the level after all: nothing holds there any more.
    book.print(BID, 5, 10_000)
    book.pass(12_000)
    expect(book.reports('convergence').find((row) => row.id === chip!.id)).toMatchObject({ state: 'ended' })
  })

  test(`a checkpoint carries reports on (seed ${seed})`, async () => {
    const batches: Uint8Array[] = []
    const write = (bytes: Uint8Array): true => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let at = 0, size = 0; at < bytes.byteLength; at += size) {
        size = batchBytes(view, at)
        batches.push(bytes.slice(at, at + size))
      }
      return true
    }
    const startMs = Date.UTC(2026, 0, 5)
    const simulator = createSimulator(
      { seed, startMs, assets: ['BTC'], speed: 'max', durationMs: 90_000, levelsPerSecond: 500 },
      { now: () => startMs },
    )
    await simulator.run({ write }, new AbortController().signal)
    const whole = new CoreUnderTest(build, asset)
    for (const batch of batches) whole.apply(batch)
    const cut = Math.floor(batches.length / 2)
    const before = new CoreUnderTest(build, asset)
    for (const batch of batches.slice(0, cut)) before.apply(batch)
    const after = new CoreUnderTest(build, asset, before.memory.image())
    for (const batch of batches.slice(cut)) after.apply(batch)
    const told: Report[] = [...before.reports, ...after.reports]
    expect(told.length).toBeGreaterThan(5)
    expect(told).toEqual(whole.reports)
  })
})
