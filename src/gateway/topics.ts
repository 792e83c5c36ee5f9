import { ASSETS } from '../model/assets.ts'
import { assert } from '../model/errors.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { ALL_LAYERS } from '../wire/keep-layers.ts'
import { type Range, ranges } from '../wire/keep-range.ts'

/** A stream of the map, cut to some layers: what one topic carries. */
export interface MapTopic {
  readonly asset: AssetId
  readonly timeframe: number
  /** Layers, bit by id. */
  readonly mask: number
  /** Percent of price to either side, 0: all. */
  readonly range: Range
}

/** First word of their names. */
export const MAP_TOPICS = 'map'

/** Name of the topic of those who get the layers of `mask` in a range around price. */
export function mapTopic(asset: number, timeframe: number, { mask, range }: Pick<MapTopic, 'mask' | 'range'>): string {
  return `${MAP_TOPICS}/${asset}/${timeframe}/${mask}/${range}`
}

/** What a topic's name says; undefined where it is none of the map. */
export function readMapTopic(topic: string): MapTopic | undefined {
  const [kind, ...numbers] = topic.split('/')
  if (kind !== MAP_TOPICS) return undefined
  const [asset = -1, timeframe = -1, mask = -1, wanted = -1] = numbers.map(Number)
  const isKnown = asset >= 0 && asset < ASSETS && timeframe >= 0 && timeframe < TIMEFRAMES
  const range = ([0, ...ranges] as const).find((known) => known === wanted)
  assert(isKnown && mask >= 0 && mask <= ALL_LAYERS && range !== undefined, 'topics of the map are named by mapTopic')
  return { asset: asset as AssetId, timeframe, mask, range }
}
