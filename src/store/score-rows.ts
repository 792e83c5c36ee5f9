import { assets } from '../model/assets.ts'
import { modelStates } from '../model/model-states.ts'
import type { ScoreRow } from '../model/stages.ts'

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
