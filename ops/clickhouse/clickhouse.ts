import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError, LmapError } from '../../src/model/errors.ts'
import { type ClickHouseOptions, startClickHouse } from './server.ts'

export { type ClickHouseOptions, type RunningClickHouse, startClickHouse } from './server.ts'

const PORT = 8123
const HOST = '127.0.0.1'
const PATH = 'data/clickhouse'
const PASSWORD = 'LMAP_CLICKHOUSE_PASSWORD'
const HELP = `Runs the embedded ClickHouse behind ClickHouse's HTTP interface, for development: several processes share one history.

  npm run clickhouse -- [--port ${PORT}] [--host ${HOST}] [--path DIR] [--user default]

  --port    where it listens; 0 takes any
  --host    address to listen on; more than this machine needs a password
  --path    folder of the database (default: ${PATH}); one process at a time
  --user    name that may ask; its password is read from ${PASSWORD}, none by default
  --help    this text

Use it: npm start -- --clickhouse http://localhost:${PORT}
A real server: docker compose up clickhouse`

async function main(): Promise<void> {
  const options = parseOptions()
  if (options === undefined) {
    console.log(HELP)
    return
  }
  let stop = (): void => process.exit(1)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop())
  const running = await startClickHouse(options)
  console.log(`ClickHouse ${running.version} (embedded) answers at ${running.url}, data in ${options.path}.`)
  console.log(`Use it: npm start -- --clickhouse ${running.url}   Ctrl-C stops it.`)
  await new Promise<void>((resolve) => {
    stop = resolve
  })
  stop = () => process.exit(1)
  console.log('Stopping ...')
  await running.stop()
  console.log('Stopped in order.')
}

function parseOptions(): ClickHouseOptions | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: String(PORT) },
        host: { type: 'string', default: HOST },
        path: { type: 'string', default: PATH },
        user: { type: 'string', default: 'default' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return undefined
    const port = Number(values.port)
    if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error(`"${values.port}" is not a port.`)
    const login = { user: values.user, password: process.env[PASSWORD] ?? '' }
    return { port, host: values.host, path: resolve(values.path), login }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_CONFIG', message, { hint: 'See npm run clickhouse -- --help', cause })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().then(
    // The engine's threads must not hold a process that has stopped in order.
    () => process.exit(),
    (error: unknown) => {
      console.error(describeError(error))
      process.exit(1)
    },
  )
}
