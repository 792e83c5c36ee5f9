import { limits } from '../model/limits.ts'
import type { BroadcastRing } from './broadcast-ring.ts'

/** Where in the ring the last opening of each topic and part ends: what one thread asked for serves the others. */
export class WrittenOpenings {
  readonly #ring: Pick<BroadcastRing, 'position' | 'written'>
  readonly #ends = new Map<string, number>()

  constructor(ring: Pick<BroadcastRing, 'position' | 'written'>) {
    this.#ring = ring
  }

  /** One has just been written. */
  add(topic: string, part: number): void {
    // What is forgotten is made once more where two threads ask for it at a time.
    if (this.#ends.size >= limits.openingsRememberedMax) this.#ends.clear()
    this.#ends.set(keyOf(topic, part), this.#ring.written)
  }

  /** Whether one lies before who has read up to this place of the ring. */
  isComing(topic: string, part: number, position: number): boolean {
    const end = this.#ends.get(keyOf(topic, part))
    if (end === undefined) return false
    // Places begin anew every 4 GiB: by themselves they would take one of an hour ago for one that is still to be read.
    const read = this.#ring.written - ((this.#ring.position - position) >>> 0)
    return end > read
  }
}

function keyOf(topic: string, part: number): string {
  return `${topic} ${part}`
}
