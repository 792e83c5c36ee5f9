import { type AlertRuleJson, alertRuleJson, readAlertRule } from '../model/alert-json.ts'
import type { AlertRule } from '../model/alert-rules.ts'
import { limits } from '../model/limits.ts'
import type { Stored } from './stored.ts'

export const ALERTS_VERSION = 1

/** A rule of this page. */
export interface PageAlert {
  readonly id: string
  readonly rule: AlertRule
  readonly isOn: boolean
  /** What its back-test said when it was saved, or why there was none. */
  readonly tested: string
}

interface StoredAlert {
  readonly id: string
  readonly rule: AlertRuleJson
  readonly isOn: boolean
  readonly tested: string
}

/** The rules of this page and whether it makes a sound. They are kept by the browser alone. */
export class AlertStore {
  readonly #stored: Stored
  readonly #listeners = new Set<() => void>()
  #alerts: readonly PageAlert[]
  #hasSound: boolean

  constructor(stored: Stored) {
    this.#stored = stored
    const { alerts, hasSound } = (stored.read() ?? {}) as Record<string, unknown>
    this.#alerts = (Array.isArray(alerts) ? alerts : []).flatMap(readAlert).slice(0, limits.pageAlertsMax)
    this.#hasSound = hasSound !== false
  }

  get alerts(): readonly PageAlert[] {
    return this.#alerts
  }

  get hasSound(): boolean {
    return this.#hasSound
  }

  set hasSound(hasSound: boolean) {
    this.#hasSound = hasSound
    this.#keep()
  }

  /** Puts a rule in the place of another one, or beside them. False where there is no room. */
  put(rule: AlertRule, tested: string, nowMs: number, replaced?: string): boolean {
    const at = this.#alerts.findIndex((alert) => alert.id === replaced)
    if (at >= 0) {
      this.#alerts = this.#alerts.with(at, { ...this.#alerts[at]!, rule, tested })
      this.#keep()
      return true
    }
    if (this.#alerts.length >= limits.pageAlertsMax) return false
    const ids = new Set(this.#alerts.map(({ id }) => id))
    let id = nowMs
    while (ids.has(String(id))) id++
    this.#alerts = [...this.#alerts, { id: String(id), rule, isOn: true, tested }]
    this.#keep()
    return true
  }

  remove(id: string): void {
    this.#alerts = this.#alerts.filter((alert) => alert.id !== id)
    this.#keep()
  }

  turn(id: string, isOn: boolean): void {
    this.#alerts = this.#alerts.map((alert) => (alert.id === id ? { ...alert, isOn } : alert))
    this.#keep()
  }

  /** Calls back at once and with every change. */
  follow(listener: () => void): void {
    this.#listeners.add(listener)
    listener()
  }

  #keep(): void {
    const alerts = this.#alerts.map((alert): StoredAlert => ({ ...alert, rule: alertRuleJson(alert.rule) }))
    this.#stored.write({ alerts, hasSound: this.#hasSound })
    for (const listener of this.#listeners) listener()
  }
}

/** What another version or somebody else has left may be no rule: it is left out. */
function readAlert(value: unknown): PageAlert[] {
  const { id, rule, isOn, tested } = (value ?? {}) as Record<string, unknown>
  if (typeof id !== 'string' || typeof tested !== 'string') return []
  try {
    return [{ id, rule: readAlertRule(rule), isOn: isOn === true, tested }]
  } catch {
    return []
  }
}
