// Guards the ring of ticks and its bits: random changes against a plain map, at the edges of words and of the ring.
import { expect, test } from 'vitest'
import { Book, NO_TICK } from '../../../src/venues/simulator/book.ts'
import { Prng } from '../../../src/venues/simulator/prng.ts'

for (const seed of [11, 12, 13]) {
  test(`best levels and neighbours equal a plain map while price wanders (seed ${seed})`, () => {
    const prng = new Prng(seed, 0)
    const book = new Book(256)
    const plain = new Map<number, number>()
    let middle = 1_000
    for (let step = 0; step < 20_000; step++) {
      middle = Math.max(70, middle + prng.below(3) - 1)
      // What price comes too near to, or leaves too far behind, goes first.
      for (const tick of plain.keys()) {
        const isAsk = tick >= book.bestAsk && book.bestAsk !== NO_TICK
        if (Math.abs(tick - middle) < 60 && (isAsk ? tick > middle : tick <= middle)) continue
        book.set(tick, 0, isAsk)
        plain.delete(tick)
      }
      const isAsk = prng.chance(0.5)
      const tick = isAsk ? middle + 1 + prng.below(58) : middle - prng.below(58)
      const size = prng.chance(0.4) ? 0 : prng.between(1, 5)
      book.set(tick, size, isAsk)
      if (size > 0) plain.set(tick, size)
      else plain.delete(tick)

      const ticks = [...plain.keys()].sort((a, b) => a - b)
      expect(book.levels).toBe(ticks.length)
      expect(book.bestBid).toBe(ticks.findLast((one) => one <= middle) ?? NO_TICK)
      expect(book.bestAsk).toBe(ticks.find((one) => one > middle) ?? NO_TICK)
      const from = middle + prng.below(100) - 50
      expect(book.up(from, middle + 60)).toBe(ticks.find((one) => one >= from) ?? NO_TICK)
      expect(book.down(from, middle - 60)).toBe(ticks.findLast((one) => one <= from) ?? NO_TICK)
      expect(book.sizeAt(tick)).toBe(size)
    }
  })
}
