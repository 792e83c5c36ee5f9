import { assets } from '../model/assets.ts'
import type { AbsorptionRow, ConvergenceRow, Report, ReportKind, SweepRow, WallRow } from '../model/reports.ts'
import { venues } from '../model/venues.ts'
import { seconds } from './column-rows.ts'

type Value = string | number | boolean
type Fields<Row> = Readonly<Record<string, (row: Row) => Value>>

const basis = {
  asset: (row: Report) => assets[row.asset]!.name,
  start: (row: Report) => seconds(row.startMs),
  id: (row: Report) => row.id,
  at: (row: Report) => seconds(row.atMs),
  side: (row: Report) => row.side,
  bucket: (row: Report) => row.bucket,
  price: (row: Report) => row.price,
  usd: (row: Report) => row.usd,
}

const wall: Fields<WallRow> = {
  ...basis,
  state: (row) => row.state,
  venue: (row) => venueName(row.venue),
  venueUsd: (row) => `[${row.venueUsd.join(',')}]`,
  peakUsd: (row) => row.peakUsd,
  executedUsd: (row) => row.executedUsd,
  density: (row) => row.density,
  strength: (row) => row.strength,
  spoof: (row) => row.spoof,
  secondsToEat: (row) => row.secondsToEat ?? '\\N',
  distanceBp: (row) => row.distanceBp,
  pulls: (row) => row.pulls,
  movedBuckets: (row) => row.movedBuckets,
  coveredBuckets: (row) => row.coveredBuckets,
}

const sweep: Fields<SweepRow> = {
  ...basis,
  venue: (row) => venueName(row.venue),
  finish: (row) => seconds(row.endMs),
  firstPrice: (row) => row.firstPrice,
  levels: (row) => row.levels,
  displacementBp: (row) => row.displacementBp,
  magnitude: (row) => row.magnitude,
  depthPart: (row) => row.depthPart,
  liquidationDriven: (row) => row.liquidationDriven,
  liquidationUsd: (row) => row.liquidationUsd,
  cluster: (row) => seconds(row.clusterMs),
  clusterCount: (row) => row.clusterCount,
}

const absorption: Fields<AbsorptionRow> = {
  ...basis,
  state: (row) => row.state,
  venue: (row) => venueName(row.venue),
  efficiency: (row) => row.efficiency,
  executedToShown: (row) => row.executedToShown,
  refills: (row) => row.refills,
  wall: (row) => row.wall,
  long: (row) => row.long,
  holdMs: (row) => row.holdMs,
  netUsd: (row) => row.netUsd,
  lean: (row) => row.lean,
}

const convergence: Fields<ConvergenceRow> = {
  ...basis,
  state: (row) => row.state,
  wall: (row) => row.wall,
  sweep: (row) => row.sweep,
  absorption: (row) => row.absorption,
  liquidations: (row) => row.liquidations,
  venues: (row) => `[${row.venues.map((venue) => `'${venueName(venue)}'`).join(',')}]`,
  score: (row) => row.score,
}

/** Each kind's table, as the store's tables are: columns of an insert and a row as text. */
export const reportTables = {
  walls: tableOf(wall),
  sweeps: tableOf(sweep),
  absorptions: tableOf(absorption),
  convergences: tableOf(convergence),
}
export type ReportTable = keyof typeof reportTables

export const tableOfReport: Readonly<Record<ReportKind, ReportTable>> = {
  wall: 'walls',
  sweep: 'sweeps',
  absorption: 'absorptions',
  convergence: 'convergences',
}

function tableOf<Row>(fields: Fields<Row>) {
  const columns = Object.keys(fields)
  const values = Object.values(fields)
  return { columns, line: (row: Row): string => `${values.map((value) => value(row)).join('\t')}\n` }
}

function venueName(venue: number): string {
  return venues[venue]!.name
}
