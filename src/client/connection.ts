import { describeError, LmapError } from '../model/errors.ts'
import type { LayerName } from '../model/layers.ts'
import { limits } from '../model/limits.ts'
import type { ReportKind } from '../model/reports.ts'
import { decodeHeader, type FrameHeader } from '../wire/frame.ts'
import type { ranges } from '../wire/keep-range.ts'
import { retryMs } from './back-off.ts'
import { type Hello, isTerminal, type ReportMessage, readServerMessage } from './control.ts'
import { fetchExtent, type HistoryExtent } from './extent.ts'
import { fetchJson } from './json-answer.ts'
import type { MapState } from './map-state.ts'
import { MapStream } from './map-stream.ts'
import { fetchPast } from './past.ts'
import { ReportStream } from './report-stream.ts'

export interface ConnectOptions {
  /** ws:// or wss:// address of a gateway's /stream. */
  readonly url: string
  /** Key or token, where the server asks for one. */
  readonly key?: string | undefined
  /** Milliseconds; only differences are used. */
  readonly now: () => number
  /** [0, 1), for the jitter of reconnects. */
  readonly random: () => number
}

export type ConnectionState = 'connecting' | 'open' | 'retrying' | 'closed'

/** Connects at once and keeps connecting until `close` or a terminal close code. Needs a global WebSocket. */
export function connect(options: ConnectOptions): Connection {
  return new Connection(options)
}

/** What the protocol calls a connection that ended without a word. */
const CODE_LOST = 1006

/** Less than the whole of a stream, for clients that want less. */
export interface StreamPart {
  /** Names; the others stay empty. */
  readonly layers?: readonly LayerName[]
  /** Newest columns, the live one included. */
  readonly columns?: number
  /** Percent of price to either side; cells further away stay empty. */
  readonly range?: (typeof ranges)[number]
}

interface Entry {
  readonly stream: MapStream
  readonly part: StreamPart
  holders: number
  /** When the last snapshot was asked for, undefined where none is due. */
  askedMs: number | undefined
}

interface ReportEntry {
  readonly stream: ReportStream
  holders: number
  askedMs: number | undefined
}

export class Connection {
  readonly #options: ConnectOptions
  readonly #entries = new Map<string, Entry>()
  /** By asset. */
  readonly #reports = new Map<string, ReportEntry>()
  readonly #listeners = new Set<() => void>()
  readonly #ticker: ReturnType<typeof setInterval>
  #socket: WebSocket | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #state: ConnectionState = 'connecting'
  #hello: Hello | undefined
  #failures = 0
  #heardMs = 0
  #retryAtMs = 0
  #fault: string | undefined

  constructor(options: ConnectOptions) {
    this.#options = options
    this.#open()
    this.#ticker = setInterval(() => this.#tick(), limits.clientAckMs)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** What the server last said of itself. */
  get hello(): Hello | undefined {
    return this.#hello
  }

  /** Why the connection was last lost or given up, in words. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Client's clock of the next attempt, while retrying. */
  get retryAtMs(): number {
    return this.#retryAtMs
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The stream of an asset and a timeframe. Asked for twice it is the same one, with the first part, and is closed as often. */
  subscribe(assetName: string, timeframe: string, part: StreamPart = {}): MapStream {
    const asset = nameOf(assetName)
    const key = keyOf(asset, timeframe)
    const known = this.#entries.get(key)
    if (known !== undefined) {
      known.holders++
      return known.stream
    }
    this.#checkRoom()
    const stream = new MapStream(asset, timeframe, (given) => this.#release(key, given))
    const entry: Entry = { stream, part, holders: 1, askedMs: undefined }
    this.#entries.set(key, entry)
    if (this.#hello !== undefined && this.#state === 'open') this.#ask('subscribe', entry)
    return stream
  }

  /**
   * Live reports of an asset, of the kinds named or of all that there may be. Asked for twice it is the same one, with
   * the first kinds, and is closed as often.
   */
  reports(assetName: string, kinds?: readonly ReportKind[]): ReportStream {
    const asset = nameOf(assetName)
    const known = this.#reports.get(asset)
    if (known !== undefined) {
      known.holders++
      return known.stream
    }
    this.#checkRoom()
    const entry: ReportEntry = {
      stream: new ReportStream(asset, kinds, (given) => this.#releaseReports(asset, given)),
      holders: 1,
      askedMs: undefined,
    }
    this.#reports.set(asset, entry)
    if (this.#hello !== undefined && this.#state === 'open') this.#askReports('subscribe', entry)
    return entry.stream
  }

  /** A map as it was known at a time, see fetchPast. */
  at(asset: string, timeframe: string, atMs: number, columns?: number, signal?: AbortSignal): Promise<MapState> {
    const { url, key } = this.#options
    return fetchPast({ url, key, asset, timeframe, atMs, columns, signal })
  }

  /** How far back `at` can go. */
  extent(asset: string, timeframe: string, signal?: AbortSignal): Promise<HistoryExtent> {
    const { url, key } = this.#options
    return fetchExtent({ url, key, asset, timeframe, signal })
  }

  /** Any other answer of the HTTP interface, with the key of this connection. */
  json(
    path: string,
    query: Readonly<Record<string, string | number | undefined>>,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const { url, key } = this.#options
    return fetchJson({ url, key, path, query, signal })
  }

  /** Ends every stream and the connection, for good. */
  close(): void {
    this.#end('closed by this client')
  }

  #release(key: string, stream: MapStream): void {
    const entry = this.#entries.get(key)
    // One that was closed before may have a successor, which is somebody else's.
    if (entry?.stream !== stream || --entry.holders > 0) return
    this.#entries.delete(key)
    entry.stream.become('closed')
    const { asset, timeframe } = entry.stream
    if (this.#state === 'open') this.#send({ op: 'unsubscribe', asset, timeframe })
  }

  #releaseReports(asset: string, stream: ReportStream): void {
    const entry = this.#reports.get(asset)
    if (entry?.stream !== stream || --entry.holders > 0) return
    this.#reports.delete(asset)
    entry.stream.become('closed')
    if (this.#state === 'open') this.#send({ op: 'unsubscribe', channel: 'reports', asset })
  }

  #checkRoom(): void {
    if (this.#entries.size + this.#reports.size < limits.clientStreamsMax) return
    throw new LmapError('LMAP_LIMIT', `a client holds at most ${limits.clientStreamsMax} streams.`)
  }

  #open(): void {
    const { url, key } = this.#options
    // The one way for a browser to send a key with a WebSocket that is not in the address, and so in no log.
    const socket = key === undefined ? new WebSocket(url) : new WebSocket(url, ['lmap', `lmap.key.${key}`])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#heardMs = this.#options.now()
    socket.onmessage = (event) => this.#message(socket, event.data as string | ArrayBuffer)
    socket.onclose = (event) => this.#lost(socket, event.code, event.reason)
    // The close that should follow knows more, but for a refused connection Node sends none.
    socket.onerror = () => setTimeout(() => this.#lost(socket, CODE_LOST, ''))
  }

  #message(socket: WebSocket, data: string | ArrayBuffer): void {
    if (socket !== this.#socket) return
    this.#heardMs = this.#options.now()
    if (typeof data === 'string') this.#control(data)
    else this.#frame(new Uint8Array(data))
  }

  #control(text: string): void {
    const message = readServerMessage(text)
    if ('fault' in message) {
      // A server that speaks another language will not learn ours by being asked again.
      this.#end(message.fault)
    } else if ('hello' in message) {
      this.#hello = message.hello
      for (const entry of this.#entries.values()) this.#ask('subscribe', entry)
      for (const entry of this.#reports.values()) this.#askReports('subscribe', entry)
      // Who hears of it may subscribe to more, and is not to be asked for twice.
      this.#become('open')
    } else if ('reports' in message) {
      this.#rows(message.reports)
    } else {
      const { asset, timeframe, channel } = message.refusal
      const entry =
        asset !== undefined && timeframe !== undefined ? this.#entries.get(keyOf(asset, timeframe)) : undefined
      this.#fault = `${message.refusal.code}: ${message.refusal.message}`
      const refused = channel === 'reports' && asset !== undefined ? this.#reports.get(asset) : entry
      if (refused !== undefined) {
        refused.askedMs = undefined
        refused.stream.become('refused', message.refusal)
      }
      this.#tell()
    }
  }

  #frame(frame: Uint8Array): void {
    let header: FrameHeader
    try {
      header = decodeHeader(frame)
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      // A newer server stays newer; anything else may be better on a new connection.
      if (error.code === 'LMAP_FRAME_VERSION') this.#end(describeError(error))
      else this.#drop(describeError(error))
      return
    }
    const asset = this.#hello?.assets[header.asset]
    const timeframe = this.#hello?.timeframes[header.timeframe]
    // A frame of a stream that was just given up is still on its way now and then.
    const entry =
      asset === undefined || timeframe === undefined ? undefined : this.#entries.get(keyOf(asset, timeframe))
    if (entry === undefined) return
    let whole = false
    try {
      whole = entry.stream.accept(header, frame, this.#heardMs)
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      this.#fault = describeError(error)
      entry.stream.become('waiting')
    }
    if (whole) {
      entry.askedMs = undefined
      // Only a map that works ends the back-off: a server that greets and then fails is not hammered.
      this.#failures = 0
      this.#fault = undefined
    } else if (entry.askedMs === undefined) this.#ask('resync', entry)
  }

  #rows(message: ReportMessage): void {
    // Of a stream that was just given up, now and then.
    const entry = this.#reports.get(message.asset)
    if (entry === undefined) return
    if (entry.stream.accept(message, this.#heardMs)) {
      entry.askedMs = undefined
      this.#failures = 0
      this.#fault = undefined
    } else if (entry.askedMs === undefined) this.#askReports('resync', entry)
  }

  #askReports(op: 'subscribe' | 'resync', entry: ReportEntry): void {
    entry.askedMs = this.#options.now()
    const { asset, kinds } = entry.stream
    this.#send({ op, channel: 'reports', asset, ...(op === 'subscribe' && kinds !== undefined && { kinds }) })
  }

  #ask(op: 'subscribe' | 'resync', entry: Entry): void {
    entry.askedMs = this.#options.now()
    const { asset, timeframe } = entry.stream
    this.#send({ op, asset, timeframe, ...(op === 'subscribe' && entry.part) })
  }

  #send(message: unknown): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  #tick(): void {
    const nowMs = this.#options.now()
    for (const { stream } of this.#all()) stream.check(nowMs)
    if (this.#state === 'connecting' && nowMs - this.#heardMs > limits.clientConnectMsMax) {
      this.#drop('the server did not answer')
    }
    if (this.#state !== 'open') return
    if (this.#entries.size + this.#reports.size > 0 && nowMs - this.#heardMs > limits.clientSilentMsMax) {
      this.#drop(`nothing heard for ${Math.round((nowMs - this.#heardMs) / 1000)} s`)
      return
    }
    const read: [string, string, number][] = []
    for (const entry of this.#entries.values()) {
      const { asset, timeframe, map } = entry.stream
      if (map.whole) read.push([asset, timeframe, map.sequence])
      else if (entry.askedMs !== undefined && nowMs - entry.askedMs > limits.clientSnapshotMsMax) {
        this.#ask('resync', entry)
      }
    }
    if (read.length > 0) this.#send({ op: 'ack', sequence: read })
    for (const entry of this.#reports.values()) {
      const { askedMs, stream } = entry
      if (askedMs === undefined || nowMs - askedMs <= limits.clientSnapshotMsMax) continue
      // The server may have heard of it or not: a subscription that it has is simply sent anew.
      if (stream.state === 'waiting') this.#askReports('subscribe', entry)
    }
  }

  #lost(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return
    const why = `${reason === '' ? 'connection lost' : reason} (${code})`
    if (isTerminal(code)) this.#end(why)
    else this.#drop(why)
  }

  /** Forgets the socket at hand and plans the next one. */
  #drop(why: string): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    this.#fault = why
    const waitMs = retryMs(this.#failures++, this.#options.random)
    this.#retryAtMs = this.#options.now() + waitMs
    this.#retry = setTimeout(() => {
      this.#become('connecting')
      this.#open()
    }, waitMs)
    for (const entry of this.#all()) {
      entry.askedMs = undefined
      entry.stream.become('waiting')
    }
    // Who has just been told may have closed the connection.
    if (this.#state !== 'closed') this.#become('retrying')
  }

  #end(why: string): void {
    if (this.#state === 'closed') return
    clearInterval(this.#ticker)
    clearTimeout(this.#retry)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    this.#fault = why
    for (const { stream } of this.#all()) stream.become('closed')
    this.#entries.clear()
    this.#reports.clear()
    this.#become('closed')
  }

  #all(): (Entry | ReportEntry)[] {
    return [...this.#entries.values(), ...this.#reports.values()]
  }

  #become(state: ConnectionState): void {
    this.#state = state
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Assets are asked for in any case and answered with their names. */
function nameOf(asset: string): string {
  return asset.toUpperCase()
}

function keyOf(asset: string, timeframe: string): string {
  return `${asset}/${timeframe}`
}
