import type { Incoming, VenueProtocol } from './feed.ts'

interface Request {
  readonly kind: 'subscribe' | 'unsubscribe'
  readonly topics: Set<string>
  /** Sent again because nothing came back. */
  readonly isRepeated: boolean
  sentMs: number
}

export interface SubscriptionsOptions {
  readonly protocol: VenueProtocol
  readonly now: () => number
  readonly ackMsMax: number
  send(frame: string): void
  /** A topic that the venue does not have, or does not give us. */
  refused(topic: string, reason: string): void
}

/**
 * The subscriptions of one socket: asked for at the venue's pace, each answer recorded. One bad topic may have its whole
 * request refused, so what was refused together is asked for again one by one.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions
  readonly #queue: Request[] = []
  readonly #open = new Map<number, Request>()
  #id = 0
  #timer: NodeJS.Timeout | undefined
  #sentMs = Number.NEGATIVE_INFINITY

  constructor(options: SubscriptionsOptions) {
    this.#options = options
  }

  /** Everything asked for was answered. */
  get isSettled(): boolean {
    return this.#queue.length === 0 && this.#open.size === 0
  }

  subscribe(topics: readonly string[]): void {
    this.#add('subscribe', topics)
  }

  /** Takes topics off and on again, whose first frame is a new start. */
  renew(topics: readonly string[]): void {
    this.#add('unsubscribe', topics)
    this.#add('subscribe', topics)
  }

  answer(answer: Extract<Incoming, { kind: 'ack' | 'refused' }>): void {
    const id = this.#idOf(answer)
    const request = id === undefined ? undefined : this.#open.get(id)
    if (id === undefined || request === undefined) return
    const { topic } = answer
    if (topic === undefined) this.#open.delete(id)
    else if (request.topics.delete(topic) && request.topics.size === 0) this.#open.delete(id)
    if (answer.kind !== 'refused' || request.kind === 'unsubscribe') return
    const refused = topic === undefined ? [...request.topics] : [topic]
    if (refused.length === 1) this.#options.refused(refused[0]!, answer.reason)
    else for (const one of refused) this.#add('subscribe', [one])
  }

  /** True: a request that was sent twice has no answer yet. The first time it is sent once more. */
  isOverdue(nowMs: number): boolean {
    for (const [id, request] of this.#open) {
      if (nowMs - request.sentMs < this.#options.ackMsMax) continue
      if (request.isRepeated) return true
      this.#open.delete(id)
      this.#queue.push({ ...request, isRepeated: true })
      this.#pump()
    }
    return false
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
    this.#open.clear()
  }

  #add(kind: Request['kind'], topics: readonly string[]): void {
    const { topicsPerFrame, frameBytesMax } = this.#options.protocol.pace
    let part: string[] = []
    const put = (): void => {
      if (part.length > 0) this.#queue.push({ kind, topics: new Set(part), isRepeated: false, sentMs: 0 })
    }
    for (const topic of topics) {
      const isTooLong = part.length > 0 && this.#frame(kind, [...part, topic], 0).length > frameBytesMax
      if (part.length === topicsPerFrame || isTooLong) {
        put()
        part = []
      }
      part.push(topic)
    }
    put()
    this.#pump()
  }

  #pump(): void {
    clearTimeout(this.#timer)
    const { protocol, now, send } = this.#options
    const next = this.#queue[0]
    if (next === undefined) return
    const waitMs = this.#sentMs + protocol.pace.frameGapMs - now()
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#pump(), waitMs)
      return
    }
    this.#queue.shift()
    this.#sentMs = next.sentMs = now()
    const id = ++this.#id
    this.#open.set(id, next)
    send(this.#frame(next.kind, [...next.topics], id))
    this.#pump()
  }

  #frame(kind: Request['kind'], topics: readonly string[], id: number): string {
    const { protocol } = this.#options
    return kind === 'subscribe' ? protocol.subscribe(topics, id) : protocol.unsubscribe(topics, id)
  }

  /** The open request that an answer belongs to: by number, by topic, or the oldest. */
  #idOf({ kind, id, topic }: Extract<Incoming, { kind: 'ack' | 'refused' }>): number | undefined {
    if (id !== undefined) return id
    if (topic !== undefined) {
      for (const [open, request] of this.#open) if (request.topics.has(topic)) return open
      return undefined
    }
    return kind === 'refused' ? this.#open.keys().next().value : undefined
  }
}
