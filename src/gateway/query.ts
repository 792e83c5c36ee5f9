import { ASSETS } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { type LayerName, layers } from '../model/layers.ts'
import { type Mode, modes } from '../model/modes.ts'
import { COLUMNS } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { type Range, ranges } from '../wire/keep-range.ts'
import { quote, streamOf } from './control.ts'
import { readTime } from './past.ts'

/** What requests ask for in their query; everything else is refused with LMAP_REQUEST_INVALID or LMAP_REQUEST_UNKNOWN. */

const depthLayers: readonly LayerName[] = ['bid', 'ask']

export interface StreamQuery {
  readonly asset: AssetId
  readonly timeframe: number
}

export interface MapQuery extends StreamQuery {
  readonly columns: number
  readonly layers: readonly LayerName[]
  readonly mode: Mode | undefined
  /** Percent of price to either side, 0: all. */
  readonly range: Range
  /** Undefined: now. */
  readonly atMs: number | undefined
}

export function readMapQuery(query: string, columnsDefault: number): MapQuery {
  const parameters = readParameters(query, ['asset', 'timeframe', 'columns', 'layers', 'mode', 'range', 'at'])
  const mode = readMode(parameters.get('mode'))
  return {
    ...readStream(parameters),
    columns: readCount(parameters, 'columns', columnsDefault, COLUMNS),
    layers: readLayers(parameters.get('layers'), mode),
    mode,
    range: readRange(parameters.get('range')),
    atMs: readAt(parameters.get('at')),
  }
}

/** A question for the history, as text, and the format of its answer. */
export function readSqlQuery(query: string): { sql: string; format: string } {
  const parameters = readParameters(query, ['query', 'format'])
  const sql = parameters.get('query')
  if (sql === null) throw new LmapError('LMAP_REQUEST_INVALID', 'query is missing, one SELECT.')
  return { sql, format: parameters.get('format') ?? 'json' }
}

function readAt(text: string | null): number | undefined {
  return text === null ? undefined : readTime(text)
}

export function readStreamQuery(query: string): StreamQuery {
  return readStream(readParameters(query, ['asset', 'timeframe']))
}

export function readAssetQuery(query: string): { asset: AssetId } {
  return { asset: readStream(readParameters(query, ['asset'])).asset }
}

/** One asset, or all together where none is named. */
export function readLiftQuery(query: string): { asset: AssetId | undefined } {
  const parameters = readParameters(query, ['asset'])
  return { asset: parameters.has('asset') ? readStream(parameters).asset : undefined }
}

export function readScoreQuery(query: string, hoursDefault: number, hoursMax: number) {
  const parameters = readParameters(query, ['asset', 'hours'])
  return { asset: readStream(parameters).asset, hours: readCount(parameters, 'hours', hoursDefault, hoursMax) }
}

export function readParameters(query: string, names: readonly string[]): URLSearchParams {
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!names.includes(name)) {
      throw new LmapError('LMAP_REQUEST_INVALID', `There is no parameter ${quote(name)}.`, {
        hint: `There are ${names.join(', ')}.`,
      })
    }
  }
  return parameters
}

function readStream(parameters: URLSearchParams): StreamQuery {
  const assetName = parameters.get('asset')
  if (assetName === null) throw new LmapError('LMAP_REQUEST_INVALID', `asset is missing, one of ${ASSETS}.`)
  return streamOf(assetName, parameters.get('timeframe') ?? '1m')
}

export function readCount(parameters: URLSearchParams, name: string, usual: number, most: number): number {
  const text = parameters.get(name)
  const count = text === null ? usual : Number(text)
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new LmapError('LMAP_REQUEST_INVALID', `${name} is a whole number from 1 to ${most}.`)
  }
  return count
}

/** A mode has channels of its own, and depth lies over each. */
function readLayers(text: string | null, mode: Mode | undefined): readonly LayerName[] {
  const all = layers.map((layer) => layer.name)
  if (text === null) return mode === undefined ? all : depthLayers
  return [...new Set(text.split(','))].map((wanted) => {
    const name = all.find((known) => known === wanted)
    if (name !== undefined) return name
    throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no layer ${quote(wanted)}.`, {
      hint: `There are ${all.join(', ')}.`,
    })
  })
}

function readRange(text: string | null): Range {
  if (text === null) return 0
  const range = ranges.find((known) => String(known) === text)
  if (range !== undefined) return range
  throw new LmapError('LMAP_REQUEST_INVALID', `range is a percentage of price: ${ranges.join(', ')}.`)
}

function readMode(text: string | null): Mode | undefined {
  if (text === null) return undefined
  const mode = modes.find((known) => known === text)
  if (mode !== undefined) return mode
  throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no mode ${quote(text)}.`, {
    hint: `There are ${modes.join(', ')}.`,
  })
}
