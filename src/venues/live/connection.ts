import { WebSocket } from 'ws'
import type { Limits } from '../../model/limits.ts'
import { connectionFailure, RestFailure, statusFailure } from '../instruments/rest-failure.ts'
import type { Agents } from './agents.ts'
import type { LanePlan, VenueProtocol } from './feed.ts'
import { Subscriptions } from './subscriptions.ts'

export interface ConnectionOptions {
  readonly protocol: VenueProtocol
  readonly plan: LanePlan
  /** Scheme and host: `wss://fstream.binance.com`. */
  readonly base: string
  readonly agents: Agents
  readonly now: () => number
  readonly limits: Limits
  readonly events: ConnectionEvents
}

export interface ConnectionEvents {
  opened(): void
  /** A frame of market data. */
  frame(text: string, topic: string | undefined): void
  refused(topic: string, reason: string): void
  /** The venue is going to close the socket. */
  closing(): void
  /** The end, told once; never after `close`. */
  closed(failure: RestFailure): void
}

/** The longest part of an answer that is looked at for the reason of a refusal. */
const REASON_BYTES_MAX = 4_096
/** A check that is later than so many times its period was kept waiting by the thread, and so was what the venue sent. */
const LATE_CHECKS = 2
/** 1000: a close that was meant. */
const CLOSE_CODE = 1_000

/** One WebSocket from its opening to its end: subscriptions, pings, and whether it is alive. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: WebSocket
  readonly #subscriptions: Subscriptions
  readonly #host: string
  /** When each pulse was felt last, in the order of the plan. */
  readonly #pulses: number[]
  #sweep: NodeJS.Timeout | undefined
  #pingedMs = 0
  #isPingOpen = false
  #settledMs = 0
  #isOpen = false
  #isSettled = false
  #isPaused = false
  /** Time in which we could not listen, because the thread was busy or the socket paused: no venue is blamed for it. */
  #deafMs = 0
  #checkedMs = 0
  #isEnded = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { protocol, plan, base, agents, limits, events } = options
    const url = new URL(plan.path, base)
    this.#host = url.host
    this.#pulses = plan.pulses.map(() => 0)
    this.#subscriptions = new Subscriptions({
      protocol,
      now: () => this.#listenedMs(),
      ackMsMax: limits.liveAckMsMax,
      send: (frame) => this.#send(frame),
      refused: (topic, reason) => events.refused(topic, reason),
    })
    const socket = new WebSocket(url, {
      agent: agents.of(url),
      handshakeTimeout: limits.liveConnectMsMax,
      maxPayload: limits.liveFrameBytesMax,
      perMessageDeflate: false,
    })
    this.#socket = socket
    socket.on('open', () => this.#opened())
    socket.on('message', (data) => this.#receive(String(data)))
    socket.on('unexpected-response', (request, answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => (body = (body + part).slice(0, REASON_BYTES_MAX)))
      answer.on('close', () => {
        const afterMs = Number(answer.headers['retry-after']) * 1_000
        const waitMs = afterMs >= 0 ? afterMs : undefined
        this.#end(statusFailure(protocol.venue, answer.statusCode ?? 0, waitMs, body))
        request.destroy()
      })
    })
    socket.on('error', (error) => this.#end(connectionFailure(protocol.venue, this.#host, error)))
    socket.on('close', (code) => this.#end(this.#failure(`${this.#host} closed the connection (${code})`)))
  }

  /** Every topic was accepted or refused. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Every pulse was felt since the socket was opened. */
  get isAlive(): boolean {
    return this.#isOpen && this.#pulses.every((pulseMs) => pulseMs > 0)
  }

  /** Takes topics off and on again. */
  renew(topics: readonly string[]): void {
    if (this.#isOpen && !this.#isEnded) this.#subscriptions.renew(topics)
  }

  /** Nothing is read, and nothing is expected, until `resume`. */
  pause(): void {
    this.#isPaused = true
    if (this.#isOpen) this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (!this.#isOpen) return
    this.#socket.resume()
  }

  /** No event is told after it. */
  close(): void {
    this.#finish()
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(CLOSE_CODE)
    // Whoever does not answer a close, or has not even opened, is not waited for.
    const timer = setTimeout(() => this.#socket.terminate(), this.#options.limits.closeGraceMs)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  #opened(): void {
    if (this.#isEnded) return
    const { plan, now, limits, events } = this.#options
    this.#isOpen = true
    this.#checkedMs = now()
    this.#pingedMs = this.#listenedMs()
    this.#sweep = setInterval(() => this.#check(), limits.liveSweepMs)
    events.opened()
    this.#subscriptions.subscribe(plan.topics)
  }

  #receive(text: string): void {
    if (this.#isEnded) return
    const { protocol, plan, events } = this.#options
    const incoming = protocol.classify(text)
    switch (incoming.kind) {
      case 'data':
        for (const [index, { topics }] of plan.pulses.entries()) {
          if (incoming.topic !== undefined && topics.includes(incoming.topic)) this.#pulses[index] = this.#listenedMs()
        }
        events.frame(text, incoming.topic)
        return
      case 'ack':
      case 'refused':
        this.#subscriptions.answer(incoming)
        this.#settle()
        return
      case 'pong':
        this.#isPingOpen = false
        return
      case 'closing':
        events.closing()
        return
      case 'other':
        return
    }
  }

  #settle(): void {
    if (this.#isSettled || !this.#subscriptions.isSettled) return
    this.#isSettled = true
    this.#settledMs = this.#listenedMs()
  }

  /** A clock that stands still while we cannot listen. */
  #listenedMs(): number {
    return this.#options.now() - this.#deafMs
  }

  #check(): void {
    const { plan, now, protocol, limits } = this.#options
    const sinceCheckMs = now() - this.#checkedMs
    this.#checkedMs = now()
    if (this.#isPaused) this.#deafMs += sinceCheckMs
    else this.#deafMs += Math.max(0, sinceCheckMs - LATE_CHECKS * limits.liveSweepMs)
    const nowMs = this.#listenedMs()
    if (this.#subscriptions.isOverdue(nowMs)) {
      this.#end(this.#failure(`a subscription was not answered within ${limits.liveAckMsMax / 1_000} s, twice`))
      return
    }
    if (this.#isSettled) {
      for (const [index, { topics, deadMs }] of plan.pulses.entries()) {
        const silentMs = nowMs - Math.max(this.#settledMs, this.#pulses[index]!)
        if (silentMs < deadMs) continue
        this.#end(this.#failure(`${topics[0]} has been silent for ${Math.round(silentMs)} ms`))
        return
      }
    }
    const { ping } = protocol
    if (ping === undefined) return
    const sinceMs = nowMs - this.#pingedMs
    if (this.#isPingOpen && sinceMs >= ping.deadMs) this.#end(this.#failure('a ping was not answered'))
    else if (!this.#isPingOpen && sinceMs >= ping.everyMs) {
      this.#isPingOpen = true
      this.#pingedMs = nowMs
      this.#send(ping.frame)
    }
  }

  #send(frame: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame)
  }

  #failure(message: string): RestFailure {
    return new RestFailure(this.#options.protocol.venue, 'unreachable', message)
  }

  #end(failure: RestFailure): void {
    if (this.#isEnded) return
    this.#finish()
    // The close handshake of a socket that is given up may never come.
    this.#socket.terminate()
    this.#options.events.closed(failure)
  }

  #finish(): void {
    this.#isEnded = true
    clearInterval(this.#sweep)
    this.#subscriptions.close()
  }
}
