import type { LmapError } from '../model/errors.ts'
import { CloseCode } from '../wire/close-code.ts'
import type { Holder } from './access.ts'
import type { Channel } from './channel.ts'

/** What the fan-out uses of a WebSocket. Nothing of it may be touched once the socket is closed. */
export interface Socket {
  send(message: string | Uint8Array, isBinary: boolean): number
  getBufferedAmount(): number
  subscribe(topic: string): boolean
  unsubscribe(topic: string): boolean
  /** What is sent within the call leaves together. */
  cork(send: () => void): unknown
  /** Closes; the close handler runs before this returns. */
  end(code: number, reason: string): void
}

export interface Subscription {
  /** What it is about: a client has each subject once, whatever it wants of it. */
  readonly subject: number
  readonly channel: Channel
  /** Which of the channel's openings it wants. */
  readonly part: number
  /** Whether the socket is on the channel's topic; else it waits for an opening. */
  isLive: boolean
  /** Has once acknowledged a frame in time since its opening. Before that a slow line may still carry the opening. */
  hasCaughtUp: boolean
  /** Was behind: gets its opening only when it has acknowledged this. */
  awaited: number | undefined
}

/** One connection. */
export interface Client {
  readonly socket: Socket
  readonly address: string
  /** The key or token that it came with. */
  readonly credential: string | undefined
  /** Undefined where there are no plans. */
  holder: Holder | undefined
  /** Replaced when one comes or goes: nearly all clients have one, and ten thousand maps of one entry are two megabytes. */
  subscriptions: readonly Subscription[]
  /** Counted among the connections of its address and its holder. */
  isInside: boolean
  isClosed: boolean
  /** Since when it has not taken all that it was sent; undefined while it keeps up. */
  behindSinceMs: number | undefined
  /** Start of the window in which its messages are counted. */
  windowStartMs: number
  messages: number
}

export interface Visitor {
  readonly address: string
  readonly credential: string | undefined
  readonly holder: Holder | undefined
}

const none: readonly Subscription[] = []

export function createClient(socket: Socket, visitor: Visitor, nowMs: number): Client {
  return {
    socket,
    address: visitor.address,
    credential: visitor.credential,
    holder: visitor.holder,
    subscriptions: none,
    isInside: false,
    isClosed: false,
    behindSinceMs: undefined,
    windowStartMs: nowMs,
    messages: 0,
  }
}

/** What a client is told when a request is refused. */
export function refusalText(error: LmapError, request: unknown): string {
  const message = error.hint === undefined ? error.message : `${error.message} ${error.hint}`
  return JSON.stringify({ op: 'error', code: error.code, message, request })
}

/** Codes of ours by themselves, the protocol's and whatever a client makes up in classes: a label has few values. */
export function codeClass(code: number): string {
  for (const own of Object.values(CloseCode)) if (own === code) return String(code)
  return code === 1000 || code === 1001 || code === 1005 ? 'left' : code === 1006 ? 'lost' : 'other'
}
