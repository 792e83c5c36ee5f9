import { COLUMNS } from '../model/timeframes.ts'

/** Closed columns of a stream that are kept: all that is shown but the live one. */
export const CLOSED_MAX = COLUMNS - 1

/** The newest closed columns of one stream as encoded blocks, each open time once. */
export class ClosedColumns {
  /** Ascending by open time; the two arrays run in parallel. */
  readonly #openMs: number[] = []
  readonly #blocks: Uint8Array[] = []

  get count(): number {
    return this.#blocks.length
  }

  has(openMs: number): boolean {
    return this.#openMs[this.#place(openMs)] === openMs
  }

  /** False where the column is known already (a closed column never changes) or older than all that is kept. */
  add(openMs: number, block: Uint8Array): boolean {
    const place = this.#place(openMs)
    if (this.#openMs[place] === openMs) return false
    if (place === 0 && this.#blocks.length === CLOSED_MAX) return false
    this.#openMs.splice(place, 0, openMs)
    this.#blocks.splice(place, 0, block)
    if (this.#blocks.length > CLOSED_MAX) {
      this.#openMs.shift()
      this.#blocks.shift()
    }
    return true
  }

  /** The newest `most` blocks, oldest first. A new array of the blocks themselves, which never change. */
  newest(most: number): Uint8Array[] {
    return most <= 0 ? [] : this.#blocks.slice(-most)
  }

  clear(): void {
    this.#openMs.length = 0
    this.#blocks.length = 0
  }

  /** Index of the first column at or after `openMs`. Nearly always the end, so it looks from there. */
  #place(openMs: number): number {
    let place = this.#openMs.length
    while (place > 0 && this.#openMs[place - 1]! >= openMs) place--
    return place
  }
}
