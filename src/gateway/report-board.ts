import type { Limits } from '../model/limits.ts'
import { isStanding, type Report, type ReportKind, reportKinds, standsAt } from '../model/reports.ts'

interface Shelf {
  /** By id, the one that was told longest ago first. */
  readonly standing: Map<string, Report>
  readonly over: Map<string, Report>
}

/** Reports of one asset: all that stand, and of each kind the newest of those that are over. */
export class ReportBoard {
  readonly #limits: Pick<Limits, 'reportsStandingMax' | 'reportsOverMax'>
  readonly #shelves: Readonly<Record<ReportKind, Shelf>>
  #sinceMs: number | undefined

  constructor(limits: Pick<Limits, 'reportsStandingMax' | 'reportsOverMax'>) {
    this.#limits = limits
    const shelves = reportKinds.map((kind) => [kind, { standing: new Map(), over: new Map() }] as const)
    this.#shelves = Object.fromEntries(shelves) as Record<ReportKind, Shelf>
  }

  /** Every row that was told after this is here; undefined before the first `begin`. */
  get sinceMs(): number | undefined {
    return this.#sinceMs
  }

  /** From this time on all rows are handed over; what was told before may be missing. */
  begin(atMs: number): void {
    this.#sinceMs ??= atMs
  }

  /** False: a newer word of the same row is known. */
  tell(row: Report): boolean {
    const { standing, over } = this.#shelves[row.kind]
    const known = standing.get(row.id) ?? over.get(row.id)
    if (known !== undefined && known.atMs > row.atMs) return false
    standing.delete(row.id)
    over.delete(row.id)
    const { reportsStandingMax, reportsOverMax } = this.#limits
    if (isStanding(row)) this.#put(standing, row, reportsStandingMax)
    else this.#put(over, row, reportsOverMax)
    return true
  }

  /**
   * Rows of the store, behind what has been told, as far as there is room. What stood there stands on unless it is too
   * long ago: whoever tells of it may have gone on without us.
   */
  fill(rows: readonly Report[], clockMs: number): void {
    const { reportsStandingMax, reportsOverMax } = this.#limits
    for (const kind of reportKinds) {
      const { standing, over } = this.#shelves[kind]
      const missing = rows.filter((row) => row.kind === kind && !standing.has(row.id) && !over.has(row.id))
      const stands = missing.filter((row) => standsAt(row, clockMs))
      putBehind(standing, stands, reportsStandingMax)
      putBehind(
        over,
        missing.filter((row) => !isStanding(row)),
        reportsOverMax,
      )
    }
  }

  /** Rows of a kind, the newest start first. */
  rows(kind: ReportKind, clockMs: number): Report[] {
    const { standing, over } = this.#shelves[kind]
    for (const [id, row] of standing) if (!standsAt(row, clockMs)) standing.delete(id)
    return [...standing.values(), ...over.values()].sort((a, b) => b.startMs - a.startMs || (a.id < b.id ? 1 : -1))
  }

  #put(rows: Map<string, Report>, row: Report, most: number): void {
    rows.set(row.id, row)
    if (rows.size <= most) return
    const [[id, oldest]] = rows as unknown as [[string, Report]]
    rows.delete(id)
    this.#sinceMs = Math.max(this.#sinceMs ?? 0, oldest.atMs)
  }
}

/** As if the rows had been told before those that are there. */
function putBehind(rows: Map<string, Report>, older: readonly Report[], most: number): void {
  const known = [...rows.values()]
  const byTime = older.toSorted((a, b) => a.atMs - b.atMs)
  const kept = byTime.slice(Math.max(0, byTime.length + known.length - most))
  rows.clear()
  for (const row of [...kept, ...known]) rows.set(row.id, row)
}
