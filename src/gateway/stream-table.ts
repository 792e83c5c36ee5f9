import { ASSETS } from '../model/assets.ts'
import { assert } from '../model/errors.ts'
import type { LiveBlock } from '../model/stages.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import { encodeFrame, FrameFlag, FrameKind, type FrameStatus } from '../wire/frame.ts'
import { ALL_LAYERS, keepLayers } from '../wire/keep-layers.ts'
import type { Broadcast, Supply } from './channels.ts'
import type { StreamMetrics } from './gateway-metrics.ts'
import type { History } from './history.ts'
import { Stream } from './stream.ts'
import { type MapTopic, mapTopic, readMapTopic } from './topics.ts'
import { type View, viewOf } from './views.ts'

/** State of the model behind the predicted layers of an asset, see docs/wire.md. */
export interface ModelStatus {
  /** Position in modelStates. */
  readonly state: number
  readonly id: number
}

export interface StreamTableOptions {
  simulated: boolean
  history: History
  metrics: StreamMetrics
  now(): number
  /** Tells the engine that a stream is wanted, or has not been for a while. */
  activate(asset: AssetId, timeframe: number, on: boolean): void
  /** By venue id, see docs/wire.md. */
  venueStates(asset: AssetId): Uint8Array
  model(asset: AssetId): ModelStatus
  /** Where frames go: to all who fan out. */
  broadcast: Broadcast
  /** A stream has got its history, or its first key, or can have none. */
  changed(stream: Stream): void
  lingerMs: number
  historyRetryMs: number
  idleMax: number
}

/** All streams. Those without users cost nothing but the reference to the last column. */
export class StreamTable {
  readonly #options: StreamTableOptions
  readonly #streams: Stream[] = []
  /** Streams with blocks that are not committed. */
  readonly #dirty = new Set<Stream>()
  /** Streams that are on without users, and since when: a page that is loaded again finds them warm. */
  readonly #lingering = new Map<Stream, number>()
  /** Streams that are off whose closed columns are still here, the longest idle first. */
  readonly #idle = new Set<Stream>()
  /** When a history was last not to be had. */
  #failedMs = 0
  #isRetrying = false

  constructor(options: StreamTableOptions) {
    this.#options = options
    for (let asset = 0; asset < ASSETS; asset++) {
      for (let timeframe = 0; timeframe < TIMEFRAMES; timeframe++) {
        this.#streams.push(new Stream(asset as AssetId, timeframe))
      }
    }
  }

  at(asset: number, timeframe: number): Stream {
    const stream = this.#streams[asset * TIMEFRAMES + timeframe]
    assert(stream !== undefined && timeframe < TIMEFRAMES, 'the stream is of the table')
    return stream
  }

  /** Streams that the engine keeps fresh for us. */
  get activeCount(): number {
    return this.#streams.reduce((count, stream) => count + (stream.isOn ? 1 : 0), 0)
  }

  /** What subscribers may ask for: topics of the map, each held once. */
  get supply(): Supply {
    return {
      acquire: (topic) => this.#subscribe(this.#topic(topic), 1),
      release: (topic) => this.#subscribe(this.#topic(topic), -1),
      want: (topic, columns) => this.#want(this.#topic(topic), columns),
    }
  }

  /** For who only reads. Every acquire is followed by one release. */
  acquire(stream: Stream): void {
    stream.users++
    this.#idle.delete(stream)
    this.#lingering.delete(stream)
    if (!stream.isOn) {
      stream.isOn = true
      this.#options.activate(stream.asset, stream.timeframe, true)
    }
    if (stream.history === 'none' || stream.history === 'failed') {
      void this.#load(stream)
    }
  }

  release(stream: Stream): void {
    assert(stream.users > 0, 'a stream is released as often as it is acquired')
    stream.users--
    if (stream.users === 0) this.#lingering.set(stream, this.#options.now())
  }

  /** Turns off what nobody has wanted for a while, and asks the store again that has failed. */
  sweep(): void {
    const { now, lingerMs, historyRetryMs } = this.#options
    const nowMs = now()
    if (nowMs - this.#failedMs >= historyRetryMs) void this.#retry()
    for (const [stream, sinceMs] of this.#lingering) if (nowMs - sinceMs >= lingerMs) this.#turnOff(stream)
  }

  stop(): void {
    for (const stream of this.#streams) if (stream.isOn) this.#turnOff(stream)
  }

  block(live: LiveBlock): void {
    const stream = this.at(live.asset, live.timeframe)
    if (stream.isOn) {
      stream.take(live)
      this.#dirty.add(stream)
    } else if (live.kind === 'closed') stream.keepClosed(live.block)
  }

  /** Publishes what has come since the last flush: all streams in one turn, so that a socket's frames leave together. */
  flush(): void {
    if (this.#dirty.size === 0) return
    const streams = [...this.#dirty].sort((a, b) => b.users - a.users)
    this.#dirty.clear()
    for (const stream of streams) this.#publish(stream)
  }

  /** The stream as it is now, as one frame; the same bytes until something changes. */
  snapshot(stream: Stream, view: View): Uint8Array {
    let snapshot = stream.snapshots.get(view)
    if (snapshot === undefined) {
      const status = this.#status(stream)
      snapshot = this.#frame(stream, FrameKind.snapshot, status, stream.snapshotBlocks(view))
      // Who has this snapshot knows another status than who has had all deltas: the next one tells it to both.
      if (!isSame(status, stream.status)) stream.status = undefined
      stream.snapshots.set(view, snapshot)
      this.#options.metrics.snapshotsEncoded.inc()
    }
    return snapshot
  }

  async #load(stream: Stream): Promise<void> {
    const { history, changed, now } = this.#options
    await history.load(stream)
    if (stream.history === 'failed') this.#failedMs = now()
    if (!stream.isOn) this.#retire(stream)
    changed(stream)
    for (const view of stream.wanted) this.#open(stream, view)
    stream.wanted.clear()
  }

  /** Streams that started without their past, one after the other, until one fails again. */
  async #retry(): Promise<void> {
    if (this.#isRetrying) return
    this.#isRetrying = true
    for (const stream of this.#streams) {
      if (stream.users === 0 || stream.history !== 'failed') continue
      await this.#load(stream)
      // As narrowed above it would still be 'failed'.
      if ((stream.history as Stream['history']) !== 'loaded') break
      for (const topic of stream.topics.keys()) this.#options.broadcast.renew(topic)
    }
    this.#isRetrying = false
  }

  #topic(topic: string): MapTopic {
    const map = readMapTopic(topic)
    assert(map !== undefined, 'the table supplies the map')
    return map
  }

  #subscribe(topic: MapTopic, change: 1 | -1): void {
    const stream = this.at(topic.asset, topic.timeframe)
    if (change > 0) {
      stream.addTopic(topic)
      this.acquire(stream)
    } else {
      stream.removeTopic(topic)
      this.release(stream)
    }
  }

  #want({ asset, timeframe, mask, range }: MapTopic, columns: number): void {
    const stream = this.at(asset, timeframe)
    const view = viewOf(mask, columns, range)
    // Without its past a snapshot would have to be followed by another at once.
    if (stream.history === 'loading') stream.wanted.add(view)
    else this.#open(stream, view)
  }

  /** Newcomers are served with this and the deltas that follow it. */
  #open(stream: Stream, view: View): void {
    const { broadcast, now } = this.#options
    const { asset, timeframe, sequence } = stream
    const topic = mapTopic(asset, timeframe, view)
    const bytes = this.snapshot(stream, view)
    broadcast.opening({ topic, part: view.columns, sequence, sentMs: now(), isBinary: true, bytes })
  }

  #publish(stream: Stream): void {
    const { metrics, broadcast, changed, now } = this.#options
    const hadKey = stream.hasKey
    const { blocks, isEpoch } = stream.commit()
    if (blocks.length > 0) {
      const nowMs = now()
      const status = this.#status(stream)
      const news = isSame(status, stream.status) ? undefined : status
      stream.status = status
      const cuts = new Map([...stream.cuts].map(([range, cut]) => [range, cut.turn(blocks)]))
      for (const [topic, { mask, range }] of stream.topics) {
        if (isEpoch) {
          broadcast.renew(topic)
          continue
        }
        const inRange = cuts.get(range) ?? blocks
        const kept = mask === ALL_LAYERS ? inRange : inRange.map((block) => keepLayers(block, mask))
        const bytes = this.#frame(stream, FrameKind.delta, news, kept)
        broadcast.message({ topic, sequence: stream.sequence, sentMs: nowMs, isBinary: true, bytes })
        metrics.frames.inc()
        metrics.frameBytes.inc(bytes.length)
      }
      if (stream.clockMs > 0) metrics.latency.observe(Math.max(0, nowMs - stream.clockMs))
    }
    if (!hadKey && stream.hasKey) changed(stream)
  }

  #status({ asset }: Stream): FrameStatus {
    const { venueStates, model } = this.#options
    // A copy: whoever owns the states goes on changing them.
    return { modelId: model(asset).id, venueStates: venueStates(asset).slice() }
  }

  #frame(stream: Stream, kind: number, status: FrameStatus | undefined, blocks: readonly Uint8Array[]): Uint8Array {
    const { simulated, model } = this.#options
    return encodeFrame(
      {
        kind,
        asset: stream.asset,
        timeframe: stream.timeframe,
        flags: simulated ? FrameFlag.simulated : 0,
        modelState: model(stream.asset).state,
        sequence: stream.sequence,
        epoch: stream.epoch,
        clockMs: stream.clockMs,
        status,
      },
      blocks,
    )
  }

  #turnOff(stream: Stream): void {
    this.#lingering.delete(stream)
    this.#dirty.delete(stream)
    stream.isOn = false
    this.#options.activate(stream.asset, stream.timeframe, false)
    stream.rest()
    if (stream.history === 'loaded') this.#retire(stream)
  }

  /** Keeps the closed columns of a stream that may be wanted again soon, and lets go of the longest unwanted ones. */
  #retire(stream: Stream): void {
    this.#idle.add(stream)
    if (this.#idle.size <= this.#options.idleMax) return
    const [oldest] = this.#idle
    this.#idle.delete(oldest!)
    oldest!.unload()
  }
}

function isSame(one: FrameStatus, other: FrameStatus | undefined): boolean {
  return one.modelId === other?.modelId && one.venueStates.every((state, venue) => state === other.venueStates[venue])
}
