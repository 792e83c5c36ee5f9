import type { AlertHistory, Candles, MomentsWanted } from '../model/alert-history.ts'
import { type AlertSide, type AlertState, type AlertSubject, alertWords } from '../model/alert-rules.ts'
import { assetByName, assets } from '../model/assets.ts'
import type { AssetId } from '../model/units.ts'
import { venueId } from '../model/venues.ts'
import type { ClickHouseStore } from './store.ts'

interface StoredMoment {
  readonly asset: string
  readonly id: string
  readonly atMs: number
  readonly startMs: number
  readonly side: string
  readonly state: string
  readonly price: number
  readonly usd: number
  readonly distanceBp: number | null
  readonly score: number | null
  readonly spoof: number | null
  readonly venues: readonly string[]
}

const inSpan = `>= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND %s < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')`
const span = (name: string): string => `${name} ${inSpan.replace('%s', name)}`

const momentsQuery = `SELECT asset, id, toUnixTimestamp64Milli(at)::Float64 AS atMs,
    toUnixTimestamp64Milli(start)::Float64 AS startMs, side, state, price, usd, distanceBp, score, spoof, venues
  FROM report_moments FINAL
  WHERE kind = {kind:String} AND asset IN (SELECT arrayJoin(splitByChar(',', {assets:String}))) AND usd >= {usdMin:Float64}
    AND ${span('at')}
  ORDER BY at DESC, id DESC, state DESC LIMIT {most:UInt32}`

// One row of lists: a month of minutes as rows would be a megabyte of repeated names.
const candlesQuery = `SELECT groupArray(openMs) AS openMs, groupArray(high) AS high, groupArray(low) AS low,
    groupArray(close) AS close
  FROM (
    SELECT toUnixTimestamp64Milli(time)::Float64 AS openMs, high, low, close FROM columns FINAL
    WHERE asset = {asset:String} AND timeframe = '1m' AND close > 0 AND ${span('time')}
    ORDER BY time
  )`

/** Reads for back-tests of rules, over the store's own ways to ask. */
export function alertHistoryOf(store: Pick<ClickHouseStore, 'query' | 'at'>): AlertHistory {
  return {
    async moments(wanted, most) {
      const rows = await store.query<StoredMoment>(momentsQuery, parametersOf(wanted, most))
      return rows.flatMap((row) => subjectOf(row, wanted.kind) ?? [])
    },
    async candles(asset, fromMs, toMs) {
      const parameters = { asset: assets[asset]!.name, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) }
      const [row] = await store.query<Candles>(candlesQuery, parameters)
      return row ?? { openMs: [], high: [], low: [], close: [] }
    },
    async columns(asset, timeframe, atMs, most) {
      const { closed } = await store.at(asset, timeframe, atMs, most)
      return closed
    },
  }
}

function parametersOf({ kind, assets: ids, usdMin, fromMs, toMs }: MomentsWanted, most: number) {
  const names = (ids ?? assets.map(({ id }) => id)).map((id: AssetId) => assets[id]!.name)
  return { kind, assets: names.join(','), usdMin, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs), most }
}

/** Undefined for a row of a version that knew other words. */
function subjectOf(row: StoredMoment, kind: MomentsWanted['kind']): AlertSubject | undefined {
  const asset = assetByName(row.asset)
  const side = alertWords[kind].sides.find((one): one is AlertSide => one === row.side)
  const state = alertWords[kind].states.find((one): one is AlertState => one === row.state)
  if (asset === undefined || side === undefined || state === undefined) return undefined
  const { id, atMs, startMs, price, usd, distanceBp, score, spoof, venues } = row
  return {
    kind,
    id,
    asset: asset.id,
    atMs,
    startMs,
    side,
    state,
    price,
    usd,
    distanceBp: distanceBp ?? undefined,
    score: score ?? undefined,
    spoof: spoof ?? undefined,
    venues: venues.map(venueId).filter((venue) => venue >= 0),
  }
}
