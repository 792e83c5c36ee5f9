import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A webhook's receiver on loopback: keeps what comes, and answers as it is told. */
export class Receiver {
  readonly received: Received[] = []
  /** Status of the next answers, 'hang' for none, 'cut' for a broken one; the last one stays. */
  answers: (number | 'hang' | 'cut')[] = [200]
  readonly #server: Server
  readonly #waiting: { count: number; wake: () => void }[] = []

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
        const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!
        if (answer === 'cut') request.socket.destroy()
        else if (answer !== 'hang') response.writeHead(answer, { location: '/elsewhere' }).end('thanks')
        for (const { count, wake } of this.#waiting) if (this.received.length >= count) wake()
      })
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  get url(): string {
    return `http://${this.host}/hook?a=1`
  }

  /** Resolves when so many have come. */
  async has(count: number): Promise<void> {
    if (this.received.length >= count) return
    await new Promise<void>((wake) => this.#waiting.push({ count, wake }))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
