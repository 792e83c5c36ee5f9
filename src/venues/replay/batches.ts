import { assetByName } from '../../model/assets.ts'
import { BatchCursor } from '../../model/batch-cursor.ts'
import { BATCH_HEADER_BYTES, batchBytes, EventKind, RECORD_BYTES, readHeader } from '../../model/events.ts'
import type { OutCounts } from '../mapper-out.ts'
import { openRecording } from '../recording/reader.ts'
import type { Recording, Step } from './recording.ts'

/** Every field of a batch lies on 8 bytes, and so does every batch. */
const ALIGNMENT_BYTES = 8

/** Our own recordings. The batches go out again byte by byte, heartbeats and resets included. */
export async function openBatches(path: string, assets?: readonly string[]): Promise<Recording> {
  const reader = await openRecording(path)
  const wanted = assets === undefined ? undefined : new Set(assets.map((name) => assetByName(name)?.id as number))
  const cursor = new BatchCursor()
  let rejected = 0
  return {
    format: `recording of a ${reader.meta.kind} source`,
    mapper: undefined,
    progress: reader.progress,
    rejected: () => rejected,
    async *steps() {
      for await (const block of reader.blocks()) {
        const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
        const steps: Step[] = []
        let at = 0
        while (at < block.byteLength) {
          const bytes = batchBytes(view, at)
          // The block is what was recorded (its sum is right), but here is no batch: on to the next that is sound.
          if (bytes === 0) {
            rejected++
            const from = at + ALIGNMENT_BYTES
            cursor.open(block.subarray(from))
            cursor.next()
            at = from + cursor.start
            continue
          }
          const { asset, receiveMs } = readHeader(view, at)
          if (wanted === undefined || wanted.has(asset)) {
            const batch = block.subarray(at, at + bytes)
            const counts = countsOf(view, at, bytes)
            steps.push({ receiveMs, play: (out) => out.append(batch, counts) })
          }
          at += bytes
        }
        yield steps
      }
    },
  }
}

function countsOf(view: DataView, at: number, bytes: number): OutCounts {
  const counts: OutCounts = { records: 0, levels: 0, liquidations: 0, skewed: 0 }
  for (let record = at + BATCH_HEADER_BYTES; record < at + bytes; record += RECORD_BYTES) {
    const kind = view.getUint8(record)
    counts.records++
    if (kind === EventKind.bookLevel) counts.levels++
    else if (kind === EventKind.liquidation) counts.liquidations++
  }
  return counts
}
