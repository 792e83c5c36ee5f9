import { assets } from '../model/assets.ts'
import type { Extent, ModelStatus, PastMap } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import type { Client } from './client.ts'
import { pastQuery, readPastColumns } from './column-rows.ts'
import { openColumnOf, piecesOf } from './open-column.ts'
import { readPastVenues } from './past-venues.ts'
import { type StoredScore, scoreOf } from './score-rows.ts'

/**
 * A stream as it was known at a time. Columns that had closed are read as they are: they never change. Of the one that
 * was open, history holds its closed minutes, so it is as of the last full minute and never invented beyond it.
 */
export async function readPast(
  client: Client,
  asset: AssetId,
  timeframe: number,
  atMs: number,
  most: number,
): Promise<PastMap> {
  const pieces = piecesOf(timeframe, atMs)
  const found = readPastColumns(await client.read(pastQuery(asset, timeframe, most, atMs, pieces)), asset)
  const closed = found.filter((column) => column.timeframe === timeframe)
  const parts = found.filter((column) => column.timeframe !== timeframe)
  const newest = parts.at(-1) ?? closed.at(-1)
  const asOfMs = newest === undefined ? 0 : newest.openMs + timeframes[newest.timeframe]!.ms
  const [model, venues] = await Promise.all([
    readModel(client, asset, atMs),
    asOfMs === 0 ? undefined : readPastVenues(client, asset, asOfMs),
  ])
  return { closed, open: openColumnOf(parts, timeframe), asOfMs, model, venues }
}

/** From the times alone: no cell is opened for it. */
export async function readExtent(client: Client, asset: AssetId, timeframe: number): Promise<Extent> {
  const { name, ms } = timeframes[timeframe]!
  const [row] = await client.rows<{ readonly count: number; readonly firstMs: number; readonly lastMs: number }>(
    `SELECT toUInt32(count()) AS count, toFloat64(toUnixTimestamp64Milli(min(time))) AS firstMs,
      toFloat64(toUnixTimestamp64Milli(max(time))) AS lastMs
    FROM columns WHERE asset = {asset:String} AND timeframe = {timeframe:String}`,
    { asset: assets[asset]!.name, timeframe: name },
  )
  return row === undefined || row.count === 0
    ? { firstMs: 0, endMs: 0 }
    : { firstMs: row.firstMs, endMs: row.lastMs + ms }
}

/** The score that was published last; another model in the meantime is another row. */
async function readModel(client: Client, asset: AssetId, atMs: number): Promise<ModelStatus | undefined> {
  const [row] = await client.rows<StoredScore>(
    `SELECT toUnixTimestamp(hour) AS hourSeconds, model, state, bitsLong, bitsShort, mean, error, hours,
      predictedLong, predictedShort, realisedLong, realisedShort
    FROM scores FINAL WHERE asset = {asset:String} AND hour <= fromUnixTimestamp64Milli({atMs:Int64}, 'UTC')
    ORDER BY hour DESC LIMIT 1`,
    { asset: assets[asset]!.name, atMs: Math.floor(atMs) },
  )
  if (row === undefined) return undefined
  const { state, model, mean, error, hours } = scoreOf(asset, row)
  return { state, id: model, mean, error, hours }
}
