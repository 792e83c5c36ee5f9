import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { VenueUrls } from '../../../src/venues/live/feed.ts'
import { Faults, type RestReply } from './faults.ts'
import type { MarketEvent, SampleMarket } from './market.ts'
import type { TopicFrame, VenueScript } from './venue-script.ts'

interface Client {
  readonly socket: WebSocket
  readonly raw: Socket
  readonly path: string
  readonly topics: Set<string>
  /** The network is gone and nobody was told. */
  isFrozen: boolean
  /** Acknowledges everything and tells nothing. */
  readonly isMute: boolean
}

/** A venue on loopback: HTTP and WebSocket as the real one speaks them, and as badly as it is told to. */
export class Exchange {
  readonly faults = new Faults()
  /** Frames that were sent, and data frames that a fault kept back. */
  readonly counts = { sent: 0, withheld: 0, connects: 0, requests: 0 }
  /** Sockets that are opened from now on carry no data. */
  muteNew = false
  readonly #script: VenueScript
  readonly #market: SampleMarket
  readonly #clients = new Set<Client>()
  readonly #server: Server
  readonly #sockets: WebSocketServer
  #timer: NodeJS.Timeout | undefined

  constructor(script: VenueScript, market: SampleMarket) {
    this.#script = script
    this.#market = market
    this.#server = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => (body += part))
      request.on('end', () => {
        this.counts.requests++
        const { status, headers, body: text } = this.#answer(request.url ?? '/', body)
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
      })
    })
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get urls(): VenueUrls {
    const { port } = this.#server.address() as AddressInfo
    return { socket: `ws://127.0.0.1:${port}`, rest: `http://127.0.0.1:${port}` }
  }

  get script(): VenueScript {
    return this.#script
  }

  get market(): SampleMarket {
    return this.#market
  }

  get nowMs(): number {
    return Date.now() + this.faults.skewMs
  }

  get clients(): number {
    return this.#clients.size
  }

  /** Lets the market live, one step each `everyMs`. */
  run(everyMs: number): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.publish(this.#market.step()), everyMs)
  }

  /** The market stands still, and the venue goes on to say so. */
  rest(everyMs: number): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.publish(this.#market.stand()), everyMs)
  }

  publish(events: readonly MarketEvent[]): void {
    for (const event of events) this.send(this.#script.frames(event, this.nowMs))
  }

  send(frames: readonly TopicFrame[]): void {
    for (const { topic, text } of frames) {
      for (const client of this.#clients) if (client.topics.has(topic)) this.#data(client, topic, text)
    }
  }

  /** A message to everybody that is no data. */
  say(text: string): void {
    for (const client of this.#clients) this.#send(client, text)
  }

  /** Cuts every socket. */
  hangUp(): void {
    for (const { socket } of this.#clients) socket.terminate()
  }

  /** Every socket stays open and is dead. */
  freeze(): void {
    for (const client of this.#clients) {
      client.isFrozen = true
      client.raw.pause()
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.hangUp()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #upgrade(request: IncomingMessage, raw: Socket, head: Buffer): void {
    this.counts.connects++
    const { upgradeStatus, isHangingUp } = this.faults
    if (isHangingUp) {
      raw.destroy()
      return
    }
    if (upgradeStatus !== undefined) {
      raw.end(`HTTP/1.1 ${upgradeStatus} No\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, raw, head, (socket) => {
      const path = new URL(request.url ?? '/', 'http://venue').pathname
      const client: Client = { socket, raw, path, topics: new Set(), isFrozen: false, isMute: this.muteNew }
      this.#clients.add(client)
      socket.on('close', () => this.#clients.delete(client))
      socket.on('error', () => socket.terminate())
      const greeting = this.#script.greeting?.()
      if (greeting !== undefined) this.#send(client, greeting)
      socket.on('message', (data) => this.#script.message(String(data), this.#clientOf(client), this.#market))
    })
  }

  #clientOf(client: Client): Parameters<VenueScript['message']>[1] {
    const { path, topics } = client
    return {
      path,
      send: (text) => this.#send(client, text),
      subscribe: (topic) => {
        if (this.#script.isServed?.(topic, path) === false) return
        topics.add(topic)
        // An acknowledgement comes before the first frame.
        setImmediate(() => {
          if (!topics.has(topic)) return
          for (const text of this.#script.first(topic, this.#market, this.nowMs)) this.#data(client, topic, text, true)
        })
      },
      unsubscribe: (topic) => topics.delete(topic),
    }
  }

  #data(client: Client, topic: string, text: string, isFirst = false): void {
    const texts = this.faults.isMute || client.isMute ? [] : (this.faults.data?.(text, topic, isFirst) ?? [text])
    if (texts.length === 0) this.counts.withheld++
    for (const one of texts) this.#send(client, one)
  }

  #send(client: Client, text: string): void {
    if (client.isFrozen || client.socket.readyState !== client.socket.OPEN) return
    this.counts.sent++
    client.socket.send(text)
  }

  #answer(path: string, body: string): RestReply {
    const right = (): RestReply => {
      const url = new URL(path, 'http://venue')
      const answer = this.#script.rest({ url, body }, this.#market, this.nowMs)
      if (answer === undefined) return { status: 404, body: '{}' }
      return { status: 200, body: typeof answer === 'string' ? answer : JSON.stringify(answer) }
    }
    return this.faults.rest?.(path, right) ?? right()
  }
}
