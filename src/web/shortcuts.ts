export interface Shortcut {
  /** As KeyboardEvent.key has it; a single letter in lower case. */
  readonly key: string
  /** What it does, in a few words. Without it the key is part of another entry. */
  readonly does?: string
  /** How the key is written where that differs. */
  readonly shown?: string
  readonly run: () => void
}

/** The keys of the page. They rest while somebody types, and behind a dialog. */
export class Shortcuts {
  readonly #all: Shortcut[] = []

  constructor(target: Window) {
    target.addEventListener('keydown', (event) => this.#press(event))
  }

  get all(): readonly Shortcut[] {
    return this.#all
  }

  add(...shortcuts: readonly Shortcut[]): void {
    this.#all.push(...shortcuts)
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const target = event.composedPath()[0]
    const isTyping =
      target instanceof Element && target.matches('input:not([type=checkbox], [type=radio]), select, textarea')
    // Behind a dialog nothing is in reach, and its own keys are the browser's.
    if (isTyping || document.querySelector('dialog:modal') !== null) return
    // Digits by their place: with Shift the same key says something else on every layout.
    const digit = /^Digit(\d)$/.exec(event.code)?.[1]
    const key =
      digit !== undefined && event.shiftKey
        ? `Shift+${digit}`
        : event.key.length === 1
          ? event.key.toLowerCase()
          : event.key
    const shortcut = this.#all.find((one) => one.key === key) ?? this.#all.find((one) => one.key === event.key)
    if (shortcut === undefined) return
    // A panel that is open is what Escape closes first.
    if (event.key === 'Escape' && document.querySelector(':popover-open') !== null) return
    event.preventDefault()
    shortcut.run()
  }
}
