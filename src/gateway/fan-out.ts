import { ASSETS } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { TIMEFRAMES } from '../model/timeframes.ts'
import { CloseCode } from '../wire/close-code.ts'
import { identify, reportMaskFor, viewFor } from './access.ts'
import { readAcknowledgement } from './acknowledgement.ts'
import type { Channel } from './channel.ts'
import { Channels, type Supply } from './channels.ts'
import { type Client, codeClass, refusalText, type Socket, type Subscription } from './client.ts'
import { type Control, parseControl, parseJson } from './control.ts'
import type { FrontMetrics } from './gateway-metrics.ts'
import { Openings } from './openings.ts'
import { type Plan, type Plans, planText } from './plans.ts'
import { reportTopic, WHOLE } from './report-topic.ts'
import { mapTopic } from './topics.ts'

export interface FanOutOptions {
  supply: Supply
  /** First message of a connection, by plan. */
  hello(plan: Plan | undefined): Uint8Array
  /** Sends to all sockets that are on the topic. */
  publish(topic: string, bytes: Uint8Array, isBinary: boolean): void
  /** Undefined: everybody may have everything. */
  plans: (() => Plans) | undefined
  limits: Limits
  metrics: FrontMetrics
  now(): number
}

/**
 * Clients and what they are subscribed to. One rule carries all of it: a subscription is either live (on the topic,
 * the socket has had everything up to now) or waits; it turns live by an opening and what followed it, sent to a socket
 * with nothing unsent, and joins the topic in the same turn, so there is no gap and no queue that grows. Newcomers,
 * resyncs and clients that were too slow all go this one way.
 */
export class FanOut {
  /** What is to be sent is told here. */
  readonly channels: Channels
  readonly #options: FanOutOptions
  readonly #clients = new Set<Client>()
  readonly #openings: Openings
  /** Clients to take off their topics. uWebSockets forbids that where it tells of a drop, so it waits for a turn. */
  readonly #cut = new Set<Client>()
  #sweep: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: FanOutOptions) {
    this.#options = options
    this.channels = new Channels({
      supply: options.supply,
      metrics: options.metrics,
      publish: options.publish,
      opened: (channel) => this.#opened(channel),
      renewed: (channel) => this.#renewed(channel),
    })
    const { limits, metrics, now } = options
    const applyCuts = () => this.applyCuts()
    this.#openings = new Openings({ channels: this.channels, limits, metrics, now, applyCuts })
  }

  get clientCount(): number {
    return this.#clients.size
  }

  get subscriptionCount(): number {
    let count = 0
    for (const client of this.#clients) count += client.subscriptions.length
    return count
  }

  start(): void {
    this.#sweep = setInterval(() => this.sweep(), this.#options.limits.clientSweepMs)
    this.#sweep.unref()
  }

  stop(): void {
    this.#isStopped = true
    clearInterval(this.#sweep)
    this.#openings.stop()
    for (const client of [...this.#clients]) client.socket.end(CloseCode.shutdown, 'shutting down')
  }

  open(client: Client): void {
    this.#clients.add(client)
    if (this.#isStopped) client.socket.end(CloseCode.shutdown, 'shutting down')
    else client.socket.send(this.#options.hello(client.holder?.plan), false)
  }

  /** A connection that may not have anything: it is told why, because a browser shows no other answer to a WebSocket. */
  turnAway(socket: Socket, error: LmapError): void {
    socket.send(refusalText(error, undefined), false)
    socket.end(error.code === 'LMAP_KEY_INVALID' ? CloseCode.key : CloseCode.limit, 'no access')
  }

  /** The plans have changed: keys that are gone are closed, those with another plan come back to it. */
  async recheck(): Promise<void> {
    const { plans, now } = this.#options
    if (plans === undefined) return
    const texts = new Map<Plan, string>()
    const textOf = (plan: Plan) => texts.get(plan) ?? texts.set(plan, planText(plan)).get(plan)!
    for (const client of [...this.#clients]) {
      const { holder, credential, address } = client
      if (holder === undefined || client.isClosed) continue
      try {
        const again = await identify(plans(), credential, address, now())
        if (client.isClosed) continue
        if (textOf(again.plan) !== textOf(holder.plan)) client.socket.end(CloseCode.planChanged, 'plan changed')
        else client.holder = { ...again, id: holder.id }
      } catch (error) {
        if (!(error instanceof LmapError)) throw error
        if (!client.isClosed) this.turnAway(client.socket, error)
      }
    }
  }

  /** The socket is gone. */
  close(client: Client, code: number): void {
    client.isClosed = true
    this.#options.metrics.closes(codeClass(code)).inc()
    for (const subscription of client.subscriptions) this.#forget(client, subscription)
    client.subscriptions = []
    this.#clients.delete(client)
    this.#cut.delete(client)
    this.#openings.remove(client)
  }

  message(client: Client, bytes: ArrayBuffer, isBinary: boolean): void {
    const { limits, metrics, now } = this.#options
    metrics.messages.inc()
    const nowMs = now()
    if (nowMs - client.windowStartMs >= limits.clientMessagesMs) {
      client.windowStartMs = nowMs
      client.messages = 0
    }
    if (++client.messages > limits.clientMessagesMax) {
      const most = `${limits.clientMessagesMax} messages in ${limits.clientMessagesMs} ms`
      this.#refuse(client, new LmapError('LMAP_REQUEST_RATE', `More than ${most}.`), undefined)
      client.socket.end(CloseCode.tooManyMessages, 'too many messages')
      return
    }
    if (isBinary || bytes.byteLength > limits.clientMessageBytesMax) {
      const error = isBinary
        ? new LmapError('LMAP_REQUEST_INVALID', 'Control messages are text.')
        : new LmapError('LMAP_REQUEST_TOO_LARGE', `A message has at most ${limits.clientMessageBytesMax} bytes.`)
      this.#refuse(client, error, undefined)
      client.socket.end(CloseCode.badRequest, 'bad request')
      return
    }
    let request: unknown
    try {
      request = parseJson(Buffer.from(bytes).toString())
      this.#obey(client, readAcknowledgement(request) ?? parseControl(request))
    } catch (error) {
      if (!(error instanceof LmapError)) throw error
      this.#refuse(client, error, request)
    }
  }

  /** A frame was not queued: the client is a limit's worth of bytes behind. */
  dropped(client: Client): void {
    this.#options.metrics.dropped.inc()
    this.#planCut(client, 'dropped')
  }

  /** The socket has taken bytes that waited, not always all of them. */
  drained(client: Client): void {
    if (client.socket.getBufferedAmount() === 0) this.#openings.drained(client)
  }

  /** Looks for clients that are behind without having been told of it. */
  sweep(): void {
    const { limits, now } = this.#options
    const nowMs = now()
    for (const client of [...this.#clients]) {
      if (client.holder !== undefined && client.holder.expiresMs <= nowMs) {
        this.turnAway(client.socket, new LmapError('LMAP_KEY_INVALID', 'The key has expired.'))
      } else if (client.behindSinceMs !== undefined && nowMs - client.behindSinceMs > limits.clientStaleMsMax) {
        client.socket.end(CloseCode.tooSlow, 'too slow')
      } else if (
        !this.#openings.hasUnsent(client) &&
        client.socket.getBufferedAmount() > limits.clientQueueBytesMax / 2
      ) {
        // At the whole limit frames are skipped without a word, so it is acted upon before.
        this.#planCut(client, 'queue')
      }
    }
    this.#openings.sweep()
  }

  /** Before messages are published: who has missed one must not get the next, only an opening. */
  applyCuts(): void {
    for (const client of this.#cut) {
      this.#cut.delete(client)
      for (const subscription of client.subscriptions) this.#suspend(client, subscription)
      this.#openings.makeReady(client)
    }
  }

  #obey(client: Client, control: Control): void {
    if (control.op === 'ack') {
      for (const { asset, timeframe, sequence } of control.read) {
        this.#acknowledge(client, subjectOf(asset, timeframe), sequence)
      }
      return
    }
    const subject = 'channel' in control ? reportsOf(control.asset) : subjectOf(control.asset, control.timeframe)
    if (control.op === 'unsubscribe') this.#unsubscribe(client, subject)
    else if (control.op === 'subscribe') {
      const plans = this.#options.plans?.()
      if ('channel' in control) {
        const mask = reportMaskFor(plans, client.holder, control)
        this.#subscribe(client, subject, reportTopic(control.asset, mask), WHOLE)
      } else {
        const view = viewFor(plans, client.holder, control)
        this.#subscribe(client, subject, mapTopic(control.asset, control.timeframe, view), view.columns)
      }
    } else {
      const subscription = subscriptionOf(client, subject)
      if (subscription === undefined) throw new LmapError('LMAP_REQUEST_INVALID', 'Resync needs a subscription.')
      this.#renew(client, subscription)
    }
  }

  /** What is asked for again is sent anew, what is asked for otherwise replaces what there was. */
  #subscribe(client: Client, subject: number, topic: string, part: number): void {
    const known = subscriptionOf(client, subject)
    if (known?.channel.topic === topic && known.part === part) {
      this.#renew(client, known)
      return
    }
    this.#unsubscribe(client, subject)
    const { limits } = this.#options
    const most = Math.min(limits.clientStreamsMax, client.holder?.plan.streams ?? limits.clientStreamsMax)
    if (client.subscriptions.length >= most) {
      throw new LmapError('LMAP_LIMIT', `A client has at most ${most} subscriptions.`)
    }
    const channel = this.channels.acquire(topic)
    const subscription = { subject, channel, part, isLive: false, hasCaughtUp: false, awaited: undefined }
    client.subscriptions = [...client.subscriptions, subscription]
    this.#openings.makeReady(client)
  }

  #unsubscribe(client: Client, subject: number): void {
    const subscription = subscriptionOf(client, subject)
    if (subscription === undefined) return
    if (subscription.isLive) client.socket.unsubscribe(subscription.channel.topic)
    client.subscriptions = client.subscriptions.filter((other) => other !== subscription)
    this.#forget(client, subscription)
  }

  #renew(client: Client, subscription: Subscription): void {
    this.#suspend(client, subscription)
    subscription.awaited = undefined
    this.#openings.makeReady(client)
  }

  #acknowledge(client: Client, subject: number, sequence: number): void {
    const { limits, now } = this.#options
    const subscription = subscriptionOf(client, subject)
    // An acknowledgement may cross the end of its subscription on the way.
    if (subscription === undefined) return
    if (subscription.awaited !== undefined) {
      if (sequence < subscription.awaited) return
      subscription.awaited = undefined
      this.#openings.makeReady(client)
    } else if (subscription.isLive) {
      const { channel } = subscription
      const isLate = channel.behindMs(sequence, now()) > limits.clientLagMsMax
      if (!isLate) subscription.hasCaughtUp = true
      else if (subscription.hasCaughtUp) {
        // What it lacks is on its way, in buffers we cannot see: more would only come later still.
        subscription.awaited = channel.sequence
        this.#planCut(client, 'lag')
      }
    }
  }

  #opened(channel: Channel): void {
    for (const client of channel.waiting) this.#openings.makeReady(client)
    channel.waiting.clear()
  }

  /** Rare enough to look at every client: a grid changes once a day at most. */
  #renewed(channel: Channel): void {
    for (const client of this.#clients) {
      for (const subscription of client.subscriptions) {
        if (subscription.channel === channel) this.#renew(client, subscription)
      }
    }
  }

  #refuse(client: Client, error: LmapError, request: unknown): void {
    this.#options.metrics.messageErrors(error.code).inc()
    client.socket.send(refusalText(error, request), false)
  }

  #planCut(client: Client, cause: string): void {
    if (this.#cut.has(client) || client.isClosed) return
    this.#cut.add(client)
    this.#options.metrics.cuts(cause).inc()
    this.#openings.planCuts()
  }

  /** Off the topic, until the next opening. */
  #suspend(client: Client, subscription: Subscription): void {
    if (!subscription.isLive) return
    client.socket.unsubscribe(subscription.channel.topic)
    subscription.isLive = false
    subscription.channel.live--
  }

  #forget(client: Client, { channel, isLive }: Subscription): void {
    channel.waiting.delete(client)
    if (isLive) channel.live--
    this.channels.release(channel)
  }
}

function subscriptionOf(client: Client, subject: number): Subscription | undefined {
  return client.subscriptions.find((subscription) => subscription.subject === subject)
}

/** What an acknowledgement or a second subscription is about. */
function subjectOf(asset: number, timeframe: number): number {
  return asset * TIMEFRAMES + timeframe
}

/** The same for the reports of an asset: behind all streams. */
function reportsOf(asset: number): number {
  return subjectOf(ASSETS, 0) + asset
}
