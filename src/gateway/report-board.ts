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

  /** Rows of the store, as far as there is room. What stood when they were written may have ended unheard: left out. */
  fill(rows: readonly Report[]): void {
    const { reportsOverMax } = this.#limits
    for (const kind of reportKinds) {
      const { standing, over } = this.#shelves[kind]
      const known = [...over.values()]
      const missing = rows.filter(
        (row) => row.kind === kind && !isStanding(row) && !standing.has(row.id) && !over.has(row.id),
      )
      const byTime = missing.sort((a, b) => a.atMs - b.atMs).slice(-Math.max(0, reportsOverMax - known.length))
      over.clear()
      for (const row of known.length < reportsOverMax ? [...byTime, ...known] : known) over.set(row.id, row)
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
