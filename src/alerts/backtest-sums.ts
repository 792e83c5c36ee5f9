import type { AlertChange, AlertHold } from '../model/alert-backtest.ts'
import { compare, LIFT_SAID_MIN, type Tally, wilson } from '../model/lift.ts'
import type { Outcome } from './candle-reading.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** What changes of price come to. */
export function changeOf(changes: readonly number[]): AlertChange {
  const n = changes.length
  if (n === 0) return { n, median: null, meanSize: null, up: null }
  const sorted = changes.toSorted((a, b) => a - b)
  const median = (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2
  const meanSize = changes.reduce((sum, change) => sum + Math.abs(change), 0) / n
  return { n, median: digits(median), meanSize: digits(meanSize), up: digits(changes.filter((c) => c > 0).length / n) }
}

/** How many levels held of those that price came to, with the 95 % interval. */
export function holdOf(outcomes: readonly Outcome[]): AlertHold {
  const tally = tallyOf(outcomes)
  const unreached = outcomes.length - tally.n
  if (tally.n === 0) return { ...tally, unreached, rate: null, low: null, high: null }
  const [low, high] = wilson(tally)
  return { ...tally, unreached, rate: digits(tally.held / tally.n), low: digits(low), high: digits(high) }
}

/** One sentence about how often it fired and one about what followed, which says no more than the intervals allow. */
export function wordsOf(firings: number, spanMs: number, rule: AlertHold, base: AlertHold): string {
  const often = `${firings} ${firings === 1 ? 'firing' : 'firings'} in ${spanWords(spanMs)}.`
  if (firings === 0) return often
  const { controlRate, low, high } = compare(rule, base)
  if (rule.n < LIFT_SAID_MIN || controlRate === undefined || low === undefined || high === undefined) {
    return `${often} Price came to ${rule.n} of these levels: too few to say what came after.`
  }
  const facts = `${rule.held} of ${rule.n} levels that price came to held, ${percent(controlRate)} of those drawn at random`
  if (low <= 0 && high >= 0) return `${often} ${facts}: the difference may be chance.`
  return `${often} ${facts}: a difference of ${points(low)} to ${points(high)} points.`
}

function tallyOf(outcomes: readonly Outcome[]): Tally {
  const count = (wanted: Outcome): number => outcomes.filter((outcome) => outcome === wanted).length
  return { n: outcomes.length - count('unreached'), held: count('held'), broken: count('broken') }
}

function points(part: number): string {
  return `${part < 0 ? '−' : '+'}${Math.abs(part * 100).toFixed(0)}`
}

function spanWords(ms: number): string {
  return ms < DAY_MS ? `${(ms / HOUR_MS).toFixed(1)} hours` : `${(ms / DAY_MS).toFixed(1)} days`
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`
}

function digits(value: number): number {
  const count = 4
  return Number(value.toPrecision(count))
}
