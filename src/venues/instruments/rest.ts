import { addAbortListener } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from '../../model/errors.ts'
import { limits } from '../../model/limits.ts'
import type { VenueName } from '../../model/venues.ts'
import type { Agents } from '../live/agents.ts'
import { requestText } from '../live/http-request.ts'
import { type Budget, RestBudget } from './rest-budget.ts'
import { type FailureKind, passing, RestFailure, statusFailure } from './rest-failure.ts'

/** What one venue's REST interface is like. */
export interface RestVenue {
  readonly venue: VenueName
  /** Such as https://api.bybit.com, without a slash at the end. */
  readonly base: string
  /** By name; `default` is what a request without one spends. */
  readonly budgets: Readonly<Record<string, Budget>> & { readonly default: Budget }
  /** Venues that answer errors with HTTP 200 say here which answers are none. */
  fault?(body: unknown): { kind: FailureKind; message: string } | undefined
}

export interface RestRequest {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  /** Sent as JSON with POST. */
  readonly body?: unknown
  readonly weight?: number
  readonly budget?: string
}

export interface RestOptions {
  readonly agents: Agents
  readonly now: () => number
  readonly prng: () => number
  /** Tries of one request; 1 tells at once what is wrong. */
  readonly tries?: number
}

/** Asks one venue, within its budgets. Answers are parsed JSON; what fails for good throws a RestFailure. */
export interface Rest {
  readonly venue: VenueName
  readonly base: string
  ask(request: RestRequest, signal?: AbortSignal): Promise<unknown>
  /** Requests sent, those of them that were repetitions, and answers of any status. */
  status(): { requests: number; repeated: number; answers: number }
}

export function createRest(spec: RestVenue, { agents, now, prng, tries = limits.restTriesMax }: RestOptions): Rest {
  const budgets = new Map(Object.entries(spec.budgets).map(([name, budget]) => [name, new RestBudget(budget)]))
  const counts = { requests: 0, repeated: 0, answers: 0 }
  /** Rate limits in a row: each one doubts our budget a little more. */
  let limited = 0

  async function ask(request: RestRequest, signal?: AbortSignal): Promise<unknown> {
    const budget = budgets.get(request.budget ?? 'default')
    assert(budget !== undefined, `there is a budget ${request.budget}`)
    for (let attempt = 1; ; attempt++) {
      const waitMs = budget.reserve(request.weight ?? 1, now())
      if (waitMs > 0) await sleep(waitMs, undefined, { ...(signal && { signal }) })
      if (attempt > 1) counts.repeated++
      try {
        const body = await once(request, signal)
        limited = 0
        return body
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof RestFailure) || !passing.has(error.kind) || attempt >= tries) throw error
        const pauseMs = error.kind === 'rate' ? rateMs(error) : backOffMs(error, attempt)
        // A rate limit is the address's, not the request's: everything to this venue waits.
        if (error.kind === 'rate') for (const one of budgets.values()) one.pause(now() + pauseMs)
        else await sleep(pauseMs, undefined, { ...(signal && { signal }) })
      }
    }
  }

  function rateMs(failure: RestFailure): number {
    limited++
    return failure.waitMs ?? limits.restRateMs * limited
  }

  function backOffMs(failure: RestFailure, attempt: number): number {
    const grown = Math.min(limits.restRetryMsMax, limits.restRetryMs * 2 ** (attempt - 1))
    return failure.waitMs ?? grown * (0.5 + prng())
  }

  async function once({ path, query = {}, body }: RestRequest, signal?: AbortSignal): Promise<unknown> {
    const url = new URL(spec.base + path)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value))
    counts.requests++
    const answered = requestText(
      {
        venue: spec.venue,
        url,
        body: body === undefined ? undefined : JSON.stringify(body),
        timeoutMs: limits.restMsMax,
        bytesMax: limits.restBodyBytesMax,
      },
      agents,
    )
    const { status, headers, body: text } = await unlessAborted(answered, signal)
    counts.answers++
    if (status < 200 || status > 299) {
      throw statusFailure(spec.venue, status, retryAfterMs(headers['retry-after'], now()), text)
    }
    return parsed(text)
  }

  function parsed(text: string): unknown {
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch (error) {
      throw new RestFailure(spec.venue, 'answer', 'the venue answers with something that is no JSON', undefined, error)
    }
    const fault = spec.fault?.(body)
    if (fault !== undefined) throw new RestFailure(spec.venue, fault.kind, fault.message)
    return body
  }

  return { venue: spec.venue, base: spec.base, ask, status: () => ({ ...counts }) }
}

/** Seconds, or a date. */
function retryAfterMs(value: unknown, nowMs: number): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return ms >= 0 ? ms : undefined
}

/** The request itself ends by its own deadline; who gave up waits no longer. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  // Nobody may be left to hear of a failure after the abort.
  promise.catch(() => undefined)
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const listener = addAbortListener(signal, () => aborted.reject(signal.reason))
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    listener[Symbol.dispose]()
  }
}
