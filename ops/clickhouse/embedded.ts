import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LmapError } from '../../src/model/errors.ts'
import { claimFolder, folderFailure } from '../../src/store/folder.ts'
import { ClickHouseFailure, failureOf } from './failure.ts'
import type { Question } from './question.ts'
import { readStatement } from './statement.ts'

/** Bytes as they become ready, and what is known of the work when they begin. */
export interface Answer {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly format: string
  readonly summary: Summary
}

export interface Summary {
  readonly readRows: number
  readonly readBytes: number
  readonly writtenRows: number
  readonly writtenBytes: number
  readonly elapsedSeconds: number
}

export interface EmbeddedEngine {
  readonly version: string
  readonly timezone: string
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** Formats whose pieces make a whole when they are put one behind the other. */
const streamed = new Set([
  'JSONEachRow',
  'JSONCompactEachRow',
  'TabSeparated',
  'TSV',
  'TabSeparatedRaw',
  'TSVRaw',
  'CSV',
])
/** Of these the engine counts the rows that it has written, and takes the bytes without a copy. */
const counted = ['JSONEachRow', 'JSONCompactEachRow', 'CSV', 'CSVWithNames', 'TSV', 'TabSeparated'] as const
const plainInsert = /^\s*INSERT\s+INTO\s+([\w.]+)\s*(?:\(([\w\s,]+)\)\s*)?FORMAT\s+(\w+)\s*;?\s*$/i
const formatAtEnd = /\bFORMAT\s+(\w+)\s*;?\s*$/i
const reading = new Set(['SELECT', 'WITH'])

/**
 * The engine in this process. Each question gets a connection of its own, which costs a quarter of a millisecond:
 * settings, database and parameters end with it, as they do on a server.
 */
export async function openEngine(path: string): Promise<EmbeddedEngine> {
  const { Session, drainPending } = await loadEngine()
  claimFolder(path)
  const connect = () => {
    try {
      return new Session(path)
    } catch (error) {
      throw folderFailure(path, error)
    }
  }
  // Kept open: the engine lives as long as one connection does.
  const first = connect()
  const incoming = join(path, 'incoming')
  rmSync(incoming, { recursive: true, force: true })
  mkdirSync(incoming)
  const about = (await first.queryAsync('SELECT version(), timezone()', { format: 'JSONCompactEachRow' })).json<
    string[]
  >()
  const [version = '', timezone = ''] = about

  async function ask(question: Question): Promise<Answer> {
    const { sql, data, format: fallback } = question
    const { verb, format = fallback } = readStatement(sql)
    const session = connect()
    let isStreaming = false
    try {
      await prepare(session, question)
      if (verb === 'INSERT' && data !== undefined) return await insert(session, sql, data, format)
      if (!question.isWhole && reading.has(verb) && streamed.has(format)) {
        const answer = await stream(session, sql, fallback, format)
        isStreaming = true
        return answer
      }
      const text = data === undefined || data.length === 0 ? sql : `${sql}\n${data}`
      const result = await session.queryAsync(text, { format: fallback })
      const { rowsRead: readRows, bytesRead: readBytes, elapsed } = result
      return {
        chunks: only(result.bytes()),
        format,
        summary: { ...nothing, readRows, readBytes, elapsedSeconds: elapsed },
      }
    } finally {
      if (!isStreaming) session.close()
    }
  }

  async function insert(session: Session, sql: string, data: Buffer, format: string): Promise<Answer> {
    const done = (summary: Partial<Summary>): Answer => ({
      chunks: only(),
      format,
      summary: { ...nothing, ...summary },
    })
    if (data.length === 0) return done(await without(written(session, sql)))
    const [, table, columns, named] = plainInsert.exec(sql) ?? []
    const known = counted.find((one) => one === named)
    if (table !== undefined && known !== undefined) {
      const names = columns?.split(',').map((name) => name.trim())
      const sent = await session.insert({ table, values: data, format: known, ...(names && { columns: names }) })
      const { rowsWritten: writtenRows, bytesWritten: writtenBytes, elapsed: elapsedSeconds } = sent
      return done({ writtenRows, writtenBytes, elapsedSeconds })
    }
    if (isUtf8(data) || !formatAtEnd.test(sql)) return done(await written(session, `${sql}\n${data}`))
    // The engine takes a statement as text, so bytes that are none come by way of the disk.
    const file = join(incoming, randomUUID())
    try {
      await writeFile(file, data)
      return done(
        await written(
          session,
          sql.replace(formatAtEnd, (end) => `FROM INFILE ${quoted(file)} ${end}`),
        ),
      )
    } finally {
      await rm(file, { force: true })
    }
  }

  return {
    version,
    timezone,
    ask,
    async close() {
      first.close()
      await drainPending()
      rmSync(incoming, { recursive: true, force: true })
    },
  }
}

type Session = InstanceType<Awaited<ReturnType<typeof loadEngine>>['Session']>

const nothing: Summary = { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0, elapsedSeconds: 0 }

async function loadEngine() {
  try {
    const { Session, drainPending } = await import('chdb')
    return { Session, drainPending }
  } catch (cause) {
    throw new LmapError(
      'LMAP_STORE_MISSING',
      'the embedded ClickHouse (package chdb) is not there for this platform.',
      {
        hint: 'Run npm install chdb, or docker compose up clickhouse.',
        cause,
      },
    )
  }
}

/** Database, settings and parameters of this connection. `readonly` comes last: behind it nothing can be changed. */
async function prepare(session: Session, { database, settings, parameters }: Question): Promise<void> {
  const ordered = settings.toSorted(([a], [b]) => Number(a === 'readonly') - Number(b === 'readonly'))
  const statements = [
    ...(database === undefined ? [] : [`USE \`${database.replace(/[\\`]/g, '\\$&')}\``]),
    ...parameters.map(([name, value]) => `SET param_${word(name)} = ${quoted(value)}`),
    ...ordered.map(([name, value]) => `SET ${word(name)} = ${quoted(value)}`),
  ]
  if (statements.length > 0) await session.queryAsync(statements.join(';'))
}

async function written(session: Session, sql: string): Promise<Partial<Summary>> {
  const { elapsed } = await session.queryAsync(sql)
  return { elapsedSeconds: elapsed }
}

/** A statement that waits for data and gets none is no failure over HTTP: it writes nothing. */
async function without(work: Promise<Partial<Summary>>): Promise<Partial<Summary>> {
  try {
    return await work
  } catch (error) {
    if (failureOf(error).type === 'NO_DATA_TO_INSERT') return {}
    throw error
  }
}

/** Waits for the first piece: a question that fails does so by then, or in the middle of its answer. */
async function stream(session: Session, sql: string, fallback: string, format: string): Promise<Answer> {
  const pieces = session.queryStream(sql, { format: fallback })[Symbol.asyncIterator]()
  const first = await pieces.next()
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let piece = first; piece.done !== true; piece = await pieces.next()) yield piece.value.raw()
    } finally {
      await pieces.return?.()
      session.close()
    }
  }
  return { chunks: chunks(), format, summary: nothing }
}

async function* only(bytes?: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes !== undefined && bytes.length > 0) yield bytes
}

function word(name: string): string {
  if (/^\w+$/.test(name)) return name
  throw new ClickHouseFailure(36, 'BAD_ARGUMENTS', `${JSON.stringify(name.slice(0, 40))} is not a name.`)
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
