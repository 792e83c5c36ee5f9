import { assert } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { SNAPSHOT_BYTES_MAX } from '../wire/groups.ts'
import type { Message, Opening } from './channel.ts'
import type { Broadcast } from './channels.ts'

/* One writer, any number of readers, each at its own pace. The writer never waits: who is a whole ring behind has lost
   what was overwritten, and finds out. Positions count bytes, modulo 2^32.
   Head:   0 u32 claimed: the writer may be writing up to here | 4 u32 published: everything before it can be read
   Record, at a multiple of 8, never wrapped around the end:
     0 u32 bytes of the record | 4 u8 kind (0 skip to the end of the ring, 1 message, 2 opening, 3 renew) | 5 u8 binary
     6 u16 bytes of the topic | 8 u32 sequence | 12 u32 part | 16 u32 bytes of the payload | 20 u32 0
    24 topic (latin1), payload                                                                                        */
const HEAD_BYTES = 64
const CLAIMED = 0
const PUBLISHED = 1
const RECORD_HEAD_BYTES = 24
const ALIGN = 8
const Kind = { skip: 0, message: 1, opening: 2, renew: 3 } as const
const NOTHING = new Uint8Array(0)
const TOPIC_BYTES_MAX = 0xffff

// Nobody finds out with the first stream that is full: what does not fit would end the process.
assert(
  limits.gatewayRingBytes / 2 >= RECORD_HEAD_BYTES + TOPIC_BYTES_MAX + ALIGN + SNAPSHOT_BYTES_MAX,
  'the ring of the gateway holds two of the largest snapshots',
)

/** Memory of a ring, for its writer and its readers. `bytes` is a power of two. */
export function ringMemory(bytes: number): SharedArrayBuffer {
  assert((bytes & (bytes - 1)) === 0 && bytes >= 2 * RECORD_HEAD_BYTES, 'a ring is a power of two')
  return new SharedArrayBuffer(HEAD_BYTES + bytes)
}

/** Tells every thread what is to be fanned out: each message crosses once, whatever the number of threads. */
export class BroadcastRing implements Broadcast {
  readonly #head: Uint32Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at: number
  #written = 0

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Uint32Array(memory, 0, HEAD_BYTES / 4)
    this.#bytes = new Uint8Array(memory, HEAD_BYTES)
    this.#view = new DataView(memory, HEAD_BYTES)
    this.#at = Atomics.load(this.#head, PUBLISHED)
  }

  /** Where a reader stands that has read everything. */
  get position(): number {
    return this.#at
  }

  /** Bytes that this writer has written in all; unlike the position it never begins anew. */
  get written(): number {
    return this.#written
  }

  message(message: Message): void {
    this.#write(Kind.message, message, 0)
  }

  opening(opening: Opening): void {
    this.#write(Kind.opening, opening, opening.part)
  }

  renew(topic: string): void {
    this.#write(Kind.renew, { topic, sequence: 0, isBinary: false, bytes: NOTHING }, 0)
  }

  #write(kind: number, { topic, sequence, isBinary, bytes }: Omit<Message, 'sentMs'>, part: number): void {
    const size = this.#bytes.length
    const need = aligned(RECORD_HEAD_BYTES + topic.length + bytes.length)
    assert(need <= size / 2, 'the ring holds two of the largest messages')
    const left = size - (this.#at & (size - 1))
    // A place of a few bytes at the end has no room for the head of a skip, but always for its first word.
    const skip = left < need ? left : 0
    const end = (this.#at + skip + need) >>> 0
    Atomics.store(this.#head, CLAIMED, end)
    if (skip > 0) this.#view.setBigUint64(this.#at & (size - 1), BigInt(skip), true)
    const at = (this.#at + skip) & (size - 1)
    this.#view.setUint32(at, need, true)
    this.#view.setUint8(at + 4, kind)
    this.#view.setUint8(at + 5, isBinary ? 1 : 0)
    this.#view.setUint16(at + 6, topic.length, true)
    this.#view.setUint32(at + 8, sequence, true)
    this.#view.setUint32(at + 12, part, true)
    this.#view.setUint32(at + 16, bytes.length, true)
    this.#view.setUint32(at + 20, 0, true)
    for (let index = 0; index < topic.length; index++) {
      this.#bytes[at + RECORD_HEAD_BYTES + index] = topic.charCodeAt(index)
    }
    this.#bytes.set(bytes, at + RECORD_HEAD_BYTES + topic.length)
    this.#at = end
    this.#written += skip + need
    Atomics.store(this.#head, PUBLISHED, end)
  }
}

/** One thread's place in the ring. */
export class RingReader {
  readonly #head: Uint32Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at: number

  constructor(memory: SharedArrayBuffer, position: number) {
    this.#head = new Uint32Array(memory, 0, HEAD_BYTES / 4)
    this.#bytes = new Uint8Array(memory, HEAD_BYTES)
    this.#view = new DataView(memory, HEAD_BYTES)
    this.#at = position
  }

  get position(): number {
    return this.#at
  }

  /**
   * Hands over all that has been written since the last call. False: the writer was faster by a whole ring, something is
   * lost, and reading goes on with what comes next.
   */
  read(to: Broadcast, nowMs: number): boolean {
    for (;;) {
      const published = Atomics.load(this.#head, PUBLISHED)
      if (published === this.#at) return true
      const record = this.#record(nowMs)
      // What was read is only worth something if it was not overwritten meanwhile. The exchange with itself keeps the
      // reads above from being put off until after it, which a plain load would allow.
      const claimed = Atomics.or(this.#head, CLAIMED, 0)
      if ((claimed - this.#at) >>> 0 > this.#bytes.length) {
        this.#at = Atomics.load(this.#head, PUBLISHED)
        return false
      }
      this.#at = (this.#at + record.bytes) >>> 0
      record.tell(to)
    }
  }

  /** Whatever the bytes are: torn ones are found out by the caller, and must not lead outside the ring until then. */
  #record(nowMs: number): { bytes: number; tell(to: Broadcast): void } {
    const size = this.#bytes.length
    const at = this.#at & (size - 1)
    const bytes = this.#view.getUint32(at, true)
    const kind = this.#view.getUint8(at + 4)
    if (kind === Kind.skip || at + RECORD_HEAD_BYTES > size) return { bytes, tell: () => undefined }
    const topicEnd = at + RECORD_HEAD_BYTES + this.#view.getUint16(at + 6, true)
    const topic = String.fromCharCode(...this.#bytes.subarray(at + RECORD_HEAD_BYTES, topicEnd))
    const payload = this.#bytes.slice(topicEnd, topicEnd + this.#view.getUint32(at + 16, true))
    const isBinary = this.#view.getUint8(at + 5) === 1
    const sequence = this.#view.getUint32(at + 8, true)
    const part = this.#view.getUint32(at + 12, true)
    const message: Message = { topic, sequence, sentMs: nowMs, isBinary, bytes: payload }
    return {
      bytes,
      tell(to) {
        if (kind === Kind.message) to.message(message)
        else if (kind === Kind.opening) to.opening({ ...message, part })
        else to.renew(topic)
      },
    }
  }
}

function aligned(bytes: number): number {
  return (bytes + ALIGN - 1) & -ALIGN
}
