import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { request as connect, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { type ErrorCode, LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { Log } from '../telemetry/log.ts'
import { type Slice, sliceOf } from './export-slice.ts'
import { formatOf, type SqlFormat } from './sql.ts'

/*
 * The embedded engine lets one process into its folder. While that process runs, `npm run sql` asks it here: HTTP on a
 * socket file beside the data, which only its owner may open.
 *   POST /?format=table, body: the question -> 200 and the answer, else 400 and {"code","message","hint"}
 *   POST /export, body: a slice as JSON     -> the same
 */

/** Systems cut longer names off. */
const PATH_BYTES_MAX = 103
const EXPORT = '/export'
const OWNER_ONLY = 0o600

export interface SqlSocketOptions {
  readonly path: string
  readonly log: Log
  readonly ask: (sql: string, format: SqlFormat) => Promise<Uint8Array>
  readonly slice: (slice: Slice) => Promise<Uint8Array>
}

export function createSqlSocket({ path, log, ask, slice }: SqlSocketOptions): Stage {
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await bodyOf(request)
      const url = new URL(request.url ?? '/', 'http://any')
      const bytes =
        url.pathname === EXPORT
          ? await slice(sliceOf(JSON.parse(body)))
          : await ask(body, formatOf(url.searchParams.get('format')))
      response.writeHead(200).end(bytes)
    } catch (error) {
      const known = error instanceof LmapError ? error : new LmapError('LMAP_INTERNAL', 'the question failed.')
      if (known !== error) log.error({ error }, 'a question failed')
      const { code, message, hint } = known
      response.writeHead(400).end(JSON.stringify({ code, message, hint }))
    }
  }

  return {
    name: 'sql socket',
    async start() {
      if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
        log.warn(
          { path },
          'npm run sql works only while this process does not: the path of the data folder is too long',
        )
        return
      }
      // Left over from a process that was killed: the engine's own lock says that nobody else is here.
      rmSync(path, { force: true })
      server.listen(path)
      await once(server, 'listening')
      await chmod(path, OWNER_ONLY)
    },
    async stop() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Asks the process that has the folder open; undefined where there is none. */
export function askSocket(path: string, sql: string, format: SqlFormat): Promise<Uint8Array | undefined> {
  return post(path, `/?format=${format}`, sql)
}

/** A slice of a table from the process that has the folder open; undefined where there is none. */
export function sliceFromSocket(path: string, slice: Slice): Promise<Uint8Array | undefined> {
  const { fromMs, toMs, ...rest } = slice
  return post(path, EXPORT, JSON.stringify({ ...rest, from: String(fromMs), to: String(toMs) }))
}

async function post(socketPath: string, path: string, body: string): Promise<Uint8Array | undefined> {
  if (!existsSync(socketPath)) return undefined
  const request = connect({ socketPath, method: 'POST', path })
  request.end(body)
  let response: IncomingMessage
  try {
    response = (await once(request, 'response'))[0] as IncomingMessage
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return undefined
    throw new LmapError('LMAP_STORE_DOWN', `the process that has the data folder open does not answer (${code}).`, {
      cause: error,
    })
  }
  const answer = await buffer(response)
  if (response.statusCode === 200) return answer
  const failure = JSON.parse(answer.toString()) as { code: ErrorCode; message: string; hint?: string }
  throw new LmapError(failure.code, failure.message, failure.hint === undefined ? {} : { hint: failure.hint })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  if (request.method !== 'POST') throw new LmapError('LMAP_REQUEST_INVALID', 'A question is sent by POST.')
  if (Number(request.headers['content-length'] ?? 0) > limits.sqlCharsMax) {
    throw new LmapError('LMAP_REQUEST_TOO_LARGE', `A question has at most ${limits.sqlCharsMax} characters.`)
  }
  return text(request)
}
