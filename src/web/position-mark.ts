import type { IPriceLine } from 'lightweight-charts'
import type { CandleChart } from './candle-chart.ts'
import { forcedAt, type Position } from './position.ts'
import type { CanvasColours } from './theme.ts'

/** A position of the reader's own, with the maintenance rate of its market. */
export interface OwnPosition {
  readonly position: Position
  readonly maintenanceRate: number
}

/** Lines of a position on a chart: where it was opened, and where it would be closed by force. */
export class PositionMark {
  own: OwnPosition | undefined
  #chart: CandleChart | undefined
  #lines: IPriceLine[] = []

  draw(chart: CandleChart | undefined, colours: CanvasColours): void {
    // The lines of a chart that is gone went with it.
    if (this.#chart === chart) for (const line of this.#lines) chart?.series.removePriceLine(line)
    this.#lines = []
    this.#chart = chart
    if (chart === undefined || this.own === undefined) return
    const { position, maintenanceRate } = this.own
    const line = (price: number, title: string, color: string, lineStyle: 0 | 2) =>
      chart.series.createPriceLine({ price, title, color, lineStyle, lineWidth: 2, axisLabelVisible: true })
    const name = position.side === 'long' ? 'Long' : 'Short'
    this.#lines.push(line(position.entry, name, colours.position, 0))
    const forced = forcedAt(position, maintenanceRate)
    if (forced !== undefined) this.#lines.push(line(forced, 'Liquidation', colours.forced, 2))
  }
}
