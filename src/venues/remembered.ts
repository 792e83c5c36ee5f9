import { limits } from '../model/limits.ts'

/** The newest trades or liquidations of each symbol, to recognise one that is told again. */
export class Remembered {
  readonly #ids = new Map<string, Set<string | number>>()

  /** Remembers it, too. */
  isNew(symbol: string, id: string | number): boolean {
    let ids = this.#ids.get(symbol)
    if (ids === undefined) this.#ids.set(symbol, (ids = new Set()))
    if (ids.has(id)) return false
    ids.add(id)
    if (ids.size > limits.tradesRememberedMax) ids.delete(ids.values().next().value!)
    return true
  }
}
