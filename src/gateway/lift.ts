import {
  isConvincing,
  type Lift,
  type LiftCount,
  type LiftFacts,
  liftsOf,
  liftWords,
  partWorth,
} from '../model/lift.ts'

/** What reports have been worth as plain data for JSON, see docs/http.md: of one asset, or of all together. */
export function liftJson(asset: string | undefined, counts: readonly LiftCount[]) {
  return { asset: asset ?? null, lifts: liftsOf(counts).map(plain) }
}

function plain(lift: Lift): LiftFacts {
  const { kind, side, reports, controls } = lift
  return {
    kind,
    side,
    ...reports,
    controls,
    heldRate: lift.heldRate ?? null,
    controlRate: lift.controlRate ?? null,
    difference: lift.difference ?? null,
    interval: lift.low === undefined || lift.high === undefined ? null : [lift.low, lift.high],
    worth: partWorth(lift),
    isConvincing: isConvincing(lift),
    words: liftWords(lift),
  }
}
