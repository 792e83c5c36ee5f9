import { type IconName, icon } from './icons.ts'
import type { Shortcuts } from './shortcuts.ts'

export interface Tool {
  readonly icon: IconName
  readonly label: string
  /** A shortcut that presses it. */
  readonly key?: string
}

/** The column of tools beside the maps: buttons, and panels that buttons open. */
export class ToolRail {
  readonly #host: HTMLElement
  readonly #shortcuts: Shortcuts
  #panels = 0

  constructor(host: HTMLElement, shortcuts: Shortcuts) {
    this.#host = host
    this.#shortcuts = shortcuts
    host.setAttribute('role', 'toolbar')
    host.setAttribute('aria-label', 'Tools')
    host.setAttribute('aria-orientation', 'vertical')
  }

  /** A thin line between two groups. */
  gap(): void {
    const line = document.createElement('i')
    line.className = 'gap'
    this.#host.append(line)
  }

  button(tool: Tool, press: () => void): HTMLButtonElement {
    const button = this.#add(tool)
    button.addEventListener('click', press)
    return button
  }

  /** A panel that is filled once and shown beside its button. Escape, a press elsewhere and the button close it. */
  panel(tool: Tool, fill: (panel: HTMLElement) => void): HTMLElement {
    const button = this.#add(tool)
    const panel = document.createElement('div')
    const id = `panel-${++this.#panels}`
    panel.id = id
    panel.className = 'tool-panel'
    panel.popover = 'auto'
    panel.setAttribute('role', 'dialog')
    panel.setAttribute('aria-label', tool.label)
    button.setAttribute('aria-haspopup', 'dialog')
    button.popoverTargetElement = panel
    const title = document.createElement('h2')
    title.textContent = tool.label
    panel.append(title)
    fill(panel)
    button.after(panel)
    panel.addEventListener('toggle', (event) => {
      if ((event as ToggleEvent).newState !== 'open') return
      place(panel, button)
      panel.querySelector<HTMLElement>('input, select, button')?.focus()
    })
    return panel
  }

  #add({ icon: name, label, key }: Tool): HTMLButtonElement {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'tool'
    button.append(icon(name))
    button.setAttribute('aria-label', label)
    button.title = key === undefined ? label : `${label} (${key.toUpperCase()})`
    this.#host.append(button)
    if (key !== undefined) this.#shortcuts.add({ key, does: label, run: () => button.click() })
    return button
  }
}

/** Beside its button and on the screen; a phone has its own place for panels (narrow.css). */
function place(panel: HTMLElement, button: HTMLElement): void {
  const { right, top } = button.getBoundingClientRect()
  const room = innerHeight - panel.offsetHeight - 8
  panel.style.setProperty('--panel-left', `${Math.round(right + 8)}px`)
  panel.style.setProperty('--panel-top', `${Math.round(Math.max(8, Math.min(top, room)))}px`)
}
