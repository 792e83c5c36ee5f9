import { setImmediate } from 'node:timers/promises'
import { assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { BUCKETS, layers } from '../model/layers.ts'
import { modelStates } from '../model/model-states.ts'
import type { Mode } from '../model/modes.ts'
import { momentMs } from '../model/moment.ts'
import type { ClosedColumn, PastMap } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import { VENUE_SLOTS, venueStates, venues } from '../model/venues.ts'
import { BlockType, type Column, encodeColumn } from '../wire/blocks.ts'
import { encodeFrame, FrameFlag, FrameKind } from '../wire/frame.ts'
import { encodeGroup, GROUP_COLUMNS } from '../wire/groups.ts'
import { keepSpan, spanOf } from '../wire/keep-range.ts'
import type { MapFacts, MapMoment } from './map-json.ts'
import { modeFacts } from './map-reading.ts'
import type { MapQuery } from './query.ts'

/** A moment as Unix milliseconds or as ISO 8601 with its zone. */
export function readTime(text: string, name = 'at'): number {
  const timeMs = momentMs(text)
  if (timeMs !== undefined) return timeMs
  throw new LmapError('LMAP_REQUEST_INVALID', `${name} is a time: Unix milliseconds, or ISO 8601 with its zone.`, {
    hint: 'Such as 2026-11-22T10:15:00Z.',
  })
}

/** A map of the past in the shape of a live one. */
export function pastMoment(
  past: PastMap,
  wanted: MapQuery,
  origin: { readonly simulated: boolean; readonly source: string },
): MapMoment {
  const { name, ms } = timeframes[wanted.timeframe]!
  const count = past.open === undefined ? wanted.columns : wanted.columns - 1
  return {
    asset: assets[wanted.asset]!.name,
    timeframe: name,
    timeframeMs: ms,
    ...origin,
    clockMs: past.asOfMs,
    closed: count === 0 ? [] : past.closed.slice(-count).map(columnOf),
    live: past.open === undefined ? undefined : columnOf(past.open),
    revision: revisionOf(past),
  }
}

/** A closed column never changes but for what of it was observed, where it was written twice. */
function revisionOf({ closed, open, venues: known }: PastMap): string {
  const columns = open === undefined ? closed : [...closed, open]
  // The minutes of the venues may be written a moment after the columns.
  const states = known?.map(({ state }) => state).join('') ?? ''
  return `${columns.map(({ openMs, observedMs }) => `${openMs}/${observedMs}`).join()} ${states}`
}

/** What was known of the model and the venues then. Minutes do not tell how old a venue's news was. */
export function pastFacts(
  past: PastMap,
  atMs: number,
  mode: Mode | undefined,
  hasCascade: boolean,
): MapFacts & { at: object } {
  const { state, id } = past.model ?? { state: 0, id: 0 }
  return {
    at: { askedMs: atMs, asOfMs: past.asOfMs },
    model: { id, state: modelStates[state]! },
    venues: (past.venues ?? []).map(({ state, openInterestUsd }, id) => ({
      name: venues[id]!.name,
      state: venueStates[state],
      ageMs: null,
      openInterestUsd: Math.round(openInterestUsd),
    })),
    mode: mode === undefined ? undefined : modeFacts(mode, state),
    hasCascade,
  }
}

/** The same as a snapshot frame, see docs/wire.md: its clock is `asOfMs` and its sequence 0. */
export async function pastFrame(moment: MapMoment, past: PastMap, wanted: MapQuery): Promise<Uint8Array> {
  const keep = (column: Column, low = column.low, high = column.high): Column => {
    const cells = cellsOf(column.cells, wanted)
    if (wanted.range !== 0) keepSpan(cells, spanOf(column, low, high, wanted.range))
    return { ...column, cells }
  }
  const blocks: Uint8Array[] = []
  const { live } = moment
  if (live !== undefined) blocks.push(encodeColumn(BlockType.key, keep(live, live.close, live.close)))
  const closed = [...moment.closed]
  for (let end = closed.length; end > 0; end -= GROUP_COLUMNS) {
    blocks.push(encodeGroup(closed.slice(Math.max(0, end - GROUP_COLUMNS), end).map((column) => keep(column))))
    // Two milliseconds each: other work gets its turn.
    await setImmediate()
  }
  return encodeFrame(
    {
      kind: FrameKind.snapshot,
      asset: wanted.asset,
      timeframe: wanted.timeframe,
      flags: moment.simulated ? FrameFlag.simulated : 0,
      modelState: past.model?.state ?? 0,
      sequence: 0,
      epoch: 0,
      clockMs: past.asOfMs,
      status: {
        modelId: past.model?.id ?? 0,
        venueStates: Uint8Array.from({ length: VENUE_SLOTS }, (_, id) => past.venues?.[id]?.state ?? 0),
      },
    },
    blocks,
  )
}

function cellsOf(cells: Uint8Array, wanted: MapQuery): Uint8Array {
  if (wanted.layers.length === layers.length) return cells
  const kept = new Uint8Array(cells.length)
  for (const [layer, { name }] of layers.entries()) {
    if (!wanted.layers.includes(name)) continue
    kept.set(cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS), layer * BUCKETS)
  }
  return kept
}

function columnOf({ asset: _asset, timeframe: _timeframe, ...column }: ClosedColumn): Column {
  return column
}
