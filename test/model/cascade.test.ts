// Guards the cascade ratio: predicted USD over resting USD between price and a level, each side with its own layers, and
// no claim about depth that nobody has told of.
import { expect, test } from 'vitest'
import { cascadeRatio, cascadeTo } from '../../src/model/cascade.ts'
import { Layer } from '../../src/model/layers.ts'
import { columnOf, readBack } from './column.ts'

const column = columnOf([
  [Layer.longLevel, 1000, 1000],
  [Layer.longLevel, 990, 50_000],
  [Layer.longLevel, 960, 700_000],
  [Layer.shortLevel, 1010, 90_000],
  [Layer.bidLast, 999, 20_000],
  [Layer.bidLast, 985, 30_000],
  [Layer.bid, 995, 9e6],
  [Layer.askLast, 1004, 45_000],
])

test('below price: longs over bids, from the bucket of price to that of the level', () => {
  const near = cascadeTo(column, 990.2)!
  expect(near.predictedUsd).toBeCloseTo(readBack(1000) + readBack(50_000), 6)
  expect(near.depthUsd).toBeCloseTo(readBack(20_000), 6)
  expect(near.isCovered).toBe(true)
  expect(cascadeRatio(near)).toBeCloseTo(near.predictedUsd / near.depthUsd, 12)
  expect(cascadeTo(column, 991)!.predictedUsd).toBeCloseTo(readBack(1000), 6)
})

test('above price: shorts over asks', () => {
  const found = cascadeTo(column, 1010)!
  expect(cascadeRatio(found)).toBeCloseTo(readBack(90_000) / readBack(45_000), 9)
})

test('a level beyond the last known order is said to be so', () => {
  expect(cascadeTo(column, 985)!.isCovered).toBe(true)
  expect(cascadeTo(column, 960)!.isCovered).toBe(false)
  expect(cascadeTo(column, 1010)!.isCovered).toBe(false)
})

test('where nothing rests there is no ratio, and without a price nothing at all', () => {
  expect(cascadeRatio(cascadeTo(columnOf([[Layer.longLevel, 990, 1e6]]), 985)!)).toBeUndefined()
  expect(cascadeTo({ ...column, close: 0 }, 985)).toBeUndefined()
  expect(cascadeTo(column, 0)).toBeUndefined()
})

test('a level outside the window counts up to its edge', () => {
  expect(cascadeTo(column, 1e9)!.predictedUsd).toBeCloseTo(readBack(90_000), 6)
})
