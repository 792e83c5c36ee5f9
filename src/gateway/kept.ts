import { LmapError } from '../model/errors.ts'

export interface KeptOptions {
  readonly now: () => number
  readonly keepMs: number
  /** Answers that are kept at a time. */
  readonly keptMax: number
  /** Reads that are under way at a time. */
  readonly readsMax: number
}

interface Entry {
  readonly sinceMs: number
  readonly answer: Promise<unknown>
}

/**
 * Answers of the store, each read once for all who ask within a few seconds: every page that is open asks for the same
 * few again and again, and they change with an hour or a trial that ends. Who asks for others and others waits his turn.
 */
export class Kept {
  readonly #options: KeptOptions
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>()
  #reading = 0

  constructor(options: KeptOptions) {
    this.#options = options
  }

  /** An answer that is a little old at most; equal keys are equal questions. A failure is everybody's who waits for it. */
  get<Answer>(key: string, read: () => Promise<Answer>): Promise<Answer> {
    const { now, keepMs, keptMax, readsMax } = this.#options
    const nowMs = now()
    const known = this.#entries.get(key)
    if (known !== undefined && nowMs - known.sinceMs < keepMs) return known.answer as Promise<Answer>
    if (this.#reading >= readsMax) {
      return Promise.reject(
        new LmapError('LMAP_LIMIT', `${this.#reading} readings of the store are under way.`, { hint: 'Try again.' }),
      )
    }
    const entry = { sinceMs: nowMs, answer: this.#read(read) }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size > keptMax) this.#entries.delete(this.#entries.keys().next().value!)
    entry.answer.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry.answer
  }

  async #read<Answer>(read: () => Promise<Answer>): Promise<Answer> {
    this.#reading++
    try {
      return await read()
    } finally {
      this.#reading--
    }
  }
}
