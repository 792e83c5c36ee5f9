import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { Stage } from '../model/stages.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface HealthOptions {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly log: Log
  readonly metrics: Metrics
  /** Why it is not ready, undefined where it is; and what its stages say of themselves. */
  readonly status: () => { readonly reason: string | undefined; readonly stages: object }
}

/** The few answers of a role that serves no page: is it alive, is it ready, its numbers. */
export class Health implements Stage {
  readonly name = 'health'
  readonly #options: HealthOptions
  readonly #server: Server

  constructor(options: HealthOptions) {
    this.#options = options
    this.#server = createServer({ headersTimeout: limits.healthMsMax, requestTimeout: limits.healthMsMax })
    this.#server.maxConnections = limits.healthConnectionsMax
    this.#server.on('request', (request, response) => void this.#answer(request, response))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0
  }

  start(): Promise<void> {
    const { host, port, log } = this.#options
    return new Promise((resolve, reject) => {
      const refuse = (cause: NodeJS.ErrnoException): void => {
        const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${cause.code ?? cause.message})`
        reject(
          new LmapError('LMAP_PORT_BUSY', `Port ${port} of ${host} ${why}.`, {
            hint: 'Choose another with --port.',
            cause,
          }),
        )
      }
      this.#server.once('error', refuse)
      this.#server.listen(port, host, () => {
        this.#server.off('error', refuse)
        // The work goes on: whoever watches it notices that nothing answers.
        this.#server.on('error', (error) => log.error({ error }, 'health answers fail'))
        resolve()
      })
    })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => {
      // It may never have listened: that it is closed is all that is asked.
      this.#server.close(() => resolve())
    })
  }

  async #answer({ url = '/', method }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log, metrics, status } = this.#options
    const send = (code: number, type: string, body: string): void => {
      response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' }).end(body)
    }
    const json = (code: number, value: object): void =>
      send(code, 'application/json; charset=utf-8', JSON.stringify(value))
    const [path] = url.split('?', 1)
    if (method !== 'GET' && method !== 'HEAD')
      json(405, { code: 'LMAP_REQUEST_INVALID', message: 'GET and HEAD only.' })
    else if (path === '/healthz') json(200, { alive: true })
    else if (path === '/readyz') {
      const { reason, stages } = status()
      json(reason === undefined ? 200 : 503, { ready: reason === undefined, reason, stages })
    } else if (path === '/metrics') {
      try {
        send(200, metrics.contentType, await metrics.text())
      } catch (error) {
        log.error({ error }, 'the numbers could not be read')
        json(500, { code: 'LMAP_INTERNAL', message: 'The numbers could not be read.' })
      }
    } else json(404, { code: 'LMAP_REQUEST_UNKNOWN', message: 'There are /healthz, /readyz and /metrics.' })
  }
}
