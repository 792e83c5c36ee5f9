import type { SourceKind } from '../../model/stages.ts'

/* Recording (v1), little-endian, see docs/replay.md
     0 8 bytes magic "LMAPREC\0" | 8 u16 version | 10 u8 kind of source | 11 u8 0 | 12 u32 header bytes | 16 f64 createdMs
   then blocks: u32 bytes | u32 rawBytes | u32 crc32 of the raw bytes | an LZ4 frame of `bytes` bytes
   then the end: a block of 0, 0, 0. A file without it breaks off. */
export const RECORDING_MAGIC = new Uint8Array([0x4c, 0x4d, 0x41, 0x50, 0x52, 0x45, 0x43, 0])
export const RECORDING_VERSION = 1
export const RECORDING_HEADER_BYTES = 24
export const BLOCK_HEADER_BYTES = 12

/** A kind's position in this list is its number in the file. Add at the end only. */
const kinds: readonly SourceKind[] = ['simulator', 'replay', 'live']

export interface RecordingMeta {
  readonly kind: SourceKind
  readonly createdMs: number
}

export function encodeHeader(meta: RecordingMeta): Uint8Array {
  const bytes = new Uint8Array(RECORDING_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(RECORDING_MAGIC)
  view.setUint16(8, RECORDING_VERSION, true)
  view.setUint8(10, kinds.indexOf(meta.kind))
  view.setUint32(12, RECORDING_HEADER_BYTES, true)
  view.setFloat64(16, meta.createdMs, true)
  return bytes
}

export function isRecording(bytes: Uint8Array): boolean {
  return bytes.length >= RECORDING_MAGIC.length && RECORDING_MAGIC.every((byte, at) => bytes[at] === byte)
}

/** What the header says; undefined where this version cannot read it. */
export function decodeHeader(bytes: Uint8Array): { meta: RecordingMeta; headerBytes: number } | undefined {
  if (bytes.length < RECORDING_HEADER_BYTES || !isRecording(bytes)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = kinds[view.getUint8(10)]
  const headerBytes = view.getUint32(12, true)
  // A later version may lengthen the header, never change what stands in it.
  if (view.getUint16(8, true) !== RECORDING_VERSION || kind === undefined) return undefined
  if (headerBytes < RECORDING_HEADER_BYTES || headerBytes > 65_536) return undefined
  return { meta: { kind, createdMs: view.getFloat64(16, true) }, headerBytes }
}

export interface BlockHeader {
  /** Of the LZ4 frame that follows; 0 marks the end of the recording. */
  readonly bytes: number
  readonly rawBytes: number
  readonly crc: number
}

export function encodeBlockHeader(header: BlockHeader): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, header.bytes, true)
  view.setUint32(4, header.rawBytes, true)
  view.setUint32(8, header.crc, true)
  return bytes
}

export function decodeBlockHeader(bytes: Uint8Array): BlockHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes: view.getUint32(0, true), rawBytes: view.getUint32(4, true), crc: view.getUint32(8, true) }
}
