import { assetByName } from '../model/assets.ts'
import type { AssetId } from '../model/units.ts'
import type { ClickHouseStore } from '../store/store.ts'
import type { Known } from './source-spec.ts'

export const nothingKnown: Known = { price: () => 0, clockMs: () => 0 }

const MINUTE_MS = 60_000
const query = `SELECT CAST(asset, 'String') AS name, argMax(close, time) AS price,
    toFloat64(toUnixTimestamp64Milli(max(time))) AS openMs
  FROM columns WHERE timeframe = '1m' GROUP BY asset`

/** What the history says of each asset, for a process that has no engine to ask. */
export async function knownOf(history: ClickHouseStore): Promise<Known> {
  const rows = await history.query<{ name: string; price: number; openMs: number }>(query)
  const found = new Map(rows.map((row) => [assetByName(row.name)?.id as AssetId, row]))
  return {
    price: (asset) => found.get(asset)?.price ?? 0,
    clockMs: (asset) => {
      const row = found.get(asset)
      return row === undefined ? 0 : row.openMs + MINUTE_MS
    },
  }
}
