import { type ErrorCode, LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Entrant } from './admission.ts'
import type { Origin } from './catalogue.ts'
import type { Tally } from './counter-tally.ts'
import type { Plans } from './plans.ts'
import type { Reply, Request } from './reply.ts'

/** What a gateway thread is made with. */
export interface ThreadData {
  readonly host: string
  readonly port: number
  readonly proxies: readonly string[]
  readonly limits: Limits
  readonly origin: Origin
  readonly plans: Plans | undefined
  readonly ring: SharedArrayBuffer
  /** Where in the ring it begins to read. */
  readonly position: number
  readonly nowMs: number
}

/** From the main thread. */
export type ToThread =
  /** There is something in the ring; and what the time is. */
  | { readonly kind: 'wake'; readonly nowMs: number }
  | { readonly kind: 'plans'; readonly plans: Plans }
  | { readonly kind: 'entered'; readonly id: number; readonly refusal: Fault | undefined }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: ThreadReply }
  /** The next piece of a body that comes in pieces; undefined: that was all, or why there is no more. */
  | { readonly kind: 'piece'; readonly id: number; readonly piece: string | undefined; readonly fault?: Fault }
  | { readonly kind: 'stop' }

/** To the main thread. */
export type FromThread =
  | { readonly kind: 'started' }
  /** It could not start, or cannot go on: its sockets are closed, and it ends. */
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'acquire'; readonly topic: string }
  | { readonly kind: 'release'; readonly topic: string }
  /** With its place in the ring: an opening written behind that is on its way to it already. */
  | { readonly kind: 'want'; readonly topic: string; readonly part: number; readonly position: number }
  | { readonly kind: 'enter'; readonly id: number; readonly entrant: Entrant }
  | { readonly kind: 'leave'; readonly entrant: Entrant }
  | { readonly kind: 'request'; readonly id: number; readonly request: Request }
  | { readonly kind: 'next'; readonly id: number }
  /** Nobody wants the other pieces. */
  | { readonly kind: 'drop'; readonly id: number }
  | { readonly kind: 'counts'; readonly tally: Tally; readonly clients: number; readonly subscriptions: number }

/** An answer; a body in pieces follows piece by piece. */
export type ThreadReply = Pick<Reply, 'status' | 'headers'> & { readonly body: string | Uint8Array | undefined }

/** An error on its way to another thread. */
export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
}

export function faultOf(error: unknown): Fault {
  if (error instanceof LmapError) return { code: error.code, message: error.message, hint: error.hint }
  return { code: 'LMAP_INTERNAL', message: error instanceof Error ? error.message : String(error), hint: undefined }
}

export function errorOf({ code, message, hint }: Fault): LmapError {
  return new LmapError(code, message, hint === undefined ? {} : { hint })
}
