import { Readable } from 'node:stream'
import {
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
  type DataFormat,
} from '@clickhouse/client'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { claimFolder, folderFailure } from './folder.ts'
import { serverAddress, serverFailure, withoutSecret } from './server-address.ts'

/** A server by its address (name and password may stand in it), or a folder for the engine inside this process. */
export type ClientOptions = { readonly url: string } | { readonly path: string }

export type SqlValue = string | number | boolean | readonly string[]

/** The few things that the store asks of ClickHouse; the same for a server and for the embedded engine. */
export interface Client {
  /** Address or folder, fit to be shown. */
  readonly where: string
  command(sql: string): Promise<void>
  /** `body` is tab-separated text, one line per row. */
  insert(table: string, columns: readonly string[], body: string): Promise<void>
  /** The answer as bytes, in this format where the text has no FORMAT of its own. */
  read(sql: string, format?: string): Promise<Uint8Array>
  /** Rows as objects; parameters are written {name:Type} in the text. */
  rows<Row>(sql: string, parameters?: Readonly<Record<string, SqlValue>>): Promise<Row[]>
  /** A way to ask that cannot write or change anything, see `readerSettings`. */
  reader(): Promise<Reader>
  close(): Promise<void>
}

export interface Reader {
  read(sql: string, format: string): Promise<Uint8Array>
  close(): Promise<void>
}

/** Opens or throws a coded error that says what to do. */
export async function openClient(options: ClientOptions): Promise<Client> {
  return 'url' in options ? openServer(options.url) : openEmbedded(options.path)
}

const sharedSettings: ClickHouseSettings = {
  max_threads: limits.storeThreadsMax,
  max_memory_usage: String(limits.storeQueryBytesMax),
  // Prices must read back to the last bit.
  precise_float_parsing: 1,
  // Partitions are months of the key's time, so equal keys never lie in two of them.
  do_not_merge_across_partitions_select_final: 1,
}

/** Bounds of whatever a reader asks. readonly comes last: behind it no setting can be changed any more, itself included. */
const readerSettings: ClickHouseSettings = {
  max_threads: 1,
  max_execution_time: limits.sqlMsMax / 1000,
  max_memory_usage: String(limits.sqlQueryBytesMax),
  max_result_rows: String(limits.sqlRowsMax),
  max_result_bytes: String(limits.sqlAnswerBytesMax),
  result_overflow_mode: 'throw',
  // A WITH that names itself twice in each of ten steps is a thousand times its text; this ends it in milliseconds.
  max_expanded_ast_elements: String(limits.sqlNodesMax),
  do_not_merge_across_partitions_select_final: 1,
  readonly: '1',
}

async function openServer(url: string): Promise<Client> {
  const { origin, username, password, database } = serverAddress(url)
  const where = `${origin}/${database}`
  const connect = (name: string) =>
    createClient({
      url: origin,
      username,
      password,
      database: name,
      request_timeout: limits.storeRequestMsMax,
      // A failure in the middle of an answer arrives as a failure, not as a short answer.
      clickhouse_settings: { ...sharedSettings, wait_end_of_query: 1 },
      log: { level: ClickHouseLogLevel.OFF },
    })
  const client = connect(database)
  try {
    await client.command({ query: 'SELECT 1' }).catch(async (error) => {
      if ((error as { type?: string }).type !== 'UNKNOWN_DATABASE') throw error
      // Only now: a user who was given a database need not have the right to make one.
      const maker = connect('default')
      await maker.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` }).finally(() => maker.close())
    })
  } catch (error) {
    await client.close()
    throw serverFailure(error, where, password)
  }
  return wrap(
    client,
    where,
    async () => {},
    password,
    async () => ({
      read: (sql, format) => readBytes(client, sql, password, { ...readerSettings, ...inFormat(format) }),
      close: async () => {},
    }),
  )
}

async function openEmbedded(path: string): Promise<Client> {
  const engine = await loadEngine()
  claimFolder(path)
  const connect = async (settings: ClickHouseSettings) => {
    let connection: ReturnType<typeof engine.createChdbConnection>
    try {
      connection = engine.createChdbConnection({ path })
    } catch (error) {
      throw folderFailure(path, error)
    }
    // The client carries its own copy of the types that the engine takes from @clickhouse/client-common.
    const client = createClient({
      connection: connection as unknown as NonNullable<ClickHouseClientConfigOptions['connection']>,
      log: { level: ClickHouseLogLevel.OFF },
    })
    // Settings stay with the connection, so they are said once and not with every query.
    const assignments = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`)
    await client.command({ query: `SET ${assignments.join(', ')}` })
    return client
  }
  const client = await connect({ ...sharedSettings, max_insert_threads: '1' })
  return wrap(
    client,
    path,
    () => engine.drainPending(),
    '',
    async () => {
      const reading = await connect(readerSettings)
      return {
        read: (sql, format) => readBytes(reading, sql, '', inFormat(format)),
        close: () => reading.close(),
      }
    },
  )
}

async function loadEngine() {
  try {
    const [{ createChdbConnection }, { drainPending }] = await Promise.all([import('chdb/connection'), import('chdb')])
    return { createChdbConnection, drainPending }
  } catch (error) {
    throw new LmapError(
      'LMAP_STORE_MISSING',
      'the embedded ClickHouse (package chdb) is not there for this platform.',
      {
        hint: 'Run npm install chdb, or start with --clickhouse http://host:8123, or with --no-store.',
        cause: error,
      },
    )
  }
}

function wrap(
  client: ReturnType<typeof createClient>,
  where: string,
  afterClose: () => Promise<void>,
  password: string,
  reader: () => Promise<Reader>,
): Client {
  const guarded = <Result>(run: () => Promise<Result>): Promise<Result> => withoutPassword(run, password)
  return {
    where,
    command: (sql) => guarded(async () => void (await client.command({ query: sql }))),
    insert: (table, columns, body) =>
      guarded(async () => {
        const values = Readable.from([body], { objectMode: false })
        await client.insert({ table, columns: [...columns] as [string, ...string[]], values, format: 'TabSeparated' })
      }),
    read: (sql, format) => readBytes(client, sql, password, inFormat(format)),
    reader,
    rows: <Row>(sql: string, parameters?: Readonly<Record<string, SqlValue>>) =>
      guarded(async () => {
        const query_params = { ...parameters }
        const result = await client.query({ query: sql, query_params, format: 'JSONEachRow' })
        return (await result.json()) as Row[]
      }),
    async close() {
      await client.close()
      await afterClose()
    },
  }
}

/** The client's list of formats lacks those for terminals and files. */
function inFormat(format: string | undefined): ClickHouseSettings {
  return format === undefined ? {} : { default_format: format as DataFormat }
}

function readBytes(
  client: ReturnType<typeof createClient>,
  sql: string,
  password: string,
  settings: ClickHouseSettings = {},
): Promise<Uint8Array> {
  return withoutPassword(async () => {
    const { stream } = await client.exec({ query: sql, clickhouse_settings: settings })
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }, password)
}

async function withoutPassword<Result>(run: () => Promise<Result>, password: string): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw withoutSecret(error, password)
  }
}
