import type { LiftRow } from '../model/lift.ts'
import type { AbsorptionRow, ConvergenceRow, SweepRow, WallRow } from '../model/reports.ts'
import type { ClosedColumn, LiquidationRow, ScoreRow, VenueMinuteRow } from '../model/stages.ts'
import { columnLine, columnNames } from './column-rows.ts'
import { liftLine, liftNames } from './lift-rows.ts'
import { liquidationLine, liquidationNames } from './liquidation-rows.ts'
import { reportTables } from './report-rows.ts'
import { scoreLine, scoreNames } from './score-rows.ts'
import { venueMinuteLine, venueMinuteNames } from './venue-minute-rows.ts'

/** What the stages hand over, by the table that it goes to. Checkpoints have a way of their own. */
export interface TableRows {
  columns: ClosedColumn
  liquidations: LiquidationRow
  scores: ScoreRow
  venue_minutes: VenueMinuteRow
  walls: WallRow
  sweeps: SweepRow
  absorptions: AbsorptionRow
  convergences: ConvergenceRow
  lift_trials: LiftRow
}

export type TableName = keyof TableRows

interface Table<Row> {
  /** Columns of an insert, in the order of `line`. */
  readonly columns: readonly string[]
  /** A row as tab-separated text, its line end included. */
  readonly line: (row: Row) => string
}

export const tables: { readonly [Name in TableName]: Table<TableRows[Name]> } = {
  columns: { columns: columnNames, line: columnLine },
  liquidations: { columns: liquidationNames, line: liquidationLine },
  scores: { columns: scoreNames, line: scoreLine },
  venue_minutes: { columns: venueMinuteNames, line: venueMinuteLine },
  ...reportTables,
  lift_trials: { columns: liftNames, line: liftLine },
}

export const tableNames = Object.keys(tables) as readonly TableName[]
