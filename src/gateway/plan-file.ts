import { readFile } from 'node:fs/promises'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Log } from '../telemetry/log.ts'
import { type Plans, readPlans } from './plans.ts'

export interface PlanFileOptions {
  readonly path: string
  readonly log: Log
  /** The file has changed and can be used. */
  changed(plans: Plans): void
}

/**
 * The plans of a file, read again when its content changes. It is looked at once a second and not watched: editors and
 * config maps replace files in ways that watches lose. A file that cannot be used leaves the plans as they are.
 */
export class PlanFile {
  readonly #options: PlanFileOptions
  #text = ''
  #plans: Plans | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: PlanFileOptions) {
    this.#options = options
  }

  get plans(): Plans {
    if (this.#plans === undefined)
      throw new LmapError('LMAP_INTERNAL', 'the plans were asked for before they were read.')
    return this.#plans
  }

  /** Throws LMAP_CONFIG where the file cannot be used: there is nothing to go on with yet. */
  async start(): Promise<void> {
    this.#text = await this.#read()
    this.#plans = readPlans(this.#text)
    this.#timer = setTimeout(() => void this.#look(), limits.plansLookMs).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    const { log, changed } = this.#options
    try {
      const text = await this.#read()
      if (text !== this.#text) {
        this.#text = text
        this.#plans = readPlans(text)
        log.info({ path: this.#options.path }, 'plans read again')
        changed(this.#plans)
      }
    } catch (error) {
      log.error({ error }, 'plans stay as they were')
    }
    if (this.#timer !== undefined) this.#timer = setTimeout(() => void this.#look(), limits.plansLookMs).unref()
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#options.path, 'utf8')
    } catch (cause) {
      throw new LmapError('LMAP_CONFIG', `the plans file ${this.#options.path} cannot be read.`, {
        hint: 'Check --plans.',
        cause,
      })
    }
  }
}
