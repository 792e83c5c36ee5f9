import { limits } from '../model/limits.ts'
import type { ReportFacts } from '../model/report-facts.ts'
import { isStanding, type ReportKind, standsAt } from '../model/reports.ts'
import type { Refusal, ReportMessage } from './control.ts'

export type ReportStreamState =
  /** No first message yet, or none since the connection was lost: what `rows` has is old. */
  | 'waiting'
  | 'live'
  /** Nothing has come for limits.clientReportsSilentMs, not even a sign of life. */
  | 'stale'
  /** The server has refused the subscription, see `refusal`. */
  | 'refused'
  | 'closed'

export interface ReportChange {
  /** New rows and rows that were told again, each once with its last word. */
  readonly rows: readonly ReportFacts[]
  /**
   * Rows that were over between these times have not come, for the connection was away too long: the API has them. The
   * times are those of `atMs`; undefined where nothing was missed.
   */
  readonly missed: { readonly fromMs: number; readonly toMs: number } | undefined
}

export type ReportListener = (change: ReportChange) => void

const nothing: ReportChange = { rows: [], missed: undefined }

/** Live reports of one asset: the rows that there are, and callbacks or `for await` to hear of new ones. */
export class ReportStream {
  readonly asset: string
  /** Undefined: all that there may be. */
  readonly kinds: readonly ReportKind[] | undefined
  readonly #rows = new Map<string, ReportFacts>()
  readonly #listeners = new Set<ReportListener>()
  readonly #closeStream: (stream: ReportStream) => void
  #state: ReportStreamState = 'waiting'
  #refusal: Refusal | undefined
  #sequence = 0
  #clockMs = 0
  #heardMs = 0

  constructor(asset: string, kinds: readonly ReportKind[] | undefined, closeStream: (stream: ReportStream) => void) {
    this.asset = asset
    this.kinds = kinds
    this.#closeStream = closeStream
  }

  get state(): ReportStreamState {
    return this.#state
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get refusal(): Refusal | undefined {
    return this.#refusal
  }

  /** The asset's clock at the newest message, Unix ms; 0 before the first. */
  get clockMs(): number {
    return this.#clockMs
  }

  /** What is known by id, what was told longest ago first: all that stands, and the newest of what is over. */
  get rows(): ReadonlyMap<string, ReportFacts> {
    return this.#rows
  }

  /** Rows with more to come: active walls, absorptions that form, convergences that have not ended. */
  standing(): ReportFacts[] {
    return [...this.#rows.values()].filter((row) => standsAt(row, this.#clockMs))
  }

  /** Calls `listener` for each change, with no rows where only the state did. Answers how to stop. */
  onChange(listener: ReportListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Changes as they come, first what is known already. A loop that is slow gets what it missed put together. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReportChange, void> {
    let pending = new Map(this.#rows)
    let missed: ReportChange['missed']
    let wake: () => void = () => undefined
    const stop = this.onChange((change) => {
      for (const row of change.rows) if (this.#rows.get(row.id) === row) pending.set(row.id, row)
      // What has left the stream's own memory would only pile up.
      for (const id of pending.keys()) if (!this.#rows.has(id)) pending.delete(id)
      missed = joined(missed, change.missed)
      wake()
    })
    try {
      while (!this.isClosed) {
        if (pending.size > 0 || missed !== undefined) {
          const change = { rows: [...pending.values()], missed }
          pending = new Map()
          missed = undefined
          yield change
          continue
        }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      stop()
    }
  }

  /** Gives the stream back; the last holder's close ends the subscription. */
  close(): void {
    this.#closeStream(this)
  }

  /** For the connection. Answers false where a first message is needed. */
  accept(message: ReportMessage, nowMs: number): boolean {
    const { standing, sequence, clockMs, rows, sinceMs } = message
    if (!standing && (this.#state === 'waiting' || sequence !== (this.#sequence + 1) >>> 0)) {
      this.become('waiting')
      return false
    }
    const heardUpToMs = this.#clockMs
    this.#sequence = sequence
    this.#clockMs = Math.max(clockMs, this.#clockMs)
    this.#heardMs = nowMs
    this.#state = 'live'
    this.#refusal = undefined
    const changed = rows.filter((row) => {
      const known = this.#rows.get(row.id)
      return known === undefined || known.atMs < row.atMs || (known.atMs === row.atMs && !standing)
    })
    if (standing) this.#keepOnly(rows)
    for (const row of changed) {
      // At the end of the order again.
      this.#rows.delete(row.id)
      this.#rows.set(row.id, row)
    }
    this.#trim()
    const isMissing = standing && heardUpToMs > 0 && sinceMs > heardUpToMs
    this.#tell({ rows: changed, missed: isMissing ? { fromMs: heardUpToMs, toMs: sinceMs } : undefined })
    return true
  }

  /** For the connection: notices silence. */
  check(nowMs: number): void {
    if (this.#state === 'live' && nowMs - this.#heardMs > limits.clientReportsSilentMs) this.become('stale')
  }

  /** For the connection. */
  become(state: ReportStreamState, refusal?: Refusal): void {
    if (state === this.#state || this.#state === 'closed') return
    this.#state = state
    this.#refusal = refusal
    this.#tell(nothing)
  }

  /** What stood and is not in a first message has ended unheard; what is over stays, it does not change any more. */
  #keepOnly(rows: readonly ReportFacts[]): void {
    const ids = new Set(rows.map(({ id }) => id))
    for (const [id, row] of this.#rows) if (isStanding(row) && !ids.has(id)) this.#rows.delete(id)
  }

  #trim(): void {
    let surplus = -limits.clientReportsMax
    for (const row of this.#rows.values()) if (!standsAt(row, this.#clockMs)) surplus++
    for (const [id, row] of this.#rows) {
      if (surplus <= 0) return
      if (standsAt(row, this.#clockMs)) continue
      this.#rows.delete(id)
      surplus--
    }
  }

  #tell(change: ReportChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

function joined(a: ReportChange['missed'], b: ReportChange['missed']): ReportChange['missed'] {
  if (a === undefined || b === undefined) return a ?? b
  return { fromMs: Math.min(a.fromMs, b.fromMs), toMs: Math.max(a.toMs, b.toMs) }
}
