import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { LmapError } from '../../model/errors.ts'
import { parquetEngine, parquetFromCsv, type WrittenColumn } from './table-file.ts'

const kinds = ['.csv', '.csv.gz', '.parquet'] as const
type Kind = (typeof kinds)[number]

/** Refuses a name that does not say what is to be written, and what this machine cannot write. */
export async function checkOutput(path: string): Promise<void> {
  if (kindOf(path) === '.parquet') await parquetEngine(path)
}

/**
 * Writes a table as CSV, gzipped CSV or Parquet, as its name says. `parts` are whole lines of CSV, each part as many as
 * it likes. The file has its name only once it is whole.
 */
export async function writeTable(
  path: string,
  columns: readonly WrittenColumn[],
  parts: Iterable<string>,
): Promise<void> {
  const kind = kindOf(path)
  const text = `${path}.part`
  const whole = kind === '.parquet' ? `${path}.part.parquet` : text
  try {
    await writeText(text, columns, parts, kind === '.csv.gz')
    if (kind === '.parquet') await parquetFromCsv(text, whole, columns, (cause) => unwritable(path, cause))
    await rename(whole, path)
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw unwritable(path, cause)
  } finally {
    for (const left of new Set([text, whole])) await rm(left, { force: true })
  }
}

async function writeText(
  path: string,
  columns: readonly WrittenColumn[],
  parts: Iterable<string>,
  packed: boolean,
): Promise<void> {
  function* lines(): Generator<string> {
    yield `${columns.map(({ name }) => name).join(',')}\n`
    yield* parts
  }
  // Zlib and the disk ask for more when they are ready: however long the table is, little of it is in memory.
  const source = Readable.from(lines(), { objectMode: true, highWaterMark: PARTS_AHEAD })
  const through = packed ? createGzip() : new Transform({ transform: (part, _, done) => done(null, part) })
  await pipeline(source, through, createWriteStream(path))
}

const PARTS_AHEAD = 4

function unwritable(path: string, cause: unknown): LmapError {
  return new LmapError('LMAP_FILE_UNWRITABLE', `${path} cannot be written.`, {
    cause,
    hint: 'Name a file in a folder that may be written and has room.',
  })
}

function kindOf(path: string): Kind {
  const kind = kinds.find((end) => path.toLowerCase().endsWith(end))
  if (kind !== undefined) return kind
  throw new LmapError('LMAP_CONFIG', `${path} does not say what to write.`, {
    hint: `Let the name end in ${kinds.join(', ')}.`,
  })
}
