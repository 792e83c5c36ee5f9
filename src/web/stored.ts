/** What this browser keeps for the page, as JSON under one name. Nothing of it is ever sent. */
export class Stored {
  readonly #storage: Storage | undefined
  readonly #name: string
  readonly #version: number

  /** Without a storage (a browser may refuse one) what is written lasts as long as the page. */
  constructor(storage: Storage | undefined, name: string, version: number) {
    this.#storage = storage
    this.#name = `liquidity-map.${name}`
    this.#version = version
  }

  /** What was written by this version of the page; undefined where there is none that can be read. */
  read(): unknown {
    try {
      const { version, value } = JSON.parse(this.#storage?.getItem(this.#name) ?? '{}') ?? {}
      return version === this.#version ? value : undefined
    } catch {
      // Rubbish of another program or a half-written entry is as good as none.
      return undefined
    }
  }

  /** Answers whether it will be there after the page. */
  write(value: unknown): boolean {
    try {
      this.#storage?.setItem(this.#name, JSON.stringify({ version: this.#version, value }))
      return this.#storage !== undefined
    } catch {
      return false
    }
  }

  remove(): void {
    try {
      this.#storage?.removeItem(this.#name)
    } catch {
      // A storage that refuses to forget has refused to remember, too.
    }
  }
}

/** A storage of the browser, undefined where it is switched off: asking for it throws then. */
export function storageOf(ask: () => Storage): Storage | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
