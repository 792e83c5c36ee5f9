/**
 * Offline script behind the reports: reads a whole recording of one venue and asset into plain lists, with the book as
 * a map. Written from docs/reports.md and docs/events.md, not from assembly/.
 */
import { batchBytes, EventKind, readHeader } from '../../src/model/events.ts'
import { referenceStep } from './asset.ts'

export const SAMPLE_MS = 250
const SKEW_MS = 5_000
export const STALE_MS = 10_000
const LEAD_MS = 60_000
/** More prints than this never come within a chain's time. */
const RECENT = 2_000

export interface Sample {
  readonly ms: number
  /** Samples that it stands for. */
  readonly count: number
  /** USD cents by bucket, [bids, asks]; undefined where the feed was lost. */
  readonly cents: readonly [Map<number, number>, Map<number, number>] | undefined
  readonly best: readonly [number, number]
  readonly price: number
  /** Prints before this sample. */
  readonly prints: number
}

export interface Print {
  readonly ms: number
  /** 0 bought, 1 sold. */
  readonly taker: number
  readonly tick: number
  readonly bucket: number
  readonly usd: number
  /** Ticks between the best bid and ask before it. */
  readonly spread: number
  /** USD that this taker would have found, by tick, around the last prints. */
  readonly resting: Map<number, number>
}

export interface History {
  readonly step: number
  readonly tickSize: number
  readonly samples: Sample[]
  readonly prints: Print[]
}

export function readHistory(batches: Uint8Array, gridTick: number): History {
  const samples: Sample[] = []
  const prints: Print[] = []
  /** Coins by tick: positive bid, negative ask. */
  const book = new Map<number, number>()
  let [clock, step, price, tickSize, tradeMs, receiveMs, down] = [0, 0, 0, 0, Number.NEGATIVE_INFINITY, 0, false]
  let started = false
  const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
  const bucketOf = (tick: number): number => Math.floor(tick * (tickSize / step) + 1e-9)
  const best = (): [number, number] => {
    let [bid, ask] = [-1, Number.POSITIVE_INFINITY]
    for (const [tick, size] of book) {
      if (size > 0) bid = Math.max(bid, tick)
      else ask = Math.min(ask, tick)
    }
    return [bid, ask]
  }
  const sample = (ms: number, count: number): Sample => {
    const [bid, ask] = best()
    const lost = down || book.size === 0
    const cents: [Map<number, number>, Map<number, number>] = [new Map(), new Map()]
    for (const [tick, size] of book) {
      const side = cents[size > 0 ? 0 : 1]
      const bucket = bucketOf(tick)
      side.set(bucket, (side.get(bucket) ?? 0) + Math.round(Math.abs(size) * tick * tickSize * 100))
    }
    return {
      ms,
      count,
      cents: lost ? undefined : cents,
      best: [bucketOf(bid), bucketOf(ask)],
      price,
      prints: prints.length,
    }
  }

  for (let at = 0, bytes = 0; at < batches.byteLength; at += bytes) {
    bytes = batchBytes(view, at)
    const header = readHeader(view, at)
    if (header.tickSize !== tickSize) book.clear()
    tickSize = header.tickSize
    receiveMs = header.receiveMs
    const baseMs = Math.abs(header.venueMs - receiveMs) > SKEW_MS ? receiveMs : header.venueMs
    if (step > 0) started = true
    for (let record = at + 40; record < at + bytes; record += 16) {
      const kind = view.getUint8(record)
      const flag = view.getUint8(record + 1) & 1
      const tick = view.getUint32(record + 4, true)
      const value = view.getFloat64(record + 8, true)
      const ms = baseMs + Math.min(view.getUint16(record + 2, true), 30_000)
      if (ms > clock) {
        const count = Math.floor(ms / SAMPLE_MS) - Math.floor(clock / SAMPLE_MS)
        if (step > 0) {
          if (ms - clock > STALE_MS)
            samples.push({ ms: clock, count: 0, cents: undefined, best: [0, 0], price, prints: prints.length })
          if (count > 0) samples.push(sample(Math.floor(ms / SAMPLE_MS) * SAMPLE_MS, count))
          started = true
        }
        clock = ms
      }
      if (kind === EventKind.bookLevel) {
        const old = book.get(tick) ?? 0
        if (value > 0) book.set(tick, flag === 0 ? value : -value)
        else if (flag === 0 ? old > 0 : old < 0) book.delete(tick)
      } else if (kind === EventKind.bookReset) book.clear()
      else if (kind === EventKind.heartbeat) down = flag === 1
      else if (kind === EventKind.markPrice) {
        if (step === 0) step = referenceStep(value, gridTick)
        if (clock - tradeMs >= LEAD_MS) price = value
      } else if (kind === EventKind.trade) {
        price = tick * tickSize
        if (step === 0) step = referenceStep(price, gridTick)
        tradeMs = ms
        if (!started) continue
        const [bid, ask] = best()
        const recent = prints
          .slice(-RECENT)
          .filter((print) => print.taker === flag && ms - print.ms <= 600)
          .map((print) => print.tick)
        const [low, high] = [Math.min(tick, ...recent), Math.max(tick, ...recent)]
        const resting = new Map<number, number>()
        for (const [level, size] of book) {
          if (level < low || level > high || (flag === 0 ? size > 0 : size < 0)) continue
          resting.set(level, Math.abs(size) * level * tickSize)
        }
        const spread = bid >= 0 && ask > bid && Number.isFinite(ask) ? ask - bid : 0
        prints.push({ ms, taker: flag, tick, bucket: bucketOf(tick), usd: value * tick * tickSize, spread, resting })
      }
    }
  }
  return { step, tickSize, samples, prints }
}
