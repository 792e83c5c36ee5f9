// Guards the reader's own position: what is typed is read or refused in words, its liquidation price follows the definition,
// and what was kept by another version or somebody else does no harm.
import { describe, expect, test } from 'vitest'
import { BUCKETS, codeOfUsd, Layer } from '../../src/model/layers.ts'
import { forcedAt, type Position, positionWords, profitUsd, readPosition } from '../../src/web/position.ts'
import { POSITIONS_VERSION, PositionStore } from '../../src/web/position-store.ts'
import { Stored } from '../../src/web/stored.ts'
import { type Column, emptyColumn } from '../../src/wire/blocks.ts'
import { linearLiquidation } from '../reference/liquidation-price.ts'
import { memoryStorage } from './memory-storage.ts'

const long: Position = { side: 'long', entry: 10_000, sizeUsd: 500, leverage: 50, liquidation: undefined }
const short: Position = { side: 'short', entry: 8_000, sizeUsd: 500, leverage: 40, liquidation: undefined }

describe('the liquidation price', () => {
  test('is that of the definition', () => {
    expect(forcedAt(long, 0.005)).toBeCloseTo(9_849.25, 2)
    expect(forcedAt(short, 0.005)).toBeCloseTo(8_159.2, 2)
    for (const leverage of [2, 7.5, 125]) {
      expect(forcedAt({ ...long, leverage }, 0.004)).toBeCloseTo(linearLiquidation(1, 10_000, leverage, 0.004), 8)
      expect(forcedAt({ ...short, leverage }, 0.004)).toBeCloseTo(linearLiquidation(-1, 8_000, leverage, 0.004), 8)
    }
  })

  test('is what was given, and is none of a long without leverage', () => {
    expect(forcedAt({ ...long, leverage: undefined, liquidation: 9_000 }, 0.005)).toBe(9_000)
    expect(forcedAt({ ...long, leverage: 1 }, 0.005)).toBeUndefined()
  })
})

test.each([
  [{ ...long, side: 'both' }, /long or short/],
  [{ ...long, entry: Number.NaN }, /entry/],
  [{ ...long, entry: -1 }, /entry/],
  [{ ...long, sizeUsd: 0 }, /size/],
  [{ ...long, sizeUsd: '500' }, /size/],
  [{ ...long, leverage: 0.5 }, /leverage/],
  [{ ...long, leverage: 1_000 }, /leverage/],
  [{ ...long, leverage: undefined }, /leverage/],
  [{ ...long, liquidation: 10_001 }, /below its entry/],
  [{ ...short, liquidation: 7_999 }, /above its entry/],
  [{ ...long, liquidation: Number.POSITIVE_INFINITY }, /liquidation price/],
  [null, /long or short/],
  ['x', /long or short/],
])('%j is refused in words', (value, words) => expect(readPosition(value)).toMatch(words))

test('profit and words follow price', () => {
  expect(profitUsd(long, 10_100)).toBeCloseTo(5, 9)
  expect(profitUsd(short, 8_080)).toBeCloseTo(-5, 9)
  const column = columnAt(10_000)
  expect(positionWords(long, 0.005, column, 1)).toEqual([
    'Long $500 from 10,000.0',
    '+$0',
    'liquidation 9,849.2 (−1.5 %)',
    'modelled on the way $996K, 2.01 per USD resting',
  ])
  expect(positionWords(long, 0.005, columnAt(9_800), 1).at(-1)).toBe('liquidated at 9,849.2')
  expect(positionWords({ ...long, leverage: 1 }, 0.005, column, 1).at(-1)).toBe('no liquidation')
})

describe('what is kept', () => {
  test('comes back, by asset', () => {
    const storage = memoryStorage()
    const open = () => new PositionStore(new Stored(storage, 'positions', POSITIONS_VERSION), ['BTC', 'ETH'])
    const store = open()
    let told = 0
    store.follow(() => told++)
    store.set('BTC', long)
    store.set('ETH', short)
    store.set('ETH', undefined)
    expect(told).toBe(4)
    expect(open().of('BTC')).toEqual(long)
    expect(open().of('ETH')).toBeUndefined()
  })

  test.each([
    'not JSON',
    'null',
    '[]',
    '{"version":99,"value":{"BTC":{}}}',
    `{"version":${POSITIONS_VERSION},"value":5}`,
    `{"version":${POSITIONS_VERSION},"value":{"BTC":{"side":"long","entry":"<b>"},"__proto__":{"side":"long"}}}`,
  ])('%s is as good as nothing', (text) => {
    const storage = memoryStorage()
    storage.setItem('liquidity-map.positions', text)
    const store = new PositionStore(new Stored(storage, 'positions', POSITIONS_VERSION), ['BTC'])
    expect(store.of('BTC')).toBeUndefined()
  })

  test('lasts as long as the page where the browser keeps nothing', () => {
    const full = { ...memoryStorage(), setItem: () => assertFull() } as Storage
    for (const storage of [undefined, full]) {
      const store = new PositionStore(new Stored(storage, 'positions', POSITIONS_VERSION), ['BTC'])
      store.set('BTC', long)
      expect(store.of('BTC')).toEqual(long)
    }
  })
})

/** Predicted longs of 1 M and bids of half of it below price, none beyond. */
function columnAt(close: number): Column {
  const column = { ...emptyColumn(), open: close, high: close, low: close, close, step: 10, quantumUsd: 100 }
  column.baseBucket = close / 10 - BUCKETS / 2
  column.cells[Layer.longLevel * BUCKETS + BUCKETS / 2 - 5] = codeOfUsd(1e6, 100)
  column.cells[Layer.bidLast * BUCKETS + BUCKETS / 2 - 6] = codeOfUsd(5e5, 100)
  column.cells[Layer.bidLast * BUCKETS + BUCKETS / 2 - 40] = codeOfUsd(5e5, 100)
  return column
}

function assertFull(): never {
  throw new DOMException('the quota is used up', 'QuotaExceededError')
}
