import { ASSETS } from './assets.ts'
import { batchBytes, batchFault } from './events.ts'
import type { AssetId } from './units.ts'
import { VENUES } from './venues.ts'

const ALIGNMENT_BYTES = 8
const ASSET_AT = 4

/**
 * Walks over the usable batches of one array, in order. What is not usable is counted and skipped: the walk goes on at
 * the next aligned place where a whole, sound batch starts, because a broken length must not take its neighbours along.
 */
export class BatchCursor {
  #view: DataView = new DataView(new ArrayBuffer(0))
  #corrupt = 0
  #start = 0
  #end = 0
  #asset = 0 as AssetId

  /** Corrupt batches met since the cursor was made: a place that looks like a batch counts one, other bytes one per run. */
  get corrupt(): number {
    return this.#corrupt
  }

  get asset(): AssetId {
    return this.#asset
  }

  /** First byte of the batch that next() has found. */
  get start(): number {
    return this.#start
  }

  /** The byte after it. */
  get end(): number {
    return this.#end
  }

  /** The batch as a plain view, not a Buffer, whose slice() would be no copy for whoever keeps it. */
  get batch(): Uint8Array {
    const { buffer, byteOffset } = this.#view
    return new Uint8Array(buffer, byteOffset + this.#start, this.#end - this.#start)
  }

  open(bytes: Uint8Array): void {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#start = 0
    this.#end = 0
  }

  next(): boolean {
    const view = this.#view
    let skipping = false
    for (let at = this.#end; at < view.byteLength; at += ALIGNMENT_BYTES) {
      const bytes = batchBytes(view, at)
      if (bytes !== 0 && batchFault(view, at, VENUES, ASSETS) === undefined) {
        this.#start = at
        this.#end = at + bytes
        this.#asset = view.getUint16(at + ASSET_AT, true) as AssetId
        return true
      }
      if (bytes !== 0 || !skipping) this.#corrupt++
      skipping = true
    }
    this.#start = view.byteLength
    this.#end = view.byteLength
    return false
  }
}
