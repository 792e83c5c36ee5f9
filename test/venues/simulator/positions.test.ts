// Guards the order of forced orders: random opening and closing against a plain list that is searched in full.
import { expect, test } from 'vitest'
import { LONG, liquidationPrice, SHORT } from '../../../src/venues/simulator/liquidation-price.ts'
import { Positions } from '../../../src/venues/simulator/positions.ts'
import { Prng } from '../../../src/venues/simulator/prng.ts'

interface Plain {
  side: number
  coins: number
  price: number
}

const RATE = 0.005

for (const seed of [1, 2, 3]) {
  test(`the next forced order and the sums equal a full search (seed ${seed})`, () => {
    const prng = new Prng(seed, 0)
    const positions = new Positions(200, RATE)
    const plain: Plain[] = []
    const forget = (found: number, side: number, price: number, coins: number) => {
      positions.close(found)
      const at = plain.findIndex((one) => one.side === side && one.price === price && one.coins === coins)
      expect(at).toBeGreaterThanOrEqual(0)
      plain.splice(at, 1)
    }
    for (let step = 0; step < 5_000; step++) {
      if (!positions.isFull && prng.chance(0.55)) {
        const side = prng.below(2)
        const entry = prng.between(90, 110)
        const leverage = Math.fround(prng.between(3, 100))
        const coins = prng.between(0.1, 10)
        positions.open(side, entry, leverage, coins)
        plain.push({ side, coins, price: liquidationPrice(entry, leverage, RATE, side) })
      } else if (plain.length > 0) {
        const id = prng.below(positions.count)
        forget(id, positions.sideOf(id), positions.liquidationOf(id), positions.coinsOf(id))
      }
      const mark = prng.between(80, 120)
      for (const side of [LONG, SHORT]) {
        const sorted = plain
          .filter((one) => one.side === side && (side === LONG ? mark <= one.price : mark >= one.price))
          .sort((a, b) => (side === LONG ? b.price - a.price : a.price - b.price))
        const id = positions.due(side, mark)
        expect(id < 0 ? undefined : positions.liquidationOf(id)).toBe(sorted[0]?.price)
        if (id >= 0 && prng.chance(0.1)) forget(id, side, positions.liquidationOf(id), positions.coinsOf(id))
      }
    }
    expect(positions.count).toBe(plain.length)
    for (const side of [LONG, SHORT] as const) {
      const sum = plain.reduce((coins, one) => coins + (one.side === side ? one.coins : 0), 0)
      expect(positions.coins[side]).toBeCloseTo(sum, 6)
    }
    expect(positions.openInterestCoins).toBe(Math.max(...positions.coins))
    const listed = positions.list(3).map((one) => one.liquidationPrice)
    expect(listed.sort()).toEqual(plain.map((one) => one.price).sort())
  })
}
