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
    throw new LmapError('LMAP_FILE_TRUNCATED', `${path} ends in the middle of its gzip stream.`, { cause })
  }
}

/** ClickHouse reads Parquet; it is an optional dependency. */
async function parquetAsCsv(path: string): Promise<string> {
  let query: (sql: string, format: string) => string
  try {
    query = (await import('chdb')).query
  } catch (cause) {
    throw new LmapError('LMAP_STORE_MISSING', `${path} is Parquet, and the package chdb that reads it is not there.`, {
      cause,
      hint: 'Run npm install chdb, or give CSV.',
    })
  }
  try {
    const quoted = path.replace(/[\\']/g, '\\$&')
    return query(
      `SELECT * FROM file('${quoted}', Parquet) SETTINGS date_time_output_format = 'iso'`,
      'CSVWithNames',
    ).replaceAll('\\N', '')
  } catch (cause) {
    throw new LmapError('LMAP_FILE_FORMAT', `${path} is not readable Parquet.`, { cause })
  }
}
