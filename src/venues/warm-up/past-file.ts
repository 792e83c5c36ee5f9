import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { LmapError } from '../../model/errors.ts'
import { VENUES } from '../../model/venues.ts'
import type { Bar, Reading, Span } from './history.ts'

/** What one venue has told of one asset so far. */
export interface KeptPast {
  /** Everything between was asked for: a gap in it is a gap of the venue's. */
  readonly covered: Span
  readonly bars: readonly Bar[]
  readonly readingsCovered: Span
  readonly readings: readonly Reading[]
}

/* A gzip stream of, little-endian:
     0 u32 magic "LMWU" | 4 u32 version | 8 u32 venues
    12 for each venue: u32 venue id | u32 bars | u32 readings | f64[4] covered from, until; of the readings from, until
       then bars of f64[5] (open time, low, high, close, USD), readings of f64[2] (time, coins)                       */
const MAGIC = 0x55574d4c
const VERSION = 1
const HEADER_BYTES = 12
const VENUE_BYTES = 44
const BAR_BYTES = 40
const READING_BYTES = 16
/** Ten times what five days of five venues take: a file that unpacks to more is none of ours. */
const BYTES_MAX = 8 << 20

/** The past of one asset by venue id, as an earlier run has kept it; empty, and `warn` hears why, where it is of no use. */
export function readPast(folder: string, asset: string, warn: (reason: string) => void): Map<number, KeptPast> {
  const path = fileOf(folder, asset)
  try {
    return decodePast(gunzipSync(readFileSync(path), { maxOutputLength: BYTES_MAX }))
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isMissing) warn(`${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
    return new Map()
  }
}

/** Whole or not at all: a crash leaves the older file. */
export function writePast(folder: string, asset: string, pasts: ReadonlyMap<number, KeptPast>): void {
  const path = fileOf(folder, asset)
  mkdirSync(join(folder, FOLDER), { recursive: true })
  writeFileSync(`${path}.new`, gzipSync(encodePast(pasts)))
  renameSync(`${path}.new`, path)
}

const FOLDER = 'warm-up'

function fileOf(folder: string, asset: string): string {
  return join(folder, FOLDER, `${asset}.bars.gz`)
}

export function encodePast(pasts: ReadonlyMap<number, KeptPast>): Uint8Array {
  const bytes = [...pasts.values()].reduce(
    (sum, past) => sum + VENUE_BYTES + past.bars.length * BAR_BYTES + past.readings.length * READING_BYTES,
    HEADER_BYTES,
  )
  const out = new Writer(bytes)
  out.u32(MAGIC, VERSION, pasts.size)
  for (const [venue, { covered, bars, readingsCovered, readings }] of pasts) {
    out.u32(venue, bars.length, readings.length)
    out.f64(covered.fromMs, covered.untilMs, readingsCovered.fromMs, readingsCovered.untilMs)
    for (const { openMs, low, high, close, volumeUsd } of bars) out.f64(openMs, low, high, close, volumeUsd)
    for (const { atMs, coins } of readings) out.f64(atMs, coins)
  }
  return out.bytes
}

export function decodePast(bytes: Uint8Array): Map<number, KeptPast> {
  const input = new Reader(bytes)
  if (input.u32() !== MAGIC) throw damaged('it is no file of ours')
  if (input.u32() !== VERSION) throw damaged('it is of another version')
  const venues = input.u32()
  const pasts = new Map<number, KeptPast>()
  for (let i = 0; i < venues; i++) {
    const venue = input.u32()
    if (venue >= VENUES) throw damaged('it names a venue that there is not')
    const bars: Bar[] = new Array(input.many(BAR_BYTES))
    const readings: Reading[] = new Array(input.many(READING_BYTES))
    const covered = { fromMs: input.f64(), untilMs: input.f64() }
    const readingsCovered = { fromMs: input.f64(), untilMs: input.f64() }
    for (let at = 0; at < bars.length; at++) {
      const [openMs, low, high, close] = [input.f64(), input.f64(), input.f64(), input.f64()]
      if (!(low > 0 && low <= close && close <= high)) throw damaged('a bar in it is none')
      bars[at] = { openMs, low, high, close, volumeUsd: input.f64() }
    }
    for (let at = 0; at < readings.length; at++) readings[at] = { atMs: input.f64(), coins: input.f64() }
    pasts.set(venue, { covered, bars, readingsCovered, readings })
  }
  return pasts
}

function damaged(what: string): LmapError {
  return new LmapError('LMAP_FILE_FORMAT', what)
}

class Writer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes)
    this.#view = new DataView(this.bytes.buffer)
  }

  u32(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint32(this.#at, value, true)
      this.#at += 4
    }
  }

  f64(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setFloat64(this.#at, value, true)
      this.#at += 8
    }
  }
}

class Reader {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u32(): number {
    return this.#view.getUint32(this.#move(4), true)
  }

  /** A count of things of which at least so many bytes must follow. */
  many(bytes: number): number {
    const count = this.u32()
    if (this.#at + count * bytes > this.#view.byteLength) throw damaged('it breaks off')
    return count
  }

  f64(): number {
    const value = this.#view.getFloat64(this.#move(8), true)
    if (!Number.isFinite(value)) throw damaged('a number in it is none')
    return value
  }

  #move(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#view.byteLength) throw damaged('it breaks off')
    return at
  }
}
