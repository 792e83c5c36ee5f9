import type { Stream } from './stream.ts'

/** Live subscriptions of each stream by the layers they get: those a frame goes to. */
export class LiveCounts {
  readonly #masks = new Map<Stream, Map<number, number>>()

  /** Masks of layers that somebody is live with. */
  masks(stream: Stream): Iterable<number> {
    return this.#masks.get(stream)?.keys() ?? []
  }

  count(stream: Stream, mask: number): number {
    return this.#masks.get(stream)?.get(mask) ?? 0
  }

  add(stream: Stream, mask: number, change: number): void {
    let masks = this.#masks.get(stream)
    if (masks === undefined) this.#masks.set(stream, (masks = new Map()))
    addTo(masks, mask, change)
  }
}

/** Adds to a count that is not kept at 0; answers what it has become. */
export function addTo<Key>(counts: Map<Key, number>, key: Key, change: number): number {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
  return count
}
