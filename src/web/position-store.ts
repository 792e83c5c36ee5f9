import { type Position, readPosition } from './position.ts'
import type { Stored } from './stored.ts'

export const POSITIONS_VERSION = 1

/** The reader's positions by asset, one each. They are kept by the browser alone. */
export class PositionStore {
  readonly #stored: Stored
  readonly #positions = new Map<string, Position>()
  readonly #listeners = new Set<() => void>()

  /** Of assets that the server does not have nothing is read. */
  constructor(stored: Stored, assets: readonly string[]) {
    this.#stored = stored
    const kept = (stored.read() ?? {}) as Record<string, unknown>
    for (const asset of assets) {
      const position = Object.hasOwn(kept, asset) ? readPosition(kept[asset]) : 'none'
      if (typeof position !== 'string') this.#positions.set(asset, position)
    }
  }

  of(asset: string): Position | undefined {
    return this.#positions.get(asset)
  }

  set(asset: string, position: Position | undefined): void {
    if (position === undefined) this.#positions.delete(asset)
    else this.#positions.set(asset, position)
    this.#stored.write(Object.fromEntries(this.#positions))
    for (const listener of this.#listeners) listener()
  }

  /** Calls back at once and with every change. */
  follow(listener: () => void): void {
    this.#listeners.add(listener)
    listener()
  }
}
