import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError, LmapError } from '../../src/model/errors.ts'
import { type RunningKafka, startKafka } from './broker.ts'

export { type KafkaOptions, kafkaRequirements, type RunningKafka, startKafka } from './broker.ts'

const PORT = 9092
const FOLDER = fileURLToPath(new URL('run', import.meta.url))
const HELP = `Runs one Apache Kafka broker (KRaft) on this machine, for development. Needs Java 17 and, the first time, Maven.

  npm run kafka -- [--port ${PORT}] [--folder DIR]

  --port    where it listens, on this machine only
  --folder  where topics stay between runs (default: ops/kafka/run)
  --help    this text

Without Java: docker compose up kafka`

async function main(): Promise<void> {
  const { port, folder, help } = parseOptions()
  if (help) {
    console.log(HELP)
    return
  }
  let broker: RunningKafka | undefined
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Nothing is served yet: leaving takes the half-started broker along.
      if (broker === undefined) process.exit(1)
      if (!stopping) console.log('Stopping the broker ...')
      stopping = true
      broker.stop()
    })
  }
  broker = await startKafka({ port, folder, progress: (line) => console.log(`${line} ...`) })
  console.log(
    `Kafka listens on ${broker.brokers[0]}. Use it: npm start -- --kafka ${broker.brokers[0]}   Ctrl-C stops it.`,
  )
  const code = await broker.ended
  if (!stopping) {
    throw new LmapError('LMAP_KAFKA_DOWN', `the broker ended with code ${code}.`, { hint: `See ${folder}/broker.log` })
  }
}

function parseOptions(): { port: number; folder: string; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: String(PORT) },
        folder: { type: 'string', default: FOLDER },
        help: { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`"${values.port}" is not a port.`)
    return { port, folder: resolve(values.folder), help: values.help }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LmapError('LMAP_CONFIG', message, { hint: 'See npm run kafka -- --help', cause })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    console.error(describeError(error))
    process.exitCode = 1
  })
}
