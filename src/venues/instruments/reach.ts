import { setTimeout as sleep } from 'node:timers/promises'
import { limits } from '../../model/limits.ts'
import type { VenueName } from '../../model/venues.ts'
import type { Agents } from '../live/agents.ts'
import { Connection } from '../live/connection.ts'
import type { LanePlan, VenueProtocol } from '../live/feed.ts'
import { FrameFault } from '../mapper-fields.ts'
import type { Market } from '../mapper-market.ts'
import { directories } from './directories.ts'
import type { Rest } from './rest.ts'
import { type FailureKind, RestFailure } from './rest-failure.ts'

/** One way to a venue, tried once. */
export type Way =
  | { readonly isOpen: true; readonly ms: number }
  | { readonly isOpen: false; readonly kind: FailureKind | 'silent'; readonly reason: string }

export interface Reach {
  readonly venue: VenueName
  readonly request: Way
  /** Open means that market data came, not just that a socket opened. */
  readonly stream: Way
  /** Our clock less the venue's, as good as half of the request's time; undefined where it was not told. */
  readonly skewMs: number | undefined
}

export interface ReachOptions {
  readonly rest: Rest
  readonly protocol: VenueProtocol
  readonly socketBase: string
  readonly market: Market
  readonly agents: Agents
  /** Unix time, milliseconds. */
  readonly now: () => number
}

/** Tries one request and one stream of a venue, and says what became of them. */
export async function reachOf(options: ReachOptions): Promise<Reach> {
  const [{ request, skewMs }, stream] = await Promise.all([requestOf(options), streamOf(options)])
  return { venue: options.rest.venue, request, stream, skewMs }
}

async function requestOf({ rest, now }: ReachOptions): Promise<{ request: Way; skewMs: number | undefined }> {
  const sentMs = now()
  try {
    const clockMs = await directories[rest.venue].clock(rest)
    const ms = now() - sentMs
    return { request: { isOpen: true, ms }, skewMs: sentMs + ms / 2 - clockMs }
  } catch (error) {
    const { kind, reason } = failureOf(error)
    return { request: { isOpen: false, kind, reason }, skewMs: undefined }
  }
}

function failureOf(error: unknown): { kind: FailureKind; reason: string } {
  if (error instanceof RestFailure) return { kind: error.kind, reason: error.message }
  if (error instanceof FrameFault)
    return { kind: 'answer', reason: `its answer is not as documented (${error.message})` }
  throw error
}

/** The first socket that a feed would open, for one market. */
async function streamOf({ protocol, market, ...rest }: ReachOptions): Promise<Way> {
  const [plan] = protocol.lanes([market])
  if (plan === undefined) return { isOpen: false, kind: 'request', reason: 'the venue has no stream of it' }
  const begunMs = performance.now()
  const heard = await listen({ ...rest, protocol, plan, forMs: limits.liveReachMsMax, enough: () => true })
  if (heard.frames > 0) return { isOpen: true, ms: performance.now() - begunMs }
  if (heard.failure !== undefined) return { isOpen: false, kind: heard.failure.kind, reason: heard.failure.message }
  const [refused] = heard.refused
  const reason = refused === undefined ? 'the socket is open and nothing comes' : `refused: ${refused.reason}`
  return { isOpen: false, kind: 'silent', reason }
}

export interface ListenOptions {
  readonly protocol: VenueProtocol
  readonly plan: LanePlan
  readonly socketBase: string
  readonly agents: Agents
  readonly now: () => number
  readonly forMs: number
  /** Called for each frame of data; true ends it before its time. */
  enough(text: string, topic: string | undefined): boolean
}

export interface Heard {
  readonly frames: number
  readonly refused: readonly { readonly topic: string; readonly reason: string }[]
  /** Why the socket ended before its time. */
  readonly failure: RestFailure | undefined
}

/** One socket for a while, without a mapper behind it. */
export async function listen(options: ListenOptions): Promise<Heard> {
  const { protocol, plan, socketBase: base, agents, now, forMs, enough } = options
  const over = new AbortController()
  const refused: { topic: string; reason: string }[] = []
  let frames = 0
  let failure: RestFailure | undefined
  const connection = new Connection({
    protocol,
    plan,
    base,
    agents,
    now,
    limits,
    events: {
      opened() {},
      frame(text, topic) {
        frames++
        try {
          if (enough(text, topic)) over.abort()
        } catch (error) {
          if (!(error instanceof FrameFault || error instanceof SyntaxError)) throw error
          failure = new RestFailure(protocol.venue, 'answer', `a frame is not as documented (${error.message})`)
          over.abort()
        }
      },
      refused: (topic, reason) => refused.push({ topic, reason }),
      closing() {},
      closed(why) {
        failure = why
        over.abort()
      },
    },
  })
  try {
    await sleep(forMs, undefined, { signal: over.signal })
  } catch (error) {
    // Cut short by what was waited for.
    if (!over.signal.aborted) throw error
  } finally {
    connection.close()
  }
  return { frames, refused, failure }
}

/** A socket for these topics alone, at the path at which the venue serves its market data. */
export function planOf(protocol: VenueProtocol, path: string, topics: readonly string[]): LanePlan {
  return { name: `look at ${protocol.venue}`, path, topics, pulseOnly: [], pulses: [], books: [], markets: [] }
}
