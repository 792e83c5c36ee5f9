import { readFileSync, writeFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { batchBytes } from '../../src/model/events.ts'
import {
  BLOCK_HEADER_BYTES,
  decodeBlockHeader,
  encodeBlockHeader,
  RECORDING_HEADER_BYTES,
} from '../../src/venues/recording/format.ts'

/** Writes a copy of a recording whose events were changed: sound as a file, whatever its batches say. */
export function changeRecording(from: string, to: string, change: (batches: Uint8Array[]) => Uint8Array[]): void {
  const bytes = readFileSync(from)
  const parts: Uint8Array[] = [bytes.subarray(0, RECORDING_HEADER_BYTES)]
  const batches: Uint8Array[] = []
  for (let at = RECORDING_HEADER_BYTES; ; ) {
    const header = decodeBlockHeader(bytes.subarray(at, at + BLOCK_HEADER_BYTES))
    if (header.bytes === 0) break
    at += BLOCK_HEADER_BYTES
    batches.push(...split(decompressFrameSync(bytes.subarray(at, at + header.bytes))))
    at += header.bytes
  }
  const raw = Buffer.concat(change(batches))
  const frame = compressFrameSync(raw, { contentChecksum: false })
  parts.push(encodeBlockHeader({ bytes: frame.byteLength, rawBytes: raw.byteLength, crc: crc32(raw) }), frame)
  parts.push(encodeBlockHeader({ bytes: 0, rawBytes: 0, crc: 0 }))
  writeFileSync(to, Buffer.concat(parts))
}

/** Whole batches that follow each other, one by one. */
export function split(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const batches: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength; at += batches.at(-1)!.byteLength) {
    const length = batchBytes(view, at)
    if (length === 0) throw new Error(`no batch at byte ${at}`)
    batches.push(bytes.slice(at, at + length))
  }
  return batches
}
