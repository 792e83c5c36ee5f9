/**
 * Plain twin of the lift, see docs/reports.md: the whole run in memory, everything looked at with every price and second.
 * What the reports told is given to it; price, ranges, trials and controls are its own.
 */
import { BATCH_HEADER_BYTES, EventKind, RECORD_BYTES, readHeader } from '../../src/model/events.ts'
import { type LiftKind, type LiftOutcome, type LiftSide, liftKinds } from '../../src/model/lift.ts'
import type { Report } from '../../src/model/reports.ts'
import { referenceStep } from './asset.ts'

const MINUTE_MS = 60_000
const TRIAL_MS = 15 * MINUTE_MS
const SILENT_MS = 10_000

export interface ReferenceTrial {
  kind: LiftKind
  side: LiftSide
  control: { startMs: number; outcome: LiftOutcome } | undefined
  bucket: number
  price: number
  atrUsd: number
  distanceUsd: number
  startMs: number
  touchMs: number
  atMs: number
  outcome: LiftOutcome
}

interface Open extends ReferenceTrial {
  state: 'waiting' | 'working' | 'over'
  untilMs: number
  withinMs: number
}

interface Order {
  pair: NonNullable<ReferenceTrial['control']>
  dueMs: number
  withinMs: number
  distanceUsd: number
  atrUsd: number
}

interface Told {
  kind: LiftKind
  side: LiftSide
  bucket: number
  ms: number
  isNews: boolean
}

/** What a report says of levels. */
function toldBy(report: Report): Told[] {
  const { bucket, atMs: ms } = report
  if (report.kind === 'wall' || report.kind === 'absorption') {
    const isNews = report.state === 'active' || report.state === 'forming'
    return [{ kind: report.kind, side: report.side === 'bid' ? 'support' : 'resistance', bucket, ms, isNews }]
  }
  if (report.kind === 'sweep') {
    return [{ kind: 'sweep', side: report.side === 'sell' ? 'support' : 'resistance', bucket, ms, isNews: true }]
  }
  const { side, state } = report
  const watch: Told = { kind: 'watch', side, bucket, ms, isNews: state === 'watch' }
  return state === 'chip' || state === 'chip+' ? [watch, { ...watch, kind: 'chip', isNews: true }] : [watch]
}

export class ReferenceLift {
  readonly over: ReferenceTrial[] = []
  readonly #gridTick: number
  readonly #venues = new Map<number, { tickSize: number; tradeMs: number }>()
  /** Not yet heard by the lift, in order. */
  #coming: { told: Told; isSweep: boolean }[] = []
  readonly #heard: Told[] = []
  /** Places, some of them empty: the first empty one is taken. */
  readonly #trials: Record<'reports' | 'controls', (Open | undefined)[]> = { reports: [], controls: [] }
  readonly #orders = new Map<string, (Order | undefined)[]>()
  readonly #ranges: number[] = []
  #minutes = 0
  #minute = { high: 0, low: 0, before: 0 }
  #clockMs = 0
  #step = 0
  #price = 0

  constructor(gridTick: number) {
    this.#gridTick = gridTick
  }

  /** A batch, and the reports that the core told of it. */
  apply(batch: Uint8Array, reports: readonly Report[]): void {
    for (const report of reports) {
      for (const told of toldBy(report)) this.#coming.push({ told, isSweep: report.kind === 'sweep' })
    }
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
    const { venue: id, venueMs, tickSize } = readHeader(view, 0)
    const venue = this.#venues.get(id) ?? { tickSize, tradeMs: 0 }
    this.#venues.set(id, venue)
    venue.tickSize = tickSize
    for (let at = BATCH_HEADER_BYTES; at < batch.byteLength; at += RECORD_BYTES) {
      const kind = view.getUint8(at)
      if (kind === EventKind.bar) continue
      const timeMs = venueMs + Math.min(view.getUint16(at + 2, true), 30_000)
      if (timeMs > this.#clockMs) this.#advance(timeMs)
      const value = view.getFloat64(at + 8, true)
      if (kind === EventKind.trade) {
        venue.tradeMs = timeMs
        const led = [...this.#venues].some(([other, { tradeMs }]) => other < id && timeMs - tradeMs < MINUTE_MS)
        const price = view.getUint32(at + 4, true) * tickSize
        if (!led || this.#step === 0) this.#move(price)
      } else if (kind === EventKind.markPrice) {
        const traded = [...this.#venues.values()].some(({ tradeMs }) => this.#clockMs - tradeMs < MINUTE_MS)
        if (!traded || this.#step === 0) this.#move(value)
      }
    }
  }

  #move(price: number): void {
    if (this.#step === 0) {
      this.#step = referenceStep(price, this.#gridTick)
      this.#minute = { high: price, low: price, before: 0 }
    }
    this.#price = price
    this.#minute.high = Math.max(this.#minute.high, price)
    this.#minute.low = Math.min(this.#minute.low, price)
    for (const trial of this.#open('working')) this.#judge(trial)
    for (const trial of this.#open('waiting')) {
      if (!this.#isNear(trial)) continue
      this.#touch(trial, this.#clockMs)
      if (trial.state === 'working') this.#judge(trial)
    }
  }

  #advance(timeMs: number): void {
    const clockMs = this.#clockMs
    const secondMs = Math.floor(timeMs / 1000) * 1000
    if (this.#step > 0) {
      const gap = timeMs - clockMs > SILENT_MS
      if (gap) {
        this.#trials.reports.length = 0
        this.#trials.controls.length = 0
      }
      const isMinute = Math.floor(timeMs / MINUTE_MS) > Math.floor(clockMs / MINUTE_MS)
      if (isMinute) this.#endMinute()
      if (gap) this.#minute.before = 0
      if (secondMs > clockMs) this.#second(secondMs, timeMs, isMinute, gap)
    }
    this.#clockMs = timeMs
  }

  #endMinute(): void {
    const { high, low, before } = this.#minute
    const range = before > 0 ? Math.max(high, before) - Math.min(low, before) : high - low
    // In places, as the core sums them: the order of a sum of floats matters.
    this.#ranges[this.#minutes++ % 60] = range
    this.#minute = { high: this.#price, low: this.#price, before: this.#price }
  }

  #second(secondMs: number, timeMs: number, isMinute: boolean, gap: boolean): void {
    for (const side of ['reports', 'controls'] as const) {
      this.#trials[side].forEach((trial, place) => {
        if (trial === undefined || secondMs < trial.untilMs) return
        if (trial.state === 'working') this.#end(trial, 'neither', trial.untilMs)
        else if (trial.state === 'waiting') {
          if (trial.control) this.#order(trial, trial.control, secondMs, trial.withinMs)
          delete this.#trials[side][place]
        }
        if (trial.state === 'over' && secondMs >= trial.startMs + TRIAL_MS) delete this.#trials[side][place]
      })
    }
    const news: Told[] = []
    while (this.#coming.length > 0) {
      const { told, isSweep } = this.#coming[0]!
      // Prints that come with this very event are heard after the second.
      if (told.ms > (isSweep ? this.#clockMs : timeMs)) break
      this.#coming.shift()
      this.#heard.push(told)
      if (told.isNews && !(gap && told.ms <= this.#clockMs)) news.push(told)
    }
    const atrUsd = this.#atr()
    if (!(atrUsd > 0)) return
    for (const { kind, side, bucket } of news) {
      const price = (side === 'support' ? bucket + 1 : bucket) * this.#step
      const distanceUsd = side === 'support' ? this.#price - price : price - this.#price
      if (distanceUsd <= 6 * atrUsd)
        this.#start({ kind, side, control: undefined, bucket, price, atrUsd, distanceUsd }, secondMs, 0)
    }
    if (isMinute) this.#controls(secondMs, atrUsd)
  }

  #controls(secondMs: number, atrUsd: number): void {
    for (const kind of liftKinds) {
      for (const side of ['support', 'resistance'] as const) {
        const orders = this.#orders.get(kind + side) ?? []
        orders.forEach((order, place) => {
          if (order === undefined || secondMs < order.dueMs) return
          if (secondMs >= order.withinMs) {
            delete orders[place]
            return
          }
          if (atrUsd < 0.8 * order.atrUsd || order.atrUsd < 0.8 * atrUsd) return
          const sign = side === 'support' ? 1 : -1
          const { distanceUsd } = order
          const price = this.#price - sign * distanceUsd
          const bucket = Math.floor((price - (sign * this.#step) / 2) / this.#step + 1e-9)
          const sinceMs = secondMs - (kind === 'wall' || kind === 'sweep' ? 2 : 15) * MINUTE_MS
          const isClean = !this.#heard.some(
            (told) =>
              told.kind === kind && told.side === side && told.ms > sinceMs && this.#isBeside(told.bucket, bucket),
          )
          const level = { kind, side, control: order.pair, bucket, price, atrUsd, distanceUsd }
          if (isClean && this.#start(level, secondMs, order.withinMs)) delete orders[place]
        })
      }
    }
  }

  #start(
    level: Omit<ReferenceTrial, 'startMs' | 'touchMs' | 'atMs' | 'outcome'>,
    startMs: number,
    withinMs: number,
  ): boolean {
    const places = this.#trials[level.control ? 'controls' : 'reports']
    const same = places.filter((trial) => trial?.kind === level.kind && trial.side === level.side)
    if (same.some((trial) => this.#isBeside(trial!.bucket, level.bucket))) return false
    const untilMs = startMs + TRIAL_MS
    // What the distance is on paper and what price says now may differ by a rounding.
    const distanceUsd = level.side === 'support' ? this.#price - level.price : level.price - this.#price
    const fresh = { ...level, distanceUsd, startMs, withinMs, untilMs, state: 'waiting', touchMs: 0, atMs: 0 } as Open
    if (this.#isBroken(fresh)) return false
    if (this.#isNear(fresh) && same.some((trial) => trial!.state === 'working')) return false
    const free = Array.from(places, (trial) => trial === undefined).indexOf(true)
    places[free < 0 ? places.length : free] = fresh
    if (this.#isNear(fresh)) this.#touch(fresh, startMs)
    return true
  }

  #touch(trial: Open, ms: number): void {
    const rivals = this.#trials[trial.control ? 'controls' : 'reports']
    if (rivals.some((other) => other?.state === 'working' && other.kind === trial.kind && other.side === trial.side)) {
      trial.state = 'over'
      trial.untilMs = trial.startMs + TRIAL_MS
      if (trial.control) this.#order(trial, trial.control, ms, trial.withinMs)
      return
    }
    trial.state = 'working'
    trial.touchMs = ms
    trial.untilMs = Math.ceil((ms + TRIAL_MS) / 1000) * 1000
  }

  #end(trial: Open, outcome: LiftOutcome, atMs: number): void {
    trial.state = 'over'
    trial.untilMs = trial.startMs + TRIAL_MS
    const { kind, side, control, bucket, price, atrUsd, distanceUsd, startMs, touchMs } = trial
    this.over.push({ kind, side, control, bucket, price, atrUsd, distanceUsd, startMs, touchMs, atMs, outcome })
    if (control === undefined) {
      this.#order(trial, { startMs, outcome }, touchMs + 30 * MINUTE_MS, touchMs + 360 * MINUTE_MS)
    }
  }

  #order({ kind, side, distanceUsd, atrUsd }: Open, pair: Order['pair'], dueMs: number, withinMs: number): void {
    const orders = this.#orders.get(kind + side) ?? []
    this.#orders.set(kind + side, orders)
    const free = Array.from(orders, (order) => order === undefined).indexOf(true)
    orders[free < 0 ? orders.length : free] = { pair, dueMs, withinMs, distanceUsd, atrUsd }
  }

  #open(state: Open['state']): Open[] {
    return [...this.#trials.reports, ...this.#trials.controls].filter((trial) => trial?.state === state) as Open[]
  }

  #judge(trial: Open): void {
    const { side, price, atrUsd } = trial
    if (this.#isBroken(trial)) this.#end(trial, 'broken', this.#clockMs)
    else if (side === 'support' ? this.#price >= price + atrUsd : this.#price <= price - atrUsd) {
      this.#end(trial, 'held', this.#clockMs)
    }
  }

  #isBroken({ side, price }: Open): boolean {
    return side === 'support' ? this.#price < price - 4 * this.#step : this.#price > price + 4 * this.#step
  }

  #isNear({ side, price, atrUsd }: Open): boolean {
    return side === 'support' ? this.#price <= price + 0.5 * atrUsd : this.#price >= price - 0.5 * atrUsd
  }

  #isBeside(one: number, other: number): boolean {
    return Math.abs(one - other) <= Math.max(3, Math.floor((this.#price * 0.0005) / this.#step))
  }

  #atr(): number {
    return this.#minutes < 15 ? 0 : this.#ranges.reduce((sum, range) => sum + range, 0) / Math.min(60, this.#minutes)
  }
}
