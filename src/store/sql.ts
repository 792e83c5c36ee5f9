import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Client, Reader } from './client.ts'
import { firstLine } from './server-address.ts'
import { passGate } from './sql-gate.ts'
import { readSqlWords, type SqlWords } from './sql-words.ts'

/** Formats of an answer; the word is that of the API, the value ClickHouse's. */
export const sqlFormats = {
  json: 'JSON',
  jsonl: 'JSONEachRow',
  csv: 'CSVWithNames',
  tsv: 'TabSeparatedWithNames',
  table: 'PrettyCompactNoEscapes',
} as const

export type SqlFormat = keyof typeof sqlFormats

const types: Readonly<Record<SqlFormat, string>> = {
  json: 'application/json; charset=utf-8',
  jsonl: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  tsv: 'text/tab-separated-values; charset=utf-8',
  table: 'text/plain; charset=utf-8',
}

/** An answer with its media type; the name of the format comes from outside. */
export async function answerOf(
  store: { ask(sql: string, format: SqlFormat): Promise<Uint8Array> },
  sql: string,
  format: string,
): Promise<{ type: string; body: Uint8Array }> {
  const known = formatOf(format)
  return { type: types[known], body: await store.ask(sql, known) }
}

export function formatOf(name: string | null): SqlFormat {
  if (name === null) return 'json'
  if (Object.hasOwn(sqlFormats, name)) return name as SqlFormat
  throw new LmapError('LMAP_REQUEST_INVALID', 'There is no such format.', {
    hint: `There are ${Object.keys(sqlFormats).join(', ')}.`,
  })
}

/**
 * Answers questions of people: one after the other, by a connection that can only read, within limits of time, memory
 * and rows, after the gate has let them pass.
 */
export class Sql {
  readonly #client: Client
  #words: Promise<SqlWords> | undefined
  #reader: Promise<Reader> | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(client: Client) {
    this.#client = client
  }

  async ask(sql: string, format: SqlFormat): Promise<Uint8Array> {
    if (this.#waiting >= limits.sqlWaitingMax) {
      throw new LmapError('LMAP_LIMIT', `${this.#waiting} questions are waiting for their answers.`, {
        hint: 'Try again in a few seconds.',
      })
    }
    this.#waiting++
    const answer = this.#last.then(() => this.#answer(sql, format)).finally(() => this.#waiting--)
    // A question that fails is no reason not to answer the next one.
    this.#last = answer.catch(() => undefined)
    return answer
  }

  /** Does not wait for the question being answered: the engine lets go of it in its own time. */
  async close(): Promise<void> {
    const reader = await this.#reader
    await reader?.close()
  }

  async #answer(sql: string, format: SqlFormat): Promise<Uint8Array> {
    this.#words ??= readSqlWords(this.#client)
    this.#reader ??= this.#client.reader()
    const [words, reader] = [await this.#words, await this.#reader]
    const text = await passGate(this.#client, words, sql)
    const answer = await reader.read(text, sqlFormats[format]).catch((error) => {
      throw new LmapError('LMAP_REQUEST_INVALID', `ClickHouse did not answer: ${reasonOf(error)}`, { cause: error })
    })
    // The engine counts a value that is the same in every row once.
    if (answer.length > limits.sqlAnswerBytesMax) {
      throw new LmapError('LMAP_REQUEST_TOO_LARGE', `An answer has at most ${limits.sqlAnswerBytesMax} bytes.`)
    }
    return answer
  }
}

/** Its first line without the marks of an exception; trails and versions are nobody's business. */
function reasonOf(error: unknown): string {
  const line = firstLine(error instanceof Error ? error : new Error(String(error)))
  return line.replace(/^(Code: \d+\. )?(DB::Exception: )?/, '').replace(/ \(version [^)]*\).*$/, '')
}
