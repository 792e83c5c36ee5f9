import { BatchWriter, EventKind } from '../../src/model/events.ts'

interface Venue {
  tickSize: number
  sequence: number
}

/**
 * A hostile market for one asset, batch by batch: three venues with different ticks, levels near and far, removals of
 * what is not there, sides that flip, resets, repeated batches, clocks that jump, marks, trades and liquidations.
 */
export function* hostileBatches(random: () => number, batches: number, startMs: number): Generator<Uint8Array> {
  const writer = new BatchWriter()
  const venues: Venue[] = [0.1, 0.5, 1].map((tickSize) => ({ tickSize, sequence: 1 }))
  let price = 60_000
  let timeMs = startMs
  let last: Uint8Array | undefined
  const pick = (n: number): number => Math.floor(random() * n)
  for (let i = 0; i < batches; i++) {
    if (last !== undefined && random() < 0.01) {
      yield last // the same batch again, as at-least-once delivery does
      continue
    }
    const id = pick(venues.length)
    const venue = venues[id]!
    if (random() < 0.002) venue.tickSize = venue.tickSize === 0.5 ? 0.25 : 0.5
    // Some days pass in jumps, and one collapse lasts: the grid must be chosen anew.
    timeMs += random() < 0.003 ? pick(random() < 0.6 ? 70_000_000 : 200_000) : pick(900)
    price *= 1 + (random() - 0.5) * (random() < 0.01 ? 0.05 : 0.0006)
    if (i === Math.floor(batches / 3)) price /= 2.7
    // Two days pass for certain.
    if (i === Math.floor(batches / 2) || i === Math.floor((2 * batches) / 3)) timeMs += 90_000_000
    const skew = random() < 0.02 ? 60_000 : pick(400)
    writer.begin(id, 0, ++venue.sequence, timeMs + skew, timeMs, venue.tickSize)
    const tickOf = (p: number): number => Math.max(1, Math.round(p / venue.tickSize))
    if (random() < 0.01) writer.add(EventKind.bookReset, 0, 0, 0)
    for (let n = pick(12); n >= 0; n--) {
      const side = pick(2)
      const far = random() < 0.15 ? random() * 0.9 : random() * 0.004
      const level = tickOf(price * (side === 0 ? 1 - far : 1 + far * (random() < 0.1 ? 3 : 1)))
      writer.add(
        EventKind.bookLevel,
        side,
        level,
        random() < 0.3 ? 0 : Math.ceil(random() * 5000) / 1000,
        timeMs + pick(50),
      )
    }
    if (random() < 0.4)
      writer.add(EventKind.trade, pick(2), tickOf(price), Math.ceil(random() * 900) / 1000, timeMs + pick(80))
    if (random() < 0.1) writer.add(EventKind.markPrice, 0, 0, price * (1 + (random() - 0.5) * 1e-4))
    if (random() < 0.05)
      writer.add(EventKind.liquidation, pick(8), random() < 0.1 ? 0 : tickOf(price * 1.001), random() * 3)
    if (random() < 0.05) writer.add(EventKind.openInterest, 0, 0, 1000 + random() * 10)
    if (random() < 0.2) writer.add(EventKind.heartbeat, 0, 0, 0, timeMs + pick(1000))
    last = writer.take().slice()
    yield last
  }
}
