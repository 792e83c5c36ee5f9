import type { Config } from '../config.ts'
import type { Asset } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import type { AssetId, UnixMs } from '../model/units.ts'
import type { SourceSpec } from '../venues/source.ts'

/** What is known of an asset from earlier runs; 0 where nothing is. */
export interface Known {
  price(asset: AssetId): number
  clockMs(asset: AssetId): number
}

export interface SourceSurroundings {
  readonly now: () => UnixMs
  /** The environment's variables that name a proxy. */
  readonly proxyEnv: Readonly<Record<string, string | undefined>>
  /** Log lines are for a terminal. */
  readonly pretty: boolean
}

/** The source that was asked for, going on from what is known. */
export function sourceSpec(
  config: Config,
  known: Known,
  chosen: readonly Asset[],
  { now, proxyEnv, pretty }: SourceSurroundings,
): SourceSpec {
  const { speed } = config
  const seen = chosen.filter((asset) => known.price(asset.id) > 0)
  if (config.source === 'live') {
    const { venues, assets, venueUrls: urls, data: folder } = config
    // Who is known goes on from there; the others want a past.
    const cold = config.warmUp ? chosen.filter((asset) => !seen.includes(asset)).map((asset) => asset.name) : []
    const options = {
      folder,
      cold,
      proxyEnv,
      ...(venues && { venues }),
      ...(assets && { assets }),
      ...(urls && { urls }),
    }
    return { kind: 'live', options, log: { level: config.logLevel, pretty } }
  }
  if (config.source === 'replay') {
    if (config.path === undefined) throw new LmapError('LMAP_CONFIG', '--source replay needs a recording.')
    return { kind: 'replay', options: { path: config.path, speed, ...(config.assets && { assets: config.assets }) } }
  }
  return {
    kind: 'simulator',
    options: {
      seed: config.seed,
      // Where a market has run faster than the clock its time lies ahead; sequences and columns only ever go on from there.
      startMs: Math.max(now(), ...seen.map((asset) => Math.ceil(known.clockMs(asset.id)) + 1)),
      levelsPerSecond: config.rate,
      speed,
      // A market that was seen before goes on where it ended.
      startPrices: Object.fromEntries(seen.map((asset) => [asset.name, known.price(asset.id)])),
      ...(config.assets && { assets: config.assets }),
      ...(config.durationSeconds !== undefined && { durationMs: config.durationSeconds * 1000 }),
      ...(config.truth !== undefined && { truthPath: config.truth }),
    },
  }
}
