import { hellos } from './catalogue.ts'
import type { Broadcast } from './channels.ts'
import { createFront } from './front.ts'
import { FrontThreads, type FrontThreadsOptions } from './front-threads.ts'
import { frontMetrics } from './gateway-metrics.ts'
import type { Plans } from './plans.ts'
import { portToOpen } from './port.ts'

/** All that fan out, whether in this thread or in threads of their own. */
export interface Fronts {
  readonly broadcast: Broadcast
  start(): Promise<void>
  stop(): Promise<void>
  /** Before messages are told: who has missed one must not get the next. */
  applyCuts(): void
  /** The plans have changed. */
  recheck(plans: Plans): void
  sweep(): void
  /** The port bound, 0 while there is none. */
  readonly port: number
  readonly clientCount: number
  readonly subscriptionCount: number
}

export interface FrontsOptions extends FrontThreadsOptions {
  /** 0 takes any free port. */
  readonly port: number
}

/** One front shares the main thread; with more of them each has a thread of its own, and this one only encodes. */
export function createFronts(options: FrontsOptions): Fronts {
  return options.threads === 1 ? inThisThread(options) : inThreads(options)
}

function inThisThread(options: FrontsOptions): Fronts {
  const { host, proxies, limits, metrics, hub, admission, now, origin, plans, answer } = options
  const door = admission.door()
  const front = createFront({
    host,
    proxies,
    limits,
    metrics: frontMetrics(metrics),
    supply: hub.holder(),
    now,
    hello: hellos(origin),
    plans,
    answer,
    enter: (entrant) => door.enter(entrant),
    leave: (entrant) => door.leave(entrant),
  })
  return {
    broadcast: front.fanOut.channels,
    async start() {
      await front.start(await portToOpen(host, options.port))
    },
    stop: () => front.stop(),
    applyCuts: () => front.fanOut.applyCuts(),
    recheck: () => void front.fanOut.recheck(),
    sweep: () => undefined,
    get port() {
      return front.port
    },
    get clientCount() {
      return front.fanOut.clientCount
    },
    get subscriptionCount() {
      return front.fanOut.subscriptionCount
    },
  }
}

function inThreads(options: FrontsOptions): Fronts {
  const threads = new FrontThreads(options)
  let bound = 0
  let isStopped = false
  return {
    broadcast: threads,
    async start() {
      const shared = await portToOpen(options.host, options.port)
      await threads.start(shared)
      if (!isStopped) bound = shared
    },
    async stop() {
      bound = 0
      isStopped = true
      await threads.stop()
    },
    // Each thread does so before it reads on.
    applyCuts: () => undefined,
    recheck: (plans) => threads.recheck(plans),
    sweep: () => threads.sweep(),
    get port() {
      return bound
    },
    get clientCount() {
      return threads.clientCount
    },
    get subscriptionCount() {
      return threads.subscriptionCount
    },
  }
}
