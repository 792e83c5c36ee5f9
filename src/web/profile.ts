import { MODEL_REACH } from '../model/clusters.ts'
import { BUCKETS, Layer, usdOfCode } from '../model/layers.ts'
import { type Mode, traversed } from '../model/modes.ts'
import type { Column } from '../wire/blocks.ts'
import { formatUsd } from './format.ts'
import type { HeatView } from './heat-painter.ts'

export interface ProfileColours {
  readonly bid: string
  readonly ask: string
  readonly predicted: string
}

const usdOfUnitCode = Float64Array.from({ length: 256 }, (_, code) => usdOfCode(code, 1))
const HEAD_PX = 30
const PREDICTED_ALPHA = 0.8
/** Beyond the forecast's reach. */
const FAR_ALPHA = 0.3
const PRICE_LINE = '#f2b84b'

/**
 * What stands now, beside the price axis and in its scale: resting depth as bars, predicted liquidations as bars from
 * the other edge. Each kind is drawn to its own largest bar in view, named at the top.
 */
export class Profile {
  readonly canvas = document.createElement('canvas')
  readonly #context: CanvasRenderingContext2D
  readonly #depth = new Float64Array(BUCKETS)
  #fontFamily: string | undefined
  readonly #predicted = new Float64Array(BUCKETS)

  constructor() {
    this.#context = this.canvas.getContext('2d')!
  }

  /** `mode` as it is shown. `view` is that of the heat layer: its pixels are this canvas's too. `paneHeight` in CSS pixels. */
  draw(
    column: Column | undefined,
    mode: Mode,
    view: Readonly<HeatView>,
    paneHeight: number,
    colours: ProfileColours,
    ratio: number,
  ): void {
    const width = Math.round(this.canvas.clientWidth * ratio)
    const height = Math.round(this.canvas.clientHeight * ratio)
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width
      this.canvas.height = height
    }
    const context = this.#context
    context.clearRect(0, 0, width, height)
    if (column === undefined || view.pricePerPixel <= 0 || width === 0) return
    const { cells, step, baseBucket } = column
    const paneBottom = Math.round(paneHeight * ratio)
    const first = Math.max(0, Math.floor((view.topPrice - paneBottom * view.pricePerPixel) / step) - baseBucket)
    const last = Math.min(BUCKETS - 1, Math.floor(view.topPrice / step) - baseBucket)
    const here = traversed(column)
    let depthMax = 0
    let predictedMax = 0
    for (let bucket = first; bucket <= last; bucket++) {
      const depth = this.#usd(cells, Layer.bidLast, bucket) + this.#usd(cells, Layer.askLast, bucket)
      const isPassed = here !== undefined && bucket >= here.first && bucket <= here.last
      const levels = this.#usd(cells, Layer.longLevel, bucket) + this.#usd(cells, Layer.shortLevel, bucket)
      this.#depth[bucket] = depth
      this.#predicted[bucket] = mode === 'raw' || isPassed ? 0 : levels
      depthMax = Math.max(depthMax, depth)
      predictedMax = Math.max(predictedMax, this.#predicted[bucket]!)
    }
    context.save()
    context.beginPath()
    context.rect(0, 0, width, paneBottom)
    context.clip()
    const rowHeight = Math.max(1, step / view.pricePerPixel - (step / view.pricePerPixel > 4 ? 1 : 0))
    for (let bucket = first; bucket <= last; bucket++) {
      const y = (view.topPrice - (baseBucket + bucket + 1) * step) / view.pricePerPixel
      const depth = (this.#depth[bucket]! / depthMax) * width * 0.94
      if (depth > 0) {
        context.fillStyle = cells[Layer.bidLast * BUCKETS + bucket]! > 0 ? colours.bid : colours.ask
        context.globalAlpha = 0.75
        context.fillRect(0, y, depth, rowHeight)
      }
      const predicted = (this.#predicted[bucket]! / predictedMax) * width * 0.94
      if (predicted > 0) {
        context.fillStyle = colours.predicted
        const distance = ((baseBucket + bucket) * step) / column.close - 1
        context.globalAlpha = Math.abs(distance) > MODEL_REACH ? FAR_ALPHA : PREDICTED_ALPHA
        context.fillRect(width - predicted, y, predicted, rowHeight)
      }
    }
    context.globalAlpha = 1
    context.fillStyle = PRICE_LINE
    context.fillRect(0, Math.round((view.topPrice - column.close) / view.pricePerPixel), width, Math.max(1, ratio))
    context.restore()
    const { quantumUsd } = column
    this.#head(width, ratio, colours, depthMax * quantumUsd, predictedMax * quantumUsd)
  }

  /** Asking for a computed style costs a layout, so once. */
  #font(): string {
    this.#fontFamily ??= getComputedStyle(this.canvas).fontFamily
    return this.#fontFamily
  }

  #usd(cells: Uint8Array, layer: number, bucket: number): number {
    return usdOfUnitCode[cells[layer * BUCKETS + bucket]!]!
  }

  #head(width: number, ratio: number, colours: ProfileColours, depthUsd: number, predictedUsd: number): void {
    const context = this.#context
    context.fillStyle = 'rgb(10 13 19 / 0.82)'
    context.fillRect(0, 0, width, HEAD_PX * ratio)
    context.font = `${10 * ratio}px ${this.#font()}`
    context.textBaseline = 'middle'
    context.fillStyle = colours.bid
    context.textAlign = 'left'
    if (depthUsd > 0) context.fillText(formatUsd(depthUsd), 4 * ratio, 8.5 * ratio)
    context.fillStyle = colours.predicted
    context.textAlign = 'right'
    if (predictedUsd > 0) context.fillText(formatUsd(predictedUsd), width - 4 * ratio, 21.5 * ratio)
  }
}
