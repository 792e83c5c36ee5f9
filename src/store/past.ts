import { assets } from '../model/assets.ts'
import type { ClosedColumn, ModelStatus, PastMap } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import type { Client } from './client.ts'
import { columnsQuery, rangeQuery, readColumns } from './column-rows.ts'
import { openColumnOf, piecesOf } from './open-column.ts'
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
  const closed = readColumns(await client.read(columnsQuery(asset, timeframe, most, atMs)), asset, timeframe)
  const pieces = await readPieces(client, asset, timeframe, atMs)
  const open = openColumnOf(pieces, timeframe)
  const newest = pieces.at(-1) ?? closed.at(-1)
  const asOfMs = newest === undefined ? 0 : newest.openMs + timeframes[newest.timeframe]!.ms
  return { closed, open, asOfMs, model: await readModel(client, asset, atMs) }
}

async function readPieces(client: Client, asset: AssetId, timeframe: number, atMs: number): Promise<ClosedColumn[]> {
  const wanted = Map.groupBy(piecesOf(timeframe, atMs), (piece) => piece.timeframe)
  const found: ClosedColumn[] = []
  for (const [shorter, pieces] of wanted) {
    const [first, last] = [pieces[0]!, pieces.at(-1)!]
    const bytes = await client.read(rangeQuery(asset, shorter, first.openMs, last.openMs))
    found.push(...readColumns(bytes, asset, shorter))
  }
  return found.sort((a, b) => a.openMs - b.openMs)
}

/** The score that was published last; another model in the meantime is another row. */
async function readModel(client: Client, asset: AssetId, atMs: number): Promise<ModelStatus | undefined> {
  const [row] = await client.rows<StoredScore>(
    `SELECT toUnixTimestamp(hour) AS hourSeconds, model, state, bitsLong, bitsShort, mean, error, hours,
      predictedLong, predictedShort, realisedLong, realisedShort
    FROM scores FINAL WHERE asset = {asset:String} AND hour <= fromUnixTimestamp64Milli({atMs:Int64}, 'UTC')
    ORDER BY hour DESC LIMIT 1`,
    { asset: assets[asset]!.name, atMs },
  )
  if (row === undefined) return undefined
  const { state, model, mean, error, hours } = scoreOf(asset, row)
  return { state, id: model, mean, error, hours }
}
