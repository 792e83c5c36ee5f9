import { setTimeout } from 'node:timers/promises'
import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Admission } from './admission.ts'
import { BroadcastRing, ringMemory } from './broadcast-ring.ts'
import type { Origin } from './catalogue.ts'
import type { Message, Opening } from './channel.ts'
import type { Broadcast } from './channels.ts'
import { FrontThreadLink } from './front-thread-link.ts'
import type { Hub } from './hub.ts'
import type { Plans } from './plans.ts'
import type { Reply, Request } from './reply.ts'
import { WrittenOpenings } from './written-openings.ts'

export interface FrontThreadsOptions {
  readonly threads: number
  /** What a thread runs, where it is not ours. */
  readonly threadFile: URL | undefined
  readonly host: string
  /** Networks of proxies, whose x-forwarded-for is believed. */
  readonly proxies: readonly string[]
  readonly limits: Limits
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  readonly origin: Origin
  readonly hub: Hub
  readonly admission: Admission
  /** Undefined: everybody may have everything. */
  readonly plans: (() => Plans) | undefined
  readonly answer: (request: Request) => Promise<Reply>
  /** Threads end faster than it makes sense to start them anew. */
  readonly failed: (error: LmapError) => void
}

const THREAD_FILE = new URL('./front-thread.ts', import.meta.url)

/** All gateway threads, as one: what is told to them crosses once, and one that has ended is started anew. */
export class FrontThreads implements Broadcast {
  readonly #options: FrontThreadsOptions
  readonly #memory: SharedArrayBuffer
  readonly #ring: BroadcastRing
  readonly #links = new Set<FrontThreadLink>()
  readonly #openings: WrittenOpenings
  /** When threads were started anew, of late. */
  #restartsMs: number[] = []
  #isWaking = false
  #isStopping = false

  constructor(options: FrontThreadsOptions) {
    this.#options = options
    this.#memory = ringMemory(options.limits.gatewayRingBytes)
    this.#ring = new BroadcastRing(this.#memory)
    this.#openings = new WrittenOpenings(this.#ring)
  }

  get clientCount(): number {
    return [...this.#links].reduce((count, link) => count + link.clientCount, 0)
  }

  get subscriptionCount(): number {
    return [...this.#links].reduce((count, link) => count + link.subscriptionCount, 0)
  }

  /** Every thread listens on the port by itself, and the system spreads connections over them. */
  async start(port: number): Promise<void> {
    const { threads } = this.#options
    try {
      // One after the other: two at a time have been seen to listen and never to accept.
      for (let index = 1; index <= threads && !this.#isStopping; index++) await this.#begin(`gateway-${index}`, port)
    } catch (error) {
      // One that was told to stop before it had begun has ended, and that is no fault.
      if (this.#isStopping) return
      await this.stop()
      throw error
    }
  }

  /** A thread that says nothing hangs, and cannot be ended without the whole process. */
  sweep(): void {
    const { limits, failed } = this.#options
    for (const link of this.#links) {
      if (++link.sweepsSilent * limits.clientSweepMs <= limits.gatewaySilentMsMax) continue
      link.sweepsSilent = 0
      failed(new LmapError('LMAP_GATEWAY_THREAD', `${link.name} has not answered for ${limits.gatewaySilentMsMax} ms.`))
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    for (const link of this.#links) link.say({ kind: 'stop' })
    await Promise.all([...this.#links].map((link) => link.ended))
  }

  message(message: Message): void {
    this.#ring.message(message)
    this.#wake()
  }

  opening(opening: Opening): void {
    this.#ring.opening(opening)
    this.#openings.add(opening.topic, opening.part)
    this.#wake()
  }

  renew(topic: string): void {
    this.#ring.renew(topic)
    this.#wake()
  }

  /** The plans have changed. */
  recheck(plans: Plans): void {
    for (const link of this.#links) link.say({ kind: 'plans', plans })
  }

  /** Once for all that one turn of the main thread has to say. */
  #wake(): void {
    if (this.#isWaking) return
    this.#isWaking = true
    queueMicrotask(() => {
      this.#isWaking = false
      const nowMs = this.#options.now()
      for (const link of this.#links) link.say({ kind: 'wake', nowMs })
    })
  }

  async #begin(name: string, port: number): Promise<void> {
    const { host, proxies, limits, metrics, now, origin, hub, admission, plans, answer, threadFile } = this.#options
    const link = new FrontThreadLink({
      data: {
        host,
        port,
        proxies,
        limits,
        origin,
        plans: plans?.(),
        ring: this.#memory,
        position: this.#ring.position,
        nowMs: now(),
      },
      name,
      file: threadFile ?? THREAD_FILE,
      holder: hub.holder(),
      door: admission.door(),
      metrics,
      answer,
      isComing: (topic, part, position) => this.#openings.isComing(topic, part, position),
    })
    this.#links.add(link)
    const ended = link.ended.then((fault) => {
      this.#links.delete(link)
      return fault
    })
    await link.started
    void ended.then((fault) => {
      if (!this.#isStopping) void this.#restart(name, port, fault)
    })
  }

  /** A thread has ended by itself. Its clients connect anew, to the others or to the one that follows it. */
  async #restart(name: string, port: number, cause: LmapError | undefined): Promise<void> {
    const { log, limits, now, failed } = this.#options
    const nowMs = now()
    this.#restartsMs = [...this.#restartsMs.filter((ms) => nowMs - ms < limits.gatewayRestartsMs), nowMs]
    if (this.#restartsMs.length > limits.gatewayRestartsMax) {
      const times = `${this.#restartsMs.length} times in ${limits.gatewayRestartsMs / 1000} s`
      failed(new LmapError('LMAP_GATEWAY_THREAD', `Threads of the gateway have ended ${times}.`, { cause }))
      return
    }
    log.error({ error: cause }, `${name} has ended and is started anew`)
    await setTimeout(limits.gatewayRestartMs)
    if (this.#isStopping) return
    try {
      await this.#begin(name, port)
    } catch (error) {
      if (!this.#isStopping) void this.#restart(name, port, error instanceof LmapError ? error : cause)
    }
  }
}
