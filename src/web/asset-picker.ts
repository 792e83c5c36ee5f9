/** <asset-picker>: a button with the chosen asset, and a list to search. Fires `choose` with the name as detail. */
export class AssetPicker extends HTMLElement {
  readonly #button = document.createElement('button')
  readonly #panel = document.createElement('div')
  readonly #input = document.createElement('input')
  readonly #list = document.createElement('ul')
  #assets: readonly string[] = []
  #found: readonly string[] = []
  #value = ''
  #at = 0

  connectedCallback(): void {
    if (this.#button.isConnected) return
    this.#button.type = 'button'
    this.#button.className = 'picked'
    this.#button.setAttribute('aria-haspopup', 'listbox')
    this.#button.title = 'Choose an asset (/)'
    this.#panel.className = 'panel'
    this.#panel.hidden = true
    this.#input.type = 'search'
    this.#input.placeholder = 'Search'
    this.#input.autocomplete = 'off'
    this.#input.spellcheck = false
    this.#input.setAttribute('aria-label', 'Search an asset')
    this.#list.setAttribute('role', 'listbox')
    this.#panel.append(this.#input, this.#list)
    this.append(this.#button, this.#panel)
    this.#button.addEventListener('click', () => (this.#panel.hidden ? this.open() : this.close()))
    this.#input.addEventListener('input', () => this.#search())
    this.#input.addEventListener('keydown', (event) => this.#key(event))
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
    this.#button.textContent = name
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

  /** Names that begin with what was typed come before those that contain it. */
  #search(): void {
    const wanted = this.#input.value.trim().toUpperCase()
    const starts = this.#assets.filter((name) => name.startsWith(wanted))
    const contains = this.#assets.filter((name) => !name.startsWith(wanted) && name.includes(wanted))
    this.#found = [...starts, ...contains]
    this.#at = Math.max(0, wanted === '' ? this.#found.indexOf(this.#value) : 0)
    this.#list.replaceChildren(
      ...this.#found.map((name) => {
        const item = document.createElement('li')
        item.setAttribute('role', 'option')
        item.dataset.name = name
        item.textContent = name
        item.tabIndex = -1
        return item
      }),
    )
    if (this.#found.length === 0) {
      const none = document.createElement('p')
      none.textContent = 'No such asset'
      this.#list.replaceChildren(none)
    }
    this.#mark()
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
    this.#list.querySelectorAll('li').forEach((item, i) => {
      item.setAttribute('aria-selected', String(i === this.#at))
      if (i === this.#at) item.scrollIntoView({ block: 'nearest' })
    })
  }

  #choose(name: string): void {
    this.close()
    this.#button.focus()
    this.dispatchEvent(new CustomEvent('choose', { detail: name }))
  }
}
