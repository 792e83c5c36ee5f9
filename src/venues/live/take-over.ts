import type { Market } from '../mapper-market.ts'
import { BatchOut } from '../mapper-out.ts'
import { Overlap } from './overlap.ts'
import type { Side } from './side.ts'

/**
 * One socket takes over from another. `prelude`: the old one alone, so that what both will tell is known; `joining`: the
 * new one gets ready; `tail`: the new one leads and the old one finishes its sentence; `after`: the new one finishes its.
 */
export class TakeOver {
  readonly #out: BatchOut
  readonly #overlap: Overlap
  readonly #old: Side
  readonly #oldOut = new BatchOut()
  readonly #newOut = new BatchOut()
  #new: Side | undefined
  phase: 'prelude' | 'joining' | 'tail' | 'after' = 'prelude'
  untilMs: number

  constructor(old: Side, markets: readonly Market[], out: BatchOut, nowMs: number, untilMs: number) {
    this.#old = old
    this.#out = out
    this.#overlap = new Overlap(markets, nowMs)
    this.untilMs = untilMs
    old.out = this.#oldOut
  }

  get old(): Side {
    return this.#old
  }

  get new(): Side | undefined {
    return this.#new
  }

  join(side: Side, untilMs: number): void {
    this.phase = 'joining'
    this.untilMs = untilMs
    this.#new = side
    side.out = this.#newOut
  }

  /** From now on books and prices are the new one's, beginning with every book as a whole. */
  change(side: Side, nowMs: number, untilMs: number): void {
    this.drain()
    this.phase = 'tail'
    this.untilMs = untilMs
    this.#overlap.leader = 'new'
    side.mapper.refresh(nowMs, this.#newOut)
    this.drain()
  }

  drain(): void {
    if (this.#oldOut.bytes > 0) this.#overlap.pass(this.#oldOut.take(), 'old', this.#out)
    if (this.#newOut.bytes > 0) this.#overlap.pass(this.#newOut.take(), 'new', this.#out)
  }

  /** The side that stays speaks for itself again; the other is let go. */
  end(stays: Side): void {
    this.drain()
    for (const side of [this.#old, this.#new]) if (side !== undefined && side !== stays) side.close()
    stays.out = this.#out
  }
}
