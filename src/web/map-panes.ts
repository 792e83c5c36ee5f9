import { momentText } from '../model/moment.ts'
import { formatLayout, PANES_MAX } from './layout-route.ts'
import type { LiquidityMap, MapOptions } from './liquidity-map.ts'
import type { CursorPlace } from './map-cursor.ts'
import type { MapLook } from './map-look.ts'
import type { Route } from './route.ts'
import type { Theme } from './theme.ts'

/**
 * <map-panes>: one to four maps beside each other, of which one is what the controls are about. Where one is pointed at the
 * others follow. Fires `panechange` when another one becomes active, and `mapchange` when the active one has changed.
 */
export class MapPanes extends HTMLElement {
  readonly #maps: LiquidityMap[] = []
  #options: MapOptions | undefined
  #look: MapLook | undefined
  #theme: Theme = 'auto'
  #active = 0

  get maps(): readonly LiquidityMap[] {
    return this.#maps
  }

  get active(): number {
    return this.#active
  }

  set active(pane: number) {
    const next = Math.max(0, Math.min(this.#maps.length - 1, pane))
    if (next === this.#active) return
    this.#active = next
    this.#mark()
    this.dispatchEvent(new Event('panechange'))
  }

  /** The active one. */
  get map(): LiquidityMap {
    return this.#maps[this.#active]!
  }

  start(options: MapOptions): void {
    this.#options = options
    for (const map of this.#maps) map.start(options)
  }

  paint(look: MapLook, theme: Theme): void {
    if (look === this.#look && theme === this.#theme) return
    this.#look = look
    this.#theme = theme
    for (const map of this.#maps) this.#dress(map)
  }

  /** One map for each route; those that stay keep their place and their zoom. */
  show(routes: readonly Route[]): void {
    if (routes.length < 1 || routes.length > PANES_MAX) throw new RangeError(`cannot show ${formatLayout(routes)}`)
    while (this.#maps.length > routes.length) this.#maps.pop()!.remove()
    routes.forEach(({ asset, timeframe, mode, level, atMs }, i) => {
      const map = this.#maps[i] ?? this.#add()
      map.setAttribute('mode', mode)
      map.setAttribute('timeframe', timeframe)
      map.setAttribute('asset', asset)
      setOptional(map, 'level', level?.toString())
      setOptional(map, 'at', atMs === undefined ? undefined : momentText(atMs))
      map.toggleAttribute('bare', routes.length === 1)
    })
    this.dataset.count = String(routes.length)
    this.#active = Math.min(this.#active, routes.length - 1)
    this.#mark()
  }

  /** Looks at the clock: ages and states that change without data. */
  refreshStatus(): void {
    for (const map of this.#maps) map.refreshStatus()
  }

  #add(): LiquidityMap {
    const map = document.createElement('liquidity-map') as LiquidityMap
    // The page around the maps has the credit that one on its own carries.
    map.toggleAttribute('pane', true)
    const activate = () => {
      this.active = this.#maps.indexOf(map)
    }
    map.addEventListener('pointerdown', activate)
    map.addEventListener('focusin', activate)
    map.addEventListener('mapchange', () => {
      if (map === this.map) this.dispatchEvent(new Event('mapchange'))
    })
    map.addEventListener('mapcursor', (event) => {
      const { detail } = event as CustomEvent<CursorPlace | null>
      for (const other of this.#maps) if (other !== map) other.followCursor(detail)
    })
    this.#maps.push(map)
    this.#dress(map)
    this.append(map)
    if (this.#options !== undefined) map.start(this.#options)
    return map
  }

  #dress(map: LiquidityMap): void {
    map.setAttribute('theme', this.#theme)
    if (this.#look !== undefined) map.look = this.#look
  }

  #mark(): void {
    for (const [i, map] of this.#maps.entries()) {
      map.toggleAttribute('active', i === this.#active && this.#maps.length > 1)
    }
  }
}

function setOptional(element: HTMLElement, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name)
  else element.setAttribute(name, value)
}
