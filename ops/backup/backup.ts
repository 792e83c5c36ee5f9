/** npm run backup, npm run restore: all that a ClickHouse database holds, as files. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeError, LmapError } from '../../src/model/errors.ts'
import type { UnixMs } from '../../src/model/units.ts'
import { createStore } from '../../src/store/store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { backUp, restore } from './archive.ts'

const HELP = `Writes a history of a ClickHouse server into a folder, and fills an empty one from it.

  npm run backup  -- --clickhouse http://localhost:8123/liquidity_map --folder backup/2026-11-23
  npm run restore -- --clickhouse http://localhost:8123/liquidity_map --folder backup/2026-11-23

  --clickhouse  the server with its database: liquidity_map is live, liquidity_map_simulator the simulated market
  --database    another database than the address names
  --folder      one backup each
  --help        this text

A name and a password may stand in the address; LMAP_CLICKHOUSE is read where it is left out. The map may run during a
backup. A restore makes the tables, refuses a database that holds rows, and counts what has arrived.`

async function main(): Promise<void> {
  const options = parseOptions()
  if (options === undefined) {
    console.log(HELP)
    return
  }
  const { action, url, folder } = options
  const progress = (line: string): void => console.log(`  ${line}`)
  if (action === 'backup') {
    await backUp(url, folder, progress)
    console.log(`The backup is whole: ${folder}`)
    return
  }
  const log = createLog({ level: 'warn', pretty: false, stream: process.stderr })
  const store = createStore({ client: { url }, log, now: () => Date.now() as UnixMs })
  await store.start()
  await store.stop()
  await restore(url, folder, progress)
  console.log('All of it has arrived.')
}

function parseOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        clickhouse: { type: 'string', default: process.env.LMAP_CLICKHOUSE ?? '' },
        database: { type: 'string' },
        folder: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return undefined
    const [action] = positionals
    if (action !== 'backup' && action !== 'restore') throw new Error('there is backup and restore.')
    if (values.clickhouse === '') throw new Error('--clickhouse is missing.')
    if (values.folder === undefined) throw new Error('--folder is missing.')
    return { action, url: inDatabase(values.clickhouse, values.database), folder: resolve(values.folder) }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_CONFIG', message, { hint: 'See npm run backup -- --help', cause })
  }
}

function inDatabase(address: string, database: string | undefined): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  // An address that is none is refused where it is used, without a word of it: it may hold a password.
  if (url === undefined || database === undefined) return address
  url.pathname = database
  return url.href
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(describeError(error))
    process.exit(1)
  },
)
