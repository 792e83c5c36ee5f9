import { assert } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { Channel, type Message, type Opening, type Start } from './channel.ts'
import type { FrontMetrics } from './gateway-metrics.ts'

/** What those who encode tell those who fan out, in this order and no other. */
export interface Broadcast {
  message(message: Message): void
  opening(opening: Opening): void
  /** What subscribers of the topic have is of no use any more: each needs an opening. */
  renew(topic: string): void
}

/** What those who fan out ask of those who encode. */
export interface Supply {
  /** Somebody wants the topic. Followed by one release. */
  acquire(topic: string): void
  release(topic: string): void
  /** Asks for an opening of a topic that is held. It comes as soon as there is one, perhaps before this returns. */
  want(topic: string, part: number): void
}

export interface ChannelsOptions {
  supply: Supply
  metrics: FrontMetrics
  /** Sends to all sockets that are on the topic. */
  publish(topic: string, bytes: Uint8Array, isBinary: boolean): void
  /** The channel has an opening that somebody waits for. */
  opened(channel: Channel): void
  /** The channel's subscribers need an opening. */
  renewed(channel: Channel): void
}

/** The topics that somebody of this thread is subscribed to. What is told of others passes by. */
export class Channels implements Broadcast {
  readonly #options: ChannelsOptions
  readonly #channels = new Map<string, Channel>()

  constructor(options: ChannelsOptions) {
    this.#options = options
  }

  all(): Iterable<Channel> {
    return this.#channels.values()
  }

  /** Every acquire is followed by one release. */
  acquire(topic: string): Channel {
    let channel = this.#channels.get(topic)
    if (channel === undefined) {
      channel = new Channel(topic)
      this.#channels.set(topic, channel)
      this.#options.supply.acquire(topic)
    }
    channel.users++
    return channel
  }

  release(channel: Channel): void {
    assert(channel.users > 0, 'a channel is released as often as it is acquired')
    if (--channel.users > 0) return
    this.#channels.delete(channel.topic)
    this.#options.supply.release(channel.topic)
  }

  /** What a newcomer is sent. Undefined: it was asked for, and `opened` will tell. */
  start(channel: Channel, part: number): Start | undefined {
    const start = channel.start(part)
    if (start !== undefined || channel.asked.has(part)) return start
    channel.asked.add(part)
    this.#options.supply.want(channel.topic, part)
    return channel.start(part)
  }

  message(message: Message): void {
    const channel = this.#channels.get(message.topic)
    if (channel === undefined) return
    channel.message(message)
    if (channel.live === 0) return
    this.#options.publish(message.topic, message.bytes, message.isBinary)
    this.#options.metrics.deliveries.inc(channel.live)
  }

  opening(opening: Opening): void {
    const channel = this.#channels.get(opening.topic)
    if (channel === undefined) return
    this.#makeRoom(opening.bytes.length)
    channel.opening(opening)
    this.#options.opened(channel)
  }

  renew(topic: string): void {
    const channel = this.#channels.get(topic)
    if (channel === undefined) return
    channel.forget()
    this.#options.renewed(channel)
  }

  /** Something was missed, nobody knows what: every subscriber starts anew, and what was asked for is asked for again. */
  renewAll(): void {
    for (const channel of this.#channels.values()) {
      channel.asked.clear()
      this.renew(channel.topic)
    }
  }

  /** Openings are made anew when they are asked for, so what is too much is let go of without regard. */
  #makeRoom(bytes: number): void {
    let kept = bytes
    for (const channel of this.#channels.values()) kept += channel.keptBytes
    if (kept > limits.openingBytesMax) for (const channel of this.#channels.values()) channel.forget()
  }
}
