import type { Stored } from './stored.ts'

export const KEY_VERSION = 1
/** What keys and tokens are written with (docs/plans.md): nothing that a header or a sub-protocol could not carry. */
const KEY = /^[\w.~-]{8,4096}$/

/** The key that this browser shows to the server: for this tab, or until it is forgotten. */
export class KeyStore {
  readonly #tab: Stored
  readonly #browser: Stored

  constructor(tab: Stored, browser: Stored) {
    this.#tab = tab
    this.#browser = browser
  }

  get key(): string | undefined {
    const kept = this.#tab.read() ?? this.#browser.read()
    return typeof kept === 'string' && KEY.test(kept) ? kept : undefined
  }

  /** Answers a sentence where it cannot be a key or cannot be kept. */
  set(key: string, isLasting: boolean): string | undefined {
    if (!KEY.test(key)) return 'A key has letters, digits, dots, dashes and underscores alone, at least 8 of them.'
    this.forget()
    const isKept = (isLasting ? this.#browser : this.#tab).write(key)
    return isKept ? undefined : 'This browser keeps nothing for the page, so it cannot use a key.'
  }

  forget(): void {
    this.#tab.remove()
    this.#browser.remove()
  }
}
