import { LmapError } from '../../model/errors.ts'

/** A table read from a file: named columns of text, turned into numbers on request. */
export class Columns {
  readonly source: string
  readonly rows: number
  readonly #columns: ReadonlyMap<string, readonly string[]>

  constructor(source: string, columns: ReadonlyMap<string, readonly string[]>) {
    this.source = source
    this.#columns = columns
    this.rows = columns.values().next().value?.length ?? 0
  }

  get names(): string[] {
    return [...this.#columns.keys()]
  }

  text(names: readonly string[]): readonly string[] | undefined {
    for (const name of names) {
      const found = this.#columns.get(name)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The first of these columns that there is; an empty field is NaN. */
  numbers(names: readonly string[]): Float64Array | undefined {
    const text = this.text(names)
    return text === undefined
      ? undefined
      : Float64Array.from(text, (field) => (field === '' ? Number.NaN : Number(field)))
  }

  required(names: readonly string[], what: string): Float64Array {
    const found = this.numbers(names)
    if (found !== undefined) return found
    throw new LmapError('LMAP_FILE_FORMAT', `${this.source} has no column for ${what}.`, {
      hint: `Name it ${names.join(' or ')}; it has: ${this.names.join(', ')}.`,
    })
  }

  /** Times in Unix ms, from ms, seconds or ISO text (UTC). */
  times(names: readonly string[] = ['t', 'timestamp', 'time', 'open_time', 'datetime_utc', 'snapshot']): Float64Array {
    const text = this.text(names)
    if (text === undefined) {
      throw new LmapError('LMAP_FILE_FORMAT', `${this.source} has no column of times.`, {
        hint: `Name it t or timestamp; it has: ${this.names.join(', ')}.`,
      })
    }
    const times = Float64Array.from(text, timeOf)
    const bad = times.findIndex((time) => !(time > 0))
    if (bad < 0) return times
    throw new LmapError('LMAP_FILE_FORMAT', `${this.source}: "${text[bad]}" in row ${bad + 1} is not a time.`)
  }

  /** Rows for which `keep` holds. */
  filter(keep: (row: number) => boolean): Columns {
    const kept = Array.from({ length: this.rows }, (_, row) => row).filter(keep)
    return new Columns(
      this.source,
      new Map([...this.#columns].map(([name, fields]) => [name, kept.map((row) => fields[row]!)])),
    )
  }
}

/** Unix ms of a time as files have it; NaN if it is none. Text without a zone is UTC. */
export function timeOf(field: string): number {
  const number = Number(field)
  if (field !== '' && !Number.isNaN(number)) return number > SECONDS_MAX ? number : number * 1_000
  const iso = field.trim().replace(' ', 'T')
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`)
}

/** Larger numbers are milliseconds: in seconds they would lie beyond the year 5000. */
const SECONDS_MAX = 1e11

/** Comma-separated text with a header; fields may stand in quotes, but hold neither commas nor line breaks. */
export function parseCsv(source: string, text: string): Columns {
  // Spreadsheets open their files with a byte-order mark.
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
  if (lines.length === 0) {
    throw new LmapError('LMAP_FILE_FORMAT', `${source} is empty.`, { hint: 'Fetch it again.' })
  }
  const names = lines[0]!.split(',').map(unquoted)
  const columns = names.map(() => new Array<string>(lines.length - 1))
  for (let row = 1; row < lines.length; row++) {
    const fields = lines[row]!.split(',')
    if (fields.length !== names.length) {
      throw new LmapError(
        'LMAP_FILE_FORMAT',
        `${source}: line ${row + 1} has ${fields.length} fields, not ${names.length}.`,
      )
    }
    for (let k = 0; k < names.length; k++) columns[k]![row - 1] = unquoted(fields[k]!)
  }
  return new Columns(source, new Map(names.map((name, k) => [name, columns[k]!])))
}

function unquoted(field: string): string {
  return field.length > 1 && field.startsWith('"') && field.endsWith('"') ? field.slice(1, -1) : field
}
