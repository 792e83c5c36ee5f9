import type { AlertBacktest } from './alert-backtest.ts'
import type { AlertRuleJson } from './alert-json.ts'

/** A rule of the server as its owner may see it: all of it but the webhook's secret. */
export interface AlertEntry {
  readonly id: string
  /** Of the file of --alerts, or saved over HTTP. */
  readonly origin: 'file' | 'saved'
  readonly rule: AlertRuleJson
  readonly webhook: { readonly url: string }
  /** Unix ms; null for those of the file. */
  readonly savedMs: number | null
  /** What was known when it was saved; null for those of the file. */
  readonly backtest: AlertBacktest | null
  /** Since the process began. */
  readonly fired: number
  readonly firedMs: number | null
}

/** What the gateway asks of the alerts stage. A holder is whose rules they are; undefined where nobody has a key. */
export interface AlertService {
  rules(holder: string | undefined): readonly AlertEntry[]
  /** Hosts that webhooks may go to; none: rules cannot be saved. */
  readonly hosts: readonly string[]
  /** How often a posted rule would have fired. Throws coded errors. */
  preview(posted: unknown, days: number): Promise<AlertBacktest>
  /** Runs the back-test and keeps the rule with it. Throws coded errors. */
  save(posted: unknown, days: number, holder: string | undefined): Promise<AlertEntry>
  /** From now on only rules of holders fire of whom this is true; those of the file, and of nobody, always do. */
  judgeHolders(mayFire: (holder: string) => boolean): void
  /** False where the holder has no such rule. */
  remove(id: string, holder: string | undefined): Promise<boolean>
}
