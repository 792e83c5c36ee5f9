import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { LmapError } from '../../src/model/errors.ts'
import { openClient } from '../../src/store/client.ts'
import { serverAddress } from '../../src/store/server-address.ts'

/*
 * A backup is a folder: TABLE.tsv.zst, the rows of each table as tab-separated text, and manifest.json, which is written
 * last: without it the backup was cut off.
 */

/** Read in this order: a checkpoint is older than the rows it has seen, so whatever it needs is in the files behind it. */
const TABLES_FIRST = ['checkpoints']
/** Made by the start that makes the tables. */
const TABLES_LEFT = new Set(['migrations'])
const MANIFEST = 'manifest.json'
const VERSION = 1
/** Text of one insert: far below what a server takes, far above what a statement costs. */
const INSERT_BYTES = 4 << 20
/** Text of one row, three times the largest: the state of an asset. What has no line end for so long is none of ours. */
const ROW_BYTES_MAX = 64 << 20

export interface ArchivedTable {
  readonly rows: number
  readonly columns: readonly string[]
  readonly sha256: string
}

export interface Manifest {
  readonly version: number
  readonly migrations: readonly string[]
  readonly tables: Readonly<Record<string, ArchivedTable>>
}

export type Progress = (line: string) => void

/** Writes all that a database holds into an empty or new folder. The map may go on meanwhile. */
export async function backUp(url: string, folder: string, progress: Progress): Promise<Manifest> {
  const manifestPath = join(folder, MANIFEST)
  if (existsSync(manifestPath)) throw unwritable(`${folder} holds a backup already.`)
  mkdirSync(folder, { recursive: true })
  const client = await openClient({ url })
  try {
    const found = await client.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name",
    )
    const names = found.map(({ name }) => name).filter((name) => !TABLES_LEFT.has(name))
    if (names.length === 0) throw new LmapError('LMAP_CONFIG', `there is no history at ${client.where}.`)
    const ordered = names.toSorted((a, b) => Number(TABLES_FIRST.includes(b)) - Number(TABLES_FIRST.includes(a)))
    const applied = await client.rows<{ name: string }>('SELECT name FROM migrations FINAL ORDER BY name')
    const tables: Record<string, ArchivedTable> = {}
    for (const table of ordered) {
      const kept = await client.rows<{ name: string }>(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} AND default_kind NOT IN ('EPHEMERAL', 'MATERIALIZED', 'ALIAS') ORDER BY position",
        { table },
      )
      const columns = kept.map(({ name }) => name)
      tables[table] = await save(url, table, columns, join(folder, fileOf(table)))
      progress(`${table}: ${tables[table].rows.toLocaleString('en')} rows`)
    }
    const manifest = { version: VERSION, migrations: applied.map(({ name }) => name), tables }
    writeFileSync(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`)
    return manifest
  } finally {
    await client.close()
  }
}

/** Fills a database whose tables have been made and are empty, and looks whether all of it has arrived. */
export async function restore(url: string, folder: string, progress: Progress): Promise<Manifest> {
  const manifest = readManifest(folder)
  const client = await openClient({ url })
  const countOf = async (table: string): Promise<number> => {
    const [row] = await client.rows<{ rows: number }>(`SELECT toUInt32(count()) AS rows FROM ${table} FINAL`)
    return row!.rows
  }
  try {
    const known = await client.rows<{ name: string }>('SELECT name FROM migrations FINAL')
    const names = new Set(known.map(({ name }) => name))
    const newer = manifest.migrations.find((name) => !names.has(name))
    if (newer !== undefined) {
      throw new LmapError('LMAP_STORE_SCHEMA', `the backup was made by a newer version (${newer}).`, {
        hint: 'Restore it with that version.',
      })
    }
    for (const table of Object.keys(manifest.tables)) {
      if ((await countOf(table)) > 0) {
        throw new LmapError('LMAP_CONFIG', `${client.where} holds rows already (${table}).`, {
          hint: 'Name an empty database: --clickhouse http://host:8123/another.',
        })
      }
    }
    // Before the first row: what is broken leaves an empty database as it is.
    for (const [table, { sha256 }] of Object.entries(manifest.tables)) await check(join(folder, fileOf(table)), sha256)
    for (const [table, archived] of Object.entries(manifest.tables)) {
      await load(url, table, archived, join(folder, fileOf(table)))
      const rows = await countOf(table)
      // There may be more: views fill some tables again as others are filled.
      if (rows < archived.rows) throw broken(`${table} has ${rows} rows instead of ${archived.rows}`)
      progress(`${table}: ${rows.toLocaleString('en')} rows`)
    }
    return manifest
  } finally {
    await client.close()
  }
}

function readManifest(folder: string): Manifest {
  let manifest: Manifest
  try {
    manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
  } catch (cause) {
    throw new LmapError('LMAP_FILE_UNREADABLE', `${folder} is no backup, or one that was cut off.`, { cause })
  }
  if (manifest.version !== VERSION) {
    throw new LmapError('LMAP_FILE_FORMAT', `the backup has version ${manifest.version}, not ${VERSION}.`)
  }
  const odd = Object.entries(manifest.tables).find(([table, { columns }]) => ![table, ...columns].every(isName))
  if (odd !== undefined) throw broken(`"${odd[0]}" is no table`)
  return manifest
}

async function save(url: string, table: string, columns: readonly string[], path: string): Promise<ArchivedTable> {
  const sql = `SELECT ${columns.join(', ')} FROM ${table} FINAL FORMAT TabSeparated`
  const response = await ask(url, sql)
  const hash = createHash('sha256')
  let rows = 0
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows++
      done(null, chunk)
    },
  })
  const hashing = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  // Beside what may be there of a backup that was cut off: it is begun anew.
  await pipeline(Readable.fromWeb(response), counting, createZstdCompress(), hashing, createWriteStream(path))
  return { rows, columns, sha256: hash.digest('hex') }
}

async function load(url: string, table: string, archived: ArchivedTable, path: string): Promise<void> {
  const sql = `INSERT INTO ${table} (${archived.columns.join(', ')}) FORMAT TabSeparated`
  const send = async (lines: Buffer): Promise<void> => {
    const answer = await ask(url, sql, lines)
    for await (const _ of Readable.fromWeb(answer)) {
      // An insert answers nothing.
    }
  }
  const source = createReadStream(path)
  const unpacked = source.pipe(createZstdDecompress())
  source.once('error', (error) => unpacked.destroy(error))
  // Put together once, when they leave: they come in pieces of some kilobytes.
  let pieces: Buffer[] = []
  let bytes = 0
  const take = (piece: Buffer): void => {
    pieces.push(piece)
    bytes += piece.length
  }
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(10) + 1
      if (end > 0 && bytes + end >= INSERT_BYTES) {
        await send(Buffer.concat([...pieces, chunk.subarray(0, end)]))
        pieces = []
        bytes = 0
        take(chunk.subarray(end))
      } else take(chunk)
      if (bytes > ROW_BYTES_MAX) throw broken(`${path} has a row of more than ${ROW_BYTES_MAX >> 20} MiB`)
    }
  } finally {
    source.destroy()
  }
  if (bytes > 0) await send(Buffer.concat(pieces))
}

async function check(path: string, sha256: string): Promise<void> {
  const hash = createHash('sha256')
  const file = createReadStream(path)
  file.on('data', (chunk) => hash.update(chunk))
  try {
    await once(file, 'end')
  } catch (cause) {
    throw new LmapError('LMAP_FILE_UNREADABLE', `${path} cannot be read.`, { cause })
  }
  if (hash.digest('hex') !== sha256) throw broken(`${path} is not what was written`)
}

/** A statement by HTTP with its answer as a stream: a table may be larger than memory. */
async function ask(url: string, sql: string, body?: Buffer): Promise<import('node:stream/web').ReadableStream> {
  const { origin, username, password, database } = serverAddress(url)
  const query = new URLSearchParams({ database, precise_float_parsing: '1', max_threads: '2', query: sql })
  const login = Buffer.from(`${username}:${password}`).toString('base64')
  const response = await fetch(`${origin}/?${query}`, {
    method: 'POST',
    headers: { authorization: `Basic ${login}` },
    body: body === undefined ? null : new Uint8Array(body),
  })
  if (response.ok && response.body !== null) return response.body as import('node:stream/web').ReadableStream
  const reason = (await response.text()).split('\n', 1)[0]!.slice(0, 300)
  throw new LmapError('LMAP_STORE_DOWN', `ClickHouse refuses: ${reason}`)
}

function fileOf(table: string): string {
  return `${table}.tsv.zst`
}

/** What goes into a statement comes from a file that may be anybody's. */
function isName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text)
}

function broken(what: string): LmapError {
  return new LmapError('LMAP_FILE_FORMAT', `${what}.`, { hint: 'Take another backup.' })
}

function unwritable(what: string): LmapError {
  return new LmapError('LMAP_FILE_UNWRITABLE', what, { hint: 'Name another folder with --out.' })
}
