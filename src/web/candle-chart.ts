import {
  type CandlestickData,
  CandlestickSeries,
  CrosshairMode,
  createChart,
  type IChartApi,
  type ISeriesApi,
  LineStyle,
  TickMarkType,
  type Time,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import type { Column } from '../wire/blocks.ts'
import { formatPrice, formatTime } from './format.ts'
import type { HeatField } from './heat-field.ts'
import type { RangeName } from './map-look.ts'
import { canvasColours, type Ground } from './theme.ts'

/** Share of the candles' range that is shown above and below them: where price may go is half of the map. */
const MARGIN_SHARE = 0.55
/** Never less than this share of price on either side. */
const MARGIN_MIN = 0.006
const SLOT_WIDTH_DEFAULT = 6.5
const SLOTS_AHEAD = 6
/** A map that has few columns yet is shown as if it had so many. */
const SLOTS_MIN = 40
/** Beside a line at a price that is pointed at; by it the line is known again. */
const LEVEL_TITLE = 'level'
/** Room beyond a level, as a part of the range; and how far from it, as a factor, a level may lie to be brought into view. */
const LEVEL_ROOM = 0.04
const LEVEL_REACH = 0.6
/** Axes keep their size whatever prices and fonts are: maps that lie side by side line up. */
const PRICE_AXIS_PX = 68
const TIME_AXIS_PX = 28

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export interface CandleChart {
  readonly chart: IChartApi
  readonly series: ISeriesApi<'Candlestick'>
}

/** How prices are scaled unless the reader has pulled at the axis. */
export interface PriceRange {
  range: RangeName
  /** The newest price, 0 before there is one: the middle of a fixed range. */
  centre: number
  /** A price that must be in view too. */
  level: number | undefined
}

export function createCandleChart(host: HTMLElement, priceRange: Readonly<PriceRange>): CandleChart {
  const chart = createChart(host, {
    autoSize: true,
    layout: {
      fontFamily: getComputedStyle(host).fontFamily,
      fontSize: 11,
      // The logo brings a style element of its own, which a strict content policy refuses; the map has the credit.
      attributionLogo: false,
    },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { scaleMargins: { top: 0, bottom: 0 }, minimumWidth: PRICE_AXIS_PX },
    timeScale: {
      timeVisible: true,
      secondsVisible: false,
      rightOffset: SLOTS_AHEAD,
      minBarSpacing: 0.4,
      minimumHeight: TIME_AXIS_PX,
      tickMarkFormatter: (time: Time, type: TickMarkType) => formatTick(Number(time) * 1000, type),
    },
    localization: { timeFormatter: (time: Time) => formatTime(Number(time) * 1000) },
  })
  const series = chart.addSeries(CandlestickSeries, {
    autoscaleInfoProvider: (original: () => { priceRange: { minValue: number; maxValue: number } | null } | null) => {
      const info = original()
      const { range, centre, level } = priceRange
      if (range !== 'fit' && centre > 0) {
        const margin = (centre * Number(range)) / 100
        return { priceRange: withLevel(centre - margin, centre + margin, level) }
      }
      if (info === null || info.priceRange === null) return info
      const { minValue, maxValue } = info.priceRange
      const margin = Math.max((maxValue - minValue) * MARGIN_SHARE, maxValue * MARGIN_MIN)
      return { priceRange: withLevel(minValue - margin, maxValue + margin, level) }
    },
  })
  return { chart, series }
}

export function setGround({ chart, series }: CandleChart, ground: Ground): void {
  const colours = canvasColours[ground]
  const line = { color: colours.crosshair, labelBackgroundColor: colours.crosshairLabel }
  chart.applyOptions({
    layout: { background: { color: colours.ground }, textColor: colours.muted },
    grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
    crosshair: { vertLine: line, horzLine: line },
    rightPriceScale: { borderColor: colours.line },
    timeScale: { borderColor: colours.line },
  })
  series.applyOptions({
    upColor: colours.upFill,
    borderUpColor: colours.upBorder,
    wickUpColor: colours.upBorder,
    downColor: colours.downFill,
    borderDownColor: colours.downBorder,
    wickDownColor: colours.downBorder,
    priceLineColor: colours.price,
  })
}

/** Draws a line at a price that is pointed at, in place of the one before; undefined: none. */
export function setLevel({ series }: CandleChart, price: number | undefined, color: string): void {
  for (const line of series.priceLines()) if (line.options().title === LEVEL_TITLE) series.removePriceLine(line)
  if (price === undefined) return
  const style = { color, lineWidth: 1, lineStyle: LineStyle.LargeDashed, axisLabelVisible: true } as const
  series.createPriceLine({ price, title: LEVEL_TITLE, ...style })
}

/** A range that has the level in it, with some room; one that is too far away would leave nothing of the map. */
function withLevel(minValue: number, maxValue: number, level: number | undefined) {
  const room = (maxValue - minValue) * LEVEL_ROOM
  if (level === undefined || level < minValue * LEVEL_REACH || level > maxValue / LEVEL_REACH)
    return { minValue, maxValue }
  return { minValue: Math.min(minValue, level - room), maxValue: Math.max(maxValue, level + room) }
}

/** Shows prices with the decimals of the asset's grid. */
export function setDecimals({ series }: CandleChart, decimals: number): void {
  series.applyOptions({
    priceFormat: {
      type: 'custom',
      minMove: 10 ** -decimals,
      formatter: (price: number) => formatPrice(price, decimals),
    },
  })
}

/**
 * All candles anew, one bar per slot of the field so that the axis stays true to time. `placeMs` is the time of slot 0
 * as it was where the reader's place is to be kept; else the newest columns are shown.
 */
export function setCandles(
  { chart, series }: CandleChart,
  field: HeatField,
  columns: readonly Column[],
  live: Column | undefined,
  placeMs: number | undefined,
): void {
  const bars: (CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp>)[] = []
  for (let slot = 0; slot <= field.lastSlot; slot++) bars.push({ time: timeOf(field, slot) })
  for (const column of live === undefined ? columns : [...columns, live]) {
    const slot = field.slotOf(column.openMs)
    if (slot >= 0 && slot < bars.length) bars[slot] = barOf(field, slot, column)
  }
  const time = chart.timeScale()
  const place = placeMs === undefined ? null : time.getVisibleLogicalRange()
  series.setData(bars)
  if (placeMs !== undefined && place !== null) {
    const shift = field.slotOf(placeMs)
    time.setVisibleLogicalRange({ from: place.from + shift, to: place.to + shift })
    return
  }
  showNewest({ chart, series }, field)
}

/** The newest columns with room ahead, and prices scaled by themselves again. */
export function showNewest({ chart }: CandleChart, field: HeatField): void {
  const time = chart.timeScale()
  const room = Math.max(SLOTS_MIN, Math.floor(time.width() / SLOT_WIDTH_DEFAULT))
  const wanted = Math.min(room, Math.max(SLOTS_MIN, field.lastSlot + 1 + SLOTS_AHEAD))
  const last = field.lastSlot
  time.setVisibleLogicalRange({ from: last + SLOTS_AHEAD - wanted, to: last + SLOTS_AHEAD })
  chart.priceScale('right').setAutoScale(true)
}

/** Adds or redraws the bar of one column, and whitespace for the slots that were skipped before it. */
export function putCandle({ series }: CandleChart, field: HeatField, lastSlot: number, column: Column): void {
  const slot = field.slotOf(column.openMs)
  for (let skipped = lastSlot + 1; skipped < slot; skipped++) series.update({ time: timeOf(field, skipped) })
  series.update(barOf(field, slot, column), slot < lastSlot)
}

export function timeOf(field: HeatField, slot: number): UTCTimestamp {
  return (field.msOf(slot) / 1000) as UTCTimestamp
}

/** What the time axis says at a mark, in UTC: 2026, Nov, 23 or 14:05. By hand, for the reason of formatPrice. */
export function formatTick(unixMs: number, type: TickMarkType): string {
  const time = new Date(unixMs)
  if (type === TickMarkType.Year) return String(time.getUTCFullYear())
  if (type === TickMarkType.Month) return months[time.getUTCMonth()]!
  if (type === TickMarkType.DayOfMonth) return String(time.getUTCDate())
  return time.toISOString().slice(11, type === TickMarkType.TimeWithSeconds ? 19 : 16)
}

function barOf(
  field: HeatField,
  slot: number,
  column: Column,
): CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp> {
  const time = timeOf(field, slot)
  if (column.open <= 0) return { time }
  const { open, high, low, close } = column
  return { time, open, high, low, close }
}
