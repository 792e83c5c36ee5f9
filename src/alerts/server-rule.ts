import { createHash } from 'node:crypto'
import type { AlertBacktest } from '../model/alert-backtest.ts'
import { alertRuleJson, readAlertRule } from '../model/alert-json.ts'
import type { AlertRule } from '../model/alert-rules.ts'
import type { AlertEntry } from '../model/alert-service.ts'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { readWebhook, type TargetRules, type Webhook } from './webhook-target.ts'

/** A rule that fires webhooks. */
export interface ServerRule {
  readonly id: string
  readonly rule: AlertRule
  readonly webhook: Webhook
  /** Whose it is; undefined where nobody has a key, and for those of the file, which belong to who runs the server. */
  readonly holder: string | undefined
  /** Undefined for those of the file. */
  readonly savedMs: number | undefined
  readonly backtest: AlertBacktest | undefined
}

const ID_CHARS = 16

/** Reads what was posted; throws LMAP_REQUEST_INVALID or LMAP_WEBHOOK_REFUSED. */
export function readPosted(posted: unknown, targets: TargetRules): { rule: AlertRule; webhook: Webhook } {
  const rule = readAlertRule(posted, ['webhook'])
  return { rule, webhook: readWebhook((posted as { webhook?: unknown }).webhook, targets) }
}

/** The same for the same rule of the same holder at the same time. */
export function serverRuleId(rule: AlertRule, holder: string | undefined, savedMs: number): string {
  const text = JSON.stringify([alertRuleJson(rule), holder ?? null, savedMs])
  return createHash('sha256').update(text).digest('hex').slice(0, ID_CHARS)
}

/** The rules of a file of --alerts: `{"rules": [{"id": ..., "name": ..., ..., "webhook": {...}}]}`. Throws LMAP_CONFIG. */
export function readRuleFile(text: string, targets: TargetRules): ServerRule[] {
  if (text.length > limits.alertFileBytesMax) throw unusable(`it has more than ${limits.alertFileBytesMax} bytes`)
  const entries = listOf(text, 'rules')
  if (entries.length > limits.alertRulesMax) throw unusable(`it has more than ${limits.alertRulesMax} rules`)
  const ids = new Set<string>()
  return entries.map((entry, index) => {
    try {
      const id = (entry as { id?: unknown } | null)?.id
      if (typeof id !== 'string' || !/^[a-z0-9-]{1,40}$/.test(id)) throw unusable('id has 1 to 40 of a-z, 0-9 and -')
      if (ids.has(id)) throw unusable(`the id ${id} is there twice`)
      ids.add(id)
      const rule = readAlertRule(entry, ['id', 'webhook'])
      const webhook = readWebhook((entry as { webhook?: unknown }).webhook, targets)
      return { id: `file-${id}`, rule, webhook, holder: undefined, savedMs: undefined, backtest: undefined }
    } catch (error) {
      if (error instanceof LmapError) throw unusable(`rules.${index}: ${error.message}`, error)
      throw error
    }
  })
}

/** Rules as the data folder keeps them. Those that cannot be used any more are told and left out. */
export function readKeptRules(text: string, leftOut: (error: unknown) => void): ServerRule[] {
  const kept: ServerRule[] = []
  for (const entry of listOf(text, 'kept')) {
    try {
      const { id, rule, webhook, holder, savedMs, backtest } = entry as Record<string, unknown>
      kept.push({
        id: String(id),
        rule: readAlertRule(rule),
        // As it was when it was saved: whether its host may still be called is asked at each call.
        webhook: keptWebhook(webhook),
        holder: typeof holder === 'string' ? holder : undefined,
        savedMs: Number(savedMs),
        backtest: backtest as AlertBacktest,
      })
    } catch (error) {
      leftOut(error)
    }
  }
  return kept
}

function keptWebhook(value: unknown): Webhook {
  const { url, secret } = (value ?? {}) as Record<string, unknown>
  if (typeof url === 'string' && URL.canParse(url) && typeof secret === 'string') return { url, secret }
  throw unusable('a saved rule has no webhook')
}

export function keptRulesText(rules: readonly ServerRule[]): string {
  const kept = rules.map(({ rule, ...rest }) => ({ ...rest, rule: alertRuleJson(rule) }))
  return JSON.stringify({ kept }, undefined, 1)
}

/** What its owner may see; a secret is never part of it, and of the address not what may be one. */
export function entryOf(rule: ServerRule, fired: { count: number; newestMs: number | undefined }): AlertEntry {
  const url = new URL(rule.webhook.url)
  return {
    id: rule.id,
    origin: rule.savedMs === undefined ? 'file' : 'saved',
    rule: alertRuleJson(rule.rule),
    // Paths and queries of webhooks often are the secret.
    webhook: { url: `${url.origin}/…` },
    savedMs: rule.savedMs ?? null,
    backtest: rule.backtest ?? null,
    fired: fired.count,
    firedMs: fired.newestMs ?? null,
  }
}

function listOf(text: string, name: string): readonly unknown[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw unusable('it is not JSON', cause)
  }
  const list = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
  if (!Array.isArray(list)) throw unusable(`it has no list "${name}"`)
  return list
}

function unusable(what: string, cause?: unknown): LmapError {
  return new LmapError('LMAP_CONFIG', `the alert rules cannot be used: ${what.replace(/\.$/, '')}.`, {
    hint: 'docs/alerts.md describes them.',
    cause,
  })
}
