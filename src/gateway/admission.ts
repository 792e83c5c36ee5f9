import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'

/** Whose a connection is. */
export interface Entrant {
  readonly address: string
  /** Undefined where there are no plans. */
  readonly holder: { readonly id: string; readonly plan: string; readonly connections: number } | undefined
}

/** Where the connections of one thread come in and go out. */
export interface Door {
  /** Counts a connection, or answers why it may not be. Who was let in leaves once. */
  enter(entrant: Entrant): LmapError | undefined
  leave(entrant: Entrant): void
  /** Everybody who came in here is gone. */
  close(): void
}

/** How many connections each address and each holder has, over all threads of the gateway. */
export class Admission {
  readonly #limits: Limits
  readonly #perAddress = new Map<string, number>()
  readonly #perHolder = new Map<string, number>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  door(): Door {
    const inside = new Map<string, { entrant: Entrant; count: number }>()
    const leave = (entrant: Entrant) => {
      const known = inside.get(keyOf(entrant))!
      if (--known.count === 0) inside.delete(keyOf(entrant))
      this.#leave(entrant)
    }
    return {
      enter: (entrant) => {
        const refusal = this.#enter(entrant)
        if (refusal !== undefined) return refusal
        const known = inside.get(keyOf(entrant))
        if (known === undefined) inside.set(keyOf(entrant), { entrant, count: 1 })
        else known.count++
        return undefined
      },
      leave,
      close() {
        for (const { entrant, count } of [...inside.values()]) for (let left = count; left > 0; left--) leave(entrant)
      },
    }
  }

  #enter({ address, holder }: Entrant): LmapError | undefined {
    const { clientsPerAddressMax } = this.#limits
    if ((this.#perAddress.get(address) ?? 0) >= clientsPerAddressMax) {
      return new LmapError('LMAP_LIMIT', `An address has at most ${clientsPerAddressMax} connections.`)
    }
    if (holder !== undefined && (this.#perHolder.get(holder.id) ?? 0) >= holder.connections) {
      return new LmapError('LMAP_LIMIT', `Plan ${holder.plan} has ${holder.connections} connections.`)
    }
    addTo(this.#perAddress, address, 1)
    if (holder !== undefined) addTo(this.#perHolder, holder.id, 1)
    return undefined
  }

  #leave({ address, holder }: Entrant): void {
    addTo(this.#perAddress, address, -1)
    if (holder !== undefined) addTo(this.#perHolder, holder.id, -1)
  }
}

function keyOf({ address, holder }: Entrant): string {
  return holder === undefined ? address : `${address} ${holder.id}`
}

/** Adds to a count that is not kept at 0. */
function addTo(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
