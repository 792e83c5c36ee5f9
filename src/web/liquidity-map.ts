import type { Connection } from '../client/connection.ts'
import type { MapStream } from '../client/map-stream.ts'
import { MODE_DEFAULT, type Mode, modeShown, modes } from '../model/modes.ts'
import { momentMs } from '../model/moment.ts'
import { timeframeId, timeframes } from '../model/timeframes.ts'
import type { CandleChart } from './candle-chart.ts'
import type { HeatField } from './heat-field.ts'
import type { HeatScale } from './heat-scale.ts'
import { afterPaint, Invalidation, Level, levelOf } from './invalidation.ts'
import styles from './liquidity-map.css'
import bandStyles from './map-band.css'
import { type CursorPlace, MapCursor } from './map-cursor.ts'
import { MapFace } from './map-face.ts'
import { lookOfAttributes, type MapLook } from './map-look.ts'
import { MapScene, placeAfter } from './map-scene.ts'
import { type Held, type MapStatus, mapStatus, pastStatus } from './map-status.ts'
import { accentCss, Channel } from './palette.ts'
import { type OwnPosition, PositionMark } from './position-mark.ts'
import { ReportLayer } from './report-layer.ts'
import { readLevel } from './route.ts'
import { holdMap, type ShownMap } from './shown-map.ts'
import { canvasColours, type Ground, groundOf, onSystemGround, themes } from './theme.ts'
import { TimeTravel } from './time-travel.ts'

export interface MapOptions {
  readonly connection: Connection
  readonly now: () => number
  /** Decimals of an asset's prices. */
  readonly decimalsOf: (asset: string) => number
}

const lookAttributes = ['layers', 'palette', 'range', 'threshold', 'gamma', 'theme']

/**
 * <liquidity-map asset="BTC" timeframe="1m" mode="hybrid">: one map. Give it a connection with `start`. Fires `mapchange`
 * when its data or state has changed, at most once per frame, and `mapcursor` with a CursorPlace when a person points
 * somewhere. With `at` it shows what was known then, with `level` it points at a price. All attributes are in docs/embed.md.
 */
export class LiquidityMap extends HTMLElement {
  static readonly observedAttributes = ['asset', 'timeframe', 'mode', 'at', 'level', 'paused', ...lookAttributes]
  readonly #invalidation = new Invalidation((level) => this.#draw(level))
  readonly #scene = new MapScene({
    view: () => this.#invalidation.invalidate(Level.live),
    overflow: () => this.#invalidation.invalidate(Level.full),
    cursor: (parameter) => {
      if (this.#cursor.moved(parameter)) this.#tellCursor()
      this.#invalidation.invalidate(Level.cursor)
    },
  })
  readonly #cursor = new MapCursor(this.#scene)
  readonly #face = new MapFace(this.#scene)
  readonly #positionMark = new PositionMark()
  #look: MapLook | undefined
  #options: MapOptions | undefined
  #stream: MapStream | undefined
  /** What the chart holds. */
  #shownStream: MapStream | undefined
  #held: { readonly map: ShownMap; readonly fact: Held } | undefined
  #travel: TimeTravel | undefined
  #reports: ReportLayer | undefined
  /** The moment that the chart holds; undefined: now. */
  #drawnMs: number | undefined
  #decimals = 2
  #modelText = ''
  #stops: (() => void)[] = []
  #stopStream: () => void = () => undefined

  get stream(): MapStream | undefined {
    return this.#stream
  }

  /** What is drawn: a moment of the past, a copy of the stream while paused, or the stream as it is. */
  get shown(): ShownMap | undefined {
    if (this.#isPast) return this.#travel?.map
    return this.#held?.map ?? this.#stream?.map
  }

  /** The way to the moment that `at` names; undefined before `start`. */
  get travel(): TimeTravel | undefined {
    return this.#travel
  }

  /** Walls, sweeps, absorptions and convergences of the asset; undefined before `start`. */
  get reports(): ReportLayer | undefined {
    return this.#reports
  }

  /** The market's clock; ours before it is known. That of a replay is not ours. */
  get clockMs(): number {
    return this.#stream?.map.clockMs || (this.#options?.now() ?? 0)
  }

  get mode(): Mode {
    return modes.find((mode) => mode === this.getAttribute('mode')) ?? MODE_DEFAULT
  }

  /** The mode as it is read: an unproven forecast is not part of hybrid. */
  get modeShown(): Mode {
    return modeShown(this.mode, this.shown?.modelState ?? 0)
  }

  /** Undefined before `start`. */
  get status(): MapStatus | undefined {
    const { connection, now } = this.#options ?? {}
    if (this.#isPast) return pastStatus(this.#travel!)
    return connection && mapStatus(connection, this.#stream, now!(), this.#held?.fact)
  }

  /** Scale of the ramps, for a legend. */
  get scale(): HeatScale {
    return this.#scene.scale
  }

  get field(): HeatField {
    return this.#scene.field
  }

  /** For layers that are drawn above the heat; undefined while the element is in no document. */
  get chart(): CandleChart | undefined {
    return this.#scene.chart
  }

  get ground(): Ground {
    return this.#scene.ground
  }

  /** 'webgl2' or 'canvas', once the element is in a document. */
  get painter(): string | undefined {
    return this.#scene.painter
  }

  /** Slots of time on the screen, null before there are any. */
  get visibleSlots(): { from: number; to: number } | null {
    return this.#scene.chart?.chart.timeScale().getVisibleLogicalRange() ?? null
  }

  get look(): MapLook {
    return this.#look ?? lookOfAttributes((name) => this.getAttribute(name))
  }

  /** Overrules the attributes that say how the map is painted. */
  set look(look: MapLook) {
    this.#look = look
    this.#paint()
  }

  /** Drawn against the map; it goes nowhere else. */
  set position(position: OwnPosition | undefined) {
    this.#positionMark.own = position
    this.#drawPosition()
  }

  /** What is known of the forecast, for maps that have no room for it elsewhere. */
  set modelText(text: string) {
    this.#modelText = text
  }

  /** Subscribes to what the attributes say, and follows them from now on. */
  start(options: MapOptions): void {
    this.#options = options
    const { connection } = options
    this.#travel = new TimeTravel({
      read: (asset, timeframe, atMs, columns, signal) => connection.at(asset, timeframe, atMs, columns, signal),
      recent: () => this.#stream?.map.columns ?? [],
      onChange: () => this.#invalidation.invalidate(Level.full),
    })
    this.#reports = new ReportLayer(this.#scene.marks, connection, () => this.refreshStatus())
    if (!this.isConnected) return
    this.#listen()
    this.#subscribe()
  }

  /** Forgets the connection: what is shown stays, and is told to be old. */
  stop(): void {
    this.#unsubscribe()
    this.#options = this.#travel = this.#reports = undefined
  }

  /** What a map without a connection waits for. */
  set notice(text: string) {
    this.setAttribute('state', 'waiting')
    this.#face.notice = text
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.#build()
    this.#scene.open(root.querySelector<HTMLElement>('.chart')!)
    const resize = new ResizeObserver(() => this.#invalidation.invalidate(Level.live))
    resize.observe(this)
    this.#stops.push(
      () => resize.disconnect(),
      onSystemGround(() => this.#paint()),
    )
    this.#paint()
    this.#listen()
    this.#subscribe()
  }

  disconnectedCallback(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#unsubscribe()
    this.#travel?.go(undefined)
    this.#invalidation.cancel()
    this.#scene.close()
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return
    if (name === 'asset' || name === 'timeframe') this.#subscribe()
    else if (name === 'mode') this.#invalidation.invalidate(Level.full)
    else if (name === 'at') this.#go()
    else if (name === 'level') this.#point()
    else if (name === 'paused') this.#hold(after !== null)
    else this.#paint()
  }

  /** Looks at the clock: ages and states that change without data. */
  refreshStatus(): void {
    this.#invalidation.invalidate(Level.cursor)
  }

  /** Back to the newest columns and to prices that scale by themselves. */
  fitView(): void {
    this.#scene.fitView()
  }

  /** Shows so many times as much time. */
  zoomView(factor: number): void {
    this.#scene.zoomView(factor)
  }

  /** Points where a map beside this one is looked at. */
  followCursor(place: CursorPlace | null): void {
    this.#cursor.follow(place, this.#stream?.asset ?? '')
  }

  /** The map with its numbers as one picture. */
  picture(): HTMLCanvasElement | undefined {
    return this.#face.picture()
  }

  #build(): ShadowRoot {
    const root = this.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(styles + bandStyles)
    root.adoptedStyleSheets = [sheet]
    root.append(...this.#face.elements)
    this.#face.chart.addEventListener('keydown', (event) => this.#key(event))
    this.#face.chart.addEventListener('blur', () => this.#cursor.clear())
    return root
  }

  get #isPast(): boolean {
    return this.#travel?.wanted !== undefined
  }

  /** To the moment that `at` names. One that cannot be read is none: the map is live, and looks it. */
  #go(): void {
    const atMs = momentMs(this.getAttribute('at') ?? '')
    const { asset, timeframe } = this.#stream ?? {}
    const isMoment = atMs !== undefined && asset !== undefined && timeframe !== undefined
    // What was held is of now.
    if (isMoment) this.removeAttribute('paused')
    this.#travel?.go(isMoment ? { asset, timeframe, atMs } : undefined)
  }

  #point(): void {
    this.#scene.level = readLevel(this.getAttribute('level') ?? '')
  }

  #listen(): void {
    if (this.#options === undefined) return
    this.#stops.push(this.#options.connection.onChange(() => this.refreshStatus()))
  }

  #subscribe(): void {
    const asset = this.getAttribute('asset')
    const timeframe = this.getAttribute('timeframe')
    if (!this.isConnected || this.#options === undefined || asset === null || timeframe === null) return
    if (this.#stream?.asset === asset && this.#stream.timeframe === timeframe) return
    this.#unsubscribe()
    if (timeframeId(timeframe) < 0) return
    this.removeAttribute('paused')
    const stream = this.#options.connection.subscribe(asset, timeframe)
    this.#stopStream = stream.onChange((change) => this.#invalidation.invalidate(levelOf(change)))
    this.#stream = stream
    this.#decimals = this.#options.decimalsOf(asset)
    this.#scene.decimals = this.#decimals
    this.#go()
    this.#point()
    this.#invalidation.invalidate(Level.full)
  }

  #unsubscribe(): void {
    this.#stopStream()
    this.#stream?.close()
    this.#stream = undefined
    this.#held = undefined
    this.#reports?.close()
  }

  #hold(isHeld: boolean): void {
    // The past stands still by itself.
    if (isHeld && this.#isPast) {
      this.removeAttribute('paused')
      return
    }
    const map = this.#stream?.map
    if (isHeld && map !== undefined && this.#options !== undefined) {
      this.#held = { map: holdMap(map), fact: { sinceMs: this.#options.now(), clockMs: map.clockMs } }
    } else this.#held = undefined
    this.#invalidation.invalidate(Level.full)
  }

  #paint(): void {
    const theme = themes.find((name) => name === this.getAttribute('theme')) ?? 'auto'
    const ground = groundOf(theme)
    const { look } = this
    this.#scene.paint(look, ground)
    for (const [name, channel] of Object.entries(Channel)) {
      this.style.setProperty(`--${name}`, accentCss(look.palette, ground, channel))
    }
    this.#drawPosition()
    this.#invalidation.invalidate(Level.live)
  }

  #drawPosition(): void {
    this.#positionMark.draw(this.#scene.chart, canvasColours[this.#scene.ground])
    this.#invalidation.invalidate(Level.cursor)
  }

  #draw(level: number): void {
    const { shown } = this
    const mode = this.modeShown
    const isMoving = this.#held === undefined && !this.#isPast
    const wasEmpty = this.#scene.field.lastSlot < 0
    if (shown !== undefined && this.#stream !== undefined) {
      if (level >= Level.full || this.#scene.mode !== mode) this.#refill(shown, this.#stream, mode)
      else if (isMoving && level >= Level.columns) this.#scene.putNew(shown)
      else if (isMoving && level >= Level.live) this.#scene.putLive(shown)
    }
    // A new map is on the screen first; what stands beside it and around it follows when it is painted.
    if (wasEmpty && this.#scene.field.lastSlot >= 0) {
      this.setAttribute('state', this.status?.kind ?? '')
      afterPaint(() => this.#invalidation.invalidate(Level.live))
      return
    }
    const atMs = this.#isPast ? this.#travel!.shownMs : this.#held?.fact.clockMs
    this.#reports?.show({ asset: this.#stream?.asset, switches: this.look.switches, shown, atMs })
    // Prices have moved below a pointer that stands still.
    if (level >= Level.live && this.#cursor.isPointed) this.#tellCursor()
    if (level >= Level.live) this.#scene.drawSide(shown)
    this.#drawFace(shown)
    this.dispatchEvent(new Event('mapchange'))
  }

  #refill(shown: ShownMap, stream: MapStream, mode: Mode): void {
    const { ms } = timeframes[timeframeId(stream.timeframe)]!
    const shownMs = this.#isPast ? this.#travel!.shownMs : undefined
    const { clockMs } = this
    const place = shownMs === this.#drawnMs ? 'keep' : placeAfter(shownMs ?? clockMs, this.#drawnMs ?? clockMs, ms)
    this.#scene.refill(shown, ms, mode, this.#shownStream === stream ? place : 'newest')
    this.#shownStream = stream
    this.#drawnMs = shownMs
  }

  #drawFace(shown: ShownMap | undefined): void {
    const { status } = this
    if (status === undefined) return
    if (this.getAttribute('state') !== status.kind) this.setAttribute('state', status.kind)
    this.#face.show({
      asset: this.getAttribute('asset') ?? '',
      timeframe: this.getAttribute('timeframe') ?? '',
      mode: this.mode,
      status,
      shown,
      modelText: this.#modelText,
      cursor: this.#cursor,
      decimals: this.#decimals,
      position: this.#positionMark.own,
    })
  }

  #tellCursor(): void {
    const detail = this.#cursor.place(this.#stream?.asset ?? '')
    this.dispatchEvent(new CustomEvent<CursorPlace | null>('mapcursor', { detail }))
  }

  #key(event: KeyboardEvent): void {
    if (!this.#cursor.press(event)) return
    this.#tellCursor()
    this.#face.sayCell()
    this.#invalidation.invalidate(Level.cursor)
    event.preventDefault()
    event.stopPropagation()
  }
}
