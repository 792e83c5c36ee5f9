import { assetByName, assets } from '../model/assets.ts'
import { type AssetLift, type LiftKind, type LiftRow, type LiftSide, liftKinds, liftSides } from '../model/lift.ts'
import { seconds } from './column-rows.ts'

/** Columns of an insert, in the order of liftLine. */
export const liftNames: readonly string[] = [
  'asset',
  'start',
  'kind',
  'side',
  'control',
  'bucket',
  'price',
  'touch',
  'at',
  'outcome',
  'reportStart',
  'reportOutcome',
  'distanceUsd',
  'atrUsd',
  'n',
  'held',
  'broken',
  'controlsHeld',
  'controlsBroken',
]

export function liftLine(row: LiftRow): string {
  const { reports, controls } = row
  return `${[
    assets[row.asset]!.name,
    seconds(row.startMs),
    row.kind,
    row.side,
    row.control !== undefined,
    row.bucket,
    row.price,
    seconds(row.touchMs),
    seconds(row.atMs),
    row.outcome,
    seconds(row.control?.startMs ?? row.startMs),
    row.control?.outcome ?? '',
    row.distanceUsd,
    row.atrUsd,
    reports.n,
    reports.held,
    reports.broken,
    controls.held,
    controls.broken,
  ].join('\t')}\n`
}

/** A row as liftQuery answers it. */
export interface StoredLift {
  asset: string
  kind: LiftKind
  side: LiftSide
  n: number
  held: number
  broken: number
  controlsHeld: number
  controlsBroken: number
}

/** The newest counts, of one asset or of all. */
export const liftQuery = `SELECT asset, kind, side, n, held, broken, controlsHeld, controlsBroken
  FROM lift_counts FINAL WHERE {asset:String} IN ('', asset)`

/** Counts of assets and kinds that are known no longer are left out. */
export function liftsOfRows(rows: readonly StoredLift[]): AssetLift[] {
  return rows.flatMap((row) => {
    const asset = assetByName(row.asset)?.id
    if (asset === undefined || !liftKinds.includes(row.kind) || !liftSides.includes(row.side)) return []
    const { kind, side, n, held, broken } = row
    const controls = { n, held: row.controlsHeld, broken: row.controlsBroken }
    return [{ asset, kind, side, reports: { n, held, broken }, controls }]
  })
}
