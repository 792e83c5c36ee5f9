import { assert } from '../../model/errors.ts'
import { BATCH_HEADER_BYTES, batchBytes, EventKind } from '../../model/events.ts'
import type { BatchSink } from '../../model/stages.ts'
import type { AssetId } from '../../model/units.ts'

const VENUE_AT = 3
const ASSET_AT = 4

/**
 * Stands between feeds and log while assets warm up: batches of an asset whose past is still being asked for go no
 * further, since bars count only before the asset's first trade. What is held back is let go. A book of which a part was
 * held back stays held back until it is told as a whole again, which feeds do each limits.bookRefreshMs.
 */
export class WarmGate implements BatchSink {
  readonly #sink: BatchSink
  readonly #closed: Set<number>
  /** Books, by venue and asset, of which a part is missing. */
  readonly #torn = new Set<number>()
  #held = 0

  constructor(sink: BatchSink, assets: readonly AssetId[]) {
    this.#sink = sink
    this.#closed = new Set(assets)
  }

  /** Batches that went no further. */
  get held(): number {
    return this.#held
  }

  open(asset: AssetId): void {
    this.#closed.delete(asset)
  }

  write(batches: Uint8Array): true | Promise<boolean> {
    if (this.#closed.size === 0 && this.#torn.size === 0) return this.#sink.write(batches)
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    // Runs of batches that may pass are passed on together.
    let waiting: true | Promise<boolean> = true
    let from = 0
    for (let at = 0; at < batches.byteLength; ) {
      const bytes = batchBytes(view, at)
      assert(bytes > 0, 'a feed writes whole batches')
      if (this.#isHeld(view, at)) {
        this.#held++
        waiting = both(waiting, this.#pass(batches, from, at))
        from = at + bytes
      }
      at += bytes
    }
    return both(waiting, this.#pass(batches, from, batches.byteLength))
  }

  /** A batch is of one frame, so its first record tells what it is about. */
  #isHeld(view: DataView, at: number): boolean {
    const asset = view.getUint16(at + ASSET_AT, true)
    const book = view.getUint8(at + VENUE_AT) * 65_536 + asset
    const kind = view.getUint8(at + BATCH_HEADER_BYTES)
    if (this.#closed.has(asset)) {
      if (kind === EventKind.bookReset || kind === EventKind.bookLevel) this.#torn.add(book)
      return true
    }
    if (kind === EventKind.bookReset) this.#torn.delete(book)
    return kind === EventKind.bookLevel && this.#torn.has(book)
  }

  #pass(batches: Uint8Array, from: number, until: number): true | Promise<boolean> {
    return from === until ? true : this.#sink.write(batches.subarray(from, until))
  }
}

function both(first: true | Promise<boolean>, second: true | Promise<boolean>): true | Promise<boolean> {
  if (first === true) return second
  return second === true ? first : Promise.all([first, second]).then(([a, b]) => a && b)
}
