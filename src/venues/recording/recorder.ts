import { closeSync, existsSync, fsyncSync, openSync, renameSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { compressFrameSync } from 'lz4-napi'
import { LmapError } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import type { BatchSink } from '../../model/stages.ts'
import { encodeBlockHeader, encodeHeader, type RecordingMeta } from './format.ts'

const writeAsync: (fd: number, bytes: Uint8Array) => Promise<{ bytesWritten: number }> = promisify(write)

export interface Recorder extends BatchSink {
  /** Writes what waits and the end mark, and gives the file its name. May be called twice. */
  stop(): Promise<void>
}

/**
 * Records what a source sends. The file grows as `path.part` and is renamed when it is whole; what is left after a crash
 * can be replayed up to the break. Never writes over a file that exists.
 */
export function createRecorder(path: string, meta: RecordingMeta): Recorder {
  return new FileRecorder(path, meta)
}

class FileRecorder implements Recorder {
  readonly #path: string
  readonly #part: string
  readonly #fd: number
  readonly #block = new Uint8Array(limits.recordBlockBytes)
  #used = 0
  #timer: NodeJS.Timeout | undefined
  /** Bytes that were handed to the disk and are not there yet. */
  #pendingBytes = 0
  #written: Promise<void> = Promise.resolve()
  #room: PromiseWithResolvers<boolean> | undefined
  #failure: LmapError | undefined
  #stopped: Promise<void> | undefined

  constructor(path: string, meta: RecordingMeta) {
    this.#path = path
    this.#part = `${path}.part`
    if (existsSync(path)) throw unwritable(path, 'it exists already')
    try {
      this.#fd = openSync(this.#part, 'wx')
      writeSync(this.#fd, encodeHeader(meta))
    } catch (cause) {
      throw unwritable(this.#part, cause)
    }
  }

  write(batches: Uint8Array): true | Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#stopped !== undefined) return Promise.resolve(false)
    if (this.#used + batches.byteLength > this.#block.byteLength) this.#flush()
    if (batches.byteLength > this.#block.byteLength) this.#put(batches)
    else {
      this.#block.set(batches, this.#used)
      this.#used += batches.byteLength
      this.#timer ??= setTimeout(() => this.#flush(), limits.recordBlockMs)
    }
    if (this.#pendingBytes < limits.recordBytesMax) return true
    this.#room ??= Promise.withResolvers<boolean>()
    return this.#room.promise
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish()
    return this.#stopped
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#used > 0) this.#put(this.#block.subarray(0, this.#used))
    this.#used = 0
  }

  /** A block holds whole batches, so that each can be read by itself. */
  #put(raw: Uint8Array): void {
    const frame = compressFrameSync(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength), { contentChecksum: false })
    const header = encodeBlockHeader({ bytes: frame.byteLength, rawBytes: raw.byteLength, crc: crc32(raw) })
    this.#append(Buffer.concat([header, frame]))
  }

  #append(bytes: Uint8Array): void {
    this.#pendingBytes += bytes.byteLength
    this.#written = this.#written.then(() => this.#save(bytes))
  }

  async #save(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.byteLength && this.#failure === undefined; ) {
        at += (await writeAsync(this.#fd, bytes.subarray(at))).bytesWritten
      }
    } catch (cause) {
      this.#failure = unwritable(this.#part, cause)
    }
    this.#pendingBytes -= bytes.byteLength
    if (this.#room === undefined) return
    if (this.#failure !== undefined) this.#room.reject(this.#failure)
    else if (this.#pendingBytes < limits.recordBytesMax) this.#room.resolve(true)
    else return
    this.#room = undefined
  }

  async #finish(): Promise<void> {
    this.#flush()
    this.#append(encodeBlockHeader({ bytes: 0, rawBytes: 0, crc: 0 }))
    await this.#written
    try {
      if (this.#failure === undefined) fsyncSync(this.#fd)
    } catch (cause) {
      this.#failure = unwritable(this.#part, cause)
    }
    closeSync(this.#fd)
    if (this.#failure !== undefined) throw this.#failure
    renameSync(this.#part, this.#path)
  }
}

function unwritable(path: string, cause: unknown): LmapError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const hint = 'Give a new name in a folder that may be written and has room.'
  return new LmapError('LMAP_FILE_UNWRITABLE', `${path} cannot be recorded to: ${reason}.`, { hint, cause })
}
