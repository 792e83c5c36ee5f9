import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../telemetry/log.ts'
import type { Client } from './client.ts'
import type { Insert } from './inserts.ts'
import { firstLine } from './server-address.ts'
import type { Spill } from './spill.ts'
import { tableNames } from './tables.ts'

export interface SenderOptions {
  readonly client: Client
  readonly log: Log
  readonly limits: { readonly storeRetryMs: number; readonly storeRetryMsMax: number }
  /** Without one an insert that fails is tried again until it arrives, and whatever is behind it waits. */
  readonly spill: Spill | undefined
  /** Ends every pause, and then the sending. */
  readonly signal: AbortSignal
}

/**
 * Brings inserts into the database, in order, each as often as it takes; what arrives twice is there once. While the
 * server is away they wait on the disk, and they go from there in their order when it is back.
 */
export class Sender {
  readonly #options: SenderOptions
  /** Rows in the database by this process, by table. */
  readonly written: Record<Insert['table'], number> = nothingWritten()
  retries = 0
  failure: string | undefined
  #draining: Promise<void> | undefined

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Brings what an earlier process has left on the disk, as far as the server takes it. */
  async start(): Promise<void> {
    const { spill, log } = this.#options
    if (spill === undefined) return
    const found = spill.open()
    if (found.unfinished > 0) log.warn({ inserts: found.unfinished }, 'inserts were cut off by the end of the process')
    if (spill.isEmpty) return
    log.warn(
      { inserts: found.files, bytes: found.bytes },
      'rows of an earlier run wait on the disk and are written first',
    )
    while (!spill.isEmpty && (await this.#sendFirst(spill))) {
      // Each one is a step of its own.
    }
    if (!spill.isEmpty) this.#drain(spill)
  }

  /** Resolves when nothing is on its way from the disk. */
  async idle(): Promise<void> {
    await this.#draining
  }

  /** Resolves when the insert is in the database or on the disk; false when the sending was ended before that. */
  async send(insert: Insert): Promise<boolean> {
    const { signal, spill, limits } = this.#options
    for (let pauseMs = limits.storeRetryMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, limits.storeRetryMsMax)) {
      // Behind what waits on the disk: nothing overtakes.
      if ((spill === undefined || spill.isEmpty) && (await this.#insert(insert, pauseMs))) return true
      if (spill !== undefined && (await this.#keep(spill, insert))) return true
      // A pause that ends early is followed by the check of the signal.
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
    return false
  }

  async #insert(insert: Insert, pauseMs: number): Promise<boolean> {
    const { client, log } = this.#options
    const { table, rows } = insert
    try {
      await client.insert(table, insert.columns, insert.body)
    } catch (error) {
      this.retries++
      this.failure = firstLine(error as Error)
      log.warn({ table, rows, pauseMs, reason: this.failure }, 'the store could not write')
      return false
    }
    if (this.failure !== undefined) log.info({ table }, 'the store writes again')
    this.failure = undefined
    this.written[table] += rows
    return true
  }

  async #keep(spill: Spill, insert: Insert): Promise<boolean> {
    try {
      if (!(await spill.put(insert))) return false
    } catch (error) {
      this.#options.log.error({ error }, 'the disk does not take what the server cannot: rows wait in memory')
      return false
    }
    this.#drain(spill)
    return true
  }

  #drain(spill: Spill): void {
    this.#draining ??= this.#sendAll(spill).finally(() => {
      this.#draining = undefined
    })
  }

  async #sendAll(spill: Spill): Promise<void> {
    const { signal, limits, log } = this.#options
    let pauseMs = limits.storeRetryMs
    while (!spill.isEmpty && !signal.aborted) {
      if (await this.#sendFirst(spill)) pauseMs = limits.storeRetryMs
      else {
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
        pauseMs = Math.min(2 * pauseMs, limits.storeRetryMsMax)
      }
    }
    if (spill.isEmpty) log.info({}, 'all that waited on the disk is in the store')
  }

  async #sendFirst(spill: Spill): Promise<boolean> {
    try {
      const first = await spill.first()
      if (first === undefined) return true
      if (!(await this.#insert(first.insert, this.#options.limits.storeRetryMs))) return false
      await spill.remove(first.file)
      return true
    } catch (error) {
      this.#options.log.error({ error }, 'an insert that waits on the disk cannot be read')
      return false
    }
  }
}

export function nothingWritten(): Record<Insert['table'], number> {
  return Object.fromEntries([...tableNames, 'checkpoints'].map((name) => [name, 0])) as Record<Insert['table'], number>
}
