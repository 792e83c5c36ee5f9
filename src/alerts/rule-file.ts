import { readFile } from 'node:fs/promises'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Log } from '../telemetry/log.ts'
import { readRuleFile, type ServerRule } from './server-rule.ts'
import type { TargetRules } from './webhook-target.ts'

export interface RuleFileOptions {
  readonly path: string
  readonly targets: TargetRules
  readonly log: Log
  readonly changed: (rules: readonly ServerRule[]) => void
}

/**
 * The rules of a file, read again when its content changes. It is looked at once a second and not watched: editors and
 * config maps replace files in ways that watches lose. A file that cannot be used leaves the rules as they are.
 */
export class RuleFile {
  readonly #options: RuleFileOptions
  #text = ''
  #timer: NodeJS.Timeout | undefined

  constructor(options: RuleFileOptions) {
    this.#options = options
  }

  /** Throws LMAP_CONFIG where the file cannot be used: there is nothing to go on with yet. */
  async start(): Promise<void> {
    const { changed, targets } = this.#options
    this.#text = await this.#read()
    changed(readRuleFile(this.#text, targets))
    this.#plan()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #plan(): void {
    this.#timer = setTimeout(() => void this.#look(), limits.alertLookMs).unref()
  }

  async #look(): Promise<void> {
    const { path, log, changed, targets } = this.#options
    try {
      const text = await this.#read()
      if (text !== this.#text) {
        this.#text = text
        const rules = readRuleFile(text, targets)
        log.info({ path, rules: rules.length }, 'alert rules read again')
        changed(rules)
      }
    } catch (error) {
      log.error({ error }, 'alert rules stay as they were')
    }
    if (this.#timer !== undefined) this.#plan()
  }

  async #read(): Promise<string> {
    const { path } = this.#options
    try {
      return await readFile(path, 'utf8')
    } catch (cause) {
      throw new LmapError('LMAP_CONFIG', `the file of alert rules ${path} cannot be read.`, {
        hint: 'Check --alerts.',
        cause,
      })
    }
  }
}
