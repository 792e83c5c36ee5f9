import type { AlertRule, AlertSubject } from './alert-rules.ts'
import type { ClosedColumn } from './stages.ts'
import type { AssetId } from './units.ts'

/** What a back-test of a rule reads, from the store. */
export interface AlertHistory {
  /**
   * Reports as they were when they first were what a rule asks for (where it names states: in each of them), the newest
   * first, at most `most`. The distance of those that do not tell it is left open: of these every telling is given where
   * the rule asks for a distance.
   */
  moments(wanted: MomentsWanted, most: number): Promise<AlertSubject[]>
  /** One-minute candles of a stretch of time, oldest first, without those that had no price. */
  candles(asset: AssetId, fromMs: number, toMs: number): Promise<Candles>
  /** Closed columns that had closed by `atMs`, the newest `most`, oldest first. */
  columns(asset: AssetId, timeframe: number, atMs: number, most: number): Promise<readonly ClosedColumn[]>
}

export interface MomentsWanted {
  /** Of a kind of report. */
  readonly rule: AlertRule
  readonly assets: readonly AssetId[]
  readonly fromMs: number
  readonly toMs: number
}

/** Side by side; the candle at `openMs` covers the minute from then on. */
export interface Candles {
  readonly openMs: readonly number[]
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly close: readonly number[]
}
