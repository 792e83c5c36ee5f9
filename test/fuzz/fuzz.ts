import { LmapError } from '../../src/model/errors.ts'
import { prng } from '../reference/prng.ts'

/** What became of the inputs: taken, or refused with a code. Every input is counted once. */
export class Tally {
  readonly counts = new Map<string, number>()

  add(outcome: string): void {
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1)
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Runs what may refuse with a code of ours. Anything else that it throws is a finding. */
  try(what: () => void): void {
    try {
      what()
      this.add('taken')
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      this.add(error.code)
    }
  }
}

/** Random inputs from one seed. */
export class Chance {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = prng(seed)
  }

  below(end: number): number {
    return Math.floor(this.#random() * end)
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  bytes(most: number): Uint8Array {
    return Uint8Array.from({ length: this.below(most + 1) }, () => this.below(256))
  }

  /** A copy with some bytes replaced, flipped, cut out, doubled, or the end cut off. */
  mutate(bytes: Uint8Array): Uint8Array {
    let out = bytes.slice()
    for (let changes = 1 + this.below(4); changes > 0 && out.length > 0; changes--) {
      const at = this.below(out.length)
      const kind = this.below(5)
      if (kind === 0) out[at] = this.below(256)
      else if (kind === 1) out[at]! ^= 1 << this.below(8)
      else if (kind === 2) out[at] = this.one([0, 1, 127, 128, 255])
      else if (kind === 3) out = out.slice(0, at)
      else {
        const end = Math.min(out.length, at + this.below(16))
        out = Uint8Array.from([...out.subarray(0, end), ...out.subarray(at)])
      }
    }
    return out
  }

  mutateText(text: string): string {
    const latin = Buffer.from(text, 'latin1')
    return Buffer.from(this.mutate(latin)).toString('latin1')
  }
}
