import { ASSETS } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import type { Report } from '../model/reports.ts'
import type { LiveBlock } from '../model/stages.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { type AssetStatus, decodeParcel, type Parcel } from './parcel.ts'

/** Who takes what the gate lets through. */
export interface FrameSink {
  block(live: LiveBlock): void
  status(asset: AssetId, status: AssetStatus, behindMs: number): void
  report(report: Report): void
  /** An asset came to another owner, and nothing was said of it for so long. */
  handedOver(asset: AssetId, silentMs: number): void
}

export interface FrameGateOptions {
  readonly sink: FrameSink
  readonly now: () => number
}

export interface FrameCounts {
  parcels: number
  /** Of an owner that had lost the asset. */
  fenced: number
  /** Breaks in an owner's sequence. */
  gaps: number
  corrupt: number
  /** Times that an asset came to another owner. */
  handovers: number
}

/** Who writes the parcels of an asset, and what of its streams can be shown. */
interface Lane {
  owner: string
  generation: number
  sequence: number
  heardMs: number
  readonly streams: readonly LiveColumn[]
}

/** The live column of a stream as it was last told whole, and what followed. Undefined key: it has to be told anew. */
interface LiveColumn {
  key: LiveBlock | undefined
  deltas: LiveBlock[]
}

/**
 * Between the frames topic and a gateway. The order of a partition decides who owns an asset: parcels of an older
 * generation of the group than one that was seen are those of a process that has lost it, and are dropped. After a
 * change of owners or a gap the deltas of a stream wait for its next whole column.
 */
export class FrameGate {
  readonly #options: FrameGateOptions
  readonly #lanes: Lane[]
  readonly counts: FrameCounts = { parcels: 0, fenced: 0, gaps: 0, corrupt: 0, handovers: 0 }

  constructor(options: FrameGateOptions) {
    this.#options = options
    this.#lanes = Array.from({ length: ASSETS }, () => ({
      owner: '',
      generation: -1,
      sequence: 0,
      heardMs: 0,
      streams: Array.from({ length: TIMEFRAMES }, () => ({ key: undefined, deltas: [] })),
    }))
  }

  take(bytes: Uint8Array): void {
    const parcel = decodeParcel(bytes)
    if (parcel === undefined) {
      this.counts.corrupt++
      return
    }
    const lane = this.#lanes[parcel.asset]!
    if (!this.#admits(lane, parcel)) {
      this.counts.fenced++
      return
    }
    this.counts.parcels++
    const { sink } = this.#options
    for (const entry of parcel.entries) {
      if (entry.kind === 'block') this.#block(lane.streams[entry.live.timeframe]!, entry.live)
      else if (entry.kind === 'status') sink.status(entry.asset, entry.status, parcel.behindMs)
      else sink.report(entry.report)
    }
  }

  /** Tells the sink the live column of a stream as it is now, for one who has just begun to listen. */
  retell(asset: AssetId, timeframe: number): void {
    const { key, deltas } = this.#lanes[asset]!.streams[timeframe]!
    if (key === undefined) return
    this.#options.sink.block(key)
    for (const delta of deltas) this.#options.sink.block(delta)
  }

  #admits(lane: Lane, { asset, owner, generation, sequence }: Parcel): boolean {
    const nowMs = this.#options.now()
    // A group that was forgotten counts from the start again; by then the last owner has long been silent.
    const isQuiet = nowMs - lane.heardMs > limits.framesQuietMs
    if (generation < lane.generation && !isQuiet) return false
    if (owner !== lane.owner) {
      if (generation === lane.generation && !isQuiet) return false
      if (lane.owner !== '') {
        this.counts.handovers++
        this.#options.sink.handedOver(asset, nowMs - lane.heardMs)
      }
      lane.owner = owner
      this.#forget(lane)
    } else if (sequence !== lane.sequence + 1) {
      // Told twice, after a writer was not sure that the broker had it.
      if (sequence <= lane.sequence) return false
      this.counts.gaps++
      this.#forget(lane)
    }
    lane.generation = generation
    lane.sequence = sequence
    lane.heardMs = nowMs
    return true
  }

  #forget(lane: Lane): void {
    for (const stream of lane.streams) {
      stream.key = undefined
      stream.deltas = []
    }
  }

  #block(stream: LiveColumn, live: LiveBlock): void {
    const { sink } = this.#options
    if (live.kind === 'closed') {
      // A new column has begun, which its key tells.
      sink.block(live)
      return
    }
    if (live.kind === 'delta') {
      if (stream.key === undefined) return
      stream.deltas.push(live)
      if (stream.deltas.length > limits.streamDeltasMax) stream.key = undefined
      sink.block(live)
      return
    }
    // After a gap a refresh is news to everybody, not only to newcomers.
    const isNews = live.kind === 'key' || stream.key === undefined
    stream.key = isNews && live.kind !== 'key' ? { ...live, kind: 'key' } : live
    stream.deltas = []
    sink.block(stream.key)
    stream.key = { ...stream.key, kind: 'key' }
  }
}
