import { assets } from '../model/assets.ts'
import { type ModelState, modelStates } from '../model/model-states.ts'
import type { ScoreRow } from '../model/stages.ts'
import type { AssetId } from '../model/units.ts'

/** Columns of an insert, in the order of scoreLine. */
export const scoreNames: readonly string[] = [
  'asset',
  'hour',
  'model',
  'state',
  'bitsLong',
  'bitsShort',
  'mean',
  'error',
  'hours',
  'predictedLong',
  'predictedShort',
  'realisedLong',
  'realisedShort',
]

export function scoreLine(row: ScoreRow): string {
  return `${[
    assets[row.asset]!.name,
    Math.round(row.hourMs / 1000),
    row.model,
    modelStates[row.state],
    ...row.bits,
    row.mean,
    // ClickHouse writes and reads infinity as inf.
    Number.isFinite(row.error) ? row.error : 'inf',
    row.hours,
    ...row.predicted,
    ...row.realised,
  ].join('\t')}\n`
}

/** A row as scoresQuery answers it. JSON has no infinity: null stands for it. */
export interface StoredScore {
  hourSeconds: number
  model: number
  state: ModelState
  bitsLong: number
  bitsShort: number
  mean: number
  error: number | null
  hours: number
  predictedLong: number
  predictedShort: number
  realisedLong: number
  realisedShort: number
}

/** The newest hours of an asset, newest first. */
export const scoresQuery = `SELECT toUnixTimestamp(hour) AS hourSeconds, model, state, bitsLong, bitsShort, mean, error,
    hours, predictedLong, predictedShort, realisedLong, realisedShort
  FROM scores FINAL WHERE asset = {asset:String} ORDER BY hour DESC LIMIT {most:UInt32}`

export function scoreOf(asset: AssetId, row: StoredScore): ScoreRow {
  return {
    asset,
    hourMs: row.hourSeconds * 1000,
    model: row.model,
    state: modelStates.indexOf(row.state),
    bits: [row.bitsLong, row.bitsShort],
    mean: row.mean,
    error: row.error ?? Number.POSITIVE_INFINITY,
    hours: row.hours,
    predicted: [row.predictedLong, row.predictedShort],
    realised: [row.realisedLong, row.realisedShort],
  }
}
