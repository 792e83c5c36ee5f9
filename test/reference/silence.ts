/** Plain twin of assembly/silence.ts: whole histories instead of running sums. One look every ten seconds. */
export interface Look {
  /** Middle price now, 0: no book was ever known. */
  mid: number
  /** Traded since the look before. */
  traded: boolean
}

const QUIET_MIN = 3
const QUIET_MAX = 6

export class ReferenceSilence {
  readonly suspects = new Set<number>()
  readonly #looks: Look[][]
  readonly #moves: number[][]

  constructor(venues: number) {
    this.#looks = Array.from({ length: venues }, () => [])
    this.#moves = Array.from({ length: venues }, () => [])
  }

  look(now: readonly Look[]): void {
    now.forEach((look, venue) => {
      this.#looks[venue]!.push(look)
      if (this.#quiet(venue) === 0) this.suspects.delete(venue)
    })
    now.forEach((_, venue) => {
      const quiet = this.#quiet(venue)
      const looks = this.#looks[venue]!
      const wasHeard = looks.some(({ mid, traded }) => mid > 0 || traded)
      if (wasHeard && quiet >= QUIET_MIN && now.some((_, other) => this.#isUnusual(other, quiet)))
        this.suspects.add(venue)
    })
    now.forEach((_, venue) => {
      const [before, last] = this.#looks[venue]!.slice(-2)
      if (this.#quiet(venue) === 0 && last !== undefined && before!.mid > 0 && last.mid > 0) {
        this.#moves[venue]!.push(Math.log(last.mid / before!.mid))
      }
    })
  }

  /** Looks up to now without a change of price or a trade; the first look is a beginning, not a silence. */
  #quiet(venue: number): number {
    const looks = this.#looks[venue]!
    let quiet = 0
    for (let i = looks.length - 1; i > 0; i--) {
      if (looks[i]!.traded || looks[i]!.mid !== looks[i - 1]!.mid) break
      quiet++
    }
    return Math.min(quiet, QUIET_MAX)
  }

  #isUnusual(venue: number, steps: number): boolean {
    const looks = this.#looks[venue]!
    const moves = this.#moves[venue]!
    // The first look fills the whole past.
    const from = looks[Math.max(0, looks.length - 1 - steps)]!.mid
    const to = looks.at(-1)!.mid
    if (this.#quiet(venue) > 0 || moves.length < 30 || !(from > 0 && to > 0)) return false
    const variance = moves.reduce((mean, move, i) => mean + (move * move - mean) / Math.min(i + 1, 180), 0)
    return Math.abs(Math.log(to / from)) > 3 * Math.max(1e-4, Math.sqrt(variance))
  }
}
