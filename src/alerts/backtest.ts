import type { AlertAfter, AlertBacktest, AlertFiring } from '../model/alert-backtest.ts'
import { AlertGate } from '../model/alert-gate.ts'
import type { AlertHistory, Candles } from '../model/alert-history.ts'
import { alertSubjectJson } from '../model/alert-json.ts'
import { type AlertRule, type AlertSubject, alertMatches, isSupport } from '../model/alert-rules.ts'
import { assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { AssetId } from '../model/units.ts'
import { changeOf, holdOf, wordsOf } from './backtest-sums.ts'
import { changeAfter, OUTCOME_MS, type Outcome, outcomeOf, priceAt } from './candle-reading.ts'
import { CandleReader, type Span, subjectsOf } from './past-subjects.ts'

export interface BacktestOptions {
  readonly history: AlertHistory
  readonly now: () => number
  readonly limits: Limits
  /** Newest time that is known of an asset; 0: none. */
  readonly clockMs: (asset: AssetId) => number
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const BP = 1e4
const MINUTES_AFTER = [5, 15, 60] as const
const LAST_FIRINGS = 10
/** Times drawn at random for each firing that is followed. */
const BASES_PER_FIRING = 4
/** The same history gives the same answer. */
const SEED = 0x9e3779b9

/**
 * How often a rule would have fired in the stored history, by the same predicate and the same gate as live, and what
 * price did after it, beside what it did after random times of the same assets. Throws LMAP_LIMIT where it takes too long.
 */
export async function backtestRule(rule: AlertRule, days: number, options: BacktestOptions): Promise<AlertBacktest> {
  const { history, now, limits } = options
  const deadlineMs = now() + limits.alertBacktestMsMax
  const inTime = (): void => {
    if (now() <= deadlineMs) return
    throw new LmapError('LMAP_LIMIT', `The back-test takes more than ${limits.alertBacktestMsMax / 1000} s.`, {
      hint: 'Name fewer assets or ask for fewer days.',
    })
  }
  const asked = rule.assets ?? assets.map(({ id }) => id)
  // Those of which nothing is known have no history either.
  const known = asked.filter((id) => options.clockMs(id) > 0)
  const ids = known.length > 0 ? known : asked
  const toMs = Math.max(...ids.map((id) => options.clockMs(id))) || now()
  const read = new CandleReader(history, spanOf(days, ids.length, toMs, limits), inTime)
  const found = await subjectsOf(rule, ids, read, limits)
  const gate = new AlertGate(undefined, Number.POSITIVE_INFINITY)
  const firings = found.subjects.filter((subject) => alertMatches(rule, subject) && gate.pass('', rule, subject))
  const startMs = await read.startMs(firings[0]?.asset ?? ids[0]!)
  const fromMs = Math.min(toMs, Math.max(found.fromMs, startMs))
  const { after, rule: held, base } = await followed(firings, read, limits)
  return {
    fromMs,
    toMs,
    cut: found.cut ?? (startMs > read.span.fromMs + DAY_MS ? 'History begins there.' : read.span.cut),
    firings: firings.length,
    days: byDay(firings, fromMs, toMs),
    last: await Promise.all(
      firings
        .slice(-LAST_FIRINGS)
        .reverse()
        .map((firing) => firingOf(firing, read)),
    ),
    after,
    hold: { rule: held, base },
    words: wordsOf(firings.length, toMs - fromMs, held, base),
  }
}

/** As far back as the candles of so many assets may be read. */
function spanOf(days: number, count: number, toMs: number, limits: Limits): Span {
  const mostMs = (limits.alertBacktestCandlesMax / count) * MINUTE_MS
  const cut = mostMs < days * DAY_MS ? `Of ${count} assets no more is read at a time.` : null
  return { fromMs: toMs - Math.min(days * DAY_MS, mostMs), toMs, cut }
}

async function firingOf(firing: AlertSubject, read: CandleReader): Promise<AlertFiring> {
  const candles = await read.of(firing.asset)
  const changes = MINUTES_AFTER.map((minutes) => changeAfter(candles, firing.atMs, minutes) ?? null)
  return { ...alertSubjectJson(firing), changes }
}

/** What came after the newest firings, and after random times at levels just as far away. */
async function followed(firings: readonly AlertSubject[], read: CandleReader, limits: Limits) {
  const rule = new Trials()
  const base = new Trials()
  const random = randomOf(SEED)
  for (const firing of firings.slice(-limits.alertBacktestTrialsMax)) {
    const candles = await read.of(firing.asset)
    const support = isSupport(firing.side)
    rule.add(candles, firing.atMs, firing.price, support)
    for (let index = 0; index < BASES_PER_FIRING; index++) {
      const atMs = randomMs(candles, random())
      const price = atMs === undefined ? undefined : priceAt(candles, atMs)
      if (atMs === undefined || price === undefined) continue
      base.add(candles, atMs, price * (1 + (firing.distanceBp ?? 0) / BP), support)
    }
  }
  const after: AlertAfter[] = MINUTES_AFTER.map((minutes, index) => ({
    minutes,
    rule: changeOf(rule.changes[index]!),
    base: changeOf(base.changes[index]!),
  }))
  return { after, rule: holdOf(rule.outcomes), base: holdOf(base.outcomes) }
}

/** Changes and outcomes of many moments. */
class Trials {
  readonly changes: readonly number[][] = MINUTES_AFTER.map(() => [])
  readonly outcomes: Outcome[] = []

  add(candles: Candles, atMs: number, level: number, support: boolean): void {
    for (const [index, minutes] of MINUTES_AFTER.entries()) {
      const change = changeAfter(candles, atMs, minutes)
      if (change !== undefined) this.changes[index]!.push(change)
    }
    const outcome = outcomeOf(candles, atMs, level, support)
    if (outcome !== undefined) this.outcomes.push(outcome)
  }
}

/** A minute of those that have all that comes after them. */
function randomMs({ openMs }: Candles, chance: number): number | undefined {
  const last = openMs.at(-1)
  if (last === undefined) return undefined
  const room = openMs.findLastIndex((ms) => ms <= last - OUTCOME_MS)
  return room < 0 ? undefined : openMs[Math.floor(chance * (room + 1))]! + MINUTE_MS
}

function byDay(firings: readonly AlertSubject[], fromMs: number, toMs: number) {
  const counts = new Map<string, number>()
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
  for (let ms = fromMs; ms < toMs; ms += DAY_MS) counts.set(dayOf(ms), 0)
  counts.set(dayOf(toMs), 0)
  for (const { atMs } of firings) counts.set(dayOf(atMs), (counts.get(dayOf(atMs)) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, count]) => ({ day, firings: count }))
}

/** Numbers from 0 to 1 by xorshift: even enough to draw times with. */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
