import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { LmapError } from '../../src/model/errors.ts'

const HOST = '127.0.0.1'
const CONNECTIONS_MAX = 20_000
const CONNECT_MS_MAX = 3_000
/** Backends are asked this often whether they are ready. */
const LOOK_MS = 500
const LOOK_MS_MAX = 1_000

export interface FrontOptions {
  /** 0: any that is free. */
  readonly port: number
  /** Ports of the gateways, on this machine. */
  readonly backends: readonly number[]
}

/**
 * Several gateways behind one port, for one machine: each connection goes to the ready gateway that has the fewest, and
 * its bytes pass as they are. On more machines that is HAProxy's work, see ops/haproxy.
 */
export class Front {
  readonly #server: Server
  readonly #options: FrontOptions
  readonly #open: ReadonlyMap<number, Set<Socket>>
  readonly #ready = new Set<number>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: FrontOptions) {
    this.#options = options
    this.#open = new Map(options.backends.map((port) => [port, new Set()]))
    this.#server = createServer({ noDelay: true }, (client) => this.#serve(client))
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Resolves when it listens and knows who is ready. */
  static async open(options: FrontOptions): Promise<Front> {
    const front = new Front(options)
    front.#server.listen(options.port, HOST)
    try {
      await once(front.#server, 'listening')
    } catch (cause) {
      throw new LmapError('LMAP_PORT_BUSY', `port ${options.port} is in use.`, { hint: 'Choose another.', cause })
    }
    front.#timer = setInterval(() => void front.#look(), LOOK_MS)
    await front.#look()
    return front
  }

  get url(): string {
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const sockets of this.#open.values()) for (const socket of sockets) socket.destroy()
    await closed
  }

  #serve(client: Socket): void {
    const [chosen] = [...this.#ready].sort((a, b) => this.#open.get(a)!.size - this.#open.get(b)!.size)
    if (chosen === undefined) return void client.destroy()
    const gateway = connect({ host: HOST, port: chosen, noDelay: true, timeout: CONNECT_MS_MAX })
    const held = this.#open.get(chosen)!
    held.add(client)
    gateway.once('connect', () => gateway.setTimeout(0))
    gateway.once('timeout', () => gateway.destroy())
    for (const [socket, other] of [
      [client, gateway],
      [gateway, client],
    ] as const) {
      // Why a side has gone tells the other nothing: it goes too.
      socket.on('error', () => other.destroy())
      socket.once('close', () => {
        held.delete(client)
        other.destroy()
      })
      socket.pipe(other)
    }
  }

  async #look(): Promise<void> {
    await Promise.all(
      this.#options.backends.map(async (port) => {
        const signal = AbortSignal.timeout(LOOK_MS_MAX)
        const isReady = await fetch(`http://${HOST}:${port}/readyz`, { signal }).then(
          async (response) => {
            await response.arrayBuffer()
            return response.ok
          },
          // Not there, or too slow: nobody is sent to it.
          () => false,
        )
        if (isReady) this.#ready.add(port)
        else this.#ready.delete(port)
      }),
    )
  }
}
