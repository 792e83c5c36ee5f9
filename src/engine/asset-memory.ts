import type { Asset } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import type { LiftCount } from '../model/lift.ts'
import { limits } from '../model/limits.ts'
import type { AssetLiquidity } from '../model/liquidity.ts'
import { type Asymmetry, reportFloorUsd } from '../model/reports.ts'
import type { ModelStatus, VenueStatus, WhereScore } from '../model/stages.ts'
import { venueStates, venues } from '../model/venues.ts'
import { type CoreMap, createMemory, HeadField, VenueField } from './core.ts'
import { liftCountsOf, liftMissed } from './lift-messages.ts'
import { readRealised } from './realised.ts'
import { asymmetryOf, reportsLost } from './report-messages.ts'

const IMAGE_PAGE_BYTES = 4096
const EMPTY_PAGE = Buffer.alloc(IMAGE_PAGE_BYTES)
/** Assets do what they do once a second one after the other, some milliseconds apart. */
const SWEEP_MS = 1_000
const PHASE_MS = 61
const UNKNOWN = venueStates.indexOf('unknown')
const LIVE = venueStates.indexOf('live')
const STALE = venueStates.indexOf('stale')
const SUSPECT = venueStates.indexOf('suspect')
const DOWN = venueStates.indexOf('down')

/**
 * The host's side of one asset: its shared memory, the producing end of its ring, and reads of what the core keeps.
 * Reads other than the ring's are only right while no worker holds the asset.
 */
export class AssetMemory {
  readonly asset: Asset
  readonly memory: WebAssembly.Memory
  readonly #map: CoreMap
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #words: Int32Array
  #head = 0

  constructor(asset: Asset, map: CoreMap) {
    this.asset = asset
    this.memory = createMemory(map)
    this.#map = map
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.#view = new DataView(this.memory.buffer)
    this.#words = new Int32Array(this.memory.buffer)
    this.#writeSettings()
  }

  /** Bytes that wait for the core. */
  get pending(): number {
    return (this.#head - Atomics.load(this.#words, this.#map.ringTail >> 2)) >>> 0
  }

  /** Copies one batch into the ring. False: it does not fit now. */
  append(batch: Uint8Array): boolean {
    const size = this.#map.ringBytes
    if (this.pending + batch.length > size) return false
    const at = this.#head & (size - 1)
    const whole = Math.min(batch.length, size - at)
    this.#bytes.set(whole === batch.length ? batch : batch.subarray(0, whole), this.#map.ring + at)
    if (whole < batch.length) this.#bytes.set(batch.subarray(whole), this.#map.ring)
    this.#head = (this.#head + batch.length) >>> 0
    Atomics.store(this.#words, this.#map.ringHead >> 2, this.#head | 0)
    return true
  }

  /** Timeframes with listeners, as bits. */
  get active(): number {
    return Atomics.load(this.#words, this.#map.activeMask >> 2)
  }

  activate(timeframe: number, on: boolean): void {
    const bit = 1 << timeframe
    if (on) Atomics.or(this.#words, this.#map.activeMask >> 2, bit)
    else Atomics.and(this.#words, this.#map.activeMask >> 2, ~bit)
  }

  /** Asks for a refresh of every active stream at the next turn. */
  refresh(): void {
    Atomics.or(this.#words, this.#map.keyMask >> 2, this.active)
  }

  /** Says that events are missing before the next one: the time between is not observed, however short it is. */
  interrupt(): void {
    this.#view.setUint32(this.#map.interrupted, 1, true)
  }

  /** Unread messages of the core, as one view. Not a copy: take what is needed, then `clearOut`. */
  out(): Uint8Array {
    return this.#bytes.subarray(this.#map.out, this.#map.out + this.#view.getUint32(this.#map.outUsed, true))
  }

  clearOut(): void {
    this.#view.setUint32(this.#map.outUsed, 0, true)
  }

  head(field: HeadNumber): number {
    const at = this.#map.head + HeadField[field]
    return field === 'epoch' ? this.#view.getUint32(at, true) : this.#view.getFloat64(at, true)
  }

  /** State of the forecast; all 0 before the first price. */
  model(): Required<ModelStatus> {
    const at = this.#map.head + HeadField.model
    return {
      id: this.#view.getUint32(at, true),
      state: this.#view.getUint32(at + 4, true),
      mean: this.#view.getFloat64(at + 8, true),
      error: this.#view.getFloat64(at + 16, true),
      hours: this.#view.getFloat64(at + 24, true),
      where: this.#where(),
      flags: this.#view.getUint32(this.#map.head + HeadField.modelFlags, true),
    }
  }

  #where(): WhereScore {
    const at = this.#map.head + HeadField.where
    return {
      bits: this.#view.getFloat64(at, true),
      baselineBits: this.#view.getFloat64(at + 8, true),
      lift: this.#view.getFloat64(at + 16, true),
      baselineLift: this.#view.getFloat64(at + 24, true),
    }
  }

  /** What is known by venue: state, age, open interest, and liquidations of the last day. */
  liquidity(): AssetLiquidity {
    return {
      clockMs: this.head('clockMs'),
      price: this.head('price'),
      step: this.head('step'),
      venues: venues.map((_, id) => {
        const at = this.#map.venue + id * this.#map.venueStride
        const newsMs = this.#view.getFloat64(at + VenueField.newsMs, true)
        return {
          state: this.venue(id).state,
          ageMs: newsMs > 0 ? Math.max(0, this.head('receiveMs') - newsMs) : undefined,
          openInterestUsd: this.#view.getFloat64(at + VenueField.openInterestUsd, true),
        }
      }),
      realised: readRealised(this.#view, this.#map),
      asymmetry: this.asymmetry(),
    }
  }

  /** Reports that were not sent, for too much happened at once. */
  get reportsLost(): number {
    return reportsLost(this.#view, this.#map.reports)
  }

  /** Which side holds more near price. */
  asymmetry(): Asymmetry {
    return asymmetryOf(this.#view, this.#map.reports)
  }

  /** What became of the levels that reports spoke of. */
  lift(): LiftCount[] {
    return liftCountsOf(this.#view, this.#map.lift)
  }

  /** Trials and controls that were not made, for too many were open. */
  get liftMissed(): number {
    return liftMissed(this.#view, this.#map.lift)
  }

  venue(venue: number): VenueStatus {
    const at = this.#map.venue + venue * this.#map.venueStride
    const receiveMs = this.#view.getFloat64(at + VenueField.receiveMs, true)
    return {
      state: this.#stateOf(at, receiveMs),
      receiveMs,
      bidTick: this.#view.getInt32(at + VenueField.bid, true),
      askTick: this.#view.getInt32(at + VenueField.ask, true),
      tickSize: this.#view.getFloat64(at + VenueField.tickSize, true),
    }
  }

  /** Age counts from the newest event of any venue, so a replay at any speed shows what was true then. */
  #stateOf(at: number, receiveMs: number): number {
    if (this.#view.getFloat64(at + VenueField.batches, true) === 0) return UNKNOWN
    const ageMs = this.head('receiveMs') - receiveMs
    if (this.#view.getUint32(at + VenueField.down, true) === 1 || ageMs > limits.venueDownMs) return DOWN
    if (this.#view.getFloat64(at + VenueField.suspectMs, true) > 0) return SUSPECT
    return ageMs > limits.venueStaleMs ? STALE : LIVE
  }

  /**
   * The asset's whole state: u32 pages, u32 index of each, then the pages that are not empty. The ring must be empty.
   */
  image(): Uint8Array {
    const { state, stateEnd } = this.#map
    const pages: number[] = []
    for (let page = 0; page < (stateEnd - state) / IMAGE_PAGE_BYTES; page++) {
      const from = state + page * IMAGE_PAGE_BYTES
      // Compared as a whole: nine megabytes looked at word by word hold the main thread several times as long.
      if (EMPTY_PAGE.compare(this.#bytes, from, from + IMAGE_PAGE_BYTES) !== 0) pages.push(page)
    }
    const image = new Uint8Array(4 + pages.length * (4 + IMAGE_PAGE_BYTES))
    const view = new DataView(image.buffer)
    view.setUint32(0, pages.length, true)
    pages.forEach((page, index) => {
      view.setUint32(4 + index * 4, page, true)
      const from = state + page * IMAGE_PAGE_BYTES
      image.set(this.#bytes.subarray(from, from + IMAGE_PAGE_BYTES), 4 + pages.length * 4 + index * IMAGE_PAGE_BYTES)
    })
    return image
  }

  /** Loads what `image` wrote, into a memory on which nothing has run yet. */
  restore(image: Uint8Array): void {
    const { state, stateEnd } = this.#map
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
    const pages = image.byteLength >= 4 ? view.getUint32(0, true) : 0
    const isWhole = pages > 0 && image.byteLength === 4 + pages * (4 + IMAGE_PAGE_BYTES)
    const places = Array.from({ length: isWhole ? pages : 0 }, (_, index) => view.getUint32(4 + index * 4, true))
    // All or nothing: an image that is refused must leave the memory as empty as it was.
    if (!isWhole || places.some((page) => state + (page + 1) * IMAGE_PAGE_BYTES > stateEnd)) {
      throw imageFault(this.asset.name)
    }
    places.forEach((page, index) => {
      const from = 4 + pages * 4 + index * IMAGE_PAGE_BYTES
      this.#bytes.set(image.subarray(from, from + IMAGE_PAGE_BYTES), state + page * IMAGE_PAGE_BYTES)
    })
  }

  /** As empty as it was made, also where a core has run on it. Nothing may be at work. */
  clear(): void {
    this.#bytes.fill(0, this.#map.ringHead, this.#map.mapEnd)
    this.#head = 0
    this.#writeSettings()
  }

  #writeSettings(): void {
    const { settings } = this.#map
    this.#view.setFloat64(settings.gridTick, this.asset.gridTick, true)
    this.#view.setFloat64(settings.quantum, this.asset.quantumUsd, true)
    this.#view.setFloat64(settings.skewMs, limits.clockSkewMsMax, true)
    this.#view.setFloat64(settings.distanceMin, nearestLiquidation(this.asset), true)
    this.#view.setFloat64(settings.phaseMs, (this.asset.id * PHASE_MS) % SWEEP_MS, true)
    this.#view.setFloat64(settings.floor, reportFloorUsd(this.asset.openInterestUsd), true)
    this.#view.setFloat64(settings.staleMs, limits.venueStaleMs, true)
    const complete = venues.map((venue, id) => (venue.liquidations === 'complete' ? 1 << id : 0))
    this.#view.setUint32(
      settings.completeMask,
      complete.reduce((mask, bit) => mask | bit, 0),
      true,
    )
  }
}

type HeadNumber = Exclude<keyof typeof HeadField, 'model' | 'bucketFirst' | 'bucketLast'>

/** Least distance from entry to liquidation, as a part of the price: 1 / leverage less the maintenance rate. */
function nearestLiquidation({ instruments }: Asset): number {
  const distances = instruments
    .filter((instrument) => instrument?.leverageMax !== undefined)
    .map((instrument) => 1 / (instrument?.leverageMax ?? 1) - (instrument?.maintenanceRate ?? 0))
  return distances.length === 0 ? 0 : Math.max(0, Math.min(...distances))
}

function imageFault(asset: string): LmapError {
  return new LmapError('LMAP_STORE_SCHEMA', `the checkpoint of ${asset} is not whole.`, {
    hint: 'It is ignored; the asset starts empty.',
  })
}
