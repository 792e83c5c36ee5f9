import type { Limits } from '../model/limits.ts'
import type { Start } from './channel.ts'
import type { Channels } from './channels.ts'
import type { Client, Subscription } from './client.ts'
import type { FrontMetrics } from './gateway-metrics.ts'

export interface OpeningsOptions {
  channels: Channels
  limits: Limits
  metrics: FrontMetrics
  now(): number
  /** Called before anything is sent: who has missed a message is off its topics by then. */
  applyCuts(): void
}

/**
 * Turns waiting subscriptions live, first come, first served: an opening and what followed it, sent to a socket with
 * nothing unsent. Only so many sockets may be taking one at a time, which bounds the memory of a storm of newcomers.
 */
export class Openings {
  readonly #options: OpeningsOptions
  /** Clients that may be sent an opening now. */
  readonly #ready = new Set<Client>()
  /** Clients whose socket has not taken an opening whole, and since when. */
  readonly #unsent = new Map<Client, number>()
  #turn: NodeJS.Immediate | undefined
  #isCutting = false
  #isStopped = false

  constructor(options: OpeningsOptions) {
    this.#options = options
  }

  stop(): void {
    this.#isStopped = true
    clearImmediate(this.#turn)
  }

  /** The client may have something to get, and room for it. */
  makeReady(client: Client): void {
    this.#ready.add(client)
    this.#plan()
  }

  /** Somebody is to be taken off its topics soon. */
  planCuts(): void {
    this.#isCutting = true
    this.#plan()
  }

  hasUnsent(client: Client): boolean {
    return this.#unsent.has(client)
  }

  /** The socket has taken all that it was sent. */
  drained(client: Client): void {
    if (this.#unsent.delete(client)) this.#plan()
    if (isWaiting(client)) this.makeReady(client)
    else client.behindSinceMs = undefined
  }

  /** The socket is gone. */
  remove(client: Client): void {
    this.#ready.delete(client)
    if (this.#unsent.delete(client)) this.#plan()
  }

  /** Sockets that take too long no longer hold the others up. */
  sweep(): void {
    const { limits, now } = this.#options
    const nowMs = now()
    for (const [client, sinceMs] of this.#unsent) {
      if (nowMs - sinceMs > limits.snapshotSlotMsMax) this.#unsent.delete(client)
    }
    this.#plan()
  }

  #plan(): void {
    if (this.#turn !== undefined || this.#isStopped || (this.#ready.size === 0 && !this.#isCutting)) return
    // Outside of uWebSockets' own callbacks a large send goes to the kernel without being copied.
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      this.#run()
    })
  }

  #run(): void {
    const { limits } = this.#options
    this.#isCutting = false
    this.#options.applyCuts()
    let left = limits.snapshotsPerTurnMax
    for (const client of this.#ready) {
      if (left === 0 || this.#unsent.size >= limits.snapshotsUnsentMax) break
      this.#ready.delete(client)
      if (this.#serve(client)) left--
    }
    if (this.#unsent.size < limits.snapshotsUnsentMax) this.#plan()
  }

  /** Sends one opening if one is due and the socket is free; answers whether it did. */
  #serve(client: Client): boolean {
    const { now, metrics } = this.#options
    const { socket } = client
    if (socket.getBufferedAmount() > 0) {
      if (isWaiting(client)) client.behindSinceMs ??= now()
      return false
    }
    const due = this.#due(client)
    if (due === undefined) {
      client.behindSinceMs = isAwaited(client) ? (client.behindSinceMs ?? now()) : undefined
      return false
    }
    const { subscription, start } = due
    const { opening, tail } = start
    socket.send(opening.bytes, opening.isBinary)
    if (tail.length > 0) {
      socket.cork(() => {
        for (const { bytes, isBinary } of tail) socket.send(bytes, isBinary)
      })
    }
    socket.subscribe(subscription.channel.topic)
    subscription.isLive = true
    subscription.hasCaughtUp = false
    subscription.channel.live++
    metrics.snapshotsSent.inc()
    metrics.snapshotBytes.inc(opening.bytes.length)
    if (socket.getBufferedAmount() > 0) {
      client.behindSinceMs = now()
      this.#unsent.set(client, client.behindSinceMs)
    } else {
      client.behindSinceMs = undefined
      this.#ready.add(client)
    }
    return true
  }

  /** The first subscription that can turn live; those that only lack an opening wait for it. */
  #due(client: Client): { subscription: Subscription; start: Start } | undefined {
    for (const subscription of client.subscriptions) {
      if (subscription.isLive || subscription.awaited !== undefined) continue
      const start = this.#options.channels.start(subscription.channel, subscription.part)
      if (start !== undefined) return { subscription, start }
      subscription.channel.waiting.add(client)
    }
    return undefined
  }
}

function isWaiting(client: Client): boolean {
  for (const subscription of client.subscriptions) if (!subscription.isLive) return true
  return false
}

function isAwaited(client: Client): boolean {
  for (const subscription of client.subscriptions) if (subscription.awaited !== undefined) return true
  return false
}
