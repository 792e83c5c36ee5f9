import { setImmediate as pause } from 'node:timers/promises'
import type { AlertHistory, Candles } from '../model/alert-history.ts'
import type { AlertRule, AlertSubject } from '../model/alert-rules.ts'
import { ALERT_CLUSTER_TIMEFRAME, distanceBpOf, subjectsOfColumn } from '../model/alert-subject.ts'
import type { Limits } from '../model/limits.ts'
import { timeframeId, timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { priceAt } from './candle-reading.ts'

const COLUMNS_PER_READ = 144
const COLUMNS_PER_PAUSE = 8
const timeframe = timeframeId(ALERT_CLUSTER_TIMEFRAME)
const columnMs = timeframes[timeframe]!.ms

/** A stretch of the stored history. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  /** Why it is shorter than was asked for. */
  readonly cut: string | null
}

export interface Found {
  /** Each with its distance where a price is known. */
  readonly subjects: readonly AlertSubject[]
  readonly fromMs: number
  readonly cut: string | null
}

/** What a rule may have fired for in the span, oldest first; where there was too much of it, the newest. */
export async function subjectsOf(
  rule: AlertRule,
  ids: readonly AssetId[],
  read: CandleReader,
  limits: Limits,
): Promise<Found> {
  const { history, inTime } = read
  const { fromMs, toMs } = read.span
  if (rule.kind === 'cluster') return clustersOf(ids, read, limits)
  const most = limits.alertBacktestRowsMax
  const rows = await history.moments({ rule, assets: ids, fromMs, toMs }, most)
  inTime()
  const subjects: AlertSubject[] = []
  for (const subject of rows.toReversed()) {
    subjects.push(subject.distanceBp === undefined ? await withDistance(subject, read) : subject)
  }
  if (rows.length < most) return { subjects, fromMs, cut: null }
  return { subjects, fromMs: subjects[0]!.atMs, cut: `There are more than ${most} such reports: ask for larger ones.` }
}

/** Candles of the span and of what came after, each asset's once. */
export class CandleReader {
  readonly span: Span
  readonly history: AlertHistory
  /** Throws when the time is up. */
  readonly inTime: () => void
  readonly #candles = new Map<AssetId, Promise<Candles>>()

  constructor(history: AlertHistory, span: Span, inTime: () => void) {
    this.history = history
    this.span = span
    this.inTime = inTime
  }

  of(asset: AssetId): Promise<Candles> {
    let candles = this.#candles.get(asset)
    if (candles === undefined) {
      this.inTime()
      candles = this.history.candles(asset, this.span.fromMs, this.span.toMs)
      this.#candles.set(asset, candles)
    }
    return candles
  }

  /** When the asset's history begins within the span; its end where there is none. */
  async startMs(asset: AssetId): Promise<number> {
    const { openMs } = await this.of(asset)
    return openMs[0] ?? this.span.toMs
  }
}

async function clustersOf(ids: readonly AssetId[], read: CandleReader, limits: Limits): Promise<Found> {
  const { history, span, inTime } = read
  const most = Math.floor(limits.alertBacktestColumnsMax / ids.length)
  const fromMs = Math.max(span.fromMs, span.toMs - most * columnMs)
  const subjects: AlertSubject[] = []
  for (const id of ids) {
    for (let beforeMs = span.toMs, left = most; left > 0 && beforeMs > fromMs; ) {
      const columns = await history.columns(id, timeframe, beforeMs, Math.min(left, COLUMNS_PER_READ))
      inTime()
      for (const [index, column] of columns.entries()) {
        const closeMs = column.openMs + columnMs
        if (closeMs > fromMs) subjects.push(...subjectsOfColumn(id, column, closeMs))
        // Each takes a tenth of a millisecond or more: the rest of the process gets its turn.
        if (index % COLUMNS_PER_PAUSE === 0) await pause()
      }
      if (columns.length === 0) break
      left -= columns.length
      beforeMs = columns[0]!.openMs
    }
  }
  subjects.sort((a, b) => a.atMs - b.atMs)
  const cut = fromMs > span.fromMs ? `Of clusters ${limits.alertBacktestColumnsMax} columns are read at a time.` : null
  return { subjects, fromMs, cut }
}

async function withDistance(subject: AlertSubject, read: CandleReader): Promise<AlertSubject> {
  const price = priceAt(await read.of(subject.asset), subject.atMs)
  return { ...subject, distanceBp: price === undefined ? undefined : distanceBpOf(subject.price, price) }
}
