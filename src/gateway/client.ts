import type { Stream } from './stream.ts'

/** What the fan-out uses of a WebSocket. Nothing of it may be touched once the socket is closed. */
export interface Socket {
  send(message: string | Uint8Array, isBinary: boolean): number
  getBufferedAmount(): number
  subscribe(topic: string): boolean
  unsubscribe(topic: string): boolean
  /** Closes; the close handler runs before this returns. */
  end(code: number, reason: string): void
}

export interface Subscription {
  /** Whether the socket is on the stream's topic; else it waits for a snapshot. */
  isLive: boolean
  /** Has once acknowledged a frame in time since its snapshot. Before that a slow line may still carry the snapshot. */
  hasCaughtUp: boolean
  /** Was behind: gets its snapshot only when it has acknowledged this. */
  awaited: number | undefined
}

/** One connection. */
export interface Client {
  readonly socket: Socket
  readonly address: string
  readonly subscriptions: Map<Stream, Subscription>
  isClosed: boolean
  /** Since when it has not taken all that it was sent; undefined while it keeps up. */
  behindSinceMs: number | undefined
  /** Start of the window in which its messages are counted. */
  windowStartMs: number
  messages: number
}

export function createClient(socket: Socket, address: string, nowMs: number): Client {
  return {
    socket,
    address,
    subscriptions: new Map(),
    isClosed: false,
    behindSinceMs: undefined,
    windowStartMs: nowMs,
    messages: 0,
  }
}

/** See docs/wire.md: 4000-4499 reconnect with back-off, 4500-4999 do not. */
export const CloseCode = {
  shutdown: 4000,
  tooSlow: 4001,
  tooManyMessages: 4002,
  badRequest: 4500,
  limit: 4501,
} as const
