import type { VenueName } from '../../model/venues.ts'
import type { Rest } from '../instruments/rest.ts'
import type { Market } from '../mapper-market.ts'

export const BAR_MS = 300_000

/** A venue that sends the past in crumbs is not followed to its end. */
const PAGES_MAX = 60

/** Five minutes of the past, all of it over. */
export interface Bar {
  readonly openMs: number
  /** USD of one coin. */
  readonly low: number
  readonly high: number
  readonly close: number
  readonly volumeUsd: number
}

/** Open interest at a moment, one-sided, in coins. */
export interface Reading {
  readonly atMs: number
  readonly coins: number
}

/** From its beginning to its end, which is no part of it. */
export interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

/** How one venue is asked for its past. A new venue: a file like the others and a line in `histories.ts`. */
export interface History {
  readonly venue: VenueName
  /** A missing end of bars that is not longer is left to the other venues: its share stands in for it. */
  readonly barsMsMin: number
  /** In any order; rows outside the span do no harm. */
  bars(rest: Rest, market: Market, span: Span, signal?: AbortSignal): Promise<Bar[]>
  /** Hourly: the estimator needs the level, and an hour's steps cost a twelfth of the requests. Not all venues keep it. */
  readings?(rest: Rest, market: Market, span: Span, signal?: AbortSignal): Promise<Reading[]>
}

/** Spans of at most `ms`, one after the other. */
export function pages({ fromMs, untilMs }: Span, ms: number): Span[] {
  const spans: Span[] = []
  for (let at = fromMs; at < untilMs; at += ms) spans.push({ fromMs: at, untilMs: Math.min(untilMs, at + ms) })
  return spans
}

/**
 * Rows of a venue that answers with the newest before a moment, page after page into the past: it does not matter how
 * many it is ready to send at a time.
 */
export async function backwards<Row>(
  span: Span,
  ask: (untilMs: number) => Promise<Row[]>,
  timeOf: (row: Row) => number,
): Promise<Row[]> {
  const rows: Row[] = []
  let untilMs = span.untilMs
  for (let asked = 0; untilMs > span.fromMs && asked < PAGES_MAX; asked++) {
    const page = await ask(untilMs)
    const firstMs = Math.min(...page.map(timeOf))
    rows.push(...page)
    // No progress: the venue has nothing older.
    if (!(firstMs < untilMs)) break
    untilMs = firstMs
  }
  return rows
}
