import { limits } from '../model/limits.ts'
import type { FrameHeader } from '../wire/frame.ts'
import type { Refusal } from './control.ts'
import { MapChange, MapState } from './map-state.ts'

export type StreamState =
  /** No snapshot yet, or none since the connection was lost or a frame was missing: what `map` shows is old. */
  | 'waiting'
  | 'live'
  /** Nothing has come for limits.clientSilentMs: what `map` shows is old. */
  | 'stale'
  /** The server has refused the stream, see `refusal`. */
  | 'refused'
  | 'closed'

export type StreamListener = (change: number) => void

/** One live (asset, timeframe): its map, and callbacks or `for await` to hear of changes. */
export class MapStream {
  readonly asset: string
  readonly timeframe: string
  readonly map = new MapState()
  readonly #listeners = new Set<StreamListener>()
  readonly #closeStream: (stream: MapStream) => void
  #state: StreamState = 'waiting'
  #refusal: Refusal | undefined
  #frameMs = 0

  constructor(asset: string, timeframe: string, closeStream: (stream: MapStream) => void) {
    this.asset = asset
    this.timeframe = timeframe
    this.#closeStream = closeStream
  }

  get state(): StreamState {
    return this.#state
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get refusal(): Refusal | undefined {
    return this.#refusal
  }

  /** Client's clock at the newest frame, 0 before the first. */
  get frameMs(): number {
    return this.#frameMs
  }

  /** Calls `listener` with a MapChange for each change, MapChange.status where only the state did. Answers how to stop. */
  onChange(listener: StreamListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes as they come. A loop that is slower than the stream gets the heaviest of those that it missed, once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<number, void> {
    let pending: number = this.map.whole ? MapChange.snapshot : MapChange.none
    let wake: () => void = () => undefined
    const stop = this.onChange((change) => {
      pending = Math.max(pending, change)
      wake()
    })
    try {
      while (!this.isClosed) {
        if (pending === MapChange.none) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        const change = pending
        pending = MapChange.none
        if (!this.isClosed) yield change
      }
    } finally {
      stop()
    }
  }

  /** Gives the stream back; the last holder's close ends the subscription. */
  close(): void {
    this.#closeStream(this)
  }

  /** For the connection. Answers false where a new snapshot is needed; throws for corrupt frames. */
  accept(header: FrameHeader, frame: Uint8Array, nowMs: number): boolean {
    const isResync = !this.map.whole
    const change = this.map.apply(header, frame)
    if (change === 'gap') {
      // Deltas that arrive between a gap and its snapshot are expected and say nothing new.
      if (!isResync) this.become('waiting')
      return false
    }
    this.#frameMs = nowMs
    this.#state = 'live'
    this.#tell(change)
    return true
  }

  /** For the connection: notices silence. */
  check(nowMs: number): void {
    if (this.#state === 'live' && nowMs - this.#frameMs > limits.clientSilentMs) this.become('stale')
  }

  /** For the connection. */
  become(state: StreamState, refusal?: Refusal): void {
    if (state === this.#state || this.#state === 'closed') return
    if (state === 'waiting') this.map.whole = false
    this.#state = state
    this.#refusal = refusal
    this.#tell(MapChange.status)
  }

  #tell(change: number): void {
    for (const listener of this.#listeners) listener(change)
  }
}
