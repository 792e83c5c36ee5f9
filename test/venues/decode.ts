import { ASSETS } from '../../src/model/assets.ts'
import { assert } from '../../src/model/errors.ts'
import {
  BATCH_HEADER_BYTES,
  batchBytes,
  batchFault,
  EventKind,
  RECORD_BYTES,
  readHeader,
} from '../../src/model/events.ts'
import { VENUES } from '../../src/model/venues.ts'

/** One record with all that its batch says about it. */
export interface Decoded {
  readonly kind: string
  readonly venue: number
  readonly asset: number
  readonly sequence: number
  readonly receiveMs: number
  readonly timeMs: number
  readonly tickSize: number
  readonly flags: number
  readonly tick: number
  readonly value: number
}

const kindNames = Object.fromEntries(Object.entries(EventKind).map(([name, kind]) => [kind, name]))

/** Every record of whole batches; what a reader of the log would refuse fails the test. */
export function decode(bytes: Uint8Array): Decoded[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoded: Decoded[] = []
  for (let at = 0; at < bytes.byteLength; ) {
    const size = batchBytes(view, at)
    assert(size > 0, `a batch starts at byte ${at}`)
    const fault = batchFault(view, at, VENUES, ASSETS)
    assert(fault === undefined, `the batch at byte ${at} is sound: ${fault}`)
    const { venue, asset, sequence, receiveMs, venueMs, tickSize } = readHeader(view, at)
    for (let record = at + BATCH_HEADER_BYTES; record < at + size; record += RECORD_BYTES) {
      decoded.push({
        kind: kindNames[view.getUint8(record)]!,
        venue,
        asset,
        sequence,
        receiveMs,
        timeMs: venueMs + view.getUint16(record + 2, true),
        tickSize,
        flags: view.getUint8(record + 1),
        tick: view.getUint32(record + 4, true),
        value: view.getFloat64(record + 8, true),
      })
    }
    at += size
  }
  return decoded
}

/** `kind flags tick value` of each record: what most tests compare. */
export function brief(records: readonly Decoded[]): string[] {
  return records.map(({ kind, flags, tick, value }) => `${kind} ${flags} ${tick} ${value}`)
}

/** The book that records leave behind: `side:tick` to coins. */
export function bookOf(records: readonly Decoded[], book = new Map<string, number>()): Map<string, number> {
  for (const { kind, flags, tick, value } of records) {
    if (kind === 'bookReset') book.clear()
    if (kind !== 'bookLevel') continue
    const key = `${flags & 1}:${tick}`
    if (value === 0) book.delete(key)
    else book.set(key, value)
  }
  return book
}
