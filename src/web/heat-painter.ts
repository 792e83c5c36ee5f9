import type { HeatField } from './heat-field.ts'

/** Where the field lies on the canvas, in device pixels. Reused from frame to frame. */
export interface HeatView {
  width: number
  height: number
  /** Centre of slot 0. */
  slotZeroX: number
  slotWidth: number
  /** Price at the upper edge. */
  topPrice: number
  pricePerPixel: number
}

export interface HeatStyle {
  /** CHANNELS x RAMP_STEPS colours, see palette.ts. */
  ramps: Uint8Array
  /** Grows when `ramps` is replaced. */
  rampsVersion: number
  /** By channel: code at which the ramp starts, and ramps per code. */
  readonly floor: Float32Array
  readonly slope: Float32Array
  /** By channel: exponent of the level on its ramp. */
  readonly gamma: Float32Array
  showDepth: boolean
  /** Grows with every change of the style. */
  version: number
}

/** Draws a field onto a canvas of its own, from which the chart copies. */
export interface HeatPainter {
  readonly kind: 'webgl2' | 'canvas'
  readonly canvas: HTMLCanvasElement
  paint(field: HeatField, view: HeatView, style: HeatStyle): void
}
