import type { Connection } from '../client/connection.ts'
import type { ReportStream } from '../client/report-stream.ts'
import { limits } from '../model/limits.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import { type ReportKind, standsAt } from '../model/reports.ts'
import { mayAsk } from './plan-lock.ts'
import { reportTabs } from './report-filter.ts'

/** Reports of an asset that history has, of the stretch of time that a map shows: the newest first, as many as asked for. */
export type LoadStretch = (
  asset: string,
  kind: ReportKind,
  fromMs: number,
  toMs: number,
  most: number,
  signal: AbortSignal,
) => Promise<readonly ReportFacts[]>

export interface ReportSourceOptions {
  readonly connection: Connection
  readonly load: LoadStretch
  readonly onChange: () => void
}

interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** What history is asked for at a time, on both sides of what a map shows, so that a step in time asks for nothing. */
const MARGIN = 0.5

/**
 * Reports of a map's asset: those that the stream tells, and those of the time that the map shows. Follows one asset at a
 * time; what is read for another one is given up.
 */
export class ReportSource {
  readonly #options: ReportSourceOptions
  #stream: ReportStream | undefined
  #stopStream: () => void = () => undefined
  readonly #past = new Map<string, ReportFacts>()
  #stretch: Stretch | undefined
  #reading: AbortController | undefined
  #fault: string | undefined

  constructor(options: ReportSourceOptions) {
    this.#options = options
  }

  /** Why the stream tells nothing, in a sentence; undefined while it does. */
  get fault(): string | undefined {
    const { state, refusal } = this.#stream ?? {}
    if (state === 'refused') return refusal?.message ?? 'The server refused the reports.'
    if (state === 'stale' || state === 'waiting') return 'The stream of reports is silent.'
    return this.#fault
  }

  /** What the stream knows: all that stands, and the newest of what is over. */
  get live(): readonly ReportFacts[] {
    return [...(this.#stream?.rows.values() ?? [])]
  }

  /** Everything that is known of the asset; of a row in both the newer word. */
  get rows(): readonly ReportFacts[] {
    const rows = new Map(this.#past)
    for (const [id, row] of this.#stream?.rows ?? []) if ((rows.get(id)?.atMs ?? 0) <= row.atMs) rows.set(id, row)
    return [...rows.values()]
  }

  /** Whether there is more to come of a row, by the asset's clock. */
  stands(row: ReportFacts): boolean {
    return standsAt(row, this.#stream?.clockMs ?? 0)
  }

  /** Tells the reports of another asset from now on; undefined: of none. */
  follow(asset: string | undefined): void {
    if (asset === this.#stream?.asset) return
    this.#stopStream()
    this.#stream?.close()
    this.#stream = undefined
    this.#forget()
    if (asset === undefined) return
    const stream = this.#options.connection.reports(asset)
    this.#stream = stream
    this.#stopStream = stream.onChange(({ missed }) => {
      // What was over while we were away is in the history.
      if (missed !== undefined) this.#stretch = undefined
      this.#options.onChange()
    })
  }

  /** The time that is on the map. */
  cover(fromMs: number, toMs: number): void {
    const asset = this.#stream?.asset
    const isReady = this.#options.connection.hello !== undefined && this.#reading === undefined
    if (asset === undefined || !isReady || !(fromMs < toMs)) return
    const has = this.#stretch
    if (has !== undefined && has.fromMs <= fromMs && has.toMs >= toMs) return
    const margin = (toMs - fromMs) * MARGIN
    void this.#read(asset, { fromMs: Math.max(0, fromMs - margin), toMs: toMs + margin })
  }

  #forget(): void {
    this.#reading?.abort()
    this.#reading = undefined
    this.#past.clear()
    this.#stretch = undefined
    this.#fault = undefined
  }

  async #read(asset: string, stretch: Stretch): Promise<void> {
    const reading = new AbortController()
    this.#reading = reading
    const { fromMs, toMs } = stretch
    const most = limits.clientReportRowsMax
    const plan = this.#options.connection.hello?.plan
    const kinds = reportTabs.filter((tab) => mayAsk(plan, tab.plan)).map(({ kind }) => kind)
    const found: ReportFacts[] = []
    try {
      // One after the other: a map is worth more to others than our marks are to us.
      for (const kind of kinds) {
        found.push(...(await this.#options.load(asset, kind, fromMs, toMs, most, reading.signal)))
        if (reading.signal.aborted) return
      }
      this.#past.clear()
      for (const row of found) this.#past.set(row.id, row)
      this.#stretch = stretch
      this.#fault = undefined
    } catch (error) {
      if (reading.signal.aborted) return
      // Until the time on the map changes: asking again and again would not bring a store back.
      this.#stretch = stretch
      this.#fault = (error as Error).message
    }
    this.#reading = undefined
    this.#options.onChange()
  }
}
