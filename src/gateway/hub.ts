import { assert } from '../model/errors.ts'
import type { Supply } from './channels.ts'

/** What one of those who fan out holds. */
export interface Holder extends Supply {
  /** Lets go of everything: whoever held it is gone. */
  leave(): void
}

/**
 * Brings together who fans out and who encodes: each kind of topic has one supplier, who hears of a topic once, however
 * many hold it.
 */
export class Hub {
  readonly #suppliers = new Map<string, Supply>()
  readonly #held = new Map<string, number>()

  /** Topics whose names begin with `kind` come from here. */
  supply(kind: string, supplier: Supply): void {
    this.#suppliers.set(kind, supplier)
  }

  holder(): Holder {
    const own = new Set<string>()
    const release = (topic: string) => {
      if (own.delete(topic)) this.#release(topic)
    }
    return {
      acquire: (topic) => {
        assert(!own.has(topic), 'who fans out holds a topic once')
        own.add(topic)
        this.#acquire(topic)
      },
      release,
      want: (topic, part) => {
        if (own.has(topic)) this.#supplierOf(topic).want(topic, part)
      },
      leave: () => {
        for (const topic of own) release(topic)
      },
    }
  }

  #acquire(topic: string): void {
    const count = (this.#held.get(topic) ?? 0) + 1
    this.#held.set(topic, count)
    if (count === 1) this.#supplierOf(topic).acquire(topic)
  }

  #release(topic: string): void {
    const count = this.#held.get(topic)! - 1
    if (count > 0) {
      this.#held.set(topic, count)
      return
    }
    this.#held.delete(topic)
    this.#supplierOf(topic).release(topic)
  }

  #supplierOf(topic: string): Supply {
    const supplier = this.#suppliers.get(topic.slice(0, topic.indexOf('/')))
    assert(supplier !== undefined, 'every kind of topic has a supplier')
    return supplier
  }
}
