import type { AssetId } from './units.ts'

/*
 * Lift: how often levels held that a report spoke of, against levels at the same distance and volatility without one. What
 * a trial is and how controls are drawn is in docs/reports.md, "Lift".
 */

export const liftKinds = ['wall', 'sweep', 'absorption', 'watch', 'chip'] as const
export const liftSides = ['support', 'resistance'] as const
export const liftOutcomes = ['held', 'broken', 'neither'] as const
export type LiftKind = (typeof liftKinds)[number]
export type LiftSide = (typeof liftSides)[number]
export type LiftOutcome = (typeof liftOutcomes)[number]

/**
 * Trials that are over. What neither held nor broke in time is in `n` alone. A report's counts when its control is over, so
 * there are as many of both.
 */
export interface Tally {
  readonly n: number
  readonly held: number
  readonly broken: number
}

/** What has been counted of one kind and side since an asset's state began. */
export interface LiftCount {
  readonly kind: LiftKind
  readonly side: LiftSide
  readonly reports: Tally
  readonly controls: Tally
}

/** The same, of which asset. */
export interface AssetLift extends LiftCount {
  readonly asset: AssetId
}

/** A trial that is over, with the counts that it belongs to. */
export interface LiftRow extends AssetLift {
  /** Of a level without a report: the trial that it was drawn for. */
  readonly control: { readonly startMs: number; readonly outcome: LiftOutcome } | undefined
  readonly outcome: LiftOutcome
  /** Of the level's edge on the side of price; its bucket. */
  readonly price: number
  readonly bucket: number
  /** When the level was told (a control: drawn), when price came to it, and when the trial was over. Venue time. */
  readonly startMs: number
  readonly touchMs: number
  readonly atMs: number
  /** From price to the edge when it was told, USD; below 0: price was past the edge. */
  readonly distanceUsd: number
  readonly atrUsd: number
}

/** What may be said of one kind on one side, or on both. */
export interface Lift extends Comparison {
  readonly kind: LiftKind
  readonly side: LiftSide | 'both'
}

/** Levels of some sort beside their controls. */
export interface Comparison {
  readonly reports: Tally
  readonly controls: Tally
  /** Part of the reports that held, and of the controls; undefined where there is none. */
  readonly heldRate: number | undefined
  readonly controlRate: number | undefined
  /** Their difference and its 95 % interval; undefined where either has none. */
  readonly difference: number | undefined
  readonly low: number | undefined
  readonly high: number | undefined
}

/** The same as it leaves the server, see docs/http.md. */
export interface LiftFacts extends Tally {
  readonly kind: LiftKind
  readonly side: Lift['side']
  readonly controls: Tally
  readonly heldRate: number | null
  readonly controlRate: number | null
  readonly difference: number | null
  /** 95 %. */
  readonly interval: readonly [number, number] | null
  /** What a part of a convergence of this kind counts. */
  readonly worth: number
  readonly isConvincing: boolean
  readonly words: string
}

/** With fewer trials of either nothing but their numbers is said. */
export const LIFT_SAID_MIN = 30
/** With fewer trials of either a part of a convergence is worth what it was assumed to be. They mirror assembly/lift-count.ts. */
export const LIFT_MEASURED_MIN = 100
export const PART_PRIOR = 0.2
/** 97.5th percentile of the normal distribution. */
const Z_95 = 1.959964

export const noTally: Tally = { n: 0, held: 0, broken: 0 }

/** Every kind with each side and both, of counts that may be of one asset or of many. */
export function liftsOf(counts: readonly LiftCount[]): Lift[] {
  return liftKinds.flatMap((kind) =>
    ([...liftSides, 'both'] as const).map((side) => {
      const own = counts.filter((count) => count.kind === kind && (side === 'both' || count.side === side))
      return liftOf(kind, side, sumOf(own.map(({ reports }) => reports)), sumOf(own.map(({ controls }) => controls)))
    }),
  )
}

export function liftOf(kind: LiftKind, side: Lift['side'], reports: Tally, controls: Tally): Lift {
  return { kind, side, ...compare(reports, controls) }
}

export function compare(reports: Tally, controls: Tally): Comparison {
  const heldRate = rateOf(reports)
  const controlRate = rateOf(controls)
  const basis = { reports, controls, heldRate, controlRate }
  if (heldRate === undefined || controlRate === undefined) {
    return { ...basis, difference: undefined, low: undefined, high: undefined }
  }
  const difference = heldRate - controlRate
  // Newcombe: the two Wilson intervals put together, right for small numbers and for rates near 0 and 1 too.
  const [lowHeld, highHeld] = wilson(reports)
  const [lowControl, highControl] = wilson(controls)
  return {
    ...basis,
    difference,
    low: Math.max(-1, difference - Math.hypot(heldRate - lowHeld, highControl - controlRate)),
    high: Math.min(1, difference + Math.hypot(highHeld - heldRate, controlRate - lowControl)),
  }
}

/** One line for people. It claims nothing that the interval does not. */
export function liftWords(lift: Lift): string {
  const { reports, controls, controlRate, low, high } = lift
  if (controlRate === undefined || low === undefined || high === undefined) {
    return reports.n === 0 ? 'no lift measured' : `no lift measured: ${reports.held} of ${reports.n} held, no controls`
  }
  const points = `(${signed(low)} to ${signed(high)} points)`
  if (isEnough(lift, LIFT_SAID_MIN) && low > 0) {
    return `${isConvincing(lift) ? 'high conviction: ' : ''}held more often than controls ${points}`
  }
  if (isEnough(lift, LIFT_SAID_MIN) && high < 0) return `held less often than controls ${points}`
  return `unproven: ${reports.held} of ${reports.n} held, controls ${Math.round((100 * controls.held) / controls.n)} %`
}

/** The interval contains no zero and rests on enough trials: only then may anybody speak of conviction. */
export function isConvincing(lift: Lift): boolean {
  return lift.low !== undefined && lift.low > 0 && isEnough(lift, LIFT_MEASURED_MIN)
}

/** What a part of a convergence counts: its hold rate less that of its controls, once both are known well enough. */
export function partWorth(lift: Lift): number {
  if (lift.difference === undefined || !isEnough(lift, LIFT_MEASURED_MIN)) return PART_PRIOR
  return Math.max(0, lift.difference)
}

/** 95 % interval of a rate. */
export function wilson({ held, n }: Tally): [number, number] {
  const rate = held / n
  const square = Z_95 ** 2 / n
  const middle = rate + square / 2
  const half = Z_95 * Math.sqrt((rate * (1 - rate)) / n + square / (4 * n))
  return [Math.max(0, (middle - half) / (1 + square)), Math.min(1, (middle + half) / (1 + square))]
}

function isEnough({ reports, controls }: Lift, least: number): boolean {
  return reports.n >= least && controls.n >= least
}

function rateOf({ held, n }: Tally): number | undefined {
  return n === 0 ? undefined : held / n
}

function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { n, held, broken }) => ({ n: sum.n + n, held: sum.held + held, broken: sum.broken + broken }),
    noTally,
  )
}

/** Percentage points with a sign; what rounds to none has none. */
function signed(part: number): string {
  const points = Math.round(100 * part)
  return points === 0 ? '0' : `${points < 0 ? '−' : '+'}${Math.abs(points)}`
}
