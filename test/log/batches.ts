import { BatchWriter, EventKind } from '../../src/model/events.ts'

/** A whole number generator that repeats itself from its seed (mulberry32). */
export function prng(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One sound batch; its sequence tells it from all others. */
export function makeBatch(asset: number, sequence: number, records: number): Uint8Array {
  const writer = new BatchWriter()
  writer.begin(sequence % 5, asset, sequence, 1_700_000_000_000 + sequence, 1_700_000_000_000 + sequence, 0.01)
  for (let i = 0; i < records; i++) writer.add(EventKind.bookLevel, i & 1, 100 + i, 1 + i / 7)
  return writer.take().slice()
}

export function concat(batches: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(batches)
}

export function hex(batches: readonly Uint8Array[]): string[] {
  return batches.map((batch) => Buffer.from(batch).toString('hex'))
}
