import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AlertMemory } from '../model/alert-gate.ts'
import { LmapError } from '../model/errors.ts'
import type { Log } from '../telemetry/log.ts'
import { keptRulesText, readKeptRules, type ServerRule } from './server-rule.ts'

const OWNER_ONLY = 0o600
const OWNER_ONLY_FOLDER = 0o700
const RULES = 'rules.json'
const FIRED = 'fired.json'

/** What the alerts keep between two starts: the rules that were saved, with their secrets, and what has fired. */
export class AlertFolder {
  readonly #folder: string
  readonly #log: Log

  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  /** What was kept, if anything. Throws LMAP_CONFIG where the rules were damaged: they are not thrown away. */
  async open(): Promise<{ rules: ServerRule[]; memory: AlertMemory | undefined }> {
    const rules = await this.#read(RULES)
    const fired = await this.#read(FIRED)
    return {
      rules:
        rules === undefined
          ? []
          : readKeptRules(rules, (error) => this.#log.warn({ error }, 'a saved alert rule cannot be used any more')),
      memory: fired === undefined ? undefined : this.#memoryOf(fired),
    }
  }

  async keepRules(rules: readonly ServerRule[]): Promise<void> {
    await this.#write(RULES, keptRulesText(rules))
  }

  async keepMemory(memory: AlertMemory): Promise<void> {
    await this.#write(FIRED, JSON.stringify(memory))
  }

  #memoryOf(text: string): AlertMemory | undefined {
    try {
      const { fired, newest } = JSON.parse(text) as Partial<AlertMemory>
      if (Array.isArray(fired) && Array.isArray(newest)) return { fired, newest }
    } catch (error) {
      this.#log.warn({ error }, 'what has fired before is not known: a firing may be told again')
    }
    return undefined
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.#folder, name), 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw this.#fault(`holds ${name}, which cannot be read`, cause)
    }
  }

  /** Under its name only when it is whole. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name)
    try {
      await mkdir(this.#folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
      await writeFile(`${path}.part`, text, { mode: OWNER_ONLY })
      await rename(`${path}.part`, path)
    } catch (cause) {
      throw this.#fault(`cannot take ${name}`, cause)
    }
  }

  #fault(what: string, cause: unknown): LmapError {
    return new LmapError('LMAP_DATA_FOLDER', `the folder ${this.#folder} ${what}.`, {
      hint: 'Choose another with --data, or repair its rights.',
      cause,
    })
  }
}
