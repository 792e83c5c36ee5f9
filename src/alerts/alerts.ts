import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AlertBacktest } from '../model/alert-backtest.ts'
import { AlertGate } from '../model/alert-gate.ts'
import type { AlertHistory } from '../model/alert-history.ts'
import { alertSubjectJson, readAlertRule } from '../model/alert-json.ts'
import { type AlertKind, type AlertRule, type AlertSubject, alertMatches } from '../model/alert-rules.ts'
import type { AlertEntry, AlertService } from '../model/alert-service.ts'
import { ALERT_CLUSTER_TIMEFRAME, subjectOfReport, subjectsOfColumn } from '../model/alert-subject.ts'
import { LmapError } from '../model/errors.ts'
import { type Limits, limits as standardLimits } from '../model/limits.ts'
import type { Report } from '../model/reports.ts'
import type { ClosedColumn, Stage } from '../model/stages.ts'
import { timeframeId, timeframes } from '../model/timeframes.ts'
import type { AssetId } from '../model/units.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { AlertFolder } from './alert-folder.ts'
import { backtestRule } from './backtest.ts'
import { type Delivery, Outbox } from './outbox.ts'
import { passPastFirings } from './past-firings.ts'
import { RuleFile } from './rule-file.ts'
import { entryOf, readPosted, type ServerRule, serverRuleId } from './server-rule.ts'
import { callWebhook } from './webhook-call.ts'
import type { Address, TargetRules } from './webhook-target.ts'

export interface AlertsOptions {
  /** For saved rules, what has fired, and what is on its way. */
  readonly folder: string
  /** File of rules; none without. */
  readonly file: string | undefined
  readonly targets: TargetRules
  /** Undefined without a store: rules of a file fire, but none can be saved. */
  readonly history: AlertHistory | undefined
  /** Of now; 0 where none is known. */
  readonly price: (asset: AssetId) => number
  readonly clockMs: (asset: AssetId) => number
  /** Said with each firing. */
  readonly source: string
  readonly simulated: boolean
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** 0 to 1. */
  readonly random: () => number
  readonly limits?: Partial<Limits>
  /** What names lead to; for tests. */
  readonly lookup?: (host: string) => Promise<readonly Address[]>
}

/** Looks at reports and columns as they come, and tells receivers what rules ask for. */
export interface Alerts extends Stage, AlertService {
  report(row: Report): void
  column(column: ClosedColumn): void
  /** These have been watched by somebody else, up to their clocks: what has fired there does not fire here again. Never rejects. */
  adopt(assets: readonly AssetId[]): Promise<void>
}

interface Fired {
  count: number
  newestMs: number | undefined
}

const CLUSTER_TIMEFRAME = timeframeId(ALERT_CLUSTER_TIMEFRAME)
const DELIVERY_CHARS = 32

export function createAlerts(options: AlertsOptions): Alerts {
  return new WatchedRules(options)
}

class WatchedRules implements Alerts {
  readonly name = 'alerts'
  readonly #options: AlertsOptions
  readonly #limits: Limits
  readonly #folder: AlertFolder
  readonly #file: RuleFile | undefined
  readonly #outbox: Outbox
  readonly #fired = new Map<string, Fired>()
  readonly #firings: { inc(): void }
  #ofFile: readonly ServerRule[] = []
  #saved: readonly ServerRule[] = []
  #byKind = new Map<AlertKind, readonly ServerRule[]>()
  #gate = new AlertGate()
  /** Something has fired since it was written down. */
  #isUnkept = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #backtests = 0
  #stopping: Promise<void> | undefined
  #mayFire: (holder: string) => boolean = () => true

  constructor(options: AlertsOptions) {
    this.#options = options
    const { folder, file, targets, log, metrics, now, random, lookup } = options
    const limits = (this.#limits = { ...standardLimits, ...options.limits })
    this.#folder = new AlertFolder(folder, log)
    this.#file =
      file === undefined
        ? undefined
        : new RuleFile({ path: file, targets, log, changed: (rules) => this.#setFile(rules) })
    const call = { targets, limits, now, ...(lookup && { lookup }) }
    this.#outbox = new Outbox({
      folder: join(folder, 'outbox'),
      log,
      metrics,
      limits,
      now,
      random,
      send: async ({ id, rule, body }, signal) => {
        const found = this.#rules.find((one) => one.id === rule)
        if (found === undefined) return { kind: 'refused', reason: 'its rule is gone' }
        return callWebhook({ webhook: found.webhook, delivery: id, body }, call, signal)
      },
    })
    this.#firings = metrics.counter('alerts_fired_total', 'Firings of alert rules.')
    metrics.observedGauge('alerts_rules', 'Alert rules of the file and saved ones.', () => this.#rules.length)
  }

  get hosts(): readonly string[] {
    return this.#options.targets.hosts
  }

  async start(): Promise<void> {
    const { rules, memory } = await this.#folder.open()
    this.#saved = rules
    this.#gate = new AlertGate(memory, this.#limits.alertKeysMax)
    await this.#file?.start()
    this.#sort()
    await this.#outbox.start()
    this.#timer = setInterval(() => void this.#keep(), this.#limits.alertKeepMs).unref()
    if (this.#rules.length > 0) this.#options.log.info({ rules: this.#rules.length }, 'alert rules are watched')
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  report(row: Report): void {
    const rules = this.#byKind.get(row.kind)
    if (rules !== undefined) this.#look(rules, subjectOfReport(row, this.#options.price(row.asset)))
  }

  column(column: ClosedColumn): void {
    const rules = this.#byKind.get('cluster')
    if (rules === undefined || column.timeframe !== CLUSTER_TIMEFRAME) return
    const { asset, openMs } = column
    if (!rules.some(({ rule }) => rule.assets === undefined || rule.assets.includes(asset))) return
    const closeMs = openMs + timeframes[CLUSTER_TIMEFRAME]!.ms
    for (const subject of subjectsOfColumn(asset, column, closeMs)) this.#look(rules, subject)
  }

  async adopt(assets: readonly AssetId[]): Promise<void> {
    const { history, clockMs, log } = this.#options
    if (history === undefined || this.#rules.length === 0) return
    const over = new AbortController()
    const late = sleep(this.#limits.alertTakeOverMsMax, undefined, { signal: over.signal }).then(
      () => Promise.reject(new LmapError('LMAP_LIMIT', 'The store does not answer.')),
      () => undefined,
    )
    const passed = passPastFirings(assets, {
      rules: this.#rules,
      gate: this.#gate,
      history,
      limits: this.#limits,
      clockMs,
      elapsedMs: () => performance.now(),
    })
    try {
      await Promise.race([passed, late])
      this.#isUnkept = true
    } catch (error) {
      // Assets do not wait for it: a word too many is better than a map that stands still.
      log.warn({ error, assets: assets.length }, 'what has fired elsewhere is not known: a firing may be told again')
    } finally {
      over.abort()
      passed.catch(() => undefined)
    }
  }

  rules(holder: string | undefined): readonly AlertEntry[] {
    // The file belongs to who runs the server: to holders of keys it is none of their business.
    const own = [...(holder === undefined ? this.#ofFile : []), ...this.#saved.filter((rule) => rule.holder === holder)]
    return own.map((rule) => entryOf(rule, this.#firedOf(rule.id)))
  }

  judgeHolders(mayFire: (holder: string) => boolean): void {
    this.#mayFire = mayFire
  }

  async preview(posted: unknown, days: number): Promise<AlertBacktest> {
    return this.#backtest(readAlertRule(posted, ['webhook']), days)
  }

  async save(posted: unknown, days: number, holder: string | undefined): Promise<AlertEntry> {
    const { rule, webhook } = readPosted(posted, this.#options.targets)
    this.#demandRoom(holder)
    const backtest = await this.#backtest(rule, days)
    // Others may have saved theirs meanwhile.
    this.#demandRoom(holder)
    const savedMs = this.#options.now()
    const saved = { id: serverRuleId(rule, holder, savedMs), rule, webhook, holder, savedMs, backtest }
    await this.#setSaved((rules) => [...rules.filter(({ id }) => id !== saved.id), saved])
    return entryOf(saved, this.#firedOf(saved.id))
  }

  async remove(id: string, holder: string | undefined): Promise<boolean> {
    const found = this.#saved.find((rule) => rule.id === id && rule.holder === holder)
    if (found === undefined) return false
    await this.#setSaved((rules) => rules.filter((rule) => rule !== found))
    this.#outbox.forget(id)
    this.#fired.delete(id)
    return true
  }

  get #rules(): readonly ServerRule[] {
    return [...this.#ofFile, ...this.#saved]
  }

  #look(rules: readonly ServerRule[], subject: AlertSubject): void {
    for (const { id, rule, holder } of rules) {
      // A key may have been revoked since, or have another plan.
      if (holder !== undefined && !this.#mayFire(holder)) continue
      if (alertMatches(rule, subject) && this.#gate.pass(id, rule, subject)) this.#fire(id, rule, subject)
    }
  }

  #fire(id: string, rule: AlertRule, subject: AlertSubject): void {
    const { source, simulated, now } = this.#options
    const fired = this.#firedOf(id)
    this.#fired.set(id, { count: fired.count + 1, newestMs: now() })
    this.#firings.inc()
    this.#isUnkept = true
    const key = [id, subject.id, subject.atMs, subject.state].join(' ')
    const delivery = createHash('sha256').update(key).digest('hex').slice(0, DELIVERY_CHARS)
    const body = JSON.stringify({
      delivery,
      rule: { id, name: rule.name },
      firedMs: now(),
      source,
      simulated,
      report: alertSubjectJson(subject),
    })
    this.#outbox.add({ id: delivery, rule: id, body } satisfies Delivery)
  }

  async #backtest(rule: AlertRule, days: number): Promise<AlertBacktest> {
    const { history, now, clockMs } = this.#options
    if (history === undefined) {
      throw new LmapError('LMAP_NOT_READY', 'There is no history here to test a rule on.', {
        hint: 'Start without --no-store.',
      })
    }
    if (this.#backtests >= this.#limits.alertBacktestsMax) {
      throw new LmapError('LMAP_LIMIT', 'Another rule is being tested.', { hint: 'Try again in a few seconds.' })
    }
    this.#backtests++
    try {
      return await backtestRule(rule, days, { history, now, clockMs, limits: this.#limits })
    } finally {
      this.#backtests--
    }
  }

  #demandRoom(holder: string | undefined): void {
    const { alertRulesMax, alertRulesPerHolderMax } = this.#limits
    const own = this.#saved.filter((rule) => rule.holder === holder).length
    if (own >= alertRulesPerHolderMax || this.#rules.length >= alertRulesMax) {
      throw new LmapError('LMAP_LIMIT', `There are ${own} saved rules, and no room for more.`, {
        hint: 'Remove one that is not needed.',
      })
    }
  }

  #firedOf(id: string): Fired {
    return this.#fired.get(id) ?? { count: 0, newestMs: undefined }
  }

  #setFile(rules: readonly ServerRule[]): void {
    const gone = this.#ofFile.filter(({ id }) => !rules.some((rule) => rule.id === id))
    this.#ofFile = rules
    for (const { id } of gone) {
      this.#outbox.forget(id)
      this.#fired.delete(id)
    }
    this.#sort()
  }

  /** What could not be written down has not changed. */
  #setSaved(change: (rules: readonly ServerRule[]) => readonly ServerRule[]): Promise<void> {
    return this.#write(async () => {
      const changed = change(this.#saved)
      await this.#folder.keepRules(changed)
      this.#saved = changed
      this.#sort()
    })
  }

  #sort(): void {
    this.#byKind = Map.groupBy(this.#rules, ({ rule }) => rule.kind)
  }

  async #keep(): Promise<void> {
    if (!this.#isUnkept) return
    this.#isUnkept = false
    try {
      await this.#write(() => this.#folder.keepMemory(this.#gate.memory()))
    } catch (error) {
      this.#isUnkept = true
      this.#options.log.warn({ error }, 'what has fired cannot be written down: after a restart it may be told again')
    }
  }

  /** One write after the other; the failure of one is its own. */
  #write(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work)
    this.#writing = done.catch(() => undefined)
    return done
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#file?.stop()
    // Beside each other: what has fired is kept however long calls take to end.
    await Promise.all([this.#outbox.stop(), this.#keep()])
    await this.#writing
  }
}
