import type { MouseEventParams } from 'lightweight-charts'
import { realisedLayersOfColumns } from '../model/cluster-layers.ts'
import type { ClusterLayer } from '../model/clusters.ts'
import { MODE_DEFAULT, type Mode } from '../model/modes.ts'
import type { Column } from '../wire/blocks.ts'
import {
  type CandleChart,
  createCandleChart,
  type PriceRange,
  putCandle,
  setCandles,
  setDecimals,
  setGround,
  setLevel,
  showNewest,
} from './candle-chart.ts'
import { ClusterLabels } from './cluster-labels.ts'
import { HeatField } from './heat-field.ts'
import type { HeatStyle, HeatView } from './heat-painter.ts'
import { HeatPrimitive } from './heat-primitive.ts'
import { emptyScale, fitScale } from './heat-scale.ts'
import { lookDefault, type MapLook } from './map-look.ts'
import { accentCss, CHANNELS, Channel, RAMP_STEPS, rampBytes } from './palette.ts'
import { Profile } from './profile.ts'
import { ReportHint } from './report-hint.ts'
import { ReportMarks } from './report-marks.ts'
import type { ReportColours } from './report-scale.ts'
import type { ShownMap } from './shown-map.ts'
import { canvasColours, type Ground } from './theme.ts'

/** Live draws between two fits of the ramps, about five seconds, and between two searches for clusters. */
const LIVES_PER_FIT = 20
const LIVES_PER_CLUSTERS = 4

// Predictions are smooth and everywhere: a steeper ramp keeps what is ordinary dark, and depth visible through it.
const gammaOfChannel = [1, 1.8, 1, 1]

export interface SceneEvents {
  /** Prices have moved on the screen. */
  readonly view: () => void
  readonly cursor: (parameter: MouseEventParams) => void
  /** A column has no slot: all has to be drawn anew. */
  readonly overflow: () => void
}

/**
 * Where the reader is after all was drawn anew: at the same times, at the same distance from the newest column, or at the
 * newest columns, with prices that scale by themselves.
 */
export type Place = 'keep' | 'follow' | 'newest'

/** Farther than this a step in time is a leap: what was looked at is off the screen by then. */
const LEAP_COLUMNS = 60

/** Of a map that goes from one moment to another: steps are followed, a leap begins at the newest columns of its moment. */
export function placeAfter(shownMs: number, drawnMs: number, columnMs: number): Place {
  return Math.abs(shownMs - drawnMs) <= LEAP_COLUMNS * columnMs ? 'follow' : 'newest'
}

/** Everything that is drawn of one map: heat, candles, profile and the names of clusters. Knows nothing of streams. */
export class MapScene {
  /** Scale of the ramps, for a legend. */
  readonly scale = emptyScale()
  readonly field = new HeatField()
  readonly profile = new Profile()
  readonly labels = new ClusterLabels()
  /** Walls, sweeps, absorptions and chips. */
  readonly marks = new ReportMarks(this.field)
  /** What the mark below the pointer stands for. */
  readonly hint = new ReportHint()
  readonly #events: SceneEvents
  readonly #priceRange: PriceRange = { range: lookDefault.range, centre: 0, level: undefined }
  readonly #style: HeatStyle = {
    ramps: rampBytes(lookDefault.palette, 'dark'),
    rampsVersion: 0,
    floor: new Float32Array(CHANNELS),
    slope: new Float32Array(CHANNELS),
    gamma: new Float32Array(CHANNELS).fill(1),
    showDepth: false,
    version: 0,
  }
  #look: MapLook = lookDefault
  #ground: Ground = 'dark'
  #colours = profileColours(lookDefault, 'dark')
  #chart: CandleChart | undefined
  #heat: HeatPrimitive | undefined
  #newestClosedMs = 0
  #livesSinceFit = 0
  #livesSinceClusters = 0
  #areClustersDue = false
  #timeframeMs = 1
  #decimals = 2
  #clockMs = 0
  #mode: Mode = MODE_DEFAULT
  #realised: readonly ClusterLayer[] = []

  constructor(events: SceneEvents) {
    this.#events = events
  }

  /** Undefined while the element is in no document. */
  get chart(): CandleChart | undefined {
    return this.#chart
  }

  /** Where the heat lies, in device pixels; undefined before the first picture. */
  get view(): Readonly<HeatView> | undefined {
    return this.#heat?.view
  }

  /** Device pixels for each pixel of the page. */
  get ratio(): number {
    return this.#heat?.ratio ?? 1
  }

  /** As it was drawn last. */
  get mode(): Mode {
    return this.#mode
  }

  get look(): MapLook {
    return this.#look
  }

  get ground(): Ground {
    return this.#ground
  }

  get painter(): string | undefined {
    return this.#heat?.painterKind
  }

  open(host: HTMLElement): void {
    this.#chart = createCandleChart(host, this.#priceRange)
    this.#heat = new HeatPrimitive(this.field, this.#style, this.#events.view)
    this.#chart.series.attachPrimitive(this.#heat)
    this.#chart.series.attachPrimitive(this.marks)
    this.#chart.chart.subscribeCrosshairMove(this.#events.cursor)
    this.#chart.chart.subscribeCrosshairMove((parameter) => this.#drawHint(parameter))
    this.paint(this.#look, this.#ground)
  }

  close(): void {
    this.#chart?.chart.remove()
    this.#chart = undefined
    this.#heat = undefined
  }

  set decimals(decimals: number) {
    this.#decimals = decimals
    if (this.#chart !== undefined) setDecimals(this.#chart, decimals)
  }

  /** A price that is pointed at, with a line and in view; undefined: none. */
  set level(price: number | undefined) {
    this.#priceRange.level = price
    if (this.#chart === undefined) return
    setLevel(this.#chart, price, canvasColours[this.#ground].price)
  }

  /** Paints the same data in another way. */
  paint(look: MapLook, ground: Ground): void {
    const isNewRange = look.range !== this.#priceRange.range
    this.#look = look
    this.#ground = ground
    this.#priceRange.range = look.range
    this.#style.ramps = rampBytes(look.palette, ground)
    this.#style.rampsVersion++
    this.#style.showDepth = look.switches.depth
    this.#colours = profileColours(look, ground)
    this.marks.paint(markColours(look, ground), look.switches)
    if (this.#chart !== undefined) {
      setGround(this.#chart, ground)
      setLevel(this.#chart, this.#priceRange.level, canvasColours[ground].price)
      if (isNewRange) this.#chart.chart.priceScale('right').setAutoScale(true)
    }
    this.#applyScale()
  }

  /** Draws all anew, see Place. */
  refill({ columns, live, clockMs }: ShownMap, timeframeMs: number, mode: Mode, place: Place): void {
    if (this.#chart === undefined) return
    const before = place === 'newest' || this.field.lastSlot < 0 ? undefined : this.field
    const [firstMs, lastSlot] = [before?.firstMs, this.field.lastSlot]
    this.#mode = mode
    this.#timeframeMs = timeframeMs
    this.#clockMs = clockMs
    this.field.reset(columns, live, timeframeMs, mode)
    this.#priceRange.centre = (live ?? columns.at(-1))?.close ?? 0
    // To follow is to keep the distance from the newest column, whatever time that is of.
    const isFollowing = place === 'follow' && firstMs !== undefined
    const zeroMs = isFollowing ? this.field.msOf(this.field.lastSlot - lastSlot) : firstMs
    setCandles(this.#chart, this.field, columns, live, zeroMs)
    this.#newestClosedMs = columns.at(-1)?.openMs ?? 0
    this.#fit()
    this.#areClustersDue = true
  }

  /** Draws the columns that have closed since the last time, then the live one. */
  putNew(shown: ShownMap): void {
    const { columns } = shown
    let first = columns.length
    while (first > 0 && columns[first - 1]!.openMs > this.#newestClosedMs) first--
    for (let i = first; i < columns.length; i++) this.#put(columns[i]!)
    this.#newestClosedMs = columns.at(-1)?.openMs ?? this.#newestClosedMs
    this.putLive(shown)
    this.#fit()
    this.#areClustersDue = true
  }

  putLive({ live, clockMs }: ShownMap): void {
    this.#clockMs = clockMs
    if (live !== undefined) this.#put(live)
    this.#priceRange.centre = live?.close ?? this.#priceRange.centre
    // The ramps follow a live column that grows, but not at every tick: colours that breathe cannot be read.
    if (++this.#livesSinceFit >= LIVES_PER_FIT) this.#fit()
    if (++this.#livesSinceClusters >= LIVES_PER_CLUSTERS) this.#areClustersDue = true
  }

  /** What stands beside the map: it follows the price axis. */
  drawSide(shownMap: ShownMap | undefined): void {
    if (this.#heat === undefined) return
    if (this.#areClustersDue && shownMap !== undefined) this.#findClusters(shownMap)
    const column = shownMap?.live ?? shownMap?.columns.at(-1)
    const { view, ratio } = this.#heat
    const paneHeight = view.height / ratio
    const hasDepth = this.#look.switches.depth
    const shown = { column, mode: this.#mode, realised: this.#realised, hasDepth }
    this.profile.draw(shown, view, paneHeight, this.#colours, ratio)
    this.labels.element.hidden = !this.#look.switches.labels
    if (this.#look.switches.labels) this.labels.place(view, paneHeight, ratio)
  }

  /** Back to the newest columns and to prices that scale by themselves. */
  fitView(): void {
    if (this.#chart !== undefined) showNewest(this.#chart, this.field)
  }

  /** Shows so many times as much time, the newest that is in view where it is. */
  zoomView(factor: number): void {
    const time = this.#chart?.chart.timeScale()
    const range = time?.getVisibleLogicalRange()
    if (time === undefined || range === undefined || range === null) return
    time.setVisibleLogicalRange({ from: range.to - (range.to - range.from) * factor, to: range.to })
  }

  #drawHint({ point, sourceEvent }: MouseEventParams): void {
    // Keys and maps beside this one move the crosshair too.
    const isPointed = point !== undefined && sourceEvent !== undefined
    const known = isPointed ? this.marks.at(point.x, point.y) : undefined
    this.hint.show(known, point?.x ?? 0, point?.y ?? 0, { nowMs: this.#clockMs, decimalsOf: () => this.#decimals })
  }

  #put(column: Column): void {
    if (this.#chart === undefined) return
    const lastSlot = this.field.lastSlot
    if (lastSlot < 0 || !this.field.put(column)) this.#events.overflow()
    else putCandle(this.#chart, this.field, lastSlot, column)
  }

  #findClusters({ columns, live, clockMs }: ShownMap): void {
    this.#areClustersDue = false
    this.#livesSinceClusters = 0
    const all = live === undefined ? columns : [...columns, live]
    this.#realised = realisedLayersOfColumns(all, this.#timeframeMs, clockMs)
    this.labels.update({ column: all.at(-1), realised: this.#realised, clockMs }, this.#mode)
  }

  #fit(): void {
    this.#livesSinceFit = 0
    fitScale(this.field, this.scale)
    this.#applyScale()
  }

  #applyScale(): void {
    const { threshold, gamma } = this.#look
    const style = this.#style
    for (let channel = 0; channel < CHANNELS; channel++) {
      const span = this.scale.ceiling[channel]! - this.scale.floor[channel]!
      style.floor[channel] = this.scale.floor[channel]! + span * threshold
      style.slope[channel] = 1 / (span * (1 - threshold))
      style.gamma[channel] = gamma * gammaOfChannel[channel]!
    }
    style.version++
    this.#heat?.requestUpdate()
    this.#events.view()
  }
}

function markColours({ palette }: MapLook, ground: Ground): ReportColours {
  const colours = canvasColours[ground]
  const ramps = rampBytes(palette, ground)
  // The end of its ramp: a mark stands out of the layer that it is about.
  const strongest = (channel: number): string => {
    const [red, green, blue] = ramps.subarray((channel * RAMP_STEPS + RAMP_STEPS - 1) * 4)
    return `rgb(${red} ${green} ${blue})`
  }
  return {
    bid: strongest(Channel.bid),
    ask: strongest(Channel.ask),
    realised: accentCss(palette, ground, Channel.realised),
    text: colours.text,
    muted: colours.muted,
    ground: colours.ground,
    plate: colours.plate,
    chip: colours.chip,
  }
}

function profileColours({ palette }: MapLook, ground: Ground) {
  const { price, plate } = canvasColours[ground]
  return {
    bid: accentCss(palette, ground, Channel.bid),
    ask: accentCss(palette, ground, Channel.ask),
    predicted: accentCss(palette, ground, Channel.predicted),
    realised: accentCss(palette, ground, Channel.realised),
    price,
    plate,
  }
}
