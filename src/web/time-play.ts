const MINUTE_MS = 60_000

export const speeds = [1, 2, 5, 10, 30, 60, 100] as const
export type Speed = (typeof speeds)[number]

/**
 * Plays the past: a moment that runs `speed` times as fast as the clock. History grows by the minute, so that is how
 * often there is something new to show; the moment waits while a map is being read and never runs away from it.
 */
export class TimePlay {
  #speed: Speed = 10
  #momentMs = 0
  /** Clock of the last tick; undefined: it stands. */
  #tickMs: number | undefined

  get speed(): Speed {
    return this.#speed
  }

  set speed(speed: Speed) {
    this.#speed = speed
  }

  get isPlaying(): boolean {
    return this.#tickMs !== undefined
  }

  /** Where it is: between two minutes while it plays. */
  get momentMs(): number {
    return this.#momentMs
  }

  play(fromMs: number, nowMs: number): void {
    this.#momentMs = fromMs
    this.#tickMs = nowMs
  }

  pause(): void {
    this.#tickMs = undefined
  }

  /** To another moment, playing or not. */
  place(momentMs: number): void {
    this.#momentMs = momentMs
  }

  /**
   * Moves on to `nowMs` by the reader's clock. Answers the minute that has been reached and is to be shown, 'now' where the
   * past has caught up with the market's present, undefined where there is nothing new.
   */
  tick(nowMs: number, presentMs: number, isReading: boolean): number | 'now' | undefined {
    if (this.#tickMs === undefined) return undefined
    const passedMs = Math.max(0, nowMs - this.#tickMs) * this.#speed
    this.#tickMs = nowMs
    if (isReading) return undefined
    const before = Math.floor(this.#momentMs / MINUTE_MS)
    // A page that was asleep goes on where it was: it does not jump by what it slept.
    this.#momentMs += Math.min(passedMs, MINUTE_MS)
    if (this.#momentMs >= presentMs) {
      this.pause()
      return 'now'
    }
    const minute = Math.floor(this.#momentMs / MINUTE_MS)
    return minute === before ? undefined : minute * MINUTE_MS
  }

  /** The minute that will be shown next. */
  get nextMs(): number {
    return (Math.floor(this.#momentMs / MINUTE_MS) + 1) * MINUTE_MS
  }
}
