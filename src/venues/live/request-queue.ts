import { assert } from '../../model/errors.ts'
import type { Limits } from '../../model/limits.ts'
import type { VenueName } from '../../model/venues.ts'
import { type FailureKind, RestFailure, statusFailure } from '../instruments/rest-failure.ts'
import { restVenues } from '../instruments/rest-venues.ts'
import type { Agents } from './agents.ts'
import type { RestAsk, RestRules } from './feed.ts'
import { type HttpAnswer, requestText } from './http-request.ts'

export interface RequestQueueOptions {
  readonly venue: VenueName
  /** Scheme and host: `https://fapi.binance.com`. */
  readonly base: string
  readonly rules: RestRules
  readonly agents: Agents
  readonly now: () => number
  readonly limits: Limits
}

interface Waiting {
  readonly ask: RestAsk
  readonly done: PromiseWithResolvers<string>
}

/**
 * What the live feed asks one venue by REST, within its budget: spaced, counted by weight, and held back altogether while
 * the venue says that there was too much. Urgent requests overtake the others, and each is tried once: whoever asks knows
 * best when to ask again.
 */
export class RequestQueue {
  readonly #options: RequestQueueOptions
  readonly #urgent: Waiting[] = []
  readonly #usual: Waiting[] = []
  /** Weights of the running window, oldest first. */
  readonly #spent: { readonly atMs: number; readonly weight: number }[] = []
  #inFlight = 0
  #sentMs = Number.NEGATIVE_INFINITY
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #heldReason = ''
  /** Rate limits in a row. */
  #limited = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: RequestQueueOptions) {
    this.#options = options
  }

  /** Why no request goes out at present, if so. */
  get held(): string | undefined {
    return this.#heldUntilMs > this.#options.now() ? this.#heldReason : undefined
  }

  /** The body of a good answer, as sent. Rejects with a RestFailure. */
  ask(ask: RestAsk, isUrgent = false): Promise<string> {
    const done = Promise.withResolvers<string>()
    const { limits, rules } = this.#options
    assert(ask.weight <= rules.weightMax, 'a single request fits the budget')
    if (this.#isClosed) done.reject(this.#failure('request', 'the feed has stopped'))
    else if (this.#urgent.length + this.#usual.length >= limits.restQueueMax) {
      done.reject(this.#failure('rate', 'too many requests wait already'))
    } else {
      ;(isUrgent ? this.#urgent : this.#usual).push({ ask, done })
      this.#pump()
    }
    return done.promise
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const { done } of [...this.#urgent.splice(0), ...this.#usual.splice(0)]) {
      done.reject(this.#failure('request', 'the feed has stopped'))
    }
  }

  #pump(): void {
    clearTimeout(this.#timer)
    while (!this.#isClosed && this.#inFlight < this.#options.limits.restInFlightMax) {
      const queue = this.#urgent.length > 0 ? this.#urgent : this.#usual
      const next = queue[0]
      if (next === undefined) return
      const waitMs = this.#waitMs(next.ask.weight)
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs)
        return
      }
      queue.shift()
      this.#sentMs = this.#options.now()
      this.#spent.push({ atMs: this.#sentMs, weight: next.ask.weight })
      this.#inFlight++
      void this.#send(next)
    }
  }

  /** Until a request of this weight may go. */
  #waitMs(weight: number): number {
    const { rules, now } = this.#options
    const nowMs = now()
    while (this.#spent.length > 0 && this.#spent[0]!.atMs <= nowMs - rules.windowMs) this.#spent.shift()
    let dueMs = Math.max(this.#heldUntilMs, this.#sentMs + rules.gapMs)
    let over = this.#spent.reduce((sum, spent) => sum + spent.weight, weight) - rules.weightMax
    for (let i = 0; over > 0; i++) {
      over -= this.#spent[i]!.weight
      dueMs = Math.max(dueMs, this.#spent[i]!.atMs + rules.windowMs)
    }
    return Math.ceil(dueMs - nowMs)
  }

  async #send({ ask, done }: Waiting): Promise<void> {
    const { venue, base, agents, limits } = this.#options
    const bounds = { timeoutMs: limits.restMsMax, bytesMax: limits.restBodyBytesMax }
    try {
      const answer = await requestText({ venue, url: new URL(ask.path, base), body: ask.body, ...bounds }, agents)
      this.#heed(answer)
      const failure = this.#judge(answer)
      if (failure === undefined) {
        this.#limited = 0
        done.resolve(answer.body)
      } else {
        this.#holdFor(failure)
        done.reject(failure)
      }
    } catch (error) {
      done.reject(error)
    }
    this.#inFlight--
    this.#pump()
  }

  /** The venue counts too, and its count is the one that matters: another process may use the same address. */
  #heed({ headers }: HttpAnswer): void {
    const { used, windowMs } = this.#options.rules
    const weight = Number(used === undefined ? 0 : headers[used.header])
    if (used === undefined || !(weight >= used.max)) return
    const nowMs = this.#options.now()
    this.#hold(windowMs - (nowMs % windowMs), `${weight} of this window's request weight is used`)
  }

  #judge({ status, headers, body }: HttpAnswer): RestFailure | undefined {
    const { venue, now } = this.#options
    if (status < 200 || status > 299) {
      return statusFailure(venue, status, retryAfterMs(headers['retry-after'], now()), body)
    }
    const { fault } = restVenues[venue]
    if (fault === undefined) return undefined
    try {
      const said = fault(JSON.parse(body))
      return said && this.#failure(said.kind, said.message)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      return this.#failure('answer', 'the venue answers with something that is no JSON')
    }
  }

  /** Some refusals are meant for the address and not for the request: nothing goes out before they are over. */
  #holdFor({ kind, message, waitMs }: RestFailure): void {
    const { limits } = this.#options
    if (kind === 'rate') {
      this.#limited++
      this.#hold(waitMs ?? limits.restRateMs * this.#limited, message)
    } else if (kind === 'region' || kind === 'filtered') this.#hold(limits.restFilterMs, message)
  }

  #hold(waitMs: number, reason: string): void {
    const untilMs = this.#options.now() + waitMs
    if (untilMs <= this.#heldUntilMs) return
    this.#heldUntilMs = untilMs
    this.#heldReason = reason
  }

  #failure(kind: FailureKind, message: string): RestFailure {
    return new RestFailure(this.#options.venue, kind, message)
  }
}

/** Seconds, or a date. */
function retryAfterMs(value: unknown, nowMs: number): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const waitMs = Number(value) >= 0 ? Number(value) * 1_000 : Date.parse(value) - nowMs
  return waitMs >= 0 ? waitMs : undefined
}
