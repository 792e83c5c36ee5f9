import { assetByName } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { timeframeId } from '../model/timeframes.ts'
import type { Client } from './client.ts'

/** A stretch of a table, to be written to a file. */
export interface Slice {
  readonly table: ExportTable
  /** Undefined: all assets. */
  readonly asset: string | undefined
  /** Only for tables of columns. */
  readonly timeframe: string | undefined
  /** From here, and up to but without there. */
  readonly fromMs: number
  readonly toMs: number
  readonly format: ExportFormat
}

interface Source {
  readonly from: string
  /** Column that says when. */
  readonly time: string
  readonly order: string
  readonly hasTimeframe?: boolean
}

const reported = (table: string): Source => ({ from: `${table} FINAL`, time: 'start', order: 'start, asset, id' })

/** By the name under which a table is exported. */
export const exportTables = {
  heatmap: { from: 'heatmap', time: 'time', order: 'time, asset, layer, bucket', hasTimeframe: true },
  candles: { from: 'candles', time: 'time', order: 'time, asset', hasTimeframe: true },
  totals: { from: 'totals', time: 'time', order: 'time, asset', hasTimeframe: true },
  liquidations: { from: 'liquidation_reports', time: 'time', order: 'time, asset, venue, side, price, coins' },
  scores: { from: 'forecast_scores', time: 'hour', order: 'hour, asset' },
  venue_minutes: { from: 'venue_minutes FINAL', time: 'time', order: 'time, asset, venue' },
  walls: reported('walls'),
  sweeps: reported('sweeps'),
  absorptions: reported('absorptions'),
  convergences: reported('convergences'),
  lift_trials: { from: 'lift_trials FINAL', time: 'start', order: 'start, asset, kind, side, control, bucket' },
} as const satisfies Record<string, Source>

export type ExportTable = keyof typeof exportTables

export const exportFormats = { parquet: 'Parquet', csv: 'CSVWithNames', jsonl: 'JSONEachRow', arrow: 'Arrow' } as const
export type ExportFormat = keyof typeof exportFormats

/** Reads a slice from parameters that come from outside; throws where they do not fit. */
export function sliceOf(parameters: Readonly<Record<string, string | undefined>>): Slice {
  const { table = '', asset, timeframe, from, to, format = '' } = parameters
  const known = Object.hasOwn(exportTables, table) ? (exportTables[table as ExportTable] as Source) : undefined
  if (known === undefined) throw refusal('table', Object.keys(exportTables))
  if (!Object.hasOwn(exportFormats, format)) throw refusal('format', Object.keys(exportFormats))
  if (asset !== undefined && assetByName(asset) === undefined) throw refusal('asset', ['BTC, ETH and so on'])
  const needsTimeframe = known.hasTimeframe === true
  if (needsTimeframe !== (timeframe !== undefined) || (timeframe !== undefined && timeframeId(timeframe) < 0)) {
    throw refusal('timeframe', needsTimeframe ? ['1m to 1d'] : ['none for this table'])
  }
  const [fromMs, toMs] = [Number(from), Number(to)]
  if (!(fromMs >= 0 && toMs > fromMs)) throw refusal('from and to', ['times in order'])
  return {
    table: table as ExportTable,
    asset: asset === undefined ? undefined : assetByName(asset)!.name,
    timeframe,
    fromMs,
    toMs,
    format: format as ExportFormat,
  }
}

export function readSlice(client: Client, slice: Slice): Promise<Uint8Array> {
  const { from, time, order } = exportTables[slice.table]
  // Names of our own lists and numbers, see sliceOf: nothing here comes from outside as text.
  const conditions = [
    `${time} >= fromUnixTimestamp64Milli(${Math.floor(slice.fromMs)}, 'UTC')`,
    `${time} < fromUnixTimestamp64Milli(${Math.floor(slice.toMs)}, 'UTC')`,
    ...(slice.asset === undefined ? [] : [`asset = '${slice.asset}'`]),
    ...(slice.timeframe === undefined ? [] : [`timeframe = '${slice.timeframe}'`]),
  ]
  const columns = from.endsWith('FINAL') ? '* EXCEPT writtenAt' : '*'
  const sql = `SELECT ${columns} FROM ${from} WHERE ${conditions.join(' AND ')} ORDER BY ${order}`
  return client.read(sql, exportFormats[slice.format])
}

function refusal(what: string, allowed: readonly string[]): LmapError {
  return new LmapError('LMAP_REQUEST_INVALID', `${what} is missing or does not fit.`, {
    hint: `There are: ${allowed.join(', ')}.`,
  })
}
