import type { AlertRule, AlertSubject } from './alert-rules.ts'
import { limits } from './limits.ts'

const MS_PER_SECOND = 1000

/** What a gate remembers, as plain data. */
export interface AlertMemory {
  /** Keys of what has fired, that heard of longest ago first. */
  readonly fired: readonly string[]
  /** By rule and asset, venue time of the newest firing. */
  readonly newest: readonly (readonly [string, number])[]
}

/**
 * Lets a matching report through once: the same id never fires the same rule again, except in another state where the
 * rule names states, and after a firing the rule is silent for the asset as long as it says. Runs on venue time, so a
 * back-test lets through what the live rule would have.
 */
export class AlertGate {
  readonly #fired = new Set<string>()
  readonly #newest = new Map<string, number>()
  readonly #keysMax: number

  constructor(memory?: AlertMemory, keysMax: number = limits.alertKeysMax) {
    this.#keysMax = keysMax
    for (const key of memory?.fired ?? []) this.#fired.add(key)
    for (const [key, atMs] of memory?.newest ?? []) this.#newest.set(key, atMs)
  }

  /** True where the rule may fire now; then it has. `ruleKey` tells rules apart. */
  pass(ruleKey: string, rule: AlertRule, subject: AlertSubject): boolean {
    const key = [ruleKey, subject.id, ...(rule.states === undefined ? [] : [subject.state])].join(' ')
    // To the end of the order: what is told again and again while it stands is the last to be forgotten.
    if (this.#fired.delete(key)) {
      this.#fired.add(key)
      return false
    }
    const silence = `${ruleKey} ${subject.asset}`
    const before = this.#newest.get(silence)
    // Either way: reports of one moment come in any order. A clock that went far back (a replay begun anew) silences nothing.
    const isSilent = before !== undefined && Math.abs(subject.atMs - before) < rule.cooldownSeconds * MS_PER_SECOND
    // What comes while the rule is silent is not told later either.
    this.#fired.add(key)
    this.#forget(this.#fired)
    if (isSilent) return false
    this.#newest.delete(silence)
    this.#newest.set(silence, subject.atMs)
    this.#forget(this.#newest)
    return true
  }

  /** For the next process. */
  memory(): AlertMemory {
    return { fired: [...this.#fired], newest: [...this.#newest] }
  }

  /** Sets and maps keep their order: the oldest go. */
  #forget(kept: Set<string> | Map<string, number>): void {
    for (const key of kept.keys()) {
      if (kept.size <= this.#keysMax) return
      kept.delete(key)
    }
  }
}
