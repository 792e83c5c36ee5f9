/** Entry point of `npm run export`: a stretch of the history as files, one for each day. */
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { type HistoryName, historyNames, historyUrl } from './history-name.ts'
import { describeError, LmapError } from './model/errors.ts'
import { type Client, openClient } from './store/client.ts'
import { exportFormats, exportTables, readSlice, type Slice, sliceOf } from './store/export-slice.ts'
import { migrate } from './store/migrations.ts'
import { sliceFromSocket } from './store/sql-socket.ts'

interface Flags {
  readonly table: string
  readonly asset?: string
  readonly timeframe?: string
  readonly from: string
  readonly to: string
  readonly format: string
  readonly out: string
  readonly data: string
  readonly source: HistoryName
  readonly clickhouse?: string
}

const EXIT_FAILED = 1
const DAY_MS = 86_400_000
const BAR_CELLS = 30
/** Beside the folder of the engine, see run.ts. */
const SOCKET = 'sql.sock'

process.exitCode = await main()
// chdb keeps threads of its own.
process.exit()

async function main(): Promise<number> {
  const program = command()
  try {
    program.parse(process.argv.slice(2), { from: 'user' })
    await exportDays(program.opts<Flags>())
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const known =
      error instanceof CommanderError ? new LmapError('LMAP_CONFIG', error.message.replace(/^error: /, '')) : error
    process.stderr.write(`${describeError(known)}\n`)
    return EXIT_FAILED
  }
}

function command(): Command {
  return new Command('npm run export --')
    .description('Writes a stretch of the history to files, one for each UTC day; also while npm start runs.')
    .addOption(new Option('--table <name>', 'what').choices(Object.keys(exportTables)).makeOptionMandatory())
    .requiredOption('--from <time>', 'first day or time in UTC, such as 2026-11-22 or 2026-11-22T10:15:00Z')
    .requiredOption('--to <time>', 'end, not part of it')
    .option('--asset <name>', 'only this one')
    .option('--timeframe <name>', 'of heatmap, candles and totals (default: 1m)')
    .addOption(new Option('--format <name>', 'of the files').choices(Object.keys(exportFormats)).default('parquet'))
    .option('--out <dir>', 'folder for the files', 'export')
    .addOption(new Option('--data <dir>', 'folder for history').env('LMAP_DATA').default('data'))
    .addOption(
      new Option('--source <name>', 'whose history').env('LMAP_SOURCE').choices(historyNames).default('simulator'),
    )
    .addOption(new Option('--clickhouse <url>', 'from this ClickHouse server').env('LMAP_CLICKHOUSE'))
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
}

async function exportDays(flags: Flags): Promise<void> {
  const [fromMs, toMs] = [timeOf(flags.from), timeOf(flags.to)]
  const hasTimeframe = 'hasTimeframe' in exportTables[flags.table as keyof typeof exportTables]
  const days = Array.from({ length: Math.ceil(toMs / DAY_MS) - Math.floor(fromMs / DAY_MS) }, (_, index) => {
    const dayMs = (Math.floor(fromMs / DAY_MS) + index) * DAY_MS
    return { fromMs: Math.max(fromMs, dayMs), toMs: Math.min(toMs, dayMs + DAY_MS) }
  })
  const slices = days.map((day) =>
    sliceOf({
      ...flags,
      timeframe: flags.timeframe ?? (hasTimeframe ? '1m' : undefined),
      from: String(day.fromMs),
      to: String(day.toMs),
    }),
  )
  if (slices.length === 0) throw new LmapError('LMAP_CONFIG', 'there is nothing between --from and --to.')
  const reader = await openReader(flags)
  const show = progressBar(`${flags.table} ${flags.asset ?? 'all assets'}`, slices.length)
  let bytes = 0
  try {
    await mkdir(flags.out, { recursive: true })
    for (const [index, slice] of slices.entries()) {
      show(index, bytes)
      const body = await reader.read(slice)
      await writeWhole(join(flags.out, nameOf(slice)), body)
      bytes += body.length
    }
    show(slices.length, bytes)
  } finally {
    await reader.close()
  }
  process.stdout.write(`${slices.length} files, ${megabytes(bytes)} in ${resolve(flags.out)}\n`)
}

/** The process that has the folder open, else the folder itself, or a server. */
async function openReader(flags: Flags): Promise<{ read(slice: Slice): Promise<Uint8Array>; close(): Promise<void> }> {
  const ofClient = (client: Client) => ({
    read: (slice: Slice) => readSlice(client, slice),
    close: () => client.close(),
  })
  if (flags.clickhouse !== undefined)
    return ofClient(await openClient({ url: historyUrl(flags.clickhouse, flags.source) }))
  const folder = join(resolve(flags.data), flags.source)
  const path = join(folder, 'clickhouse')
  const socket = join(folder, SOCKET)
  if (existsSync(socket)) {
    const slice = sliceOf({ table: 'scores', from: '0', to: '1', format: 'csv' })
    // Left over from a process that was killed, it does not answer.
    if ((await sliceFromSocket(socket, slice)) !== undefined) {
      const read = async (wanted: Slice): Promise<Uint8Array> => {
        const answer = await sliceFromSocket(socket, wanted)
        if (answer !== undefined) return answer
        throw new LmapError('LMAP_STORE_DOWN', 'the process that had the data folder open has ended.', {
          hint: 'Run the export again.',
        })
      }
      return { read, close: async () => undefined }
    }
  }
  if (!existsSync(path)) {
    throw new LmapError('LMAP_DATA_FOLDER', `there is no history in ${path}.`, {
      hint: 'npm start makes one; name another folder with --data, or another --source.',
    })
  }
  const client = await openClient({ path })
  // A folder of an older version gets the views of this one.
  await migrate(client)
  return ofClient(client)
}

function timeOf(text: string): number {
  const zoned = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text)
  const timeMs = zoned ? Date.parse(text) : Number.NaN
  if (Number.isFinite(timeMs)) return timeMs
  throw new LmapError('LMAP_CONFIG', `"${text.slice(0, 40)}" is not a time.`, {
    hint: 'Write 2026-11-22 or 2026-11-22T10:15:00Z.',
  })
}

function nameOf({ table, asset, timeframe, fromMs, format }: Slice): string {
  const day = new Date(fromMs).toISOString().slice(0, 10)
  return `${[table, asset ?? 'all', timeframe, day].filter((part) => part !== undefined).join('-')}.${format}`
}

/** A file is there whole or not at all. */
async function writeWhole(path: string, body: Uint8Array): Promise<void> {
  try {
    await writeFile(`${path}.part`, body)
    await rename(`${path}.part`, path)
  } catch (error) {
    throw new LmapError('LMAP_FILE_UNWRITABLE', `${path} cannot be written.`, {
      hint: 'Name another folder with --out.',
      cause: error,
    })
  }
}

function progressBar(title: string, days: number): (done: number, bytes: number) => void {
  if (process.stderr.isTTY !== true) return () => undefined
  return (done, bytes) => {
    const full = Math.round((BAR_CELLS * done) / days)
    const bar = '#'.repeat(full).padEnd(BAR_CELLS, '.')
    const end = done === days ? '\n' : ''
    process.stderr.write(`\r${title} [${bar}] ${done}/${days} days, ${megabytes(bytes)}${end}`)
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 2 })} MB`
}
