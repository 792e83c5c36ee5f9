import type { AlertHistory, Candles, MomentsWanted } from '../model/alert-history.ts'
import { type AlertKind, type AlertSide, type AlertState, type AlertSubject, alertWords } from '../model/alert-rules.ts'
import { assetByName, assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { venueId, venues } from '../model/venues.ts'
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

const BP_PER_PERCENT = 100
/** Below everything that is asked for. */
const NOT_ASKED = -1

const inSpan = `>= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND %s < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')`
const span = (name: string): string => `${name} ${inSpan.replace('%s', name)}`

// A wall is told again while it stands. First the earliest time of each thing that fires once, which is small, then the
// rows of these times by their key. A copy of a row is the same row, so nothing has to be merged first.
const momentsQuery = `SELECT asset, id, toUnixTimestamp64Milli(at)::Float64 AS atMs,
    toUnixTimestamp64Milli(start)::Float64 AS startMs, side, state, price, usd, distanceBp, score, spoof, venues
  FROM report_moments
  WHERE kind = {kind:String} AND asset IN (SELECT arrayJoin(splitByChar(',', {assets:String}))) AND ${span('at')}
    AND (asset, id, at) GLOBAL IN (
      SELECT asset, id, min(at) AS firstAt FROM report_moments
      WHERE kind = {kind:String} AND asset IN (SELECT arrayJoin(splitByChar(',', {assets:String}))) AND ${span('at')}
        AND usd >= {usdMin:Float64}
        AND ({sides:String} = '' OR has(splitByChar(',', {sides:String}), side::String))
        AND ({states:String} = '' OR has(splitByChar(',', {states:String}), state::String))
        AND ({venues:String} = '' OR hasAny(splitByChar(',', {venues:String}), venues::Array(String)))
        AND ({scoreMin:Float64} < 0 OR score >= {scoreMin:Float64})
        AND ({spoofMax:Float64} < 0 OR spoof <= {spoofMax:Float64})
        AND (kind != 'wall' OR {distanceBp:Float64} < 0 OR abs(distanceBp) <= {distanceBp:Float64})
      GROUP BY asset, id, if({states:String} = '', '', state::String),
        if({distanceBp:Float64} < 0 OR kind = 'wall', 0, toUnixTimestamp64Milli(at))
      ORDER BY firstAt DESC, id DESC LIMIT {most:UInt32}
    )
  ORDER BY at DESC, id DESC, state DESC LIMIT 1 BY asset, id, at, state LIMIT {most:UInt32}`

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
      const { kind } = wanted.rule
      if (kind === 'cluster') return []
      const rows = await asked(store.query<StoredMoment>(momentsQuery, parametersOf(wanted, most)))
      return rows.flatMap((row) => subjectOf(row, kind) ?? [])
    },
    async candles(asset, fromMs, toMs) {
      const parameters = { asset: assets[asset]!.name, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) }
      const [row] = await asked(store.query<Candles>(candlesQuery, parameters))
      return row ?? { openMs: [], high: [], low: [], close: [] }
    },
    async columns(asset, timeframe, atMs, most) {
      const { closed } = await asked(store.at(asset, timeframe, atMs, most))
      return closed
    },
  }
}

function parametersOf({ rule, assets: ids, fromMs, toMs }: MomentsWanted, most: number) {
  const { kind, usdMin = 0, distancePercentMax, sides = [], states = [], venues: places = [] } = rule
  return {
    kind,
    assets: ids.map((id) => assets[id]!.name).join(','),
    usdMin,
    sides: sides.join(','),
    states: states.join(','),
    venues: places.map((id) => venues[id]!.name).join(','),
    scoreMin: rule.scoreMin ?? NOT_ASKED,
    spoofMax: rule.spoofMax ?? NOT_ASKED,
    distanceBp: distancePercentMax === undefined ? NOT_ASKED : distancePercentMax * BP_PER_PERCENT,
    fromMs: Math.floor(fromMs),
    toMs: Math.floor(toMs),
    most,
  }
}

/** What the database refuses to do for a rule is too much, or it is away: both are told by a code. */
async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (cause) {
    if (cause instanceof LmapError) throw cause
    throw new LmapError('LMAP_STORE_DOWN', 'The history could not be read for this rule.', {
      hint: 'Name fewer assets, larger reports or fewer days.',
      cause,
    })
  }
}

/** Undefined for a row of a version that knew other words. */
function subjectOf(row: StoredMoment, kind: AlertKind): AlertSubject | undefined {
  const asset = assetByName(row.asset)
  const side = alertWords[kind].sides.find((one): one is AlertSide => one === row.side)
  const state = alertWords[kind].states.find((one): one is AlertState => one === row.state)
  if (asset === undefined || side === undefined || state === undefined) return undefined
  const { id, atMs, startMs, price, usd, distanceBp, score, spoof, venues: names } = row
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
    venues: names.map(venueId).filter((venue) => venue >= 0),
  }
}
