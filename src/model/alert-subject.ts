import type { AlertSubject } from './alert-rules.ts'
import { assetByName, assets } from './assets.ts'
import { modelledLayers } from './cluster-layers.ts'
import { type Cluster, findClusters } from './clusters.ts'
import type { MapColumn } from './map-column.ts'
import type { ReportFacts } from './report-facts.ts'
import type { Report } from './reports.ts'
import type { AssetId } from './units.ts'
import { venueId } from './venues.ts'

const BP = 1e4
/** Clusters are looked at when a column of this timeframe closes, live and in a back-test alike. */
export const ALERT_CLUSTER_TIMEFRAME = '5m'
/** A cluster is the same within so many buckets, for a day: one that stands for long is told of once a day. */
const CLUSTER_ID_BUCKETS = 8
const DAY_MS = 86_400_000

/** A report as rules see it; `price` is that of now, 0 where none is known. */
export function subjectOfReport(row: Report, price: number): AlertSubject {
  return subjectOf(row, price, row.asset, row.kind === 'convergence' ? row.venues : [row.venue])
}

/** The same of a report as it leaves the server; undefined where it names what we do not know. */
export function subjectOfFacts(row: ReportFacts, price: number): AlertSubject | undefined {
  const asset = assetByName(row.asset)?.id
  if (asset === undefined) return undefined
  const names = row.kind === 'convergence' ? row.venues.map(({ name }) => name) : [row.venue]
  return subjectOf(
    row,
    price,
    asset,
    names.map(venueId).filter((venue) => venue >= 0),
  )
}

/** Modelled clusters of a column that has just closed. */
export function subjectsOfColumn(asset: AssetId, column: MapColumn, closeMs: number): AlertSubject[] {
  const price = column.close
  if (!(price > 0)) return []
  return modelledLayers(column, [], undefined)
    .flatMap((layer) => findClusters(layer, price, closeMs))
    .map((cluster) => subjectOfCluster(asset, cluster, column, closeMs))
}

export function distanceBpOf(level: number, price: number): number | undefined {
  return price > 0 ? (level / price - 1) * BP : undefined
}

/** What both forms of a report have in common; they differ in how assets and venues are named. */
function subjectOf(
  row: Report | ReportFacts,
  price: number,
  asset: AssetId,
  venues: AlertSubject['venues'],
): AlertSubject {
  return {
    kind: row.kind,
    id: row.id,
    asset,
    atMs: row.atMs,
    startMs: row.startMs,
    side: row.side,
    state: row.kind === 'sweep' ? (row.liquidationDriven ? 'driven' : 'plain') : row.state,
    price: row.price,
    usd: usdOf(row),
    distanceBp: row.kind === 'wall' ? row.distanceBp : distanceBpOf(row.price, price),
    score: row.kind === 'convergence' ? row.score : undefined,
    spoof: row.kind === 'wall' ? row.spoof : undefined,
    venues,
  }
}

function subjectOfCluster(asset: AssetId, cluster: Cluster, column: MapColumn, atMs: number): AlertSubject {
  const { side, peak, usd } = cluster
  const place = Math.floor(peak / column.step / CLUSTER_ID_BUCKETS)
  return {
    kind: 'cluster',
    id: ['cluster', assets[asset]!.name, side, place, Math.floor(atMs / DAY_MS)].join('-'),
    asset,
    atMs,
    startMs: atMs,
    side,
    state: 'modelled',
    price: peak,
    usd,
    distanceBp: distanceBpOf(peak, column.close),
    score: undefined,
    spoof: undefined,
    venues: [],
  }
}

/** A wall that is over has nothing left: what counts is what it was. */
function usdOf(row: Report | ReportFacts): number {
  return row.kind === 'wall' && row.state !== 'active' ? row.peakUsd : row.usd
}
