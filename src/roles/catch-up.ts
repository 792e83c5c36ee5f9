import type { PartitionLag } from '../log/kafka-group.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface CatchUpOptions {
  readonly lags: () => readonly PartitionLag[]
  readonly partitions: number
  readonly log: Log
  readonly metrics: Metrics
  /** Monotonic milliseconds. */
  readonly clock: () => number
}

/** Looks at how far behind the log we are, says so where it is far, and how soon it will be over. */
export class CatchUp implements Stage {
  readonly name = 'catch-up'
  readonly #options: CatchUpOptions
  readonly #byPartition: readonly { messages: (value: number) => void; ms: (value: number) => void }[]
  #timer: NodeJS.Timeout | undefined
  /** While behind: since when, and what was said last. */
  #behind: { sinceMs: number; saidMs: number; lagMs: number } | undefined

  constructor(options: CatchUpOptions) {
    this.#options = options
    const { metrics, partitions } = options
    const messages = metrics.gaugeBy(
      'kafka_lag_messages',
      'Messages of the log not read yet, by partition.',
      'partition',
    )
    const ms = metrics.gaugeBy('kafka_lag_ms', 'Age of what was read last where more waits, by partition.', 'partition')
    this.#byPartition = Array.from({ length: partitions }, (_, partition) => {
      const [count, age] = [messages(String(partition)), ms(String(partition))]
      return { messages: (value) => count.set(value), ms: (value) => age.set(value) }
    })
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => this.look(), limits.heartbeatMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
  }

  /** Compares with what was there when it last spoke. */
  look(): void {
    const { lags, clock } = this.#options
    const found = lags()
    this.#show(found)
    const lagMs = Math.max(0, ...found.map(({ ms }) => ms))
    const messages = found.reduce((sum, lag) => sum + lag.messages, 0)
    this.#say(clock(), lagMs, messages)
  }

  #show(found: readonly PartitionLag[]): void {
    for (const [partition, show] of this.#byPartition.entries()) {
      const lag = found.find((one) => one.partition === partition)
      show.messages(lag?.messages ?? 0)
      show.ms(lag?.ms ?? 0)
    }
  }

  #say(nowMs: number, lagMs: number, messages: number): void {
    const { log } = this.#options
    const behindSeconds = Math.round(lagMs / 1000)
    if (this.#behind === undefined) {
      if (lagMs <= limits.behindMsMax) return
      this.#behind = { sinceMs: nowMs, saidMs: nowMs, lagMs }
      log.warn({ behindSeconds, messages }, 'behind the log: catching up as fast as the core allows')
      return
    }
    const { sinceMs, saidMs, lagMs: beforeMs } = this.#behind
    if (lagMs < limits.behindMsOver) {
      log.info({ tookSeconds: Math.round((nowMs - sinceMs) / 1000) }, 'caught up with the log')
      this.#behind = undefined
      return
    }
    if (nowMs - saidMs < limits.behindSayMs) return
    // Of the log, per second of ours; the log itself grows by one.
    const rate = 1 + (beforeMs - lagMs) / (nowMs - saidMs)
    const secondsLeft = rate > 1 ? Math.ceil(lagMs / 1000 / (rate - 1)) : undefined
    this.#behind = { sinceMs, saidMs: nowMs, lagMs }
    const fields = { behindSeconds, messages, timesRealTime: Number(rate.toFixed(1)), secondsLeft }
    log.warn(fields, secondsLeft === undefined ? 'behind the log, and falling further behind' : 'catching up')
  }
}
