import { BUCKETS } from './layers.ts'
import { limits } from './limits.ts'

/** USD of one kind and side by cell, as clusters are found in it; see cluster-layers.ts for where it comes from. */
export interface ClusterLayer {
  readonly kind: ClusterKind
  readonly side: ClusterSide
  readonly step: number
  /** Absolute bucket of cell 0. */
  readonly baseBucket: number
  /** By cell, BUCKETS of them. */
  readonly usd: Float64Array
  /** By venue, how much of the cells `first` to `last` is whose; undefined where nobody knows. */
  readonly venueUsd: ((first: number, last: number) => readonly number[]) | undefined
  /** When the cells `first` to `last` were fed first and last, Unix ms; 0: unknown. */
  readonly times: (first: number, last: number, peak: number) => { readonly firstMs: number; readonly lastMs: number }
}

export type ClusterKind = 'realised' | 'modelled'
export type ClusterSide = 'long' | 'short'

/** Neighbouring buckets that stand out of their layer. */
export interface Cluster {
  readonly kind: ClusterKind
  readonly side: ClusterSide
  /** Lower edge of its lowest bucket, upper edge of its highest, middle of its largest: USD per coin. */
  readonly low: number
  readonly high: number
  readonly peak: number
  readonly usd: number
  /** By venue id, adding up to `usd`; undefined where nobody knows. */
  readonly venueUsd: readonly number[] | undefined
  /** Milliseconds since its newest input, and since its oldest that still counts; undefined: unknown. */
  readonly freshnessMs: number | undefined
  readonly ageMs: number | undefined
  /** Beyond the distance to which the model has support. */
  readonly isFar: boolean
}

/** What belongs to a cluster is above this quantile of the cells of its layer and side that are not empty. */
export const CLUSTER_QUANTILE = 0.9
/** Further from price than this part of it the forecast has no support. */
export const MODEL_REACH = 0.06

/** Clusters of one layer, the largest first, at most limits.clustersMax. `price` is that of now. */
export function findClusters(layer: ClusterLayer, price: number, clockMs: number): Cluster[] {
  const { usd } = layer
  const stands = threshold(usd)
  const clusters: Cluster[] = []
  for (let cell = 0; cell < BUCKETS; ) {
    if (!stands(usd[cell]!)) {
      cell++
      continue
    }
    const first = cell
    while (cell < BUCKETS && stands(usd[cell]!)) cell++
    clusters.push(clusterOf(layer, first, cell - 1, price, clockMs))
  }
  return clusters.sort((a, b) => b.usd - a.usd).slice(0, limits.clustersMax)
}

/**
 * At the quantile and above, for few cells and coarse codes leave little room above it. A layer whose quantile is its
 * median is flat: there only what is more than the rest stands out.
 */
function threshold(usd: Float64Array): (value: number) => boolean {
  const filled = usd.filter((value) => value > 0).sort()
  const least = quantile(filled, CLUSTER_QUANTILE)
  const isFlat = filled.length > 2 && least === quantile(filled, 0.5)
  return (value) => value > 0 && (isFlat ? value > least : value >= least)
}

/** Between neighbours by their weight; 0 of nothing. */
function quantile(ascending: Float64Array, share: number): number {
  const at = share * (ascending.length - 1)
  const low = ascending[Math.floor(at)] ?? 0
  const high = ascending[Math.ceil(at)] ?? low
  return low + (high - low) * (at - Math.floor(at))
}

function clusterOf(layer: ClusterLayer, first: number, last: number, price: number, clockMs: number): Cluster {
  const { kind, side, step, baseBucket, usd } = layer
  let sum = 0
  let peakCell = first
  for (let cell = first; cell <= last; cell++) {
    sum += usd[cell]!
    if (usd[cell]! > usd[peakCell]!) peakCell = cell
  }
  const peak = (baseBucket + peakCell + 0.5) * step
  const { firstMs, lastMs } = layer.times(first, last, peakCell)
  return {
    kind,
    side,
    low: (baseBucket + first) * step,
    high: (baseBucket + last + 1) * step,
    peak,
    usd: sum,
    venueUsd: layer.venueUsd === undefined ? undefined : shared(layer.venueUsd(first, last), sum),
    freshnessMs: lastMs > 0 ? Math.max(0, clockMs - lastMs) : undefined,
    ageMs: firstMs > 0 ? Math.max(0, clockMs - firstMs) : undefined,
    isFar: price > 0 && Math.abs(peak / price - 1) > MODEL_REACH,
  }
}

/** Parts brought to a sum: what is known by venue may be exact where the layer is quantised. */
function shared(parts: readonly number[], sum: number): number[] | undefined {
  const total = parts.reduce((all, part) => all + part, 0)
  return total > 0 ? parts.map((part) => (part / total) * sum) : undefined
}
