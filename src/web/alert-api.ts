import type { AlertBacktest } from '../model/alert-backtest.ts'
import type { AlertRuleJson } from '../model/alert-json.ts'
import type { AlertEntry } from '../model/alert-service.ts'

/** What the server says of its rules. */
export interface ServerAlerts {
  readonly canSave: boolean
  readonly hosts: readonly string[]
  readonly rules: readonly AlertEntry[]
}

export interface WebhookRule extends AlertRuleJson {
  readonly webhook: { readonly url: string; readonly secret: string }
}

const PATH = '/api/v1/alerts'
const none: ServerAlerts = { canSave: false, hosts: [], rules: [] }

/** Alert rules of the server. Each call rejects with a sentence that can be shown. */
export class AlertApi {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  /** `headers` carry the key, where there is one. */
  constructor(base: string, headers: Readonly<Record<string, string>>) {
    this.#base = base
    this.#headers = headers
  }

  async list(): Promise<ServerAlerts> {
    const answer = (await this.#ask('GET', PATH)) as Partial<ServerAlerts>
    const isWhole = Array.isArray(answer.rules) && Array.isArray(answer.hosts)
    return isWhole ? { ...none, ...answer } : none
  }

  preview(rule: AlertRuleJson, days: number, signal: AbortSignal): Promise<AlertBacktest> {
    return this.#ask('POST', `${PATH}/preview?days=${days}`, rule, signal) as Promise<AlertBacktest>
  }

  save(rule: WebhookRule, days: number): Promise<AlertEntry> {
    return this.#ask('POST', `${PATH}?days=${days}`, rule) as Promise<AlertEntry>
  }

  async remove(id: string): Promise<void> {
    await this.#ask('DELETE', `${PATH}?id=${encodeURIComponent(id)}`)
  }

  async #ask(method: string, path: string, body?: object, signal?: AbortSignal): Promise<unknown> {
    const response = await fetch(new URL(path, this.#base), {
      method,
      headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    const answer = await response.json().catch(() => undefined)
    if (response.ok && typeof answer === 'object' && answer !== null) return answer
    const { message, hint } = (answer?.error ?? {}) as { message?: unknown; hint?: unknown }
    const words = [message, hint].filter((word) => typeof word === 'string')
    throw new Error(words.length > 0 ? words.join(' ') : `The server answered ${response.status}.`)
  }
}
