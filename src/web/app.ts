import type { Connection } from '../client/connection.ts'
import { type Mode, modes } from '../model/modes.ts'
import { type TimeframeName, timeframes } from '../model/timeframes.ts'
import type { AssetPicker } from './asset-picker.ts'
import type { Catalogue } from './catalogue.ts'
import { choiceBar } from './choice-bar.ts'
import { decimalsOf, formatClock, formatPrice } from './format.ts'
import { legend } from './legend.ts'
import type { LiquidityMap } from './liquidity-map.ts'
import { lookDefault, lookMenu } from './look-menu.ts'
import { mapStatus } from './map-status.ts'
import { modelBadge } from './model-badge.ts'
import { formatRoute, parseRoute, type Route } from './route.ts'
import type { Score } from './score.ts'
import { venueStrip } from './venue-strip.ts'

const modeTitles: Record<Mode, string> = {
  raw: 'Realised liquidations (1)',
  synthetic: 'Predicted levels (2)',
  heatmap: 'Predicted levels, smoothed (3)',
  hybrid: 'Realised behind and at price, predicted beyond (4)',
}

const markup = `
<header>
  <h1><span class="mark" aria-hidden="true"></span><span class="name">Liquidity Map</span></h1>
  <asset-picker></asset-picker>
  <output class="price" aria-label="Last price"></output>
  <nav class="choices timeframes" aria-label="Timeframe"></nav>
  <nav class="choices modes" aria-label="Mode"></nav>
  <div class="tools">
    <button type="button" class="toggle depth" title="Show resting depth (D)">Depth</button>
    <details class="look"><summary title="How the map is painted">Display</summary><div class="panel"></div></details>
  </div>
  <div class="badges">
    <span class="badge simulated" hidden title="The data comes from the built-in simulator, not from a market">SIMULATED</span>
    <span class="badge model"></span>
    <span class="badge state" role="status"><i class="dot"></i><span></span></span>
  </div>
</header>
<liquidity-map></liquidity-map>
<footer>
  <div class="venues" aria-label="Venues"></div>
  <div class="legend" aria-label="Scale"></div>
  <div class="credit"><time></time><a href="https://www.tradingview.com/" target="_blank" rel="noopener">Charts by TradingView</a></div>
</footer>`

export interface AppOptions {
  readonly catalogue: Catalogue
  readonly connection: Connection
  /** What the forecast of an asset is worth. */
  readonly loadScore: (asset: string) => Promise<Score>
  readonly now: () => number
}

/** <liquidity-app>: everything around the map. Lasts as long as the page. */
export class LiquidityApp extends HTMLElement {
  #options: AppOptions | undefined
  #route: Route | undefined
  #showDepth = true
  #look = lookDefault
  #show: (() => void)[] = []

  /** Shown until `start`: what the page waits for. */
  set notice(text: string) {
    this.textContent = text
    this.className = 'notice'
  }

  start(options: AppOptions): void {
    this.#options = options
    this.className = ''
    this.innerHTML = markup
    const map = this.#part<LiquidityMap>('liquidity-map')
    this.#wireChoices(options.catalogue)
    this.#wireTools(map)
    this.#wireStatus(map, options)
    window.addEventListener('hashchange', () => this.#follow())
    window.addEventListener('keydown', (event) => this.#key(event))
    this.#follow()
    const decimals = new Map(options.catalogue.assets.map(({ name, gridTick }) => [name, decimalsOf(gridTick)]))
    map.start({ ...options, decimalsOf: (asset) => decimals.get(asset) ?? 2 })
    // Ages grow without data too.
    setInterval(() => map.refreshStatus(), 1000)
  }

  #part<Type extends Element = HTMLElement>(selector: string): Type {
    return this.querySelector<Type>(selector)!
  }

  #wireChoices(catalogue: Catalogue): void {
    const picker = this.#part<AssetPicker>('asset-picker')
    picker.assets = catalogue.assets.map(({ name }) => name)
    picker.addEventListener('choose', (event) => this.#go({ asset: (event as CustomEvent<string>).detail }))
    const byTimeframe = choiceBar(
      this.#part('.timeframes'),
      timeframes.map(({ name }) => ({ value: name, label: name, title: `Columns of ${name}` })),
      (value) => this.#go({ timeframe: value as TimeframeName }),
    )
    const byMode = choiceBar(
      this.#part('.modes'),
      modes.map((mode) => ({ value: mode, label: mode[0]!.toUpperCase() + mode.slice(1), title: modeTitles[mode] })),
      (value) => this.#go({ mode: value as Mode }),
    )
    this.#show.push(() => {
      const { asset, timeframe, mode } = this.#route!
      picker.value = asset
      byTimeframe(timeframe)
      byMode(mode)
    })
  }

  #wireTools(map: LiquidityMap): void {
    const depth = this.#part('.depth')
    depth.addEventListener('click', () => {
      this.#showDepth = !this.#showDepth
      this.#render()
    })
    lookMenu(this.#part('.look .panel'), (look) => {
      this.#look = look
      map.look = look
    })
    const look = this.#part<HTMLDetailsElement>('.look')
    window.addEventListener('pointerdown', (event) => {
      if (!look.contains(event.target as Node)) look.open = false
    })
    look.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') look.open = false
    })
    this.#show.push(() => {
      const { asset, timeframe, mode } = this.#route!
      depth.setAttribute('aria-pressed', String(this.#showDepth))
      map.toggleAttribute('depth', this.#showDepth)
      map.setAttribute('mode', mode)
      map.setAttribute('timeframe', timeframe)
      map.setAttribute('asset', asset)
    })
  }

  #wireStatus(map: LiquidityMap, { connection, catalogue, loadScore, now }: AppOptions): void {
    const showVenues = venueStrip(this.#part('.venues'))
    const showLegend = legend(this.#part('.legend'))
    const model = this.#part('.model')
    const showModel = modelBadge(model, loadScore, now)
    const [price, clock] = [this.#part('.price'), this.#part('time')]
    const [simulated, state] = [this.#part('.simulated'), this.#part('.state')]
    const ticks = new Map(catalogue.assets.map(({ name, gridTick }) => [name, gridTick]))
    const show = (): void => {
      const { stream } = map
      const data = stream?.map
      const status = mapStatus(connection, stream, now())
      state.dataset.kind = status.kind
      state.lastElementChild!.textContent = status.label
      simulated.hidden = !(data !== undefined && data.clockMs > 0 ? data.simulated : catalogue.simulated)
      if (stream !== undefined) showModel(stream.asset, data?.modelState ?? 0)
      map.modelText = model.textContent ?? ''
      clock.textContent = data !== undefined && data.clockMs > 0 ? formatClock(data.clockMs) : ''
      const last = data?.live ?? data?.columns.at(-1)
      const text = last === undefined ? '' : formatPrice(last.close, decimalsOf(ticks.get(stream!.asset) ?? 0.01))
      price.textContent = text
      price.dataset.kind = status.kind
      document.title = `${text} ${this.#route?.asset ?? ''} · Liquidity Map`.trim()
      showVenues(status.kind === 'lost' || status.kind === 'ended' ? undefined : data)
      showLegend(map, map.modeShown, this.#showDepth, this.#look)
    }
    map.addEventListener('mapchange', show)
  }

  #key(event: KeyboardEvent): void {
    const isTyping = (event.target as Element).matches('input, select')
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    const mode = modes[Number(event.key) - 1]
    if (event.key === '/') this.#part<AssetPicker>('asset-picker').open()
    else if (event.key === 'd') this.#part('.depth').click()
    else if (mode !== undefined) this.#go({ mode })
    else return
    event.preventDefault()
  }

  #go(change: Partial<Route>): void {
    location.hash = formatRoute({ ...this.#route!, ...change })
    // The event comes later, and a second key before it would start from the old address.
    this.#follow()
  }

  #follow(): void {
    const names = this.#options!.catalogue.assets.map(({ name }) => name)
    this.#route = parseRoute(location.hash, names)
    this.#render()
  }

  #render(): void {
    for (const show of this.#show) show()
  }
}
