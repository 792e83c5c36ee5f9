import { BATCH_HEADER_BYTES, batchBytes, EventKind, RECORD_BYTES, readHeader } from '../../model/events.ts'
import type { Market } from '../mapper-market.ts'
import type { BatchOut } from '../mapper-out.ts'

export type Speaker = 'old' | 'new'

/**
 * Two sockets of the same topics, heard at once while one takes over from the other. Books and prices come from the one
 * that leads. Trades and liquidations come from both, each as often as the socket that told it most often: so none is
 * missed and none is doubled, also where two were equal to the last digit.
 */
export class Overlap {
  readonly #markets: ReadonlyMap<number, Market>
  readonly #beganMs: number
  readonly #told = new Map<string, Record<Speaker | 'out', number>>()
  leader: Speaker = 'old'

  constructor(markets: readonly Market[], beganMs: number) {
    this.#markets = new Map(markets.map((market) => [market.asset as number, market]))
    this.#beganMs = beganMs
  }

  /** Passes on what is to be kept of batches that one of the two has made. */
  pass(batches: Uint8Array, speaker: Speaker, out: BatchOut): void {
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    for (let at = 0, bytes = 0; (bytes = batchBytes(view, at)) > 0; at += bytes) {
      const { asset, receiveMs, venueMs } = readHeader(view, at)
      const market = this.#markets.get(asset)
      if (market === undefined) continue
      out.begin(market, receiveMs, venueMs)
      for (let record = at + BATCH_HEADER_BYTES; record < at + bytes; record += RECORD_BYTES) {
        const kind = view.getUint8(record)
        const flags = view.getUint8(record + 1)
        const timeMs = venueMs + view.getUint16(record + 2, true)
        const tick = view.getUint32(record + 4, true)
        const value = view.getFloat64(record + 8, true)
        const isEvent = kind === EventKind.trade || kind === EventKind.liquidation
        const isKept = isEvent
          ? this.#isNews(`${asset} ${kind} ${flags} ${tick} ${value} ${timeMs}`, timeMs, speaker)
          : speaker === this.leader
        if (isKept) out.add(kind, flags, tick, value, timeMs)
      }
      out.end()
    }
  }

  #isNews(event: string, timeMs: number, speaker: Speaker): boolean {
    // A new subscription may begin with the past, which the old socket told before we began to count.
    if (speaker === 'new' && timeMs < this.#beganMs) return false
    let told = this.#told.get(event)
    if (told === undefined) this.#told.set(event, (told = { old: 0, new: 0, out: 0 }))
    told[speaker]++
    if (told[speaker] <= told.out) return false
    told.out++
    return true
  }
}
