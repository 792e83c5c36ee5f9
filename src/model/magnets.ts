import type { Cluster } from './clusters.ts'

/** The strongest cluster on one side of price. */
export interface Magnet {
  readonly cluster: Cluster
  /** Of its peak from price, as a part of price; negative below. */
  readonly distance: number
  /** USD weighted by nearness. */
  readonly strengthUsd: number
}

/** At this distance a cluster counts for 1/e of its USD. */
export const MAGNET_DISTANCE = 0.02

/**
 * The strongest cluster above and below price, by USD x exp(-distance / 2 %). Give it the modelled ones: what has been
 * realised is gone and draws nothing.
 */
export function magnetsOf(
  clusters: readonly Cluster[],
  price: number,
): { above: Magnet | undefined; below: Magnet | undefined } {
  let above: Magnet | undefined
  let below: Magnet | undefined
  for (const cluster of price > 0 ? clusters : []) {
    const distance = cluster.peak / price - 1
    const strengthUsd = cluster.usd * Math.exp(-Math.abs(distance) / MAGNET_DISTANCE)
    const magnet = { cluster, distance, strengthUsd }
    if (distance >= 0) {
      if (above === undefined || strengthUsd > above.strengthUsd) above = magnet
    } else if (below === undefined || strengthUsd > below.strengthUsd) below = magnet
  }
  return { above, below }
}
