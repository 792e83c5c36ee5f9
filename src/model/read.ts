import { isConvincing, type Lift, type LiftKind, type LiftSide, liftWords } from './lift.ts'
import type { Magnet } from './magnets.ts'
import { type ModelState, modelStates } from './model-states.ts'
import type { ConvergenceFact } from './report-facts.ts'
import { ASYMMETRY_BALANCED, type Asymmetry, type ConvergenceRow, VENUES_AGREEING_MIN } from './reports.ts'

/*
 * One word for what stands at levels now, with its reasons. It says where resting orders and reports lean, never where price
 * will go; the rules are in docs/reports.md, "Read".
 */

export const readLabels = ['support-heavy', 'resistance-heavy', 'balanced', 'contested', 'unproven'] as const
export type ReadLabel = (typeof readLabels)[number]

export interface ReadInput {
  /** USD per coin, 0 as long as none is known. */
  readonly price: number
  /** Undefined where nobody tells of the books. */
  readonly asymmetry: Asymmetry | undefined
  /** Those that have not ended. */
  readonly convergences: readonly ConvergenceRow[]
  readonly magnets: { readonly above: Magnet | undefined; readonly below: Magnet | undefined }
  /** Position in modelStates. */
  readonly modelState: number
  /** How often reports held against their controls; empty where it was not measured. */
  readonly lifts: readonly Lift[]
}

export interface Read {
  readonly label: ReadLabel
  /** Sentences, the weightiest first. */
  readonly reasons: readonly string[]
}

/** The read as it leaves the server, see docs/http.md. */
export interface ReadFacts extends Read {
  readonly asset: string
  readonly simulated: boolean
  readonly source: string
  /** The asset's clock, Unix ms. */
  readonly clockMs: number
  readonly price: number | null
  readonly asymmetry: Asymmetry | null
  readonly magnets: { readonly above: MagnetFacts | null; readonly below: MagnetFacts | null }
  readonly convergences: readonly ConvergenceFact[]
  readonly model: { readonly id: number; readonly state: ModelState }
  readonly score: { readonly text: string; readonly interval: readonly [number, number] | null }
  readonly lacks: readonly string[]
  /** What each kind of report was worth so far, on all assets together. */
  readonly lift: readonly { readonly kind: LiftKind; readonly words: string }[]
}

export interface MagnetFacts {
  readonly side: 'long' | 'short'
  readonly low: number
  readonly high: number
  readonly peak: number
  readonly usd: number
  /** Of its peak from price, as a part of price; negative below. */
  readonly distance: number
  readonly strengthUsd: number
}

/** Convergences count so near to price, as parts of it. */
export const READ_REACH = 0.01

/** Something that leans to a side. What is not measured may contest, but makes no label by itself. */
interface Evidence {
  readonly side: LiftSide
  readonly isMeasured: boolean
  readonly reason: string
}

export function readOf(input: ReadInput): Read {
  const { asymmetry, price } = input
  const near = input.convergences.filter((row) => price > 0 && Math.abs(row.price / price - 1) <= READ_REACH)
  const contested = near.filter(({ state }) => state === 'contested')
  const evidence = [...bookEvidence(asymmetry), ...wallEvidence(input), ...chipEvidence(near, input.lifts)]
  const sides = new Set(evidence.map(({ side }) => side))
  const context = contextOf(input)
  const reasons = evidence.map(({ reason }) => reason)
  if (asymmetry === undefined || asymmetry.venues < VENUES_AGREEING_MIN) {
    const venues = asymmetry?.venues ?? 0
    const few = `${count(venues, 'venue has', 'venues have')} a book here, ${VENUES_AGREEING_MIN} are needed to name a side.`
    return { label: 'unproven', reasons: [few, ...reasons, ...context] }
  }
  if (contested.length > 0 || sides.size > 1) {
    const levels = contested.map((row) => `Both sides meet at ${priceText(row.price)}.`)
    return { label: 'contested', reasons: [...levels, ...reasons, ...context] }
  }
  if (evidence.length === 0) return { label: 'balanced', reasons: [balanceText(asymmetry), ...context] }
  const [side] = sides
  if (evidence.some(({ isMeasured }) => isMeasured)) {
    return { label: side === 'support' ? 'support-heavy' : 'resistance-heavy', reasons: [...reasons, ...context] }
  }
  const missing = 'That is not measured to hold more often than levels without it, and the book itself names no side.'
  return { label: 'unproven', reasons: [...reasons, missing, balanceText(asymmetry), ...context] }
}

/** Resting orders lean where they lean: that is a fact of now and needs no proof. */
function bookEvidence(asymmetry: Asymmetry | undefined): Evidence[] {
  if (asymmetry === undefined || asymmetry.side === 'balanced') return []
  const { side, book, agreeing, venues } = asymmetry
  const [more, less] = side === 'bid' ? ['Bids', 'asks'] : ['Asks', 'bids']
  const reason = `${more} outweigh ${less} near price (${signed(book)}), on ${agreeing} of ${count(venues, 'venue', 'venues')}.`
  return [{ side: sideOf(side === 'bid'), isMeasured: true, reason }]
}

function wallEvidence({ asymmetry, lifts }: ReadInput): Evidence[] {
  if (asymmetry === undefined || Math.abs(asymmetry.walls) <= ASYMMETRY_BALANCED) return []
  const side = sideOf(asymmetry.walls > 0)
  const word = asymmetry.walls > 0 ? 'bids' : 'asks'
  const lift = liftFor(lifts, 'wall', side)
  const reason = `Walls that do not look like spoofs lean to ${word} (${signed(asymmetry.walls)}); walls: ${wordsOf(lift)}.`
  return [{ side, isMeasured: lift !== undefined && isConvincing(lift), reason }]
}

function chipEvidence(near: readonly ConvergenceRow[], lifts: readonly Lift[]): Evidence[] {
  return (['support', 'resistance'] as const).flatMap((side) => {
    const chips = near.filter((row) => row.side === side && (row.state === 'chip' || row.state === 'chip+'))
    if (chips.length === 0) return []
    const lift = liftFor(lifts, 'chip', side)
    const levels = chips.map((row) => priceText(row.price)).join(', ')
    const reason = `${count(chips.length, 'chip', 'chips')} of ${side} at ${levels}; chips: ${wordsOf(lift)}.`
    return [{ side, isMeasured: lift !== undefined && isConvincing(lift), reason }]
  })
}

/** What is known beside it and makes no label: forced orders are modelled, and they draw price instead of holding it. */
function contextOf({ magnets, modelState }: ReadInput): string[] {
  const state = modelStates[modelState] ?? modelStates[0]
  if (state === 'none') return ['There is no forecast of forced orders.']
  const told = [magnets.above, magnets.below].flatMap((magnet) => {
    if (magnet === undefined) return []
    const { cluster, distance } = magnet
    const where = `${(100 * Math.abs(distance)).toFixed(1)} % ${distance >= 0 ? 'above' : 'below'}`
    return [`Modelled forced orders of ${usdText(cluster.usd)} USD would sit at ${priceText(cluster.peak)}, ${where}.`]
  })
  return state === 'scored' ? told : [...told, `The forecast is ${state}: magnets are not proven.`]
}

function liftFor(lifts: readonly Lift[], kind: LiftKind, side: LiftSide): Lift | undefined {
  return lifts.find((lift) => lift.kind === kind && lift.side === side)
}

function wordsOf(lift: Lift | undefined): string {
  return lift === undefined ? 'no lift measured' : liftWords(lift)
}

function balanceText({ book, agreeing, venues }: Asymmetry): string {
  if (Math.abs(book) <= ASYMMETRY_BALANCED) return `The book is balanced near price (${signed(book)}).`
  const word = book > 0 ? 'bids' : 'asks'
  return `The book leans to ${word} (${signed(book)}), but only on ${agreeing} of ${count(venues, 'venue', 'venues')}.`
}

function sideOf(isBid: boolean): LiftSide {
  return isBid ? 'support' : 'resistance'
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(2)
  return `${value < 0 ? '−' : '+'}${text}`
}

function count(number: number, one: string, many: string): string {
  return `${number === 0 ? 'No' : number} ${number === 1 ? one : many}`
}

function priceText(price: number): string {
  const digits = 6
  return String(Number(price.toPrecision(digits)))
}

/** 8.1 M, 410 k. */
function usdText(usd: number): string {
  const digits = 2
  if (usd >= 1e9) return `${Number((usd / 1e9).toPrecision(digits))} bn`
  if (usd >= 1e6) return `${Number((usd / 1e6).toPrecision(digits))} M`
  return usd >= 1e3 ? `${Number((usd / 1e3).toPrecision(digits))} k` : String(Math.round(usd))
}
