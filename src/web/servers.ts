import { type Connection, connect } from '../client/connection.ts'
import { type Catalogue, loadCatalogue } from './catalogue.ts'
import { decimalsOf } from './format.ts'
import type { MapOptions } from './liquidity-map.ts'
import { loadScore, type Score } from './score.ts'

/** A list of assets that could not be read is asked for again. */
const RETRY_MS = 2_000
/** A map that is moved within a page leaves it and comes back. */
const LINGER_MS = 1_000

/** What a map needs of a server. */
export interface Server {
  readonly options: MapOptions
  readonly loadScore: (asset: string) => Promise<Score>
}

/** One map's hold on a server; the last one to be released closes the connection. */
export interface Lease {
  readonly server: Promise<Server>
  /** Calls back with a sentence for each time that the server could not be asked. */
  onFault(listener: (reason: string) => void): void
  release(): void
}

interface Entry {
  readonly connection: Connection
  readonly server: Promise<Server>
  readonly listeners: Set<(reason: string) => void>
  holders: number
  isClosed: boolean
}

/** The servers that the maps of a page show, one connection for each and for each key. */
export class Servers {
  readonly #now: () => number
  readonly #random: () => number
  readonly #entries = new Map<string, Entry>()

  constructor(now: () => number, random: () => number) {
    this.#now = now
    this.#random = random
  }

  lease(origin: string, key: string | undefined): Lease {
    const name = `${origin} ${key ?? ''}`
    const entry = this.#entries.get(name) ?? this.#open(name, origin, key)
    entry.holders++
    let isHeld = true
    return {
      server: entry.server,
      onFault: (listener) => entry.listeners.add(listener),
      release: () => {
        if (!isHeld) return
        isHeld = false
        entry.holders--
        setTimeout(() => this.#close(name, entry), LINGER_MS)
      },
    }
  }

  #open(name: string, origin: string, key: string | undefined): Entry {
    const connection = connect({
      url: `${origin.replace(/^http/, 'ws')}/stream`,
      key,
      now: this.#now,
      random: this.#random,
    })
    const listeners = new Set<(reason: string) => void>()
    const server = this.#catalogue(origin, key, listeners, () => entry.isClosed).then((catalogue) => {
      const decimals = new Map(catalogue.assets.map((asset) => [asset.name, decimalsOf(asset.gridTick)]))
      return {
        options: { connection, now: this.#now, decimalsOf: (asset: string) => decimals.get(asset) ?? 2 },
        loadScore: (asset: string) => loadScore(origin, asset, key),
      }
    })
    const entry: Entry = { connection, server, listeners, holders: 0, isClosed: false }
    this.#entries.set(name, entry)
    return entry
  }

  /** Asks until it is there; never answers of a server that nobody holds any more. */
  async #catalogue(
    origin: string,
    key: string | undefined,
    listeners: ReadonlySet<(reason: string) => void>,
    isClosed: () => boolean,
  ): Promise<Catalogue> {
    for (;;) {
      try {
        return await loadCatalogue(origin, key)
      } catch (error) {
        if (isClosed()) return new Promise(() => undefined)
        for (const tell of listeners) tell((error as Error).message)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  #close(name: string, entry: Entry): void {
    if (entry.holders > 0 || entry.isClosed) return
    entry.isClosed = true
    entry.connection.close()
    this.#entries.delete(name)
  }
}
