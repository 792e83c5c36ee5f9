import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { openClient } from '../../src/store/client.ts'
import { temporaryFolder } from './samples.ts'

/** What the server does with an insert: everything but `answer` is a failure that happens. */
export type Behaviour = 'answer' | 'refuse' | 'die before' | 'die after' | 'hang'

export interface TestServer {
  readonly host: string
  /** Asked at each insert. */
  behave: (table: string) => Behaviour
  /** Inserts as they arrived, whatever became of them. */
  readonly inserts: { table: string; body: string }[]
  /** Name and password that a request must carry. */
  login: string | undefined
  /** Settings of the newest request that says readonly. */
  reading: Record<string, string>
}

/** ClickHouse's HTTP interface, as far as the client uses it, in front of a real embedded engine. */
export async function serve(): Promise<TestServer> {
  const engine = await openClient({ path: temporaryFolder() })
  const databases = new Set(['default'])
  const inserts: TestServer['inserts'] = []
  const state: TestServer = { host: '', behave: () => 'answer', inserts, login: undefined, reading: {} }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const login = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()
    if (state.login !== undefined && login !== state.login) {
      const message = `Code: 516. DB::Exception: ${login}: Authentication failed. (AUTHENTICATION_FAILED)`
      return void response.writeHead(403).end(message)
    }
    const parameters = new URL(request.url!, 'http://any').searchParams
    if (!databases.has(parameters.get('database') ?? 'default')) {
      return void response.writeHead(404).end('Code: 81. DB::Exception: Database does not exist. (UNKNOWN_DATABASE)')
    }
    databases.add(/^CREATE DATABASE IF NOT EXISTS (\w+)/.exec(body)?.[1] ?? 'default')
    const query = parameters.get('query') ?? ''
    const table = /^INSERT INTO (\w+)/.exec(query)?.[1]
    if (parameters.has('readonly')) state.reading = Object.fromEntries(parameters)
    if (table === undefined || table === 'migrations') {
      return answer(response, bound(`${query}\n${body}`, parameters), parameters.get('default_format') ?? undefined)
    }
    inserts.push({ table, body })
    const behaviour = state.behave(table)
    if (behaviour === 'hang') return
    if (behaviour === 'die before') return void request.socket.destroy()
    if (behaviour === 'refuse') {
      return void response.writeHead(500).end('Code: 243. DB::Exception: No space left. (NOT_ENOUGH_SPACE)')
    }
    if (behaviour === 'die after') {
      await engine.read(`${query}\n${body}`)
      return void request.socket.destroy()
    }
    return answer(response, `${query}\n${body}`)
  }

  async function answer(response: ServerResponse, sql: string, format?: string): Promise<void> {
    try {
      response.end(await engine.read(sql.trim(), format))
    } catch (error) {
      response.writeHead(500).end(`Code: 1. DB::Exception: ${(error as Error).message} (FAILED)`)
    }
  }

  const server = createServer((request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await engine.close()
  })
  return Object.assign(state, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/** Parameters put in: the client escapes them as the server's literals are. */
function bound(sql: string, parameters: URLSearchParams): string {
  return [...parameters].reduce((text, [name, value]) => {
    if (!name.startsWith('param_')) return text
    return text.replace(new RegExp(`\\{${name.slice('param_'.length)}:\\w+\\}`), () => `'${value}'`)
  }, sql)
}
