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
    heldRate: partOf(lift.heldRate),
    controlRate: partOf(lift.controlRate),
    difference: partOf(lift.difference),
    interval: lift.low === undefined || lift.high === undefined ? null : [rounded(lift.low), rounded(lift.high)],
    worth: rounded(partWorth(lift)),
    isConvincing: isConvincing(lift),
    words: liftWords(lift),
  }
}

function partOf(value: number | undefined): number | null {
  return value === undefined ? null : rounded(value)
}

/** Four decimals: the numbers that it is made of stand beside it. */
function rounded(part: number): number {
  return Number(part.toFixed(4))
}
