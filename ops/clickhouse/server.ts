import { randomUUID, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import { LmapError } from '../../src/model/errors.ts'
import { type Answer, type EmbeddedEngine, openEngine } from './embedded.ts'
import { ClickHouseFailure, failureOf, failureText, statusOf } from './failure.ts'
import { type Login, loginOf, readBody, readQuestion } from './question.ts'

export interface ClickHouseOptions {
  /** 0: any that is free. */
  readonly port: number
  readonly host?: string
  /** Folder of the database; a later start goes on with it. */
  readonly path: string
  /** Who may ask; without it, as a fresh server, the user `default` without a password. */
  readonly login?: Login
}

export interface RunningClickHouse {
  /** Without name and password. */
  readonly url: string
  readonly version: string
  /** In order: what is being answered is answered, what comes later is refused. May be called twice. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const loopback = new Set(['localhost', '127.0.0.1', '::1'])
/** One request's body unpacked, and all that are being read or worked on. */
const BODY_BYTES_MAX = 64 << 20
const BODIES_BYTES_MAX = 256 << 20
/** Requests being answered; those above are refused, as a server refuses them. */
const REQUESTS_MAX = 64
const CONNECTIONS_MAX = 512
/** A statement and its parameters may come in the address: a server takes a megabyte too. */
const HEAD_BYTES_MAX = 1 << 20
const HEAD_MS_MAX = 10_000
const REQUEST_MS_MAX = 120_000
/** The official client closes an idle connection after 2.5 s, and must be the first to do so. */
const KEEP_ALIVE_MS = 10_000
const STOP_MS_MAX = 10_000

/** ClickHouse's HTTP interface in front of the embedded engine: what the official client says works as with a server. */
export async function startClickHouse(options: ClickHouseOptions): Promise<RunningClickHouse> {
  const { port, host = HOST, path, login = { user: 'default', password: '' } } = options
  if (login.password === '' && !loopback.has(host)) {
    throw new LmapError('LMAP_CONFIG', `without a password nobody but this machine may ask, and ${host} is more.`, {
      hint: 'Set LMAP_CLICKHOUSE_PASSWORD, or leave out --host.',
    })
  }
  const engine = await openEngine(path)
  const answering = new HttpInterface(engine, login)
  const server = createServer(
    { maxHeaderSize: HEAD_BYTES_MAX, headersTimeout: HEAD_MS_MAX, requestTimeout: REQUEST_MS_MAX },
    (request, response) => answering.take(request, response),
  )
  server.keepAliveTimeout = KEEP_ALIVE_MS
  // Whoever does not read an answer that is kept for him loses it.
  server.timeout = REQUEST_MS_MAX
  server.maxConnections = CONNECTIONS_MAX
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (cause) {
    await engine.close()
    throw (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
      ? new LmapError('LMAP_PORT_BUSY', `port ${port} is in use.`, { hint: 'Choose another with --port.', cause })
      : new LmapError('LMAP_CONFIG', `nothing can listen at ${host}:${port}.`, { hint: 'Correct --host.', cause })
  }
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    await answering.finish(STOP_MS_MAX)
    server.closeAllConnections()
    await closed
    await engine.close()
  }
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    version: engine.version,
    stop: () => (stopping ??= stop()),
  }
}

/** Requests on their way, within bounds. */
class HttpInterface {
  readonly #engine: EmbeddedEngine
  readonly #login: Login
  readonly #running = new Set<Promise<void>>()
  #bytes = 0
  #isStopping = false

  constructor(engine: EmbeddedEngine, login: Login) {
    this.#engine = engine
    this.#login = login
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const done = this.#answer(request, response).finally(() => this.#running.delete(done))
    this.#running.add(done)
  }

  /** Waits for what is being answered, but not for ever. */
  async finish(msMax: number): Promise<void> {
    this.#isStopping = true
    const late = new AbortController()
    const deadline = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, msMax)
      late.signal.addEventListener('abort', () => clearTimeout(timer))
    })
    await Promise.race([Promise.all(this.#running), deadline])
    late.abort()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = randomUUID()
    let held = 0
    try {
      const url = new URL(request.url ?? '/', 'http://any')
      this.#admit(request, url)
      if (url.pathname !== '/' || (request.method === 'GET' && url.search === '')) return ping(response, url.pathname)
      const body = await readBody(request, (bytes) => {
        held += bytes
        this.#bytes += bytes
        if (held > BODY_BYTES_MAX) throw tooLarge(`a body has at most ${BODY_BYTES_MAX} bytes.`)
        if (this.#bytes > BODIES_BYTES_MAX) throw tooMany('too many bytes are on their way.')
      })
      const question = await readQuestion(request, url, body, id)
      const answer = await this.#engine.ask(question)
      await this.#send(
        response,
        answer,
        question.isCompressed ? request.headers['accept-encoding'] : undefined,
        question.id,
      )
    } catch (error) {
      refuse(request, response, failureOf(error), this.#engine.version)
    } finally {
      this.#bytes -= held
    }
  }

  #admit(request: IncomingMessage, url: URL): void {
    const { origin, host } = request.headers
    // A page in a browser on this machine is nobody who may ask, whatever address it has found for us.
    if (origin !== undefined) throw denied('pages of a browser are not answered.')
    if (
      this.#login.password === '' &&
      !loopback.has(new URL(`http://${host ?? 'none'}`).hostname.replace(/^\[|\]$/g, ''))
    ) {
      throw denied('without a password only names of this machine are answered.')
    }
    if (url.pathname !== '/') return
    const { user, password } = loginOf(request, url)
    if (!isSame(user, this.#login.user) || !isSame(password, this.#login.password)) {
      const message = `${user.slice(0, 64)}: Authentication failed: password is incorrect, or there is no user with such name.`
      throw new ClickHouseFailure(516, 'AUTHENTICATION_FAILED', message)
    }
    if (this.#isStopping) throw new ClickHouseFailure(236, 'ABORTED', 'the server is stopping.')
    if (this.#running.size >= REQUESTS_MAX) throw tooMany(`${REQUESTS_MAX} are being answered.`)
  }

  async #send(response: ServerResponse, answer: Answer, accepted: string | undefined, id: string): Promise<void> {
    const { chunks, format, summary } = answer
    const encoding = ['zstd', 'br', 'gzip'].find((name) => accepted?.split(/[\s,;]+/).includes(name))
    response.writeHead(200, {
      'content-type': typeOf(format),
      'x-clickhouse-query-id': id.replace(/[^\x21-\x7e]/g, ''),
      'x-clickhouse-format': format,
      'x-clickhouse-timezone': this.#engine.timezone,
      'x-clickhouse-summary': JSON.stringify({
        read_rows: String(summary.readRows),
        read_bytes: String(summary.readBytes),
        written_rows: String(summary.writtenRows),
        written_bytes: String(summary.writtenBytes),
        total_rows_to_read: '0',
        result_rows: String(summary.readRows),
        result_bytes: String(summary.readBytes),
        elapsed_ns: String(Math.round(summary.elapsedSeconds * 1e9)),
      }),
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    })
    const packing = { zstd: createZstdCompress, br: createBrotliCompress, gzip: createGzip }[encoding ?? '']
    if (packing === undefined) await pipeline(Readable.from(chunks, { objectMode: false }), response)
    else await pipeline(Readable.from(chunks, { objectMode: false }), packing(), response)
  }
}

function ping(response: ServerResponse, path: string): void {
  if (path === '/' || path === '/ping' || path === '/replicas_status') response.end('Ok.\n')
  else response.writeHead(404).end('There is /ping, and questions go to /.\n')
}

/** In the middle of an answer nothing can be said any more: the connection is cut, so that it does not look whole. */
function refuse(request: IncomingMessage, response: ServerResponse, failure: ClickHouseFailure, version: string): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const head = {
    'content-type': 'text/plain; charset=UTF-8',
    'x-clickhouse-exception-code': String(failure.code),
    // What was not read of the request would be taken for the next one.
    ...(!request.complete && { connection: 'close' }),
  }
  response.writeHead(statusOf(failure), head).end(failureText(failure, version))
  if (!request.complete) request.resume()
}

function typeOf(format: string): string {
  if (/^JSON\w*EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8'
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8'
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8'
  if (format.startsWith('TabSeparated') || format.startsWith('TSV')) return 'text/tab-separated-values; charset=UTF-8'
  return /^(RowBinary|Native|Parquet|Arrow)/.test(format) ? 'application/octet-stream' : 'text/plain; charset=UTF-8'
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function denied(reason: string): ClickHouseFailure {
  return new ClickHouseFailure(497, 'ACCESS_DENIED', reason)
}

function tooLarge(reason: string): ClickHouseFailure {
  return new ClickHouseFailure(223, 'QUERY_IS_TOO_LARGE', reason)
}

function tooMany(reason: string): ClickHouseFailure {
  return new ClickHouseFailure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `Too many simultaneous queries: ${reason}`)
}
