import { limits } from '../model/limits.ts'
import type { LiveBlock } from '../model/stages.ts'
import { timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { BlockType, type Column, decodeColumn, decodeDelta, emptyColumn, encodeColumn } from '../wire/blocks.ts'
import type { FrameStatus } from '../wire/frame.ts'
import type { Range } from '../wire/keep-range.ts'
import { ClosedColumns } from './closed-columns.ts'
import { RangeCut } from './range-cut.ts'
import { type MapTopic, mapTopic } from './topics.ts'
import { snapshotOf, type View } from './views.ts'

/** What a turn of a stream came to. */
export interface Turn {
  /** Blocks to send, in order; empty where nothing that subscribers lack has come. */
  readonly blocks: readonly Uint8Array[]
  /** The grid or the quantum has changed: subscribers need a snapshot instead. */
  readonly isEpoch: boolean
}

const emptyTurn: Turn = { blocks: [], isEpoch: false }

/**
 * One (asset, timeframe): what a newcomer needs to know, as encoded bytes. Blocks are gathered by `take` and become
 * visible all at once by `commit`, so a snapshot never holds half a tick.
 */
export class Stream {
  readonly asset: AssetId
  readonly timeframe: number
  readonly closed: ClosedColumns
  /** Those who want it, whether or not they have had their snapshot; managed by the stream table. */
  users = 0
  /** What its last delta said, undefined where the next one has to say it again. */
  status: FrameStatus | undefined
  /** What of it subscribers get, by topic. */
  readonly topics = new Map<string, MapTopic>()
  /** The live column of those who want a range only. */
  readonly cuts = new Map<Range, RangeCut>()
  /** Snapshots that were asked for while the history was being read. */
  readonly wanted = new Set<View>()
  /** Whether the engine sends its blocks; it goes on for a while after the last user has left. */
  isOn = false
  /** Whether `closed` reaches back as far as the store does. */
  history: 'none' | 'loading' | 'loaded' | 'failed' = 'none'
  /** The newest column that closed, wanted or not: it may not be in the store yet when the history is read. */
  newest: Uint8Array | undefined
  clockMs = 0
  sequence = 0
  epoch = 1
  /** The last snapshot frames by view, the newest that there can be until something changes. */
  readonly snapshots = new Map<View, Uint8Array>()
  #key: Uint8Array | undefined
  /** Of the newest key ever seen, 0 before the first. */
  #step = 0
  #quantumUsd = 0
  #deltas: Uint8Array[] = []
  #pending: LiveBlock[] = []

  constructor(asset: AssetId, timeframe: number) {
    this.asset = asset
    this.timeframe = timeframe
    this.closed = new ClosedColumns(timeframes[timeframe]!.ms)
  }

  get hasKey(): boolean {
    return this.#key !== undefined
  }

  /** The block's bytes are the stream's from now on. */
  take(live: LiveBlock): void {
    this.#pending.push(live)
    if (live.clockMs > this.clockMs) this.clockMs = live.clockMs
  }

  /** A column that closes while nobody watches. */
  keepClosed(block: Uint8Array): void {
    this.newest = block
    if (this.history === 'loaded' || this.history === 'loading') this.closed.add(openMsOf(block), block)
  }

  /** The history is being read: from here on every column that closes is kept. */
  beginHistory(): void {
    this.history = 'loading'
    if (this.newest !== undefined) this.closed.add(openMsOf(this.newest), this.newest)
  }

  /** Makes what has been taken part of the stream and answers what subscribers have to be sent. */
  commit(): Turn {
    if (this.#pending.length === 0) return emptyTurn
    const pending = this.#pending
    this.#pending = []
    const blocks: Uint8Array[] = []
    let isEpoch = false
    for (const { kind, block } of pending) {
      if (kind === 'closed') {
        this.newest = block
        if (this.closed.add(openMsOf(block), block)) blocks.push(block)
      } else if (kind === 'delta') {
        // Without a key there is nothing that it changes.
        if (this.#key === undefined) continue
        blocks.push(block)
        this.#deltas.push(block)
      } else {
        isEpoch = this.#changesGrid(block) || isEpoch
        // A refresh says nothing new to who has read all deltas: it spares newcomers the older ones.
        if (kind === 'key' || this.#key === undefined || isEpoch) blocks.push(block)
        this.#key = block
        this.#deltas = []
      }
    }
    if (this.#deltas.length > limits.streamDeltasMax) this.#fold()
    this.snapshots.clear()
    if (isEpoch) this.epoch++
    if (blocks.length > 0) this.sequence = (this.sequence + 1) >>> 0
    return { blocks, isEpoch }
  }

  /** Blocks of a snapshot: the live column, then groups of closed ones, newest first, so that a client can paint early. */
  snapshotBlocks(view: View): Uint8Array[] {
    return snapshotOf(view, this.#liveBlocks(view.range), this.closed.newestPacked(view.columns))
  }

  /** Somebody subscribes to a part of it; each topic once. */
  addTopic(topic: MapTopic): void {
    this.topics.set(mapTopic(this.asset, this.timeframe, topic), topic)
    const { range } = topic
    if (range !== 0 && !this.cuts.has(range)) this.cuts.set(range, new RangeCut(range, this.liveColumn()))
  }

  removeTopic(topic: MapTopic): void {
    this.topics.delete(mapTopic(this.asset, this.timeframe, topic))
    if ([...this.topics.values()].every(({ range }) => range !== topic.range)) this.cuts.delete(topic.range)
  }

  /** The live column decoded, undefined where there is none. */
  liveColumn(): Column | undefined {
    if (this.#key === undefined) return undefined
    const column = emptyColumn()
    decodeColumn(this.#key, 0, column)
    for (const delta of this.#deltas) decodeDelta(delta, 0, column)
    return column
  }

  /** Forgets the live column: without a user the engine does not keep it fresh. */
  rest(): void {
    for (const { kind, block } of this.#pending) if (kind === 'closed') this.keepClosed(block)
    this.#key = undefined
    this.#deltas = []
    this.#pending = []
    this.snapshots.clear()
  }

  /** Forgets the closed columns too. */
  unload(): void {
    this.closed.clear()
    this.history = 'none'
    this.snapshots.clear()
  }

  #changesGrid(key: Uint8Array): boolean {
    const view = viewOf(key)
    const [step, quantumUsd] = [view.getFloat64(STEP_AT, true), view.getFloat32(QUANTUM_AT, true)]
    const changes = this.#step !== 0 && (step !== this.#step || quantumUsd !== this.#quantumUsd)
    this.#step = step
    this.#quantumUsd = quantumUsd
    return changes
  }

  #liveBlocks(range: Range): readonly Uint8Array[] {
    if (range === 0) return this.#key === undefined ? [] : [this.#key, ...this.#deltas]
    // Who only reads has no cut of its own.
    const key = (this.cuts.get(range) ?? new RangeCut(range, this.liveColumn())).key()
    return key === undefined ? [] : [key]
  }

  #fold(): void {
    this.#key = encodeColumn(BlockType.key, this.liveColumn()!)
    this.#deltas = []
  }
}

// Fields of a column block, see wire/blocks.ts; read in place because decoding all cells for them would cost 100 times more.
const OPEN_MS_AT = 8
const STEP_AT = 56
const QUANTUM_AT = 68

function openMsOf(block: Uint8Array): number {
  return viewOf(block).getFloat64(OPEN_MS_AT, true)
}

function viewOf(block: Uint8Array): DataView {
  return new DataView(block.buffer, block.byteOffset, block.length)
}
