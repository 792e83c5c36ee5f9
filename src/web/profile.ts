import { type ClusterLayer, MODEL_REACH } from '../model/clusters.ts'
import { BUCKETS, Layer, usdOfUnitCode } from '../model/layers.ts'
import { emptyChannels, type Mode, readMode } from '../model/modes.ts'
import type { Column } from '../wire/blocks.ts'
import { formatUsd } from './format.ts'
import type { HeatView } from './heat-painter.ts'

export interface ProfileColours {
  readonly bid: string
  readonly ask: string
  readonly predicted: string
  readonly realised: string
  /** Line of the price of now, and what lies behind text. */
  readonly price: string
  readonly plate: string
}

export interface Shown {
  readonly column: Column | undefined
  /** As it is read. */
  readonly mode: Mode
  /** What was realised of late, fading, in the window of `column`. */
  readonly realised: readonly ClusterLayer[]
  /** Whether resting depth is drawn. */
  readonly hasDepth: boolean
}

const HEAD_PX = 30
/** Lengths of the largest bars, as parts of the width. */
const LONGEST = 0.94
const LONGEST_REALISED = 0.5
const PREDICTED_ALPHA = 0.8
/** Beyond the forecast's reach. */
const FAR_ALPHA = 0.3

/**
 * What stands now, beside the price axis and in its scale: resting depth as bars, predicted liquidations as bars from
 * the other edge, and over them what was realised of late. Each kind is drawn to its own largest bar in view; those of
 * depth and predictions are named at the top.
 */
export class Profile {
  readonly canvas = document.createElement('canvas')
  readonly #context: CanvasRenderingContext2D
  readonly #depth = new Float64Array(BUCKETS)
  readonly #realised = new Float64Array(BUCKETS)
  readonly #channels = emptyChannels()
  #fontFamily: string | undefined

  constructor() {
    this.#context = this.canvas.getContext('2d')!
  }

  /** `view` is that of the heat layer: its pixels are this canvas's too. `paneHeight` in CSS pixels. */
  draw(
    { column, mode, realised, hasDepth }: Shown,
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
    readMode(mode, column, this.#channels)
    const { predicted: predictedUsd } = this.#channels
    this.#sumRealised(mode === 'raw' || mode === 'hybrid' ? realised : [], column)
    const { depthMax, predictedMax, realisedMax } = this.#largest(hasDepth ? cells : undefined, first, last)
    context.save()
    context.beginPath()
    context.rect(0, 0, width, paneBottom)
    context.clip()
    const rowHeight = Math.max(1, step / view.pricePerPixel - (step / view.pricePerPixel > 4 ? 1 : 0))
    for (let bucket = first; bucket <= last; bucket++) {
      const y = (view.topPrice - (baseBucket + bucket + 1) * step) / view.pricePerPixel
      const depth = (this.#depth[bucket]! / depthMax) * width * LONGEST
      if (depth > 0) {
        context.fillStyle = cells[Layer.bidLast * BUCKETS + bucket]! > 0 ? colours.bid : colours.ask
        context.globalAlpha = 0.75
        context.fillRect(0, y, depth, rowHeight)
      }
      const predicted = (predictedUsd[bucket]! / predictedMax) * width * LONGEST
      if (predicted > 0) {
        context.fillStyle = colours.predicted
        const distance = ((baseBucket + bucket) * step) / column.close - 1
        context.globalAlpha = Math.abs(distance) > MODEL_REACH ? FAR_ALPHA : PREDICTED_ALPHA
        context.fillRect(width - predicted, y, predicted, rowHeight)
      }
      const passed = (this.#realised[bucket]! / realisedMax) * width * LONGEST_REALISED
      if (passed > 0) {
        context.fillStyle = colours.realised
        context.globalAlpha = 1
        context.fillRect(width - passed, y, passed, rowHeight)
      }
    }
    context.globalAlpha = 1
    context.fillStyle = colours.price
    context.fillRect(0, Math.round((view.topPrice - column.close) / view.pricePerPixel), width, Math.max(1, ratio))
    context.restore()
    const { quantumUsd } = column
    this.#head(width, ratio, colours, depthMax * quantumUsd, predictedMax)
  }

  /** The largest bar of each kind in view; notes the depth of `cells` on the way, in units of the quantum. */
  #largest(cells: Uint8Array | undefined, first: number, last: number) {
    let [depthMax, predictedMax, realisedMax] = [0, 0, 0]
    for (let bucket = first; bucket <= last; bucket++) {
      const depth =
        cells === undefined ? 0 : this.#usd(cells, Layer.bidLast, bucket) + this.#usd(cells, Layer.askLast, bucket)
      this.#depth[bucket] = depth
      depthMax = Math.max(depthMax, depth)
      predictedMax = Math.max(predictedMax, this.#channels.predicted[bucket]!)
      realisedMax = Math.max(realisedMax, this.#realised[bucket]!)
    }
    return { depthMax, predictedMax, realisedMax }
  }

  /** Brings what was realised into the window of the column. */
  #sumRealised(layers: readonly ClusterLayer[], column: Column): void {
    this.#realised.fill(0)
    for (const { usd, baseBucket, step } of layers) {
      const shift = column.baseBucket - baseBucket
      if (step !== column.step) continue
      for (let bucket = Math.max(0, -shift); bucket < Math.min(BUCKETS, BUCKETS - shift); bucket++) {
        this.#realised[bucket]! += usd[bucket + shift]!
      }
    }
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
    context.fillStyle = colours.plate
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
