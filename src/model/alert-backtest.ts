import type { alertSubjectJson } from './alert-json.ts'
import type { Tally } from './lift.ts'

/* What a back-test of a rule says; JSON in the API, shown on the page. Times are Unix ms. */

export interface AlertBacktest {
  /** What was looked at; later than what was asked for where history, rows or columns did not reach. */
  readonly fromMs: number
  readonly toMs: number
  /** Why it does not reach back as far as was asked; null: it does. */
  readonly cut: string | null
  readonly firings: number
  /** By UTC day of the span, oldest first, days without any included. */
  readonly days: readonly { readonly day: string; readonly firings: number }[]
  /** The newest first. */
  readonly last: readonly AlertFiring[]
  /** After the firings, and after times of the same assets drawn at random. */
  readonly after: readonly AlertAfter[]
  readonly hold: { readonly rule: AlertHold; readonly base: AlertHold }
  /** One sentence that says no more than the numbers do. */
  readonly words: string
}

export type AlertFiring = ReturnType<typeof alertSubjectJson> & {
  /** Change of price after 5, 15 and 60 minutes, parts of price; null where history does not tell. */
  readonly changes: readonly (number | null)[]
}

export interface AlertAfter {
  readonly minutes: number
  readonly rule: AlertChange
  readonly base: AlertChange
}

export interface AlertChange {
  readonly n: number
  /** Parts of price; null where n is 0. */
  readonly median: number | null
  /** Mean of the size of the change, whichever way. */
  readonly meanSize: number | null
  /** Part of them after which price stood higher. */
  readonly up: number | null
}

/** Of levels that price came to: docs/alerts.md says when one held. What neither held nor broke in time is in `n` alone. */
export interface AlertHold extends Tally {
  /** Levels that price did not come to within an hour. */
  readonly unreached: number
  /** held / n with its 95 % interval; null where n is 0. */
  readonly rate: number | null
  readonly low: number | null
  readonly high: number | null
}
