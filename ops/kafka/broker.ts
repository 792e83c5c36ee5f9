import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect as openSocket } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LmapError } from '../../src/model/errors.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const HOST = '127.0.0.1'
const JAVA_MIN = 17
// After a kill the broker checks its files first, which took 12 s when it was measured.
const LISTEN_MS_MAX = 60_000
const STOP_MS_MAX = 15_000
const POLL_MS = 100
const JVM = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

export interface KafkaOptions {
  readonly port: number
  /** Topics and messages stay here; a later start goes on with them. */
  readonly folder: string
  /** Told what takes long. */
  readonly progress?: (line: string) => void
}

export interface RunningKafka {
  readonly brokers: string[]
  /** Resolves with the exit code when the broker has ended, however that came. */
  readonly ended: Promise<number>
  /** In order; `kill` at once, as a crash would. May be called twice. */
  stop(kill?: 'kill'): Promise<void>
}

/** What this machine lacks to run a broker, in words for a person; undefined: nothing. */
export function kafkaRequirements(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = /version "(?:1\.)?(\d+)/.exec(`${java.stderr ?? ''}${java.stdout ?? ''}`)?.[1]
  if (version === undefined) return `Java ${JAVA_MIN} or newer`
  if (Number(version) < JAVA_MIN) return `Java ${JAVA_MIN} or newer (this is ${version})`
  if (!existsSync(jarsFolder()) && !onPath('mvn')) return 'Maven'
  return undefined
}

/** Starts a broker and resolves when it listens. */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const { port, folder, progress = () => {} } = options
  const missing = kafkaRequirements()
  if (missing !== undefined) {
    throw new LmapError('LMAP_KAFKA_CONFIG', `a Kafka broker needs ${missing}.`, {
      hint: 'Install it (Debian: apt-get install openjdk-17-jre-headless maven), or run: docker compose up kafka',
    })
  }
  if (await isListening(port)) {
    throw new LmapError('LMAP_PORT_BUSY', `port ${port} is in use.`, { hint: 'Choose another with --port.' })
  }
  const jars = fetchJars(progress)
  const properties = await writeProperties(port, folder)
  format(jars, properties, folder, progress)
  return run(jars, properties, port, folder, progress)
}

/** A port that nothing listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, HOST, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function jarsFolder(): string {
  const version = /<kafka\.version>(.+?)</.exec(readFileSync(join(here, 'pom.xml'), 'utf8'))![1]!
  return join(here, 'libs', version)
}

function fetchJars(progress: (line: string) => void): string {
  const folder = jarsFolder()
  if (existsSync(folder)) return folder
  progress('Fetching Kafka with Maven, once (43 MB)')
  // Beside its place first: whoever finds the folder finds it whole.
  const partial = `${folder}.${process.pid}`
  rmSync(partial, { recursive: true, force: true })
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`]
  const maven = spawnSync('mvn', ['-q', '-B', '-f', join(here, 'pom.xml'), ...goal], { encoding: 'utf8' })
  if (maven.status !== 0) {
    rmSync(partial, { recursive: true, force: true })
    const reason =
      `${maven.stdout}${maven.stderr}`.split('\n').find((line) => line.includes('ERROR')) ?? 'no reason given'
    throw new LmapError('LMAP_KAFKA_CONFIG', `Maven could not fetch Kafka: ${reason}`, {
      hint: 'Is there a way to the internet? Else run: docker compose up kafka',
    })
  }
  if (existsSync(folder)) rmSync(partial, { recursive: true, force: true })
  else renameSync(partial, folder)
  return folder
}

async function writeProperties(port: number, folder: string): Promise<string> {
  const file = join(folder, 'server.properties')
  const values: Record<string, string> = {
    PORT: String(port),
    CONTROLLER: String(await freePort()),
    FOLDER: join(folder, 'topics'),
  }
  const template = readFileSync(join(here, 'server.properties'), 'utf8')
  try {
    mkdirSync(folder, { recursive: true })
    const text = template.replace(/^(?!#).*$/gm, (line) =>
      line.replace(/@([A-Z]+)@/g, (_, name: string) => values[name]!),
    )
    writeFileSync(file, text)
  } catch (cause) {
    throw new LmapError('LMAP_DATA_FOLDER', `the folder ${folder} cannot be written.`, {
      hint: 'Choose another with --folder.',
      cause,
    })
  }
  return file
}

function format(jars: string, properties: string, folder: string, progress: (line: string) => void): void {
  if (existsSync(join(folder, 'topics', 'meta.properties'))) return
  progress(`Preparing ${folder}`)
  const id = randomBytes(16).toString('base64url')
  const tool = [
    ...JVM,
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    `--cluster-id=${id}`,
    '-c',
    properties,
  ]
  const formatted = spawnSync('java', tool, { encoding: 'utf8' })
  if (formatted.status !== 0) {
    const reason = `${formatted.stderr}${formatted.stdout}`.trim().split('\n').at(-1)
    throw new LmapError('LMAP_DATA_FOLDER', `Kafka cannot use ${folder}: ${reason}`, {
      hint: 'Choose another with --folder.',
    })
  }
}

async function run(
  jars: string,
  properties: string,
  port: number,
  folder: string,
  progress: (line: string) => void,
): Promise<RunningKafka> {
  progress('Starting the broker')
  const output = join(folder, 'broker.log')
  const stream = openSync(output, 'a')
  const broker = spawn('java', [...JVM, '-cp', join(jars, '*'), 'kafka.Kafka', properties], {
    stdio: ['ignore', stream, stream],
    // A Ctrl-C is for whoever started it, who may have others to stop before.
    detached: true,
  })
  const ended = new Promise<number>((resolve) => broker.once('exit', (code) => resolve(code ?? 1)))
  // A broker must not outlive whoever started it.
  const killWithUs = () => broker.kill('SIGKILL')
  process.prependOnceListener('exit', killWithUs)
  ended.then(() => process.off('exit', killWithUs))
  for (let waitedMs = 0; !(await isListening(port)); waitedMs += POLL_MS) {
    if (broker.exitCode !== null || broker.signalCode !== null || waitedMs > LISTEN_MS_MAX) {
      broker.kill('SIGKILL')
      const reason = readFileSync(output, 'utf8')
        .trim()
        .split('\n')
        .findLast((line) => /Exception|ERROR/.test(line))
      throw new LmapError('LMAP_KAFKA_DOWN', `the broker did not start: ${reason ?? 'it gave no reason'}`, {
        hint: `See ${output}`,
      })
    }
    await pause(POLL_MS)
  }
  return { brokers: [`${HOST}:${port}`], ended, stop: (kill) => stop(broker, ended, kill) }
}

async function stop(broker: ChildProcess, ended: Promise<number>, kill?: 'kill'): Promise<void> {
  broker.kill(kill === 'kill' ? 'SIGKILL' : 'SIGTERM')
  const late = new AbortController()
  const deadline = pause(STOP_MS_MAX, undefined, { signal: late.signal }).then(
    () => broker.kill('SIGKILL'),
    () => false,
  )
  await ended
  late.abort()
  await deadline
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket({ host: HOST, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function onPath(command: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => [command, `${command}.cmd`].some((name) => existsSync(join(folder, name))))
}
