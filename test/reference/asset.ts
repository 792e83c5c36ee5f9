/**
 * Plain twin of the core for one asset: books as maps, a grid that is summed anew, columns as lists of what happened.
 * Slow and simple on purpose; written from docs/events.md and docs/semantics, not from assembly/.
 */
import { batchBytes, EventKind, readHeader } from '../../src/model/events.ts'
import { BUCKETS } from '../../src/model/layers.ts'
import { limits } from '../../src/model/limits.ts'
import { timeframes } from '../../src/model/timeframes.ts'

export interface ReferenceColumn {
  timeframe: number
  openMs: number
  open: number
  high: number
  low: number
  close: number
  volumeUsd: number
  observedMs: number
  baseBucket: number
  /** bid, ask, bidLast, askLast, longLiq, shortLiq in USD by cell. */
  usd: Float64Array[]
}

interface VenueBook {
  tickSize: number
  sequence: number
  /** Coins by tick: positive bid, negative ask. */
  levels: Map<number, number>
  tradeMs: number
  mark: number
}

interface Live {
  openMs: number
  open: number
  high: number
  low: number
  close: number
  volumeUsd: number
  baseBucket: number
  observedMs: number
  /** [side] bucket -> cent milliseconds. */
  depth: Map<number, number>[]
  liquidated: Map<number, number>[]
}

const SERIES = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8]

/** Multiple of the tick nearest to 3 bp of the price on a log scale. */
export function referenceStep(price: number, tick: number): number {
  const multiples = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((k) => SERIES.map((m) => m * 10 ** k))
  const ideal = (price * 3e-4) / tick
  if (ideal <= 1) return tick
  const away = (multiple: number): number => Math.abs(Math.log(multiple / ideal))
  return multiples.reduce((best, multiple) => (away(multiple) < away(best) ? multiple : best)) * tick
}

export class ReferenceAsset {
  readonly closed: ReferenceColumn[] = []
  readonly books = new Map<number, VenueBook>()
  clockMs = 0
  step = 0
  price = 0
  #mark = 0
  #misfitMs = 0
  #observedFrom = 0
  readonly #gridTick: number
  readonly #skewMs: number
  #columns: Live[] = []
  /** [side] bucket -> whole cents resting now. */
  #now: Map<number, number>[] = [new Map(), new Map()]

  constructor(gridTick: number, skewMs: number) {
    this.#gridTick = gridTick
    this.#skewMs = skewMs
  }

  apply(batch: Uint8Array): void {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
    if (batchBytes(view, 0) !== batch.byteLength) throw new Error('one whole batch is expected')
    const header = readHeader(view, 0)
    const book = this.#bookOf(header.venue)
    if (header.sequence <= book.sequence) return
    book.sequence = header.sequence
    if (book.tickSize !== header.tickSize) {
      book.levels.clear()
      book.tickSize = header.tickSize
      this.#sumGrid()
    }
    const late = Math.abs(header.venueMs - header.receiveMs) > this.#skewMs
    const baseMs = late ? header.receiveMs : header.venueMs
    for (let at = 40; at < batch.byteLength; at += 16) {
      const timeMs = baseMs + Math.min(view.getUint16(at + 2, true), 30_000)
      if (timeMs > this.clockMs) this.#advance(timeMs)
      this.#record(book, view, at, timeMs, header.venue)
    }
  }

  #record(book: VenueBook, view: DataView, at: number, timeMs: number, venue: number): void {
    const kind = view.getUint8(at)
    const flags = view.getUint8(at + 1)
    const tick = view.getUint32(at + 4, true)
    const value = view.getFloat64(at + 8, true)
    const price = tick * book.tickSize
    if (kind === EventKind.bookLevel) {
      const old = book.levels.get(tick)
      if (value === 0) {
        if (old !== undefined && old > 0 === ((flags & 1) === 0)) book.levels.delete(tick)
      } else book.levels.set(tick, flags & 1 ? -value : value)
    } else if (kind === EventKind.bookReset) {
      book.levels.clear()
    } else if (kind === EventKind.trade) {
      this.#startGrid(price)
      book.tradeMs = timeMs
      for (const column of this.#columns) column.volumeUsd += price * value
      const led = [...this.books].some(([other, { tradeMs }]) => other < venue && timeMs - tradeMs < 60_000)
      if (!led) this.#setPrice(price)
    } else if (kind === EventKind.markPrice) {
      book.mark = value
      this.#mark = value
      this.#startGrid(value)
      if (![...this.books.values()].some(({ tradeMs }) => this.clockMs - tradeMs < 60_000)) this.#setPrice(value)
    } else if (kind === EventKind.liquidation) {
      const fill = ((flags >> 1) & 3) === 0 && price > 0
      const placed = fill ? price : book.mark || this.#mark || price
      this.#startGrid(placed)
      const bucket = Math.floor(placed / this.step + 1e-9)
      for (const { liquidated } of this.#columns) {
        const side = liquidated[flags & 1]!
        side.set(bucket, (side.get(bucket) ?? 0) + Math.round(placed * value * 100))
      }
    }
    this.#sumGrid()
  }

  #startGrid(price: number): void {
    if (this.step > 0) return
    this.step = referenceStep(price, this.#gridTick)
    this.price = price
    this.#observedFrom = this.clockMs
    this.#columns = timeframes.map((timeframe) => this.#open(timeframe.ms))
    this.#sumGrid()
  }

  #open(ms: number): Live {
    const { price } = this
    return {
      openMs: Math.floor(this.clockMs / ms) * ms,
      open: price,
      high: price,
      low: price,
      close: price,
      volumeUsd: 0,
      baseBucket: 16 * Math.floor(Math.floor(price / this.step + 1e-9) / 16) - BUCKETS / 2,
      observedMs: 0,
      depth: [new Map(), new Map()],
      liquidated: [new Map(), new Map()],
    }
  }

  #setPrice(price: number): void {
    this.price = price
    for (const column of this.#columns) {
      column.high = Math.max(column.high, price)
      column.low = Math.min(column.low, price)
      column.close = price
    }
  }

  /** Time passes: what rested until now counts for that long; columns that end on the way close at their end. */
  #advance(timeMs: number): void {
    const minute = this.#columns[0]
    if (minute !== undefined) {
      const end = minute.openMs + 60_000
      // Nobody was heard: what rested is not known.
      if (timeMs - this.clockMs > limits.venueStaleMs) this.#observedFrom = Math.min(timeMs, end)
      if (timeMs >= end) {
        this.#rest(end)
        this.#columns.forEach((column, timeframe) => {
          if (timeMs >= column.openMs + timeframes[timeframe]!.ms) this.#close(column, timeframe)
        })
        this.clockMs = timeMs
        this.#observedFrom = timeMs
        this.#fitGrid(timeMs)
        this.#columns = this.#columns.map((column, timeframe) => {
          const { ms } = timeframes[timeframe]!
          return timeMs >= column.openMs + ms ? this.#open(ms) : column
        })
      } else this.#rest(timeMs)
    }
    this.clockMs = timeMs
  }

  /** A width that was off by a factor of two for a day is chosen anew at the end of a UTC day. */
  #fitGrid(timeMs: number): void {
    const misfit = referenceStep(this.price, this.#gridTick) / this.step
    if (misfit < 2 && misfit > 0.5) this.#misfitMs = 0
    else if (this.#misfitMs === 0) this.#misfitMs = timeMs
    const dayEnds = this.#columns.every((column, timeframe) => timeMs >= column.openMs + timeframes[timeframe]!.ms)
    if (!dayEnds || this.#misfitMs === 0 || timeMs - this.#misfitMs < 86_400_000) return
    this.step = referenceStep(this.price, this.#gridTick)
    this.#misfitMs = 0
    this.#sumGrid()
  }

  #rest(untilMs: number): void {
    const passedMs = untilMs - Math.max(this.clockMs, this.#observedFrom)
    for (const column of this.#columns) {
      column.observedMs += passedMs
      for (const side of [0, 1]) {
        const depth = column.depth[side]!
        for (const [bucket, cents] of this.#now[side]!) depth.set(bucket, (depth.get(bucket) ?? 0) + cents * passedMs)
      }
    }
    this.clockMs = untilMs
  }

  #close(column: Live, timeframe: number): void {
    const cells = (values: Map<number, number>, scale: number): Float64Array => {
      const out = new Float64Array(BUCKETS)
      for (const [bucket, value] of values) {
        const cell = bucket - column.baseBucket
        if (cell >= 0 && cell < BUCKETS) out[cell] = value * scale
      }
      return out
    }
    const mean = (side: number): Float64Array =>
      column.observedMs > 0 ? cells(column.depth[side]!, 0.01 / column.observedMs) : cells(this.#now[side]!, 0.01)
    this.closed.push({
      timeframe,
      openMs: column.openMs,
      open: column.open,
      high: column.high,
      low: column.low,
      close: column.close,
      volumeUsd: column.volumeUsd,
      observedMs: column.observedMs,
      baseBucket: column.baseBucket,
      usd: [
        mean(0),
        mean(1),
        cells(this.#now[0]!, 0.01),
        cells(this.#now[1]!, 0.01),
        cells(column.liquidated[0]!, 0.01),
        cells(column.liquidated[1]!, 0.01),
      ],
    })
  }

  /** The grid, summed anew from every book. */
  #sumGrid(): void {
    if (!(this.step > 0)) return
    this.#now = [new Map(), new Map()]
    for (const { levels, tickSize } of this.books.values()) {
      for (const [tick, size] of levels) {
        const bucket = Math.floor(tick * (tickSize / this.step) + 1e-9)
        if (bucket >= 8192) continue
        const side = this.#now[size > 0 ? 0 : 1]!
        side.set(bucket, (side.get(bucket) ?? 0) + Math.round(Math.abs(size) * tick * tickSize * 100))
      }
    }
  }

  #bookOf(venue: number): VenueBook {
    const known = this.books.get(venue)
    if (known !== undefined) return known
    const book = {
      tickSize: 0,
      sequence: -1,
      levels: new Map<number, number>(),
      tradeMs: Number.NEGATIVE_INFINITY,
      mark: 0,
    }
    this.books.set(venue, book)
    return book
  }
}
