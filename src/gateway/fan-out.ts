import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { CloseCode } from '../wire/close-code.ts'
import { type Holder, identify, viewFor } from './access.ts'
import { type Client, codeClass, refusalText, type Socket, type Subscription } from './client.ts'
import { type Control, parseControl, parseJson } from './control.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'
import { addTo, LiveCounts } from './live-counts.ts'
import { type Plan, type Plans, planText } from './plans.ts'
import type { Stream } from './stream.ts'
import type { StreamTable } from './stream-table.ts'
import type { View } from './views.ts'

export interface FanOutOptions {
  table: StreamTable
  /** First message of a connection. */
  hello(holder: Holder | undefined): string
  /** Undefined: everybody may have everything. */
  plans: (() => Plans) | undefined
  limits: Limits
  metrics: GatewayMetrics
  now(): number
}

/**
 * Clients and what they are subscribed to. One rule carries all of it: a subscription is either live (on the topic,
 * the socket has had everything up to now) or waits; it turns live by a snapshot, sent to a socket with nothing unsent,
 * and joins the topic in the same turn, so there is no gap and no queue that grows. Newcomers, resyncs and clients
 * that were too slow all go this one way.
 */
export class FanOut {
  readonly #options: FanOutOptions
  readonly #clients = new Set<Client>()
  readonly #perAddress = new Map<string, number>()
  readonly #perHolder = new Map<string, number>()
  readonly #live = new LiveCounts()
  /** Clients that may be sent a snapshot now, first come, first served. */
  readonly #ready = new Set<Client>()
  /** Clients whose socket has not taken a snapshot whole, and since when. */
  readonly #unsent = new Map<Client, number>()
  /** Clients to take off their topics. uWebSockets forbids that where it tells of a drop, so it waits for a turn. */
  readonly #cut = new Set<Client>()
  #turn: NodeJS.Immediate | undefined
  #sweep: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: FanOutOptions) {
    this.#options = options
  }

  get clientCount(): number {
    return this.#clients.size
  }

  get subscriptionCount(): number {
    let count = 0
    for (const client of this.#clients) count += client.subscriptions.size
    return count
  }

  get live(): LiveCounts {
    return this.#live
  }

  start(): void {
    this.#sweep = setInterval(() => this.sweep(), this.#options.limits.clientSweepMs)
    this.#sweep.unref()
  }

  stop(): void {
    this.#isStopped = true
    clearInterval(this.#sweep)
    clearImmediate(this.#turn)
    for (const client of [...this.#clients]) client.socket.end(CloseCode.shutdown, 'shutting down')
  }

  open(client: Client): void {
    const { limits, hello } = this.#options
    const { socket, address, holder } = client
    const siblings = addTo(this.#perAddress, address, 1)
    const ofHolder = holder === undefined ? 0 : addTo(this.#perHolder, holder.id, 1)
    this.#clients.add(client)
    if (this.#isStopped) socket.end(CloseCode.shutdown, 'shutting down')
    else if (siblings > limits.clientsPerAddressMax) socket.end(CloseCode.limit, 'too many connections')
    else if (holder !== undefined && ofHolder > holder.plan.connections) {
      const { name, connections } = holder.plan
      this.#refuse(client, new LmapError('LMAP_LIMIT', `Plan ${name} has ${connections} connections.`), undefined)
      socket.end(CloseCode.limit, 'too many connections')
    } else socket.send(hello(holder), false)
  }

  /** A connection whose key is of no use: it is told why, because a browser shows no other answer to a WebSocket. */
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
    for (const [stream, subscription] of client.subscriptions) this.#forget(stream, subscription)
    client.subscriptions.clear()
    this.#clients.delete(client)
    this.#ready.delete(client)
    this.#cut.delete(client)
    if (this.#unsent.delete(client)) this.#plan()
    addTo(this.#perAddress, client.address, -1)
    if (client.holder !== undefined) addTo(this.#perHolder, client.holder.id, -1)
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
      this.#obey(client, parseControl(request))
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
    if (client.socket.getBufferedAmount() > 0) return
    if (this.#unsent.delete(client)) this.#plan()
    if (this.#isWaiting(client)) this.#makeReady(client)
    else client.behindSinceMs = undefined
  }

  /** What a stream's subscribers have is of no use any more: each gets a snapshot. */
  renew(stream: Stream): void {
    for (const client of this.#clients) if (client.subscriptions.has(stream)) this.#renew(client, stream)
  }

  /** A stream has changed in a way that somebody may have waited for. */
  changed(stream: Stream): void {
    for (const client of this.#clients) if (client.subscriptions.has(stream)) this.#makeReady(client)
  }

  /** Looks for clients that are behind without having been told of it. */
  sweep(): void {
    const { limits, table, now } = this.#options
    const nowMs = now()
    table.sweep()
    for (const client of [...this.#clients]) {
      if (client.holder !== undefined && client.holder.expiresMs <= nowMs) {
        this.turnAway(client.socket, new LmapError('LMAP_KEY_INVALID', 'The key has expired.'))
      } else if (client.behindSinceMs !== undefined && nowMs - client.behindSinceMs > limits.clientStaleMsMax) {
        client.socket.end(CloseCode.tooSlow, 'too slow')
      } else if (!this.#unsent.has(client) && client.socket.getBufferedAmount() > limits.clientQueueBytesMax / 2) {
        // At the whole limit frames are skipped without a word, so it is acted upon before.
        this.#planCut(client, 'queue')
      }
    }
    for (const [client, sinceMs] of this.#unsent) {
      if (nowMs - sinceMs > limits.snapshotSlotMsMax) this.#unsent.delete(client)
    }
    this.#plan()
  }

  /** Before frames are published: who has missed one must not get the next, only a snapshot. */
  applyCuts(): void {
    for (const client of this.#cut) {
      this.#cut.delete(client)
      for (const [stream, subscription] of client.subscriptions) this.#suspend(client, stream, subscription)
      this.#makeReady(client)
    }
  }

  #obey(client: Client, control: Control): void {
    if (control.op === 'ack') {
      for (const { asset, timeframe, sequence } of control.read) {
        this.#acknowledge(client, this.#options.table.at(asset, timeframe), sequence)
      }
      return
    }
    const stream = this.#options.table.at(control.asset, control.timeframe)
    if (control.op === 'unsubscribe') this.#unsubscribe(client, stream)
    else if (control.op === 'subscribe') {
      const view = viewFor(this.#options.plans?.(), client.holder, control)
      if (client.subscriptions.get(stream)?.view === view) this.#renew(client, stream)
      else {
        this.#unsubscribe(client, stream)
        this.#subscribe(client, stream, view)
      }
    } else if (client.subscriptions.has(stream)) this.#renew(client, stream)
    else throw new LmapError('LMAP_REQUEST_INVALID', 'Resync needs a subscription.')
  }

  #subscribe(client: Client, stream: Stream, view: View): void {
    const { limits, table } = this.#options
    const most = Math.min(limits.clientStreamsMax, client.holder?.plan.streams ?? limits.clientStreamsMax)
    if (client.subscriptions.size >= most) {
      throw new LmapError('LMAP_LIMIT', `A client has at most ${most} subscriptions.`)
    }
    client.subscriptions.set(stream, { view, isLive: false, hasCaughtUp: false, awaited: undefined })
    table.acquire(stream)
    this.#makeReady(client)
  }

  #unsubscribe(client: Client, stream: Stream): void {
    const subscription = client.subscriptions.get(stream)
    if (subscription === undefined) return
    if (subscription.isLive) client.socket.unsubscribe(stream.topic(subscription.view.mask))
    client.subscriptions.delete(stream)
    this.#forget(stream, subscription)
  }

  #renew(client: Client, stream: Stream): void {
    const subscription = client.subscriptions.get(stream)!
    this.#suspend(client, stream, subscription)
    subscription.awaited = undefined
    this.#makeReady(client)
  }

  #acknowledge(client: Client, stream: Stream, sequence: number): void {
    const { limits, now } = this.#options
    const subscription = client.subscriptions.get(stream)
    // An acknowledgement may cross the end of its subscription on the way.
    if (subscription === undefined) return
    if (subscription.awaited !== undefined) {
      if (sequence < subscription.awaited) return
      subscription.awaited = undefined
      this.#makeReady(client)
    } else if (subscription.isLive) {
      const isLate = stream.behindMs(sequence, now()) > limits.clientLagMsMax
      if (!isLate) subscription.hasCaughtUp = true
      else if (subscription.hasCaughtUp) {
        // What it lacks is on its way, in buffers we cannot see: more would only come later still.
        subscription.awaited = stream.sequence
        this.#planCut(client, 'lag')
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
    this.#plan()
  }

  #makeReady(client: Client): void {
    this.#ready.add(client)
    this.#plan()
  }

  #plan(): void {
    if (this.#turn !== undefined || this.#isStopped || (this.#ready.size === 0 && this.#cut.size === 0)) return
    // Outside of uWebSockets' own callbacks a large send goes to the kernel without being copied.
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      this.#run()
    })
  }

  #run(): void {
    const { limits } = this.#options
    this.applyCuts()
    let left = limits.snapshotsPerTurnMax
    for (const client of this.#ready) {
      if (left === 0 || this.#unsent.size >= limits.snapshotsUnsentMax) break
      this.#ready.delete(client)
      if (this.#serve(client)) left--
    }
    if (this.#unsent.size < limits.snapshotsUnsentMax) this.#plan()
  }

  /** Sends one snapshot if one is due and the socket is free; answers whether it did. */
  #serve(client: Client): boolean {
    const { now, table, metrics } = this.#options
    const { socket } = client
    if (socket.getBufferedAmount() > 0) {
      if (this.#isWaiting(client)) client.behindSinceMs ??= now()
      return false
    }
    const due = this.#due(client)
    if (due === undefined) {
      client.behindSinceMs = this.#isAwaited(client) ? (client.behindSinceMs ?? now()) : undefined
      return false
    }
    const [stream, subscription] = due
    const { view } = subscription
    const snapshot = table.snapshot(stream, view)
    socket.send(snapshot, true)
    socket.subscribe(stream.topic(view.mask))
    subscription.isLive = true
    subscription.hasCaughtUp = false
    this.#live.add(stream, view.mask, 1)
    metrics.snapshotsSent.inc()
    metrics.snapshotBytes.inc(snapshot.length)
    if (socket.getBufferedAmount() > 0) {
      client.behindSinceMs = now()
      this.#unsent.set(client, client.behindSinceMs)
    } else {
      client.behindSinceMs = undefined
      this.#ready.add(client)
    }
    return true
  }

  /** The first subscription that can turn live. */
  #due(client: Client): [Stream, Subscription] | undefined {
    for (const entry of client.subscriptions) {
      const [stream, subscription] = entry
      if (!subscription.isLive && subscription.awaited === undefined && stream.history !== 'loading') return entry
    }
    return undefined
  }

  #isWaiting(client: Client): boolean {
    for (const subscription of client.subscriptions.values()) if (!subscription.isLive) return true
    return false
  }

  #isAwaited(client: Client): boolean {
    for (const subscription of client.subscriptions.values()) if (subscription.awaited !== undefined) return true
    return false
  }

  /** Off the topic, until the next snapshot. */
  #suspend(client: Client, stream: Stream, subscription: Subscription): void {
    if (!subscription.isLive) return
    client.socket.unsubscribe(stream.topic(subscription.view.mask))
    subscription.isLive = false
    this.#live.add(stream, subscription.view.mask, -1)
  }

  #forget(stream: Stream, subscription: Subscription): void {
    if (subscription.isLive) this.#live.add(stream, subscription.view.mask, -1)
    this.#options.table.release(stream)
  }
}
