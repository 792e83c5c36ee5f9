import type { MapState } from '../client/map-state.ts'
import type { Column } from '../wire/blocks.ts'

/** What a map shows: its stream as it is, or a copy of one moment. */
export interface ShownMap {
  /** Closed, oldest first. */
  readonly columns: readonly Column[]
  readonly live: Column | undefined
  readonly venueStates: Uint8Array
  readonly venueSinceMs: Float64Array
  readonly modelState: number
  readonly simulated: boolean
  readonly clockMs: number
}

/** A copy that stays as it is while the stream goes on: only the live column and the states change in place. */
export function holdMap(map: MapState): ShownMap {
  const { columns, live, venueStates, venueSinceMs, modelState, simulated, clockMs } = map
  return {
    columns: [...columns],
    live: live === undefined ? undefined : { ...live, cells: live.cells.slice() },
    venueStates: venueStates.slice(),
    venueSinceMs: venueSinceMs.slice(),
    modelState,
    simulated,
    clockMs,
  }
}
