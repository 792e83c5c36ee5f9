import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ErrorCode } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { CallOutcome } from './webhook-call.ts'

/** One firing on its way to its receiver. */
export interface Delivery {
  /** The same firing has the same, whoever tells of it. */
  readonly id: string
  readonly rule: string
  /** JSON, as it is sent. */
  readonly body: string
}

export interface OutboxOptions {
  /** One file for each delivery that waits. */
  readonly folder: string
  readonly send: (delivery: Delivery, signal: AbortSignal) => Promise<CallOutcome>
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: Limits
  readonly now: () => number
  /** 0 to 1: spreads the tries of those that failed together. */
  readonly random: () => number
}

interface Waiting {
  readonly delivery: Delivery
  tries: number
  dueMs: number
  isOnTheWay: boolean
}

const UNFINISHED = '.part'
const fileName = /^[0-9a-f]{8,64}\.json$/
const RETRY_FACTOR = 4
const failed = 'LMAP_WEBHOOK_FAILED' satisfies ErrorCode
const OWNER_ONLY = 0o600
const OWNER_ONLY_FOLDER = 0o700

/**
 * Deliveries until they are taken, given up or refused. Each lies in a file before its first try, so a restart goes on with
 * it: a receiver may get one twice, under the same id. What is added in the moment of a crash may be lost.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #waiting = new Map<string, Waiting>()
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #count: (outcome: string) => { inc(): void }
  #timer: NodeJS.Timeout | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    const { metrics } = options
    this.#count = metrics.counterBy(
      'webhook_deliveries_total',
      'Webhook deliveries, by what became of a try.',
      'outcome',
    )
    metrics.observedGauge(
      'webhook_waiting',
      'Webhook deliveries that wait or are on their way.',
      () => this.#waiting.size,
    )
  }

  /** Finds what an earlier process has left, and goes on with it. */
  async start(): Promise<void> {
    const { folder, limits, log, now } = this.#options
    const names = (await namesIn(folder)).sort()
    for (const name of names.filter((one) => one.endsWith(UNFINISHED))) await rm(join(folder, name))
    const files = names.filter((one) => fileName.test(one))
    for (const name of files.slice(0, limits.webhookQueueMax)) {
      const delivery = readDelivery(await readFile(join(folder, name), 'utf8'))
      if (delivery === undefined) log.warn({ file: name }, 'a webhook delivery cannot be read and is left out')
      else this.#waiting.set(delivery.id, { delivery, tries: 0, dueMs: now(), isOnTheWay: false })
    }
    const left = files.length - limits.webhookQueueMax
    if (left > 0) log.warn({ code: failed, left }, 'too many webhook deliveries wait: some lie until another start')
    this.#pump()
  }

  /** Takes a delivery. One that waits already, and one without room, is not taken; the latter is counted and told. */
  add(delivery: Delivery): void {
    const { limits, log, now } = this.#options
    if (this.#abort.signal.aborted || this.#waiting.has(delivery.id)) return
    if (this.#waiting.size >= limits.webhookQueueMax) {
      this.#count('dropped').inc()
      log.warn({ code: failed, rule: delivery.rule }, 'too many webhook deliveries wait: one is dropped')
      return
    }
    const waiting: Waiting = { delivery, tries: 0, dueMs: now(), isOnTheWay: true }
    this.#waiting.set(delivery.id, waiting)
    this.#track(this.#begin(waiting))
  }

  /** Deliveries of a rule that is gone go with it. */
  forget(rule: string): void {
    for (const { delivery } of [...this.#waiting.values()])
      if (delivery.rule === rule) this.#track(this.#drop(delivery))
  }

  /** Tries that are under way are broken off: their files tell the next start. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#abort.abort()
    await Promise.all(this.#running)
  }

  async #begin(waiting: Waiting): Promise<void> {
    await this.#keep(waiting.delivery)
    waiting.isOnTheWay = false
    // Its rule may have gone meanwhile.
    if (this.#waiting.get(waiting.delivery.id) === waiting) this.#pump()
    else await this.#drop(waiting.delivery)
  }

  #pump(): void {
    if (this.#abort.signal.aborted) return
    clearTimeout(this.#timer)
    const { limits, now } = this.#options
    const nowMs = now()
    let onTheWay = 0
    for (const { isOnTheWay } of this.#waiting.values()) if (isOnTheWay) onTheWay++
    let nextMs = Number.POSITIVE_INFINITY
    for (const waiting of this.#waiting.values()) {
      if (waiting.isOnTheWay) continue
      if (waiting.dueMs > nowMs) nextMs = Math.min(nextMs, waiting.dueMs)
      else if (onTheWay < limits.webhookInFlightMax) {
        onTheWay++
        waiting.isOnTheWay = true
        this.#track(this.#try(waiting))
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pump(), nextMs - nowMs).unref()
  }

  async #try(waiting: Waiting): Promise<void> {
    const { limits, log, now, random, send } = this.#options
    const { delivery } = waiting
    if (this.#abort.signal.aborted) return
    const outcome = await send(delivery, this.#abort.signal)
    waiting.isOnTheWay = false
    // Broken off by our own stop: nothing was learnt.
    if (this.#abort.signal.aborted && outcome.kind !== 'taken') return
    waiting.tries++
    if (outcome.kind === 'again' && waiting.tries < limits.webhookTriesMax) {
      const { webhookRetryMs: first, webhookRetryMsMax: most } = limits
      waiting.dueMs = now() + Math.min(most, first * RETRY_FACTOR ** (waiting.tries - 1)) * (0.5 + random())
      this.#count('again').inc()
      log.debug({ rule: delivery.rule, reason: outcome.reason }, 'a webhook will be tried again')
    } else {
      if (outcome.kind === 'taken') this.#count('taken').inc()
      else {
        this.#count('dead').inc()
        const { rule, id } = delivery
        log.warn(
          { code: failed, rule, delivery: id, tries: waiting.tries, reason: outcome.reason },
          'a webhook is given up',
        )
      }
      await this.#drop(delivery)
    }
    this.#pump()
  }

  async #keep({ id, rule, body }: Delivery): Promise<void> {
    const path = this.#path(id)
    try {
      await mkdir(this.#options.folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
      await writeFile(path + UNFINISHED, JSON.stringify({ id, rule, body }), { mode: OWNER_ONLY })
      await rename(path + UNFINISHED, path)
    } catch (error) {
      // It is sent all the same; only a restart would lose it.
      this.#options.log.warn({ error, rule }, 'a webhook delivery cannot be written down')
    }
  }

  async #drop({ id }: Delivery): Promise<void> {
    this.#waiting.delete(id)
    await rm(this.#path(id), { force: true }).catch((error) => {
      this.#options.log.warn({ error }, 'the file of a webhook delivery cannot be removed')
    })
  }

  #path(id: string): string {
    return join(this.#options.folder, `${id}.json`)
  }

  #track(work: Promise<void>): void {
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }
}

/** None where there is no folder yet. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readDelivery(text: string): Delivery | undefined {
  try {
    const { id, rule, body } = JSON.parse(text) as Record<string, unknown>
    const isWhole = typeof id === 'string' && typeof rule === 'string' && typeof body === 'string'
    return isWhole ? { id, rule, body } : undefined
  } catch {
    return undefined
  }
}
