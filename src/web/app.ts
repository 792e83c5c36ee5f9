import type { Connection } from '../client/connection.ts'
import { limits } from '../model/limits.ts'
import { type Mode, modes } from '../model/modes.ts'
import { type TimeframeName, timeframes } from '../model/timeframes.ts'
import type { AlertApi } from './alert-api.ts'
import { wireAlerts } from './alert-desk.ts'
import { ALERTS_VERSION, AlertStore } from './alert-store.ts'
import type { AppParts, Way } from './app-parts.ts'
import type { AssetPicker } from './asset-picker.ts'
import type { Catalogue } from './catalogue.ts'
import { choiceBar } from './choice-bar.ts'
import { capitalised, decimalsOf } from './format.ts'
import { helpPanel } from './help-panel.ts'
import { icon } from './icons.ts'
import type { KeyStore } from './key-store.ts'
import { layoutMenu } from './layout-menu.ts'
import { formatLayout, PANES_MAX, parseLayout } from './layout-route.ts'
import { lookMenu } from './look-menu.ts'
import type { MapPanes } from './map-panes.ts'
import { type PlanSet, planLock } from './plan-lock.ts'
import { wirePlan } from './plan-menu.ts'
import { wirePosition } from './position-menu.ts'
import { POSITIONS_VERSION, PositionStore } from './position-store.ts'
import { wireReports } from './report-desk.ts'
import { formatRoute, type Route, routeDefault } from './route.ts'
import type { Score } from './score.ts'
import type { SettingsStore } from './settings.ts'
import { wireSharing } from './sharing.ts'
import { Shortcuts } from './shortcuts.ts'
import { statusLine } from './status-line.ts'
import { Stored } from './stored.ts'
import { themes } from './theme.ts'
import { wireTime } from './time-desk.ts'
import { toast } from './toast.ts'
import { ToolRail } from './tool-rail.ts'

const modeTitles: Record<Mode, string> = {
  raw: 'Realised liquidations (1)',
  synthetic: 'Predicted levels (2)',
  heatmap: 'Predicted levels, smoothed (3)',
  hybrid: 'Realised behind and at price, predicted beyond (4)',
}
/** What further maps start with: the same asset, ever slower. */
const furtherTimeframes = ['15m', '1h', '4h'] as const
/** Time in view after one press, for one before it. */
const ZOOM_FACTOR = 1.4

const markup = `
<header>
  <h1><span class="mark" aria-hidden="true"></span><span class="name">Liquidity Map</span></h1>
  <asset-picker></asset-picker>
  <output class="price" aria-label="Last price"></output>
  <div class="choices timeframes" aria-label="Timeframe"></div>
  <div class="choices modes" aria-label="Mode"></div>
  <button type="button" class="toggle depth" title="Show resting depth (D)">Depth</button>
  <div class="badges">
    <span class="badge simulated" hidden title="The data comes from the built-in simulator, not from a market">SIMULATED</span>
    <span class="badge model"></span>
    <span class="badge state" role="status"><i class="dot"></i><span></span></span>
  </div>
</header>
<section class="rail-area" aria-label="Tools"><div class="rail"></div></section>
<main aria-label="Maps"><map-panes></map-panes></main>
<footer>
  <div class="venues" role="group" aria-label="Venues"></div>
  <div class="legend" role="group" aria-label="Scale"></div>
  <div class="credit"><time></time><a href="https://www.tradingview.com/" target="_blank" rel="noopener">Charts by TradingView</a></div>
</footer>
<div></div>`

export interface AppOptions {
  readonly catalogue: Catalogue
  readonly connection: Connection
  /** What the forecast of an asset is worth. */
  readonly loadScore: (asset: string) => Promise<Score>
  readonly settings: SettingsStore
  /** Of the browser, undefined where it is switched off. */
  readonly storage: Storage | undefined
  readonly keys: KeyStore
  readonly alerts: AlertApi
  readonly now: () => number
}

/** <liquidity-app>: everything around the maps. Lasts as long as the page. */
export class LiquidityApp extends HTMLElement {
  #options: AppOptions | undefined
  #routes: readonly Route[] = [routeDefault]
  #parts: AppParts | undefined
  /** An address that is to be written. */
  #address: { readonly hash: string; readonly timer: ReturnType<typeof setTimeout> } | undefined
  readonly #show: (() => void)[] = []

  /** Shown until `start`: what the page waits for. */
  set notice(text: string) {
    this.textContent = text
    this.className = 'notice'
  }

  start(options: AppOptions): void {
    this.#options = options
    this.className = ''
    this.innerHTML = markup
    const { settings, catalogue, connection, now } = options
    const panes = this.#part<MapPanes>('map-panes')
    const shortcuts = new Shortcuts(window)
    const parts: AppParts = {
      catalogue,
      connection,
      now,
      settings,
      shortcuts,
      rail: new ToolRail(this.#part('.rail'), shortcuts),
      panes,
      main: this.#part('main'),
      say: toast(this.lastElementChild as HTMLElement),
      route: () => this.#route,
      go: (change, way) => this.#go(change, way),
      link: () => new URL(formatLayout(this.#routes), location.href).href,
      onRoute: (listener) => this.#show.push(listener),
    }
    this.#parts = parts
    this.#wireChoices(parts)
    this.#wireView(parts)
    this.#wireMotion(parts)
    wireSharing(parts)
    wireTime(parts)
    wireReports(parts)
    wireAlerts(parts, new AlertStore(new Stored(options.storage, 'alerts', ALERTS_VERSION)), options.alerts)
    parts.rail.gap()
    wirePlan(parts, options.keys, () => location.reload())
    parts.rail.panel({ icon: 'help', label: 'Keys', key: '?' }, (panel) => helpPanel(panel, shortcuts))
    const showStatus = statusLine(this, options)
    panes.addEventListener('mapchange', () => showStatus(panes.map))
    panes.addEventListener('panechange', () => this.#render())
    settings.follow(({ look, theme }) => {
      document.documentElement.dataset.theme = theme
      panes.paint(look, theme)
      this.#part('.depth').setAttribute('aria-pressed', String(look.switches.depth))
    })
    if (location.hash === '') this.#restore()
    window.addEventListener('hashchange', () => this.#follow())
    this.#follow()
    const decimals = new Map(catalogue.assets.map(({ name, gridTick }) => [name, decimalsOf(gridTick)]))
    panes.start({ connection, now, decimalsOf: (asset) => decimals.get(asset) ?? 2 })
    // Ages grow without data too.
    setInterval(() => panes.refreshStatus(), 1000)
  }

  #part<Type extends Element = HTMLElement>(selector: string): Type {
    return this.querySelector<Type>(selector)!
  }

  #wireChoices({ catalogue, connection, shortcuts, say }: AppParts): void {
    const picker = this.#part<AssetPicker>('asset-picker')
    const lockOf = (set: PlanSet) => (name: string) => planLock(connection.hello?.plan, set, name)
    picker.assets = catalogue.assets.map(({ name }) => name)
    picker.addEventListener('choose', (event) => this.#go({ asset: (event as CustomEvent<string>).detail }))
    const byTimeframe = choiceBar(
      this.#part('.timeframes'),
      timeframes.map(({ name }) => ({ value: name, label: name, title: `Columns of ${name}` })),
      (value) => this.#go({ timeframe: value as TimeframeName }),
      say,
    )
    const byMode = choiceBar(
      this.#part('.modes'),
      modes.map((mode) => ({ value: mode, label: capitalised(mode), title: modeTitles[mode] })),
      (value) => this.#go({ mode: value as Mode }),
      say,
    )
    this.#show.push(() => {
      const { asset, timeframe, mode } = this.#route
      picker.value = asset
      byTimeframe.show(timeframe)
      byMode.show(mode)
    })
    const lock = (): void => {
      picker.lock = lockOf('assets')
      byTimeframe.lock(lockOf('timeframes'))
      byMode.lock(lockOf('modes'))
    }
    // The plan comes with the connection.
    connection.onChange(lock)
    lock()
    const chooseTimeframe = (step: number): void => {
      const next = timeframes[timeframes.findIndex(({ name }) => name === this.#route.timeframe) + step]
      if (next === undefined) return
      const reason = lockOf('timeframes')(next.name)
      if (reason === undefined) this.#go({ timeframe: next.name })
      else say(reason)
    }
    const chooseMode = (mode: Mode): void => {
      const reason = lockOf('modes')(mode)
      if (reason === undefined) this.#go({ mode })
      else say(reason)
    }
    shortcuts.add(
      { key: '/', does: 'Choose an asset', run: () => picker.open() },
      { key: '[', does: 'Shorter, longer timeframe', shown: '[ ]', run: () => chooseTimeframe(-1) },
      { key: ']', run: () => chooseTimeframe(1) },
      ...modes.map((mode, i) => ({ key: String(i + 1), run: () => chooseMode(mode) })),
      { key: 'Mode', shown: '1 – 4', does: 'Mode', run: () => undefined },
    )
  }

  /** What is drawn, how and on how many maps. */
  #wireView(parts: AppParts): void {
    const { rail, settings, shortcuts, say } = parts
    const depth = this.#part('.depth')
    depth.addEventListener('click', () => {
      const { look } = settings.value
      settings.change({ look: { ...look, switches: { ...look.switches, depth: !look.switches.depth } } })
    })
    rail.panel({ icon: 'display', label: 'Display', key: 'v' }, (panel) => lookMenu(panel, settings))
    rail.panel({ icon: 'layout', label: 'Layout', key: 'l' }, (panel) => {
      const show = layoutMenu(panel, (count) => this.#setCount(count))
      this.#show.push(() => show(this.#routes.length))
    })
    const names = parts.catalogue.assets.map(({ name }) => name)
    const stored = new Stored(this.#options!.storage, 'positions', POSITIONS_VERSION)
    wirePosition(parts, new PositionStore(stored, names))
    shortcuts.add(
      { key: 'd', does: 'Resting depth on or off', run: () => depth.click() },
      { key: 't', does: 'Next theme', run: () => nextTheme(settings, say) },
    )
  }

  #wireMotion({ rail, panes, shortcuts }: AppParts): void {
    rail.gap()
    rail.button({ icon: 'fit', label: 'Fit to the newest', key: 'f' }, () => panes.map.fitView())
    const pause = rail.button({ icon: 'pause', label: 'Pause', key: 'p' }, () => panes.map.toggleAttribute('paused'))
    panes.addEventListener('mapchange', () => {
      const isPaused = panes.map.hasAttribute('paused')
      if (pause.getAttribute('aria-pressed') === String(isPaused)) return
      pause.setAttribute('aria-pressed', String(isPaused))
      pause.replaceChildren(icon(isPaused ? 'play' : 'pause'))
    })
    shortcuts.add(
      { key: '+', does: 'Closer, farther', shown: '+ −', run: () => panes.map.zoomView(1 / ZOOM_FACTOR) },
      { key: '=', run: () => panes.map.zoomView(1 / ZOOM_FACTOR) },
      { key: '-', run: () => panes.map.zoomView(ZOOM_FACTOR) },
    )
    const choose = (pane: number) => ({
      key: `Shift+${pane + 1}`,
      run: () => {
        panes.active = pane
      },
    })
    shortcuts.add(...Array.from({ length: PANES_MAX }, (_, pane) => choose(pane)))
    shortcuts.add({
      key: 'Map',
      shown: 'Shift 1 – 4',
      does: 'The map that the controls are about',
      run: () => undefined,
    })
  }

  get #route(): Route {
    return this.#routes[this.#parts!.panes.active] ?? this.#routes[0]!
  }

  #setCount(count: number): void {
    const names = this.#options!.catalogue.assets.map(({ name }) => name)
    const kept = this.#options!.settings.value.panes
    const { asset, mode } = this.#route
    const routes = Array.from({ length: count }, (_, i) => {
      if (this.#routes[i] !== undefined) return this.#routes[i]
      if (kept[i] !== undefined) return parseLayout(kept[i], names)[0]!
      return { asset, mode, timeframe: furtherTimeframes[i - 1] ?? routeDefault.timeframe }
    })
    this.#goTo(routes)
  }

  #go(change: Partial<Route>, { isEverywhere = false, isStep = false }: Way = {}): void {
    const { active } = this.#parts!.panes
    // A level is one of its asset.
    const other = change.asset === undefined || change.asset === this.#route.asset ? {} : { level: undefined }
    const changed = (route: Route, i: number): Route => {
      if (i === active) return { ...route, ...other, ...change }
      return isEverywhere ? { ...route, atMs: change.atMs } : route
    }
    this.#goTo(this.#routes.map(changed), isStep)
  }

  #goTo(routes: readonly Route[], isStep = false): void {
    const hash = formatLayout(routes)
    if (isStep) {
      clearTimeout(this.#address?.timer)
      // Browsers refuse an address that changes many times a second: it is written when the steps rest.
      this.#address = { hash, timer: setTimeout(() => this.#writeAddress(), limits.pageAddressMs) }
      this.#apply(hash)
      return
    }
    // What was stepped to is a place to come back to from here.
    this.#writeAddress()
    location.hash = hash
    // The event comes later, and a second key before it would start from the old address.
    this.#follow()
  }

  /** What has been stepped to, in place of this entry of the browser's history. */
  #writeAddress(): void {
    if (this.#address === undefined) return
    clearTimeout(this.#address.timer)
    history.replaceState(null, '', this.#address.hash)
    this.#address = undefined
  }

  /** The maps of the last visit, in place of this entry of the browser's history. */
  #restore(): void {
    const { hash } = this.#options!.settings
    if (hash !== '') history.replaceState(null, '', hash)
  }

  #follow(): void {
    // Somebody has gone elsewhere: where the steps led to is left.
    clearTimeout(this.#address?.timer)
    this.#address = undefined
    this.#apply(location.hash)
  }

  #apply(hash: string): void {
    const { catalogue, settings } = this.#options!
    const names = catalogue.assets.map(({ name }) => name)
    this.#routes = parseLayout(hash, names)
    const { panes, paneCount } = settings.value
    // What is looked at stays, where in price and time one has looked does not.
    const kept = this.#routes.map((route) => formatRoute({ ...route, level: undefined, atMs: undefined }).slice(1))
    // Play and drags go on many times a second, and remember nothing new.
    if (paneCount !== kept.length || kept.some((route, i) => route !== panes[i])) {
      settings.change({ panes: [...kept, ...panes.slice(kept.length)], paneCount: kept.length })
    }
    this.#parts!.panes.show(this.#routes)
    this.#render()
  }

  #render(): void {
    for (const show of this.#show) show()
  }
}

function nextTheme(settings: SettingsStore, say: (text: string) => void): void {
  const theme = themes[(themes.indexOf(settings.value.theme) + 1) % themes.length]!
  settings.change({ theme })
  say(theme === 'auto' ? 'Theme as the system has it' : `Theme: ${theme}`)
}
