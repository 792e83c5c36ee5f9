import { describeError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import type { ReportFilter, ReportKind } from './report-filter.ts'

export interface ReportPage {
  readonly rows: readonly ReportFacts[]
  /** Where the next page begins; undefined: there is none. */
  readonly next: string | undefined
}

export interface PageQuery {
  readonly kind: ReportKind
  /** Undefined: of every asset. */
  readonly asset: string | undefined
  /** Of what was known then; undefined: of now. */
  readonly atMs: number | undefined
  readonly filter: ReportFilter
  readonly after: string | undefined
}

export type LoadReports = (query: PageQuery, signal: AbortSignal) => Promise<ReportPage>

/** What a list is of: another one begins anew. */
export type ListSubject = Omit<PageQuery, 'after'>

/** Reports that history has of one subject, page by page, the newest first. A newer subject ends what an older one reads. */
export class ReportList {
  readonly #load: LoadReports
  readonly #onChange: () => void
  #subject: ListSubject | undefined
  #key = ''
  #rows = new Map<string, ReportFacts>()
  #next: string | undefined
  #reading: AbortController | undefined
  #fault: string | undefined
  #hasRead = false

  constructor(load: LoadReports, onChange: () => void) {
    this.#load = load
    this.#onChange = onChange
  }

  get rows(): ReadonlyMap<string, ReportFacts> {
    return this.#rows
  }

  get isReading(): boolean {
    return this.#reading !== undefined
  }

  /** At least one page is here. */
  get hasRead(): boolean {
    return this.#hasRead
  }

  get fault(): string | undefined {
    return this.#fault
  }

  /** Whether there is more that may still be shown. */
  get hasMore(): boolean {
    return this.#next !== undefined && this.#rows.size < limits.clientReportRowsMax
  }

  /** There is more than is ever shown. */
  get isFull(): boolean {
    return this.#next !== undefined && this.#rows.size >= limits.clientReportRowsMax
  }

  /** Begins anew where it is another subject. */
  show(subject: ListSubject): void {
    const key = JSON.stringify(subject)
    if (key === this.#key) return
    this.#key = key
    this.#subject = subject
    this.#reading?.abort()
    this.#reading = undefined
    this.#rows = new Map()
    this.#next = undefined
    this.#fault = undefined
    this.#hasRead = false
    void this.#read(undefined)
  }

  /** The newest page once more: what has changed of its rows, and what is new. */
  refresh(): void {
    if (this.#reading === undefined) void this.#read(undefined)
  }

  more(): void {
    if (this.#reading === undefined && this.hasMore) void this.#read(this.#next)
  }

  async #read(after: string | undefined): Promise<void> {
    const subject = this.#subject
    if (subject === undefined) return
    const reading = new AbortController()
    this.#reading = reading
    this.#onChange()
    try {
      const page = await this.#load({ ...subject, after }, reading.signal)
      if (reading.signal.aborted) return
      const isFirst = !this.#hasRead || after !== undefined
      for (const row of page.rows) this.#rows.set(row.id, row)
      // A page that was read again says nothing of where the list ends.
      if (isFirst) this.#next = page.next
      this.#hasRead = true
      this.#fault = undefined
    } catch (error) {
      if (reading.signal.aborted) return
      this.#fault = describeError(error)
    }
    this.#reading = undefined
    this.#onChange()
  }
}
