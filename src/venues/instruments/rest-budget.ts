import { assert } from '../../model/errors.ts'

/** Weight a minute, and how much of it may go out at once. */
export interface Budget {
  readonly perMinute: number
  readonly burst: number
}

/**
 * Spreads requests so that a venue's limit is never reached: each reservation is given the moment at which it may go.
 * A pause (a rate limit that was hit all the same) holds everything back.
 */
export class RestBudget {
  readonly #msPerWeight: number
  readonly #burstMs: number
  /** The moment up to which everything is spent. */
  #spentMs = Number.NEGATIVE_INFINITY
  #pausedMs = Number.NEGATIVE_INFINITY

  constructor({ perMinute, burst }: Budget) {
    assert(perMinute > 0 && burst > 0, 'a budget is more than nothing')
    this.#msPerWeight = 60_000 / perMinute
    this.#burstMs = burst * this.#msPerWeight
  }

  /** Milliseconds to wait before the request may be sent. */
  reserve(weight: number, nowMs: number): number {
    const startMs = Math.max(this.#spentMs, nowMs - this.#burstMs)
    this.#spentMs = startMs + weight * this.#msPerWeight
    return Math.max(0, this.#spentMs - nowMs, this.#pausedMs - nowMs)
  }

  /** Nothing goes out before `untilMs`. */
  pause(untilMs: number): void {
    this.#pausedMs = Math.max(this.#pausedMs, untilMs)
  }

  /** Milliseconds that the venue still wants to be left alone. */
  pausedMs(nowMs: number): number {
    return Math.max(0, this.#pausedMs - nowMs)
  }
}
