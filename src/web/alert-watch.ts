import type { Connection } from '../client/connection.ts'
import { MapChange } from '../client/map-state.ts'
import type { MapStream } from '../client/map-stream.ts'
import type { ReportStream } from '../client/report-stream.ts'
import { AlertGate } from '../model/alert-gate.ts'
import { type AlertRule, type AlertSubject, alertMatches } from '../model/alert-rules.ts'
import { ALERT_CLUSTER_TIMEFRAME, subjectOfFacts, subjectsOfColumn } from '../model/alert-subject.ts'
import { assetByName, assets } from '../model/assets.ts'
import { limits } from '../model/limits.ts'
import { timeframeId, timeframes } from '../model/timeframes.ts'
import type { PageAlert } from './alert-store.ts'

export interface AlertWatchOptions {
  readonly connection: Pick<Connection, 'reports' | 'subscribe'>
  readonly fired: (alert: PageAlert, subject: AlertSubject) => void
  /** A stream has been opened, refused or lost. */
  readonly changed: () => void
}

interface Watched {
  readonly asset: string
  reports: ReportStream | undefined
  map: MapStream | undefined
  /** Of the newest closed column that was looked at; 0: none yet. */
  columnMs: number
  readonly stops: (() => void)[]
}

const columnMs = timeframes[timeframeId(ALERT_CLUSTER_TIMEFRAME)]!.ms

/**
 * Looks at what comes over the connection with the rules of this page. Streams are held for the assets that rules name; a
 * rule without assets is about those of the maps.
 */
export class AlertWatch {
  readonly #options: AlertWatchOptions
  readonly #gate = new AlertGate()
  readonly #watched = new Map<string, Watched>()
  #alerts: readonly PageAlert[] = []
  #shown: readonly string[] = []

  constructor(options: AlertWatchOptions) {
    this.#options = options
  }

  /** Assets that are looked at; fewer than rules ask for where these are too many. */
  get assets(): readonly string[] {
    return [...this.#watched.keys()]
  }

  /** Why a rule hears nothing, or not of all its assets, in a sentence; undefined where it does. */
  faultOf({ rule }: PageAlert): string | undefined {
    const names = this.#namesOf(rule)
    for (const name of names) {
      const watched = this.#watched.get(name)
      const refusal = watched?.reports?.refusal ?? watched?.map?.refusal
      if (refusal !== undefined) return `Not watched: ${refusal.message}`
    }
    const isLeftOut = names.some((name) => !this.#watched.has(name))
    return isLeftOut ? `A page watches ${limits.pageAlertAssetsMax} assets at a time, and these are more.` : undefined
  }

  /** Rules, and the assets of the maps. */
  follow(alerts: readonly PageAlert[], shown: readonly string[]): void {
    this.#alerts = alerts.filter(({ isOn }) => isOn)
    this.#shown = shown
    const wanted = this.#wanted()
    for (const [name, watched] of this.#watched) if (!wanted.includes(name)) this.#leave(watched)
    for (const name of wanted) this.#hold(name)
  }

  #wanted(): string[] {
    const names = this.#alerts.flatMap(({ rule }) => this.#namesOf(rule))
    return [...new Set(names)].slice(0, limits.pageAlertAssetsMax)
  }

  #namesOf(rule: AlertRule): readonly string[] {
    return rule.assets?.map((id) => assets[id]!.name) ?? this.#shown
  }

  #rulesOf(asset: string): readonly PageAlert[] {
    const id = assetByName(asset)?.id
    return this.#alerts.filter(({ rule }) =>
      rule.assets === undefined ? this.#shown.includes(asset) : id !== undefined && rule.assets.includes(id),
    )
  }

  #hold(asset: string): void {
    const { connection } = this.#options
    let watched = this.#watched.get(asset)
    if (watched === undefined) {
      watched = { asset, reports: undefined, map: undefined, columnMs: 0, stops: [] }
      this.#watched.set(asset, watched)
    }
    const rules = this.#rulesOf(asset).map(({ rule }) => rule)
    const of = watched
    if (watched.reports === undefined && rules.some(({ kind }) => kind !== 'cluster')) {
      const stream = connection.reports(asset)
      watched.reports = stream
      watched.stops.push(
        stream.onChange(({ rows }) => {
          if (rows.length === 0) this.#options.changed()
          // A first message begins with the newest.
          for (const row of rows.toSorted((a, b) => a.atMs - b.atMs)) this.#row(of, row)
        }),
      )
      watched.stops.push(() => stream.close())
    }
    if (watched.map === undefined && rules.some(needsMap)) {
      const stream = connection.subscribe(asset, ALERT_CLUSTER_TIMEFRAME)
      watched.map = stream
      watched.stops.push(stream.onChange((change) => change >= MapChange.columns && this.#columns(of, stream)))
      watched.stops.push(() => stream.close())
    }
  }

  #leave({ asset, stops }: Watched): void {
    this.#watched.delete(asset)
    for (const stop of stops) stop()
  }

  #row({ asset, reports, map }: Watched, row: Parameters<typeof subjectOfFacts>[0]): void {
    // A first message tells of what has stood for long: that is no news.
    if (reports !== undefined && reports.clockMs - row.atMs > limits.pageAlertFreshMs) return
    const { live, columns } = map?.map ?? { live: undefined, columns: [] }
    const subject = subjectOfFacts(row, (live ?? columns.at(-1))?.close ?? 0)
    if (subject !== undefined) this.#look(asset, subject)
  }

  #columns(watched: Watched, { map }: MapStream): void {
    const newest = map.columns.at(-1)
    if (newest === undefined || newest.openMs <= watched.columnMs) return
    const isFirst = watched.columnMs === 0
    watched.columnMs = newest.openMs
    const id = assetByName(watched.asset)?.id
    if (isFirst || id === undefined) return
    for (const subject of subjectsOfColumn(id, newest, newest.openMs + columnMs)) this.#look(watched.asset, subject)
  }

  #look(asset: string, subject: AlertSubject): void {
    for (const alert of this.#rulesOf(asset)) {
      const { id, rule } = alert
      if (alertMatches(rule, subject) && this.#gate.pass(id, rule, subject)) this.#options.fired(alert, subject)
    }
  }
}

/** Clusters come with the map, and so does the price that a distance is measured from where a report does not tell it. */
function needsMap({ kind, distancePercentMax }: AlertRule): boolean {
  return kind === 'cluster' || (kind !== 'wall' && distancePercentMax !== undefined)
}
