import { type Cascade, cascadeTo } from '../model/cascade.ts'
import { modelledLayers, realisedLayers } from '../model/cluster-layers.ts'
import { type Cluster, findClusters } from '../model/clusters.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import { type Magnet, magnetsOf } from '../model/magnets.ts'
import type { MapColumn } from '../model/map-column.ts'
import { venues } from '../model/venues.ts'
import type { MapMoment } from './map-json.ts'
import { ratioOf, threeDigits } from './map-reading.ts'

/** What stands out of one moment of a stream. */
export interface Standouts {
  readonly column: MapColumn
  /** USD per coin. */
  readonly price: number
  readonly clusters: readonly Cluster[]
  readonly magnets: ReturnType<typeof magnetsOf>
}

/** Undefined where there is no column yet. */
export function standoutsOf(moment: MapMoment, liquidity: AssetLiquidity | undefined): Standouts | undefined {
  const closed = [...moment.closed]
  const column = moment.live ?? closed.pop()
  if (column === undefined) return undefined
  // Closed columns have an end, the live one has a price of now.
  const price = liquidity !== undefined && liquidity.price > 0 ? liquidity.price : column.close
  const clockMs = liquidity?.clockMs ?? moment.clockMs
  const found = (layers: ReturnType<typeof modelledLayers>): Cluster[] =>
    layers.flatMap((layer) => findClusters(layer, price, clockMs))
  const modelled = found(modelledLayers(column, closed, liquidity))
  const realised = liquidity === undefined ? [] : found(realisedLayers(column, liquidity))
  return { column, price, clusters: [...modelled, ...realised], magnets: magnetsOf(modelled, price) }
}

/** Clusters and magnets of one moment of a stream as plain data for JSON, see docs/http.md. */
export function clustersOf(standouts: Standouts | undefined) {
  if (standouts === undefined) return { price: null, clusters: [], magnets: noMagnets }
  const { column, price, clusters } = standouts
  return {
    price,
    clusters: clusters.map((cluster) => clusterFacts(cluster, price, column)),
    magnets: magnetsFacts(standouts),
  }
}

const noMagnets = { above: null, below: null }

/** The magnets of them by themselves. */
export function magnetsFacts(standouts: Standouts | undefined) {
  if (standouts === undefined) return noMagnets
  const { column, magnets } = standouts
  return { above: magnetFacts(magnets.above, column), below: magnetFacts(magnets.below, column) }
}

function clusterFacts(cluster: Cluster, price: number, column: MapColumn) {
  const { kind, side, low, high, peak, usd, venueUsd, freshnessMs, ageMs, isFar } = cluster
  const shares = venueUsd?.flatMap((share, id) =>
    share > 0 ? [{ name: venues[id]!.name, usd: threeDigits(share) }] : [],
  )
  return {
    kind,
    side,
    low,
    high,
    peak,
    usd: threeDigits(usd),
    distance: distanceOf(peak, price),
    venues: shares ?? null,
    freshnessMs: freshnessMs === undefined ? null : Math.round(freshnessMs),
    ageMs: ageMs === undefined ? null : Math.round(ageMs),
    isFar,
    // To its far edge: what it would take to go all the way through it.
    cascade: cascadeFacts(cascadeTo(column, peak < price ? low : high)),
  }
}

function magnetFacts(magnet: Magnet | undefined, column: MapColumn) {
  if (magnet === undefined) return null
  const { cluster, distance, strengthUsd } = magnet
  const price = cluster.peak / (1 + distance)
  return { ...clusterFacts(cluster, price, column), strengthUsd: threeDigits(strengthUsd) }
}

function cascadeFacts(cascade: Cascade | undefined) {
  if (cascade === undefined) return null
  const { predictedUsd, depthUsd, isCovered } = cascade
  return {
    predictedUsd: threeDigits(predictedUsd),
    depthUsd: threeDigits(depthUsd),
    ratio: ratioOf(cascade),
    isCovered,
  }
}

function distanceOf(price: number, from: number): number {
  const digits = 4
  return Number((price / from - 1).toPrecision(digits))
}
