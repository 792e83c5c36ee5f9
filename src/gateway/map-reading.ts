import { CASCADE_DISTANCES, type Cascade, cascadeRatio, cascadeTo } from '../model/cascade.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import type { MapColumn } from '../model/map-column.ts'
import { modelStates } from '../model/model-states.ts'
import { emptyChannels, type Mode, modeShown, readMode } from '../model/modes.ts'
import { venueStates, venues } from '../model/venues.ts'

/** How a column is read for a mode, as JSON: two channels that are never added up. */
export function channelsWriter(mode: Mode): (column: MapColumn) => string {
  const channels = emptyChannels()
  return (column) => {
    readMode(mode, column, channels)
    const { realised, predicted } = channels
    return `"channels":{"realised":${cellsText(realised, column)},"predicted":${cellsText(predicted, column)}}`
  }
}

/** Ratios of one column at CASCADE_DISTANCES, and up to which of them somebody tells of the depth. */
export function cascadeText(column: MapColumn): string {
  const side = (sign: number): string => {
    const found = CASCADE_DISTANCES.map((distance) => cascadeTo(column, column.close * (1 + sign * distance)))
    const ratios = found.map((cascade) => (cascade === undefined ? null : ratioOf(cascade)))
    const uncovered = found.findIndex((cascade) => cascade?.isCovered !== true)
    return JSON.stringify({ ratios, covered: uncovered < 0 ? found.length : uncovered })
  }
  return `"cascade":{"below":${side(-1)},"above":${side(1)}}`
}

/** Three digits, null where nothing rests on the way. */
export function ratioOf(cascade: Cascade): number | null {
  const ratio = cascadeRatio(cascade)
  return ratio === undefined ? null : threeDigits(ratio)
}

/** A code says no more. */
export function threeDigits(value: number): number {
  const digits = 3
  return Number(value.toPrecision(digits))
}

/** The mode that was asked for, the one that is shown, and why they differ. */
export function modeFacts(mode: Mode, modelState: number): { asked: Mode; shown: Mode; reason?: string } {
  const shown = modeShown(mode, modelState)
  if (shown === mode) return { asked: mode, shown }
  const reason = `The forecast is ${modelStates[modelState]}: only what happened and resting depth are shown.`
  return { asked: mode, shown, reason }
}

/** State, age and open interest of every venue. */
export function venueFacts(liquidity: AssetLiquidity | undefined, states: Uint8Array): object[] {
  return venues.map(({ name }, id) => {
    const known = liquidity?.venues[id]
    const state = venueStates[known?.state ?? states[id] ?? 0]
    return { name, state, ageMs: known?.ageMs ?? null, openInterestUsd: Math.round(known?.openInterestUsd ?? 0) }
  })
}

function cellsText(usd: Float64Array, { baseBucket, quantumUsd }: MapColumn): string {
  const least = quantumUsd / 2
  let buckets = ''
  let values = ''
  for (let cell = 0; cell < usd.length; cell++) {
    // What smoothing leaves at the edge of a level is less than a code could say.
    if (!(usd[cell]! >= least)) continue
    const separator = buckets === '' ? '' : ','
    buckets += separator + (baseBucket + cell)
    values += separator + threeDigits(usd[cell]!)
  }
  return `{"buckets":[${buckets}],"usd":[${values}]}`
}
