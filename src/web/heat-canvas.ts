import { MODEL_REACH } from '../model/clusters.ts'
import { BUCKETS } from '../model/layers.ts'
import { type HeatField, SLOT_FIELDS } from './heat-field.ts'
import type { HeatPainter, HeatStyle, HeatView } from './heat-painter.ts'
import { CHANNELS, Channel, RAMP_STEPS } from './palette.ts'

/** Order in which channels are laid over each other. */
const order = [Channel.bid, Channel.ask, Channel.predicted, Channel.realised]

/** That far from price the forecast has no support: hatched, as in heat-shader.ts. */
const HATCH_PX = 9
const HATCH_WEAK = 0.18
const HATCH_STRONG = 0.75

/** The painter for browsers without WebGL2: one strip of pixels per slot, stretched to the slot's width. */
export class CanvasPainter implements HeatPainter {
  readonly kind = 'canvas'
  readonly canvas = document.createElement('canvas')
  readonly #context: CanvasRenderingContext2D
  readonly #strip = document.createElement('canvas')
  readonly #stripContext: CanvasRenderingContext2D
  readonly #level = new Float32Array(CHANNELS * 256)
  #pixels = new ImageData(1, 1)

  constructor() {
    this.#context = this.canvas.getContext('2d')!
    this.#stripContext = this.#strip.getContext('2d')!
  }

  paint(field: HeatField, view: HeatView, style: HeatStyle): void {
    const { width, height } = view
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width
      this.canvas.height = height
      this.#strip.width = 1
      this.#strip.height = height
      this.#pixels = new ImageData(1, height)
    }
    this.#fillLevels(style)
    this.#context.clearRect(0, 0, width, height)
    const first = Math.max(field.oldestSlot, Math.floor(-view.slotZeroX / view.slotWidth))
    const last = Math.min(field.lastSlot, Math.ceil((width - view.slotZeroX) / view.slotWidth))
    for (let slot = first; slot <= last; slot++) {
      const row = field.slots[slot * SLOT_FIELDS]!
      if (row < 0) continue
      const from = row * BUCKETS * CHANNELS
      const x = Math.round(view.slotZeroX + (slot - 0.5) * view.slotWidth)
      this.#fillStrip(field, from, slot, x, view, style)
      this.#stripContext.putImageData(this.#pixels, 0, 0)
      const next = Math.round(view.slotZeroX + (slot + 0.5) * view.slotWidth)
      this.#context.drawImage(this.#strip, x, 0, Math.max(1, next - x), height)
    }
  }

  #fillLevels(style: HeatStyle): void {
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let code = 1; code < 256; code++) {
        const level = Math.min(1, Math.max(0, (code - style.floor[channel]!) * style.slope[channel]!))
        this.#level[channel * 256 + code] = level ** style.gamma[channel]!
      }
    }
  }

  #fillStrip(field: HeatField, from: number, slot: number, x: number, view: HeatView, style: HeatStyle): void {
    const base = field.slots[slot * SLOT_FIELDS + 1]!
    const step = field.slots[slot * SLOT_FIELDS + 2]!
    const close = field.slots[slot * SLOT_FIELDS + 3]!
    const pixels = this.#pixels.data
    const reach = Math.max(0, view.pricePerPixel / step - 1) / 2
    for (let y = 0; y < view.height; y++) {
      const bucket = (view.topPrice - (y + 0.5) * view.pricePerPixel) / step - base
      const low = Math.max(0, Math.floor(bucket - reach))
      const high = Math.min(BUCKETS - 1, Math.floor(bucket + reach))
      let red = 0
      let green = 0
      let blue = 0
      let alpha = 0
      const price = (bucket + base) * step
      const isFar = close > 0 && Math.abs(price / close - 1) > MODEL_REACH
      const stripe = isFar ? ((x + y) % HATCH_PX < HATCH_PX / 2 ? HATCH_WEAK : HATCH_STRONG) : 1
      for (let i = style.showDepth ? 0 : 2; i < CHANNELS; i++) {
        const channel = order[i]!
        let code = 0
        for (let near = low; near <= high; near++) {
          code = Math.max(code, field.codes[from + near * CHANNELS + channel]!)
        }
        if (code === 0) continue
        const at = (channel * RAMP_STEPS + Math.round(this.#level[channel * 256 + code]! * (RAMP_STEPS - 1))) * 4
        const share = (style.ramps[at + 3]! / 255) * (channel === Channel.predicted ? stripe : 1)
        red = style.ramps[at]! * share + red * (1 - share)
        green = style.ramps[at + 1]! * share + green * (1 - share)
        blue = style.ramps[at + 2]! * share + blue * (1 - share)
        alpha = share + alpha * (1 - share)
      }
      // ImageData wants colours that are not multiplied by their alpha.
      const scale = alpha === 0 ? 0 : 1 / alpha
      pixels[y * 4] = red * scale
      pixels[y * 4 + 1] = green * scale
      pixels[y * 4 + 2] = blue * scale
      pixels[y * 4 + 3] = alpha * 255
    }
  }
}
