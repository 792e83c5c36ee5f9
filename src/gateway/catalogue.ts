import { assets, assetsDate } from '../model/assets.ts'
import { BUCKETS, layers, QUANTUM_RATIO } from '../model/layers.ts'
import { modelStates } from '../model/model-states.ts'
import { COLUMNS, timeframes } from '../model/timeframes.ts'
import { venueStates, venues } from '../model/venues.ts'
import { FRAME_VERSION } from '../wire/frame.ts'
import { type Plan, planText } from './plans.ts'

export interface Origin {
  /** Version of the program. */
  readonly version: string
  /** Name of the source behind the data. */
  readonly source: string
  readonly simulated: boolean
}

/** The first message of a connection: names by id and what its plan has, see docs/wire.md. */
export function helloText(origin: Origin, plan: Plan | undefined): string {
  return JSON.stringify({
    op: 'hello',
    version: FRAME_VERSION,
    server: `liquidity-map/${origin.version}`,
    source: origin.source,
    assets: assets.map((asset) => asset.name),
    timeframes: timeframes.map((timeframe) => timeframe.name),
    layers: layers.map((layer) => layer.name),
    venues: venues.map((venue) => venue.name),
    ...(plan && { plan: JSON.parse(planText(plan)) }),
  })
}

/** First messages as bytes, written once for each plan: clients of one plan are many. */
export function hellos(origin: Origin): (plan: Plan | undefined) => Uint8Array {
  const open = Buffer.from(helloText(origin, undefined))
  const byPlan = new WeakMap<Plan, Uint8Array>()
  return (plan) => {
    if (plan === undefined) return open
    let bytes = byPlan.get(plan)
    if (bytes === undefined) byPlan.set(plan, (bytes = Buffer.from(helloText(origin, plan))))
    return bytes
  }
}

/** Body of /api/v1/assets: everything that does not change while the program runs. */
export function catalogueText(origin: Origin): string {
  return JSON.stringify({
    ...origin,
    columns: COLUMNS,
    buckets: BUCKETS,
    quantumRatio: QUANTUM_RATIO,
    timeframes,
    layers,
    venues,
    venueStates,
    modelStates,
    assetsDate,
    assets: assets.map((asset) => ({
      id: asset.id,
      name: asset.name,
      quantumUsd: asset.quantumUsd,
      gridTick: asset.gridTick,
      instruments: asset.instruments.flatMap((instrument) => {
        if (instrument === undefined) return []
        const { venue, symbol, multiplier, tickSize, coinsPerUnit, leverageMax, maintenanceRate } = instrument
        const name = venues[venue]!.name
        return [{ venue: name, symbol, multiplier, tickSize, coinsPerUnit, leverageMax, maintenanceRate }]
      }),
    })),
  })
}
