import type { Connection } from '../client/connection.ts'
import type { MapStream } from '../client/map-stream.ts'
import { parseLayout } from './layout-route.ts'

/** The maps of an address, asked for as soon as the server has said hello: they travel while the page is built. */
export class EarlyMaps {
  #streams: MapStream[] = []
  readonly #stop: () => void
  #arrived: () => void = () => undefined
  /** Resolves when the first of them is there. */
  readonly first = new Promise<void>((resolve) => {
    this.#arrived = resolve
  })

  constructor(connection: Connection, hash: () => string) {
    this.#stop = connection.onChange(() => {
      const names = connection.hello?.assets
      if (names === undefined || connection.state !== 'open' || this.#streams.length > 0) return
      this.#streams = parseLayout(hash(), names).map(({ asset, timeframe }) => connection.subscribe(asset, timeframe))
      this.#streams[0]?.onChange(this.#arrived)
    })
  }

  /** Whoever shows the maps has them by now. */
  close(): void {
    this.#stop()
    for (const stream of this.#streams.splice(0)) stream.close()
  }
}
