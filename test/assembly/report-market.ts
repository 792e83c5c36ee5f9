import type { Asset } from '../../src/model/assets.ts'
import { BatchWriter, EventKind, PriceKind } from '../../src/model/events.ts'
import type { Report, ReportKind } from '../../src/model/reports.ts'
import { type Build, CoreUnderTest } from './core.ts'

const START_MS = Date.UTC(2026, 0, 5, 12)
const MID = 77_000
const TICK = 0.1
/** Buckets of the book on each side, and what rests in each. */
const DEPTH = 120
const BUCKET_USD = 200_000

/** One venue's calm market, driven by hand: an even book around 77,000 USD, time in samples of 250 ms. */
export class ReportMarket {
  readonly core: CoreUnderTest
  nowMs = START_MS
  readonly step: number
  readonly #writer = new BatchWriter()
  readonly #asset: Asset
  readonly #venue: number
  #sequence = 0

  constructor(build: Build, asset: Asset, venue = 0, core?: CoreUnderTest) {
    this.core = core ?? new CoreUnderTest(build, asset)
    this.#asset = asset
    this.#venue = venue
    this.step = this.core.gridStep(MID, asset.gridTick)
    this.send((writer) => {
      writer.add(EventKind.markPrice, 0, 0, MID)
      for (let at = 1; at <= DEPTH; at++) {
        for (const side of [0, 1]) writer.add(EventKind.bookLevel, side, this.tickOf(side, at), this.#coins(BUCKET_USD))
      }
    })
  }

  /** Middle of the bucket that lies `away` buckets from the middle price. */
  tickOf(side: number, away: number): number {
    const bucket = Math.floor(MID / this.step) + (side === 0 ? -away : away)
    return Math.round(((bucket + 0.5) * this.step) / TICK)
  }

  bucketOf(side: number, away: number): number {
    return Math.floor(MID / this.step) + (side === 0 ? -away : away)
  }

  /** A batch of this venue at the clock. */
  send(fill: (writer: BatchWriter) => void, delayMs = 0): void {
    const atMs = this.nowMs + delayMs
    this.#writer.begin(this.#venue, this.#asset.id, ++this.#sequence, atMs, atMs, TICK)
    fill(this.#writer)
    this.core.apply(this.#writer.take())
  }

  /** USD resting in a bucket on top of the even book. */
  rest(side: number, away: number, usd: number): void {
    this.send((writer) => writer.add(EventKind.bookLevel, side, this.tickOf(side, away), this.#coins(BUCKET_USD + usd)))
  }

  clear(side: number, away: number): void {
    this.send((writer) => writer.add(EventKind.bookLevel, side, this.tickOf(side, away), 0))
  }

  /** Takers print at a bucket: side of the book that they hit. The book is told apart. */
  print(side: number, away: number, usd: number, delayMs = 0): void {
    this.send((writer) => writer.add(EventKind.trade, 1 - side, this.tickOf(side, away), this.#coins(usd)), delayMs)
  }

  liquidate(position: number, usd: number): void {
    const kind = PriceKind.fill << 1
    this.send((writer) => writer.add(EventKind.liquidation, position | kind, Math.round(MID / TICK), this.#coins(usd)))
  }

  feedDown(): void {
    this.send((writer) => writer.add(EventKind.heartbeat, 1, 0, 0))
  }

  /** Time passes, a sample at a time. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 250
      this.send((writer) => writer.add(EventKind.heartbeat, 0, 0, 0))
    }
  }

  /** The last word of each report of a kind. */
  reports<Kind extends ReportKind>(kind: Kind): Extract<Report, { kind: Kind }>[] {
    const rows = this.core.reports.filter((row): row is Extract<Report, { kind: Kind }> => row.kind === kind)
    return [...new Map(rows.map((row) => [row.id, row])).values()]
  }

  #coins(usd: number): number {
    return usd / MID
  }
}
