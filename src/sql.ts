/** Entry point of `npm run sql`: one question about the history, answered read-only. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { type HistoryName, historyNames, historyUrl } from './history-name.ts'
import { describeError, LmapError } from './model/errors.ts'
import { type ClientOptions, openClient } from './store/client.ts'
import { migrate } from './store/migrations.ts'
import { Sql, type SqlFormat, sqlFormats } from './store/sql.ts'
import { askSocket } from './store/sql-socket.ts'

interface Flags {
  readonly data: string
  readonly source: HistoryName
  readonly clickhouse?: string
  readonly format: SqlFormat
}

const EXIT_FAILED = 1
/** Beside the folder of the engine, see run.ts. */
const SOCKET = 'sql.sock'

// Whoever reads has had enough (head, less): that is no failure.
process.stdout.on('error', () => process.exit())
process.exitCode = await main()
// chdb keeps threads of its own.
process.exit()

async function main(): Promise<number> {
  const program = new Command('npm run sql --')
    .description('Asks the history, read-only; also while npm start runs. docs/sql.md has questions to begin with.')
    .argument('<question...>', 'one SELECT')
    .addOption(new Option('--data <dir>', 'folder for history').env('LMAP_DATA').default('data'))
    .addOption(
      new Option('--source <name>', 'whose history').env('LMAP_SOURCE').choices(historyNames).default('simulator'),
    )
    .addOption(new Option('--clickhouse <url>', 'ask this ClickHouse server').env('LMAP_CLICKHOUSE'))
    .addOption(new Option('--format <name>', 'of the answer').choices(Object.keys(sqlFormats)).default('table'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  try {
    program.parse(process.argv.slice(2), { from: 'user' })
    const answer = await ask(program.args.join(' '), program.opts<Flags>())
    const whole = Promise.withResolvers<void>()
    process.stdout.write(answer, () => whole.resolve())
    await whole.promise
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const known =
      error instanceof CommanderError ? new LmapError('LMAP_CONFIG', error.message.replace(/^error: /, '')) : error
    process.stderr.write(`${describeError(known)}\n`)
    return EXIT_FAILED
  }
}

async function ask(sql: string, { data, source, clickhouse, format }: Flags): Promise<Uint8Array> {
  if (clickhouse !== undefined) return askClient({ url: historyUrl(clickhouse, source) }, sql, format)
  const folder = join(resolve(data), source)
  const path = join(folder, 'clickhouse')
  const answer = await askSocket(join(folder, SOCKET), sql, format)
  if (answer !== undefined) return answer
  if (!existsSync(path)) {
    throw new LmapError('LMAP_DATA_FOLDER', `there is no history in ${path}.`, {
      hint: 'npm start makes one; name another folder with --data, or another --source.',
    })
  }
  return askClient({ path }, sql, format)
}

async function askClient(options: ClientOptions, sql: string, format: SqlFormat): Promise<Uint8Array> {
  const client = await openClient(options)
  try {
    // A folder of an older version gets the views of this one; a server is not ours to change when we only ask.
    if ('path' in options) await migrate(client)
    const questions = new Sql(client)
    const answer = await questions.ask(sql, format)
    await questions.close()
    return answer
  } finally {
    await client.close()
  }
}
