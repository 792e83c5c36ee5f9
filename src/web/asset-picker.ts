import { icon } from './icons.ts'

/** <asset-picker>: a button with the chosen asset, and a list to search. Fires `choose` with the name as detail. */
export class AssetPicker extends HTMLElement {
  readonly #button = document.createElement('button')
  readonly #panel = document.createElement('div')
  readonly #input = document.createElement('input')
  readonly #list = document.createElement('ul')
  readonly #none = document.createElement('p')
  #assets: readonly string[] = []
  #found: readonly string[] = []
  #lockOf: (name: string) => string | undefined = () => undefined
  #value = ''
  #at = 0

  connectedCallback(): void {
    if (this.#button.isConnected) return
    this.#button.type = 'button'
    this.#button.className = 'picked'
    this.#button.setAttribute('aria-haspopup', 'listbox')
    this.#button.setAttribute('aria-expanded', 'false')
    this.#button.title = 'Choose an asset (/)'
    this.#panel.className = 'panel'
    this.#panel.hidden = true
    this.#list.id = 'asset-list'
    this.#list.setAttribute('role', 'listbox')
    this.#list.setAttribute('aria-label', 'Assets')
    this.#buildInput()
    this.#none.setAttribute('role', 'status')
    this.#panel.append(this.#input, this.#none, this.#list)
    this.append(this.#button, this.#panel)
    this.#button.addEventListener('click', () => (this.#panel.hidden ? this.open() : this.close()))
    this.#list.addEventListener('click', (event) => {
      const item = (event.target as Element).closest('li')
      if (item) this.#choose(item.dataset.name!)
    })
    this.addEventListener('focusout', (event) => {
      if (!this.contains(event.relatedTarget as Node | null)) this.close()
    })
  }

  set assets(names: readonly string[]) {
    this.#assets = names
  }

  set value(name: string) {
    this.#value = name
    if (this.#button.textContent !== name) this.#button.textContent = name
    this.#button.setAttribute('aria-label', `Asset ${name}, choose another`)
  }

  /** Why an asset may not be chosen; undefined: it may. */
  set lock(lockOf: (name: string) => string | undefined) {
    this.#lockOf = lockOf
    if (!this.#panel.hidden) this.#search()
  }

  open(): void {
    this.#panel.hidden = false
    this.#button.setAttribute('aria-expanded', 'true')
    this.#input.value = ''
    this.#search()
    this.#input.focus()
  }

  close(): void {
    this.#panel.hidden = true
    this.#button.setAttribute('aria-expanded', 'false')
  }

  #buildInput(): void {
    this.#input.type = 'search'
    this.#input.placeholder = 'Search'
    this.#input.autocomplete = 'off'
    this.#input.spellcheck = false
    this.#input.maxLength = 20
    this.#input.setAttribute('role', 'combobox')
    this.#input.setAttribute('aria-label', 'Search an asset')
    this.#input.setAttribute('aria-controls', this.#list.id)
    this.#input.setAttribute('aria-expanded', 'true')
    this.#input.addEventListener('input', () => this.#search())
    this.#input.addEventListener('keydown', (event) => this.#key(event))
  }

  /** Names that begin with what was typed come before those that contain it. */
  #search(): void {
    const wanted = this.#input.value.trim().toUpperCase()
    const starts = this.#assets.filter((name) => name.startsWith(wanted))
    const contains = this.#assets.filter((name) => !name.startsWith(wanted) && name.includes(wanted))
    this.#found = [...starts, ...contains]
    this.#at = Math.max(0, wanted === '' ? this.#found.indexOf(this.#value) : 0)
    this.#list.replaceChildren(...this.#found.map((name) => this.#item(name)))
    this.#none.textContent = this.#found.length === 0 ? `No asset is called ${wanted}` : ''
    this.#mark()
  }

  #item(name: string): HTMLElement {
    const item = document.createElement('li')
    item.id = `asset-${name}`
    item.setAttribute('role', 'option')
    item.dataset.name = name
    item.textContent = name
    item.tabIndex = -1
    const lock = this.#lockOf(name)
    if (lock !== undefined) {
      item.setAttribute('aria-disabled', 'true')
      item.title = lock
      item.append(icon('lock'))
    }
    return item
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      this.close()
      this.#button.focus()
    } else if (event.key === 'Enter') {
      const name = this.#found[this.#at]
      if (name !== undefined) this.#choose(name)
    } else if (event.key === 'ArrowDown') this.#move(1)
    else if (event.key === 'ArrowUp') this.#move(-1)
    else return
    event.preventDefault()
  }

  #move(step: number): void {
    if (this.#found.length === 0) return
    this.#at = (this.#at + step + this.#found.length) % this.#found.length
    this.#mark()
  }

  #mark(): void {
    this.#input.removeAttribute('aria-activedescendant')
    this.#list.querySelectorAll('li').forEach((item, i) => {
      item.setAttribute('aria-selected', String(i === this.#at))
      if (i !== this.#at) return
      this.#input.setAttribute('aria-activedescendant', item.id)
      item.scrollIntoView({ block: 'nearest' })
    })
  }

  #choose(name: string): void {
    const lock = this.#lockOf(name)
    if (lock !== undefined) {
      this.#none.textContent = lock
      return
    }
    this.close()
    this.#button.focus()
    this.dispatchEvent(new CustomEvent('choose', { detail: name }))
  }
}
