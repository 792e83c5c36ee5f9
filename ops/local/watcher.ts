import { type Connection, connect, MapChange, type MapStream } from '../../src/client/index.ts'

/** A client of the gateways that follows maps as a user's page does, and tells whether they move. */
export class Watcher {
  readonly #connection: Connection
  readonly #streams: readonly MapStream[]
  /** By stream: its clock when it was last asked to move. */
  #before: number[] = []

  constructor(page: string, assets: readonly string[], now: () => number, random: () => number) {
    this.#connection = connect({ url: `${page.replace('http', 'ws')}/stream`, now, random })
    this.#streams = assets.map((asset) => this.#connection.subscribe(asset, '1m'))
  }

  /** From here on a map has moved when its clock is later than it is now. */
  mark(): void {
    this.#before = this.#streams.map(({ map }) => map.clockMs)
  }

  /** Every map is alive and has moved since. */
  get hasMoved(): boolean {
    return this.#streams.every(({ state, map }, at) => state === 'live' && map.clockMs > (this.#before[at] ?? 0))
  }

  /** Resolves when every map has moved; rejects when the time is up before. */
  async moved(withinMs: number): Promise<void> {
    const done = Promise.withResolvers<void>()
    const look = (): void => {
      if (this.hasMoved) done.resolve()
    }
    const stops = this.#streams.map((stream) => stream.onChange((change) => change >= MapChange.status && look()))
    const timer = setTimeout(() => {
      const still = this.#streams.map(({ state, map }, at) => `${state} ${map.clockMs - (this.#before[at] ?? 0)} ms`)
      done.reject(new Error(`the clients' maps have not moved within ${withinMs} ms: ${still.join(', ')}`))
    }, withinMs)
    look()
    try {
      await done.promise
    } finally {
      clearTimeout(timer)
      for (const stop of stops) stop()
    }
  }

  close(): void {
    this.#connection.close()
  }
}
