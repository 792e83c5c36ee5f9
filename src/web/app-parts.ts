import type { Connection } from '../client/connection.ts'
import type { Catalogue } from './catalogue.ts'
import type { MapPanes } from './map-panes.ts'
import type { Route } from './route.ts'
import type { SettingsStore } from './settings.ts'
import type { Shortcuts } from './shortcuts.ts'
import type { ToolRail } from './tool-rail.ts'

/** How a tool goes somewhere else. */
export interface Way {
  /** Its moment is one for all maps; the rest is of the active one. */
  readonly isEverywhere?: boolean
  /** A step on the way, no place to come back to: the browser's history keeps the one before. */
  readonly isStep?: boolean
}

/** What a tool of the page works with. Tools are wired one by one in app.ts and do not know each other. */
export interface AppParts {
  readonly catalogue: Catalogue
  readonly connection: Connection
  readonly now: () => number
  readonly settings: SettingsStore
  readonly shortcuts: Shortcuts
  readonly rail: ToolRail
  readonly panes: MapPanes
  /** The area of the maps; what stands below or beside them is put into it. */
  readonly main: HTMLElement
  /** Tells in a line what has just been done. */
  readonly say: (text: string) => void
  /** Of the map that the controls are about. */
  readonly route: () => Route
  /** Shows something else on that map, and says so in the address. */
  readonly go: (change: Partial<Route>, way?: Way) => void
  /** An address that shows what is seen now, on any machine that reaches this server. */
  readonly link: () => string
  /** Calls back whenever routes or the active map have changed. */
  readonly onRoute: (listener: () => void) => void
}
