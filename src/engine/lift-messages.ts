import { type LiftCount, type LiftRow, liftKinds, liftOutcomes, liftSides, type Tally } from '../model/lift.ts'
import type { AssetId } from '../model/units.ts'

/* A trial that is over, as the core writes it (assembly/lift-count.ts), behind what all rows of reports begin with:
     0 u8 outcome | 1 u8 side | 2 u8 kind | 3 u8 control | 4 i32 bucket | 8 f64 startMs | 16 f64 atMs | 24 f64 edge |
     32 f64 range | 40 f64 touchMs | 48 f64 distance | 64 counts of the reports, 88 counts of the controls; of a control
     also of the trial that it was drawn for: 56 f64 startMs | 112 u32 outcome */
export const LIFT = 20
const COUNT_BYTES = 24
const REPORTS = 64

/* In the lift's memory, see assembly/lift-layout.ts. */
const MISSED = 32
const COUNTS = 544

export function liftRowOf(view: DataView, at: number, asset: AssetId): LiftRow {
  const control = view.getUint8(at + 3) !== 0
  const outcome = liftOutcomes[view.getUint32(at + 112, true)]!
  return {
    asset,
    kind: liftKinds[view.getUint8(at + 2)]!,
    side: liftSides[view.getUint8(at + 1)]!,
    control: control ? { startMs: view.getFloat64(at + 56, true), outcome } : undefined,
    outcome: liftOutcomes[view.getUint8(at)]!,
    bucket: view.getInt32(at + 4, true),
    price: view.getFloat64(at + 24, true),
    startMs: view.getFloat64(at + 8, true),
    touchMs: view.getFloat64(at + 40, true),
    atMs: view.getFloat64(at + 16, true),
    distanceUsd: view.getFloat64(at + 48, true),
    atrUsd: view.getFloat64(at + 32, true),
    reports: tallyOf(view, at + REPORTS),
    controls: tallyOf(view, at + REPORTS + COUNT_BYTES),
  }
}

/** Every kind and side, as the core's memory has counted them. */
export function liftCountsOf(view: DataView, lift: number): LiftCount[] {
  return liftKinds.flatMap((kind, k) =>
    liftSides.map((side, s) => {
      const at = lift + COUNTS + COUNT_BYTES * 2 * (k * liftSides.length + s)
      return { kind, side, reports: tallyOf(view, at), controls: tallyOf(view, at + COUNT_BYTES) }
    }),
  )
}

/** Trials and controls that there was no room for. */
export function liftMissed(view: DataView, lift: number): number {
  return view.getFloat64(lift + MISSED, true)
}

function tallyOf(view: DataView, at: number): Tally {
  return { n: view.getFloat64(at, true), held: view.getFloat64(at + 8, true), broken: view.getFloat64(at + 16, true) }
}
