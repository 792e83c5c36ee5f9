import { limits } from '../model/limits.ts'
import type { Client } from './client.ts'

/** What subscribers of a topic are sent: encoded once, the same bytes for all of them. */
export interface Message {
  readonly topic: string
  /** Counts the messages of the topic's subject, modulo 2^32. */
  readonly sequence: number
  /** When it was handed out, by the clock of the process. */
  readonly sentMs: number
  readonly isBinary: boolean
  readonly bytes: Uint8Array
}

/** What a newcomer is sent first: it stands for every message up to its sequence. */
export interface Opening extends Message {
  /** Which of the topic's openings it is: of a map, its closed columns. */
  readonly part: number
}

/** An opening that is good for newcomers, with the messages since. */
export interface Start {
  readonly opening: Opening
  readonly tail: readonly Message[]
}

interface Kept {
  readonly opening: Opening
  /** Of the messages since. */
  tailBytes: number
}

/** Messages whose sending time is remembered: at four a second, longer than any lag that is still judged. Power of two. */
const SENT_RING = 64
const NOTHING: readonly Message[] = []

/**
 * One topic as its subscribers of this thread know it. An opening stays good for some seconds: the messages that followed
 * are kept beside it, so that ten thousand newcomers cost one encoding and each is served in one turn.
 */
export class Channel {
  readonly topic: string
  /** Subscriptions of this thread, live or waiting; managed by the channels. */
  users = 0
  /** Of them those that are on the topic. */
  live = 0
  /** Clients that wait for an opening. */
  readonly waiting = new Set<Client>()
  /** Openings that were asked for and have not come. */
  readonly asked = new Set<number>()
  #sequence = 0
  readonly #sentMs = new Float64Array(SENT_RING)
  readonly #kept = new Map<number, Kept>()
  /** Messages since the oldest opening that is kept, in order. */
  #tail: Message[] = []

  constructor(topic: string) {
    this.topic = topic
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Bytes of the openings; the tail is at most half as much again. */
  get keptBytes(): number {
    let bytes = 0
    for (const { opening } of this.#kept.values()) bytes += opening.bytes.length
    return bytes
  }

  message(message: Message): void {
    this.#sequence = message.sequence
    this.#sentMs[message.sequence % SENT_RING] = message.sentMs
    if (this.#kept.size === 0) return
    this.#tail.push(message)
    let longest = 0
    for (const [part, kept] of this.#kept) {
      const { opening } = kept
      const count = (message.sequence - opening.sequence) >>> 0
      kept.tailBytes += message.bytes.length
      // Where the tail is no longer small beside the opening, a new opening is the smaller of the two.
      if (count > limits.openingTailMax || kept.tailBytes > opening.bytes.length / 2) this.#kept.delete(part)
      else longest = Math.max(longest, count)
    }
    if (this.#tail.length > longest) this.#tail = this.#tail.slice(this.#tail.length - longest)
  }

  opening(opening: Opening): void {
    this.asked.delete(opening.part)
    this.#sequence = opening.sequence
    this.#kept.set(opening.part, { opening, tailBytes: 0 })
  }

  /** What a newcomer is sent, undefined where there is no opening that is good. */
  start(part: number): Start | undefined {
    const kept = this.#kept.get(part)
    if (kept === undefined) return undefined
    const { opening } = kept
    const count = (this.#sequence - opening.sequence) >>> 0
    return { opening, tail: count === 0 ? NOTHING : this.#tail.slice(this.#tail.length - count) }
  }

  /** Openings made so far are of no use any more, or take too much room. */
  forget(): void {
    this.#kept.clear()
    this.#tail = []
  }

  /** How long ago the first message was sent that a client lacks who has read up to `sequence`; 0 where it lacks none. */
  behindMs(sequence: number, nowMs: number): number {
    if (sequence >= this.#sequence) return 0
    const firstMissing = Math.max(sequence + 1, this.#sequence - SENT_RING + 1)
    return nowMs - this.#sentMs[firstMissing % SENT_RING]!
  }
}
