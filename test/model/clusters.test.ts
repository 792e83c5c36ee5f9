// Guards clusters and magnets: neighbours above the 90th percentile of their layer and side are one cluster, nothing of
// it is lost or counted twice, venues add up to it, and the stronger and nearer one draws.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { modelledLayers, realisedLayers, realisedLayersOfColumns } from '../../src/model/cluster-layers.ts'
import { type ClusterLayer, findClusters } from '../../src/model/clusters.ts'
import { BUCKETS, Layer } from '../../src/model/layers.ts'
import { limits } from '../../src/model/limits.ts'
import type { AssetLiquidity } from '../../src/model/liquidity.ts'
import { magnetsOf } from '../../src/model/magnets.ts'
import { seed } from '../reference/prng.ts'
import { columnOf, readBack } from './column.ts'

const PRICE = 1000.5
const NOW = 1_700_000_000_000

function layerOf(usd: Float64Array): ClusterLayer {
  const times = () => ({ firstMs: NOW - 5000, lastMs: NOW - 1000 })
  return { kind: 'modelled', side: 'long', step: 1, baseBucket: 0, usd, venueUsd: () => [3, 0, 1], times }
}

function layerWith(pairs: readonly (readonly [number, number])[], background = 0): ClusterLayer {
  const usd = new Float64Array(BUCKETS).fill(background)
  for (const [cell, value] of pairs) usd[cell] = value
  return layerOf(usd)
}

describe('clusters', () => {
  test('are runs of neighbours that stand out', () => {
    const found = findClusters(
      layerWith(
        [
          [900, 5000],
          [901, 9000],
          [902, 4000],
          [980, 7000],
        ],
        10,
      ),
      PRICE,
      NOW,
    )
    expect(found).toHaveLength(2)
    expect(found[0]).toMatchObject({ kind: 'modelled', side: 'long', low: 900, high: 903, peak: 901.5, usd: 18_000 })
    expect(found[0]).toMatchObject({ freshnessMs: 1000, ageMs: 5000, isFar: true })
    expect(found[0]!.venueUsd).toEqual([13_500, 0, 4500])
    expect(found[1]).toMatchObject({ low: 980, high: 981, usd: 7000, isFar: false })
  })

  test('of few cells are found too', () => {
    expect(findClusters(layerWith([[900, 5000]]), PRICE, NOW)).toHaveLength(1)
    expect(
      findClusters(
        layerWith([
          [900, 5000],
          [950, 6000],
        ]),
        PRICE,
        NOW,
      ).map(({ usd }) => usd),
    ).toEqual([6000])
    expect(findClusters(layerWith([]), PRICE, NOW)).toEqual([])
  })

  test('are not what is even', () => {
    expect(findClusters(layerWith([], 10), PRICE, NOW)).toEqual([])
    expect(findClusters(layerWith([[300, 11]], 10), PRICE, NOW)).toHaveLength(1)
  })

  test(`lie at or above the 90th percentile, and nothing else does (seed ${seed})`, () => {
    const cell = fc.record({ at: fc.nat(BUCKETS - 1), usd: fc.double({ min: 1, max: 1e9, noNaN: true }) })
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 120 }), (cells) => {
        const usd = new Float64Array(BUCKETS)
        for (const { at, usd: value } of cells) usd[at] = value
        const found = findClusters(layerOf(usd), PRICE, NOW)
        const filled = usd.filter((value) => value > 0).sort()
        const rank = 0.9 * (filled.length - 1)
        const [below, above] = [filled[Math.floor(rank)]!, filled[Math.ceil(rank)]!]
        const inside = usd.filter((_, bucket) => found.some(({ low, high }) => bucket >= low && bucket < high))
        expect(Math.min(...inside)).toBeGreaterThanOrEqual(below)
        if (found.length < limits.clustersMax) {
          const outside = usd.filter((_, bucket) => !found.some(({ low, high }) => bucket >= low && bucket < high))
          expect(Math.max(...outside)).toBeLessThanOrEqual(above)
        }
        const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)
        expect(sum(found.map((cluster) => cluster.usd)) / sum(inside)).toBeCloseTo(1, 9)
        for (const { usd: all, venueUsd } of found) expect(sum(venueUsd!) / all).toBeCloseTo(1, 9)
        for (const [i, one] of found.entries()) {
          for (const other of found.slice(i + 1)) expect(one.low > other.high || other.low > one.high).toBe(true)
        }
      }),
      { seed, numRuns: 200 },
    )
  })
})

describe('magnets', () => {
  test('are the strongest on each side, weighted by nearness', () => {
    const at = (peak: number, usd: number) => findClusters(layerWith([[peak, usd]]), PRICE, NOW)[0]!
    const { above, below } = magnetsOf(
      [at(1010, 1000), at(1100, 50_000), at(1020, 1900), at(980, 10), at(900, 900)],
      PRICE,
    )
    expect(above!.cluster.peak).toBe(1020.5)
    expect(above!.strengthUsd).toBeCloseTo(1900 * Math.exp(-(1020.5 / PRICE - 1) / 0.02), 9)
    expect(below!.cluster.peak).toBe(900.5)
    expect(below!.distance).toBeCloseTo(900.5 / PRICE - 1, 12)
    expect(magnetsOf([], PRICE)).toEqual({ above: undefined, below: undefined })
    expect(magnetsOf([at(900, 1)], 0)).toEqual({ above: undefined, below: undefined })
  })
})

describe('layers', () => {
  const liquidity: AssetLiquidity = {
    clockMs: NOW,
    price: PRICE,
    step: 1,
    venues: [
      { state: 1, ageMs: 700, openInterestUsd: 3e6 },
      { state: 1, ageMs: undefined, openInterestUsd: 0 },
      { state: 4, ageMs: 90_000, openInterestUsd: 1e6 },
    ],
    realised: [
      { side: 'long', bucket: 990, firstMs: NOW - 9000, lastMs: NOW - 400, venueUsd: [100, 0, 300] },
      { side: 'long', bucket: 991, firstMs: NOW - 7000, lastMs: NOW - 6000, venueUsd: [500, 0, 0] },
      { side: 'short', bucket: 1010, firstMs: NOW - 1, lastMs: NOW - 1, venueUsd: [0, 7, 0] },
      { side: 'short', bucket: 90_000, firstMs: NOW, lastMs: NOW, venueUsd: [1, 1, 1] },
    ],
  }

  test('modelled: shared by open interest, as fresh as the newest venue, as old as its run of columns', () => {
    const level = (openMs: number, usd: number) => columnOf([[Layer.longLevel, 950, usd]], { openMs })
    const columns = [100, 900, 200, 1000, 1100].map((usd, i) => level(i * 60_000, usd * 1000))
    const [longs, shorts] = modelledLayers(columns[4]!, columns.slice(0, 4), liquidity)
    const [cluster] = findClusters(longs!, PRICE, NOW)
    expect(cluster).toMatchObject({ kind: 'modelled', side: 'long', peak: 950.5, freshnessMs: 700 })
    expect(cluster!.usd).toBe(readBack(1.1e6))
    expect(cluster!.venueUsd).toEqual([0.75 * cluster!.usd, 0, 0.25 * cluster!.usd])
    expect(cluster!.ageMs).toBe(NOW - 180_000)
    expect(findClusters(shorts!, PRICE, NOW)).toEqual([])
    const unknown = findClusters(modelledLayers(columns[4]!, [], undefined)[0]!, PRICE, NOW)[0]!
    expect([unknown.venueUsd, unknown.freshnessMs]).toEqual([undefined, undefined])
  })

  test('realised: by venue, with the times of its buckets, cut to the window', () => {
    const [longs, shorts] = realisedLayers(columnOf([]), liquidity)
    const [cluster] = findClusters(longs!, PRICE, NOW)
    expect(cluster).toMatchObject({ kind: 'realised', usd: 500, venueUsd: [500, 0, 0], freshnessMs: 6000, ageMs: 7000 })
    expect(findClusters(shorts!, PRICE, NOW)[0]).toMatchObject({ peak: 1010.5, venueUsd: [0, 7, 0] })
    expect(longs!.usd[990]).toBe(400)
    expect(realisedLayers(columnOf([], { step: 2 }), liquidity)).toEqual([])
  })

  test('realised of columns: faded by age, a day at most, other grids left out', () => {
    const hour = 3_600_000
    const old = columnOf([[Layer.longLiq, 990, 1e6]], { openMs: NOW - 7 * hour })
    const gone = columnOf([[Layer.longLiq, 990, 1e6]], { openMs: NOW - 25 * hour })
    const other = columnOf([[Layer.longLiq, 990, 1e6]], { openMs: NOW - 3 * hour, step: 2 })
    const live = columnOf([[Layer.shortLiq, 1010, 1e6]], { openMs: NOW - hour / 2, baseBucket: 0 })
    const [longs, shorts] = realisedLayersOfColumns([gone, old, other, live], hour, NOW)
    expect(longs!.usd[990]! / readBack(1e6)).toBeCloseTo(0.5, 9)
    expect(shorts!.usd[1010]).toBe(readBack(1e6))
    expect(findClusters(longs!, PRICE, NOW)[0]).toMatchObject({ freshnessMs: 6 * hour, ageMs: 7 * hour })
    expect(realisedLayersOfColumns([], hour, NOW)).toEqual([])
  })
})
