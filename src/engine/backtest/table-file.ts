import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { LmapError } from '../../model/errors.ts'
import { type Columns, parseCsv } from './columns.ts'

/** Reads CSV, gzipped CSV or Parquet, told apart by their first bytes. */
export async function readTable(path: string): Promise<Columns> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new LmapError('LMAP_FILE_UNREADABLE', `${path} cannot be read.`, { cause, hint: 'Check the path.' })
  }
  if (bytes.subarray(0, 4).toString('latin1') === 'PAR1') return parseCsv(path, await parquetAsCsv(path))
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return parseCsv(path, bytes.toString())
  try {
    return parseCsv(path, gunzipSync(bytes).toString())
  } catch (cause) {
    if (cause instanceof LmapError) throw cause
    throw new LmapError('LMAP_FILE_TRUNCATED', `${path} ends in the middle of its gzip stream, or is damaged.`, {
      cause,
      hint: 'Fetch it again.',
    })
  }
}

/** A column of a file that is written: Unix ms, a word, or a number that may be missing. */
export interface WrittenColumn {
  readonly name: string
  readonly kind: 'time' | 'word' | 'number'
}

/** Writes a Parquet file of what a CSV file with a header holds. Times become timestamps in UTC. */
export async function parquetFromCsv(
  csv: string,
  path: string,
  columns: readonly WrittenColumn[],
  failure: (cause: unknown) => LmapError,
): Promise<void> {
  const query = await parquetEngine(path)
  const types = { time: 'Int64', word: 'LowCardinality(String)', number: 'Nullable(Float64)' } as const
  const structure = columns.map(({ name, kind }) => `${name} ${types[kind]}`).join(', ')
  const fields = columns.map(({ name, kind }) =>
    kind === 'time' ? `fromUnixTimestamp64Milli(${name}, 'UTC') AS ${name}` : name,
  )
  try {
    query(
      `SELECT ${fields.join(', ')} FROM file('${quoted(csv)}', CSVWithNames, '${structure}')
       INTO OUTFILE '${quoted(path)}' TRUNCATE FORMAT Parquet`,
      'Null',
    )
  } catch (cause) {
    throw failure(cause)
  }
}

async function parquetAsCsv(path: string): Promise<string> {
  const query = await parquetEngine(path)
  try {
    return query(
      `SELECT * FROM file('${quoted(path)}', Parquet) SETTINGS date_time_output_format = 'iso'`,
      'CSVWithNames',
    ).replaceAll('\\N', '')
  } catch (cause) {
    throw new LmapError('LMAP_FILE_FORMAT', `${path} is not readable Parquet.`, { cause, hint: 'Fetch it again.' })
  }
}

/** ClickHouse reads and writes Parquet; it is an optional dependency. */
export async function parquetEngine(path: string): Promise<(sql: string, format: string) => string> {
  try {
    return (await import('chdb')).query
  } catch (cause) {
    throw new LmapError('LMAP_STORE_MISSING', `${path} is Parquet, and the package chdb that knows it is not there.`, {
      cause,
      hint: 'Run npm install chdb, or use CSV.',
    })
  }
}

function quoted(text: string): string {
  return text.replace(/[\\']/g, '\\$&')
}
