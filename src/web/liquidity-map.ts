import type { MouseEventParams } from 'lightweight-charts'
import type { Connection } from '../client/connection.ts'
import { MapChange } from '../client/map-state.ts'
import type { MapStream } from '../client/map-stream.ts'
import { realisedLayersOfColumns } from '../model/cluster-layers.ts'
import type { ClusterLayer } from '../model/clusters.ts'
import { MODE_DEFAULT, type Mode, modeShown, modes } from '../model/modes.ts'
import { timeframeId, timeframes } from '../model/timeframes.ts'
import type { Column } from '../wire/blocks.ts'
import { type CandleChart, createCandleChart, putCandle, setCandles, setDecimals, slotAt } from './candle-chart.ts'
import { ClusterLabels } from './cluster-labels.ts'
import { HeatField } from './heat-field.ts'
import type { HeatStyle } from './heat-painter.ts'
import { HeatPrimitive } from './heat-primitive.ts'
import { emptyScale, fitScale } from './heat-scale.ts'
import { Invalidation, Level } from './invalidation.ts'
import styles from './liquidity-map.css'
import { mapStatus } from './map-status.ts'
import { accentCss, CHANNELS, Channel, type PaletteName, rampBytes } from './palette.ts'
import { Profile } from './profile.ts'
import { Readout } from './readout.ts'

export interface MapLook {
  palette: PaletteName
  /** 0 to 1: share of each ramp that is cut off at its weak end. */
  threshold: number
  gamma: number
}

/** Live draws between two fits of the ramps, about five seconds, and between two searches for clusters. */
const LIVES_PER_FIT = 20
const LIVES_PER_CLUSTERS = 4

const FALLBACK =
  'The forecast is unproven: hybrid shows what happened and resting depth. Synthetic and heatmap show it all the same.'

// Predictions are smooth and everywhere: a steeper ramp keeps what is ordinary dark, and depth visible through it.
const gammaOfChannel = [1, 1.8, 1, 1]

export interface MapOptions {
  readonly connection: Connection
  readonly now: () => number
  /** Decimals of an asset's prices. */
  readonly decimalsOf: (asset: string) => number
}

/**
 * <liquidity-map asset="BTC" timeframe="1m" mode="hybrid" depth>: one live map. Give it a connection with `start`.
 * Fires `mapchange` when its data or state has changed, at most once per frame.
 */
export class LiquidityMap extends HTMLElement {
  static readonly observedAttributes = ['asset', 'timeframe', 'mode', 'depth']
  /** Scale of the ramps, for a legend. */
  readonly scale = emptyScale()
  readonly field = new HeatField()
  readonly #invalidation = new Invalidation((level) => this.#draw(level))
  readonly #profile = new Profile()
  readonly #readout = new Readout()
  readonly #clusters = new ClusterLabels()
  readonly #note = document.createElement('div')
  readonly #veil = document.createElement('div')
  readonly #style: HeatStyle = {
    ramps: rampBytes('ember'),
    rampsVersion: 0,
    floor: new Float32Array(CHANNELS),
    slope: new Float32Array(CHANNELS),
    gamma: new Float32Array(CHANNELS).fill(1),
    showDepth: false,
    version: 0,
  }
  #look: MapLook = { palette: 'ember', threshold: 0, gamma: 1 }
  #colours = { bid: '', ask: '', predicted: '', realised: '' }
  #options: MapOptions | undefined
  #chart: CandleChart | undefined
  #heat: HeatPrimitive | undefined
  #stream: MapStream | undefined
  #crosshair: MouseEventParams | undefined
  #decimals = 2
  #stops: (() => void)[] = []
  #stopStream: () => void = () => undefined
  /** What the chart holds. */
  #shownStream: MapStream | undefined
  #newestClosedMs = 0
  #livesSinceFit = 0
  #livesSinceClusters = 0
  #shownMode: Mode = MODE_DEFAULT
  #realised: readonly ClusterLayer[] = []
  #modelText = ''

  get stream(): MapStream | undefined {
    return this.#stream
  }

  get mode(): Mode {
    return modes.find((mode) => mode === this.getAttribute('mode')) ?? MODE_DEFAULT
  }

  /** The mode as it is read: an unproven forecast is not part of hybrid. */
  get modeShown(): Mode {
    return modeShown(this.mode, this.#stream?.map.modelState ?? 0)
  }

  /** What is known of the forecast, for screens that have no room for it elsewhere. */
  set modelText(text: string) {
    this.#modelText = text
  }

  /** 'webgl2' or 'canvas', once the element is in a document. */
  get painter(): string | undefined {
    return this.#heat?.painterKind
  }

  /** Slots of time on the screen, null before there are any. */
  get visibleSlots(): { from: number; to: number } | null {
    return this.#chart?.chart.timeScale().getVisibleLogicalRange() ?? null
  }

  set look(look: MapLook) {
    this.#look = look
    this.#style.ramps = rampBytes(look.palette)
    this.#style.rampsVersion++
    this.#applyLook()
  }

  /** Subscribes to what the attributes say, and follows them from now on. */
  start(options: MapOptions): void {
    this.#options = options
    this.#stops.push(options.connection.onChange(() => this.#invalidation.invalidate(Level.cursor)))
    this.#subscribe()
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.#build()
    const host = root.querySelector<HTMLElement>('.chart')!
    this.#chart = createCandleChart(host)
    this.#heat = new HeatPrimitive(this.field, this.#style, () => this.#invalidation.invalidate(Level.live))
    this.#chart.series.attachPrimitive(this.#heat)
    this.#chart.chart.subscribeCrosshairMove((parameter) => {
      this.#crosshair = parameter
      this.#invalidation.invalidate(Level.cursor)
    })
    const resize = new ResizeObserver(() => this.#invalidation.invalidate(Level.live))
    resize.observe(this)
    this.#stops.push(() => resize.disconnect())
    this.#applyLook()
    this.#subscribe()
  }

  disconnectedCallback(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#unsubscribe()
    this.#invalidation.cancel()
    this.#chart?.chart.remove()
    this.#chart = undefined
    this.#heat = undefined
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return
    if (name === 'asset' || name === 'timeframe') this.#subscribe()
    else if (name === 'mode') this.#refill()
    else this.#applyLook()
  }

  /** Looks at the clock: ages and states that change without data. */
  refreshStatus(): void {
    this.#invalidation.invalidate(Level.cursor)
  }

  #build(): ShadowRoot {
    const root = this.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(styles)
    root.adoptedStyleSheets = [sheet]
    const frame = document.createElement('div')
    frame.className = 'frame'
    const chart = document.createElement('div')
    chart.className = 'chart'
    const profile = document.createElement('div')
    profile.className = 'profile'
    profile.append(this.#profile.canvas, this.#clusters.element)
    this.#note.className = 'note'
    this.#note.setAttribute('role', 'note')
    this.#veil.className = 'veil'
    this.#veil.setAttribute('role', 'status')
    frame.append(chart, profile)
    root.append(frame, this.#readout.element, this.#note, this.#veil)
    return root
  }

  #subscribe(): void {
    const asset = this.getAttribute('asset')
    const timeframe = this.getAttribute('timeframe')
    if (!this.isConnected || this.#options === undefined || asset === null || timeframe === null) return
    if (this.#stream?.asset === asset && this.#stream.timeframe === timeframe) return
    this.#unsubscribe()
    if (timeframeId(timeframe) < 0) return
    const stream = this.#options.connection.subscribe(asset, timeframe)
    this.#stopStream = stream.onChange((change) => this.#invalidation.invalidate(levelOf(change)))
    this.#stream = stream
    this.#decimals = this.#options.decimalsOf(asset)
    if (this.#chart !== undefined) setDecimals(this.#chart, this.#decimals)
    this.#invalidation.invalidate(Level.full)
  }

  #unsubscribe(): void {
    this.#stopStream()
    this.#stream?.close()
    this.#stream = undefined
  }

  #draw(level: number): void {
    if (level >= Level.full || this.#shownMode !== this.modeShown) this.#refill()
    else if (level >= Level.columns) this.#putNew()
    else if (level >= Level.live) this.#putLive()
    if (level >= Level.live) this.#drawProfile()
    this.#drawReadout()
    this.#drawStatus()
    this.dispatchEvent(new Event('mapchange'))
  }

  #refill(): void {
    const stream = this.#stream
    if (this.#chart === undefined || stream === undefined) return
    const timeframe = timeframes[timeframeId(stream.timeframe)]!
    const { columns, live } = stream.map
    // Another mode or a resync is the same map still: the reader keeps the place that was chosen.
    const firstMs = this.#shownStream === stream && this.field.lastSlot >= 0 ? this.field.firstMs : undefined
    this.#shownMode = this.modeShown
    this.field.reset(columns, live, timeframe.ms, this.#shownMode)
    setCandles(this.#chart, this.field, columns, live, firstMs)
    this.#shownStream = stream
    this.#newestClosedMs = columns.at(-1)?.openMs ?? 0
    this.#fit()
  }

  /** Draws the columns that have closed since the last time, then the live one. */
  #putNew(): void {
    const columns = this.#stream?.map.columns ?? []
    let first = columns.length
    while (first > 0 && columns[first - 1]!.openMs > this.#newestClosedMs) first--
    for (let i = first; i < columns.length; i++) this.#put(columns[i]!)
    this.#newestClosedMs = columns.at(-1)?.openMs ?? this.#newestClosedMs
    this.#putLive()
    this.#fit()
  }

  #putLive(): void {
    const live = this.#stream?.map.live
    if (live !== undefined) this.#put(live)
    // The ramps follow a live column that grows, but not at every tick: colours that breathe cannot be read.
    if (++this.#livesSinceFit >= LIVES_PER_FIT) this.#fit()
    if (++this.#livesSinceClusters >= LIVES_PER_CLUSTERS) this.#findClusters()
  }

  #put(column: Column): void {
    if (this.#chart === undefined) return
    const lastSlot = this.field.lastSlot
    if (lastSlot < 0 || !this.field.put(column)) this.#invalidation.invalidate(Level.full)
    else putCandle(this.#chart, this.field, lastSlot, column)
  }

  #findClusters(): void {
    this.#livesSinceClusters = 0
    const stream = this.#stream
    if (stream === undefined) return
    const { columns, live, clockMs } = stream.map
    const all = live === undefined ? columns : [...columns, live]
    this.#realised = realisedLayersOfColumns(all, timeframes[timeframeId(stream.timeframe)]!.ms, clockMs)
    this.#clusters.update({ column: all.at(-1), realised: this.#realised, clockMs }, this.#shownMode)
  }

  #fit(): void {
    this.#livesSinceFit = 0
    this.#findClusters()
    fitScale(this.field, this.scale)
    this.#applyLook()
  }

  #applyLook(): void {
    const { palette, threshold, gamma } = this.#look
    const style = this.#style
    for (let channel = 0; channel < CHANNELS; channel++) {
      const span = this.scale.ceiling[channel]! - this.scale.floor[channel]!
      style.floor[channel] = this.scale.floor[channel]! + span * threshold
      style.slope[channel] = 1 / (span * (1 - threshold))
      style.gamma[channel] = gamma * gammaOfChannel[channel]!
    }
    style.showDepth = this.hasAttribute('depth')
    style.version++
    this.#colours = {
      bid: accentCss(palette, Channel.bid),
      ask: accentCss(palette, Channel.ask),
      predicted: accentCss(palette, Channel.predicted),
      realised: accentCss(palette, Channel.realised),
    }
    for (const [name, channel] of Object.entries(Channel))
      this.style.setProperty(`--${name}`, accentCss(palette, channel))
    this.#heat?.requestUpdate()
    this.#invalidation.invalidate(Level.live)
  }

  #drawProfile(): void {
    if (this.#chart === undefined || this.#heat === undefined) return
    const paneHeight = this.#heat.view.height / devicePixelRatio
    const { view } = this.#heat
    const shown = { column: this.#stream?.map.live, mode: this.#shownMode, realised: this.#realised }
    this.#profile.draw(shown, view, paneHeight, this.#colours, devicePixelRatio)
    this.#clusters.place(view, paneHeight, devicePixelRatio)
  }

  #drawReadout(): void {
    const { map } = this.#stream ?? {}
    const slot = this.#crosshair === undefined ? undefined : slotAt(this.field, this.#crosshair)
    const point = this.#crosshair?.point
    if (slot === undefined || point === undefined) {
      this.#readout.show(map?.live ?? map?.columns.at(-1), undefined, this.#decimals)
      return
    }
    const openMs = this.field.msOf(slot)
    const column =
      map?.live?.openMs === openMs ? map.live : map?.columns.find((candidate) => candidate.openMs === openMs)
    if (column === undefined) this.#readout.showGap(openMs)
    else this.#readout.show(column, this.#chart?.series.coordinateToPrice(point.y) ?? undefined, this.#decimals)
  }

  #drawStatus(): void {
    if (this.#options === undefined) return
    const status = mapStatus(this.#options.connection, this.#stream, this.#options.now())
    if (this.getAttribute('state') !== status.kind) this.setAttribute('state', status.kind)
    if (this.#veil.textContent !== status.detail) this.#veil.textContent = status.detail
    const isFallback = this.#shownMode !== this.mode
    const note = isFallback ? FALLBACK : this.#modelText
    this.#note.classList.toggle('narrow', !isFallback)
    if (this.#note.textContent !== note) this.#note.textContent = note
  }
}

function levelOf(change: number): number {
  if (change === MapChange.snapshot) return Level.full
  if (change === MapChange.columns) return Level.columns
  return change === MapChange.live ? Level.live : Level.cursor
}
