import type { Connection } from '../client/connection.ts'
import type { Switches } from './map-look.ts'
import { loadStretch } from './report-api.ts'
import { isOpen } from './report-filter.ts'
import type { ReportMarks } from './report-marks.ts'
import { ReportSource } from './report-source.ts'
import { knownAt } from './report-then.ts'
import type { ShownMap } from './shown-map.ts'

export interface LayerFacts {
  /** Undefined: there is no map. */
  readonly asset: string | undefined
  readonly switches: Switches
  readonly shown: ShownMap | undefined
  /** The moment of the map; undefined: now. */
  readonly atMs: number | undefined
}

/** The reports of one map: read as far as they are wanted, and drawn as they were known at its moment. */
export class ReportLayer {
  readonly source: ReportSource
  /** Somebody beside the map wants the reports too, whatever is drawn of them. */
  isWanted = false
  readonly #marks: ReportMarks
  #isDirty = true
  /** The moment that is drawn; undefined: now, null: none. */
  #drawnMs: number | undefined | null = null

  constructor(marks: ReportMarks, connection: Connection, onChange: () => void) {
    this.#marks = marks
    this.source = new ReportSource({
      connection,
      load: loadStretch(connection),
      onChange: () => {
        this.#isDirty = true
        onChange()
      },
    })
  }

  show({ asset, switches, shown, atMs }: LayerFacts): void {
    const isDrawn = switches.walls || switches.chips || switches.sweeps
    this.source.follow(isDrawn || this.isWanted ? asset : undefined)
    const firstMs = shown?.columns[0]?.openMs
    if (isDrawn && shown !== undefined && firstMs !== undefined) this.source.cover(firstMs, atMs ?? shown.clockMs)
    if (shown === undefined) {
      // Nothing is drawn of a map that is not there.
      if (this.#drawnMs !== null) this.#marks.rows = []
      this.#drawnMs = null
      return
    }
    if (!this.#isDirty && this.#drawnMs === atMs) return
    this.#isDirty = false
    this.#drawnMs = atMs
    const { source } = this
    const known = knownAt(source.rows, atMs ?? Number.POSITIVE_INFINITY)
    // What stands is told again and again: of what was not, the end was missed.
    this.#marks.rows = atMs === undefined ? known.filter(({ row }) => !isOpen(row) || source.stands(row)) : known
  }

  close(): void {
    this.source.follow(undefined)
    this.#marks.rows = []
  }
}
