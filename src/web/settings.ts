import { PANES_MAX } from './layout-route.ts'
import { lookDefault, type MapLook, readLook } from './map-look.ts'
import type { Stored } from './stored.ts'
import { type Theme, themes } from './theme.ts'

/** How this reader likes the page. */
export interface Settings {
  readonly theme: Theme
  readonly look: MapLook
  /** Addresses of the maps, as layout-route.ts writes them one by one; more than are shown, so that they come back. */
  readonly panes: readonly string[]
  readonly paneCount: number
}

export const SETTINGS_VERSION = 1
const settingsDefault: Settings = { theme: 'auto', look: lookDefault, panes: [], paneCount: 1 }
const ROUTE_CHARS_MAX = 80

/** Reads what another visit, another version or somebody else has left. */
export function readSettings(value: unknown): Settings {
  const { theme, look, panes, paneCount } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const isPane = (pane: unknown): pane is string => typeof pane === 'string' && pane.length <= ROUTE_CHARS_MAX
  return {
    theme: themes.find((name) => name === theme) ?? settingsDefault.theme,
    look: readLook(look),
    panes: Array.isArray(panes) ? panes.filter(isPane).slice(0, PANES_MAX) : [],
    paneCount: [1, 2, 3, 4].find((count) => count === paneCount) ?? settingsDefault.paneCount,
  }
}

/** The settings of this page: what changes is kept and told. */
export class SettingsStore {
  readonly #stored: Stored
  readonly #listeners = new Set<(settings: Settings) => void>()
  #settings: Settings

  constructor(stored: Stored) {
    this.#stored = stored
    this.#settings = readSettings(stored.read())
  }

  get value(): Settings {
    return this.#settings
  }

  /** The address of the maps of the last visit; empty where there was none. */
  get hash(): string {
    const { panes, paneCount } = this.#settings
    const kept = panes.slice(0, paneCount)
    return kept.length > 0 ? `#${kept.join('+')}` : ''
  }

  change(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change }
    this.#stored.write(this.#settings)
    for (const listener of this.#listeners) listener(this.#settings)
  }

  /** Calls back at once and with every change. */
  follow(listener: (settings: Settings) => void): void {
    this.#listeners.add(listener)
    listener(this.#settings)
  }
}
