import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { decompressFrameSync } from 'lz4-napi'
import { LmapError } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import {
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  decodeBlockHeader,
  decodeHeader,
  RECORDING_HEADER_BYTES,
  type RecordingMeta,
} from './format.ts'

export interface RecordingReader {
  readonly meta: RecordingMeta
  /** The recorded bytes, block by block; ends with LMAP_FILE_TRUNCATED after the last whole block of a broken file. */
  blocks(): AsyncGenerator<Uint8Array>
  /** 0 to 1, by bytes read. */
  progress(): number
}

export async function openRecording(path: string): Promise<RecordingReader> {
  const file = await opened(path)
  let bytesAll: number
  let head: ReturnType<typeof decodeHeader>
  try {
    bytesAll = (await file.stat()).size
    head = decodeHeader(await read(file, 0, RECORDING_HEADER_BYTES))
  } finally {
    await file.close()
  }
  if (head === undefined) {
    const hint = 'It was made by another version, or is no recording at all.'
    throw new LmapError('LMAP_FILE_FORMAT', `${path} has a header that this version cannot read.`, { hint })
  }
  const { meta, headerBytes } = head
  let at = 0
  return {
    meta,
    progress: () => at / Math.max(1, bytesAll),
    async *blocks() {
      const again = await opened(path)
      at = headerBytes
      try {
        for (;;) {
          const header = await blockHeader(again, path, at)
          at += BLOCK_HEADER_BYTES
          if (header.bytes === 0) return
          yield await block(again, path, at, header)
          at += header.bytes
        }
      } finally {
        await again.close()
      }
    },
  }
}

async function blockHeader(file: FileHandle, path: string, at: number): Promise<BlockHeader> {
  const bytes = await read(file, at, BLOCK_HEADER_BYTES)
  if (bytes.byteLength < BLOCK_HEADER_BYTES) throw broken(path, at)
  const header = decodeBlockHeader(bytes)
  // Two blocks' worth is what an incompressible one needs at most; anything larger is damage, not data.
  if (header.bytes > 2 * limits.recordBytesMax || header.rawBytes > limits.recordBytesMax) throw broken(path, at)
  // An end mark is all zeros: a block whose length was damaged must not pass for one.
  if (header.bytes === 0 && (header.rawBytes !== 0 || header.crc !== 0)) throw broken(path, at)
  return header
}

async function block(file: FileHandle, path: string, at: number, header: BlockHeader): Promise<Uint8Array> {
  const bytes = await read(file, at, header.bytes)
  if (bytes.byteLength < header.bytes) throw broken(path, at)
  let raw: Uint8Array
  try {
    raw = decompressFrameSync(bytes)
  } catch (cause) {
    throw broken(path, at, cause)
  }
  if (raw.byteLength !== header.rawBytes || crc32(raw) !== header.crc) throw broken(path, at)
  return raw
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_FILE_UNREADABLE', `${path} cannot be read: ${reason}.`, { cause })
  }
}

/** As many bytes as there are, up to `bytes`. */
async function read(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, at + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function broken(path: string, at: number, cause?: unknown): LmapError {
  const message = `${path} breaks off or is damaged at byte ${at}; everything before it was replayed.`
  return new LmapError('LMAP_FILE_TRUNCATED', message, { cause })
}
