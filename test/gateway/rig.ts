import { MapState } from '../../src/client/map-state.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/server.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { decodeHeader } from '../../src/wire/frame.ts'

export interface Rig {
  readonly gateway: Gateway
  readonly metrics: Metrics
  readonly log: string[]
  /** What the engine was told: "BTC's id/timeframe on" and off. */
  readonly activations: string[]
  readonly http: string
  readonly ws: string
}

export async function startGateway(overrides: Partial<GatewayOptions> = {}): Promise<Rig> {
  const made = makeGateway(overrides)
  await made.gateway.start()
  const address = `127.0.0.1:${made.gateway.port}`
  return { ...made, http: `http://${address}`, ws: `ws://${address}/stream` }
}

/** One that has not been started. */
export function makeGateway(overrides: Partial<GatewayOptions> = {}): Omit<Rig, 'http' | 'ws'> {
  const log: string[] = []
  const activations: string[] = []
  const metrics = createMetrics({ process: false })
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    webRoot: undefined,
    simulated: true,
    source: 'test',
    version: '0.0.0',
    log: createLog({ level: 'debug', pretty: false, stream: { write: (line) => log.push(line) } }),
    metrics,
    now: () => Date.now(),
    history: async () => [],
    activate: (asset, timeframe, on) => activations.push(`${asset}/${timeframe} ${on ? 'on' : 'off'}`),
    status: () => ({ ready: true, stages: {} }),
    venueStates: () => Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0),
    ...overrides,
  })
  return { gateway, metrics, log, activations }
}

/** Waits until the condition holds; fails after five seconds with what was waited for. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 5_000; !holds(); ) {
    if (Date.now() > endMs) throw new Error(`waited in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** One real socket that keeps everything it gets and applies frames the way the SDK does. */
export class Reader {
  readonly socket: WebSocket
  readonly texts: Record<string, unknown>[] = []
  readonly frames: Uint8Array[] = []
  /** By "asset/timeframe" of the frame. */
  readonly maps = new Map<string, MapState>()
  gaps = 0
  closeCode: number | undefined

  constructor(url: string, protocols: string[] = []) {
    this.socket = new WebSocket(url, protocols)
    this.socket.binaryType = 'arraybuffer'
    this.socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.texts.push(JSON.parse(data))
      else this.#frame(new Uint8Array(data))
    }
    this.socket.onclose = ({ code }) => {
      this.closeCode = code
    }
  }

  static async open(url: string): Promise<Reader> {
    const reader = new Reader(url)
    await until('the hello', () => reader.texts.length > 0)
    return reader
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  async subscribe(asset: string, timeframe: string): Promise<void> {
    const before = this.frames.length
    this.send({ op: 'subscribe', asset, timeframe })
    await until(`the snapshot of ${asset} ${timeframe}`, () => this.frames.length > before)
  }

  map(key: string): MapState {
    return this.maps.get(key)!
  }

  get errors(): Record<string, unknown>[] {
    return this.texts.filter((text) => text.op === 'error')
  }

  #frame(frame: Uint8Array): void {
    this.frames.push(frame)
    const header = decodeHeader(frame)
    const key = `${header.asset}/${header.timeframe}`
    let map = this.maps.get(key)
    if (map === undefined) this.maps.set(key, (map = new MapState()))
    if (map.apply(header, frame) === 'gap') this.gaps++
  }
}
