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

/** Slots by which the picture of slots grows: a view that moves does not need a new one for each slot. */
const SLOTS_STEP = 64

/** The painter for browsers without WebGL2: a picture one pixel wide per slot, stretched to the slots' width in one go. */
export class CanvasPainter implements HeatPainter {
  readonly kind = 'canvas'
  readonly canvas = document.createElement('canvas')
  readonly #context: CanvasRenderingContext2D
  readonly #slots = document.createElement('canvas')
  readonly #slotsContext: CanvasRenderingContext2D
  readonly #level = new Float32Array(CHANNELS * 256)
  #image = new ImageData(1, 1)
  /** The image's pixels, one number each, as the processor has them: red in the lowest byte. */
  #pixels = new Uint32Array(this.#image.data.buffer)

  constructor() {
    this.#context = this.canvas.getContext('2d')!
    this.#slotsContext = this.#slots.getContext('2d')!
  }

  paint(field: HeatField, view: HeatView, style: HeatStyle): void {
    const { width, height } = view
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width
      this.canvas.height = height
    }
    this.#context.clearRect(0, 0, width, height)
    const first = Math.max(field.oldestSlot, Math.floor(-view.slotZeroX / view.slotWidth))
    const last = Math.min(field.lastSlot, Math.ceil((width - view.slotZeroX) / view.slotWidth))
    const count = last - first + 1
    if (count < 1) return
    this.#makeRoom(count, height)
    this.#fillLevels(style)
    for (let slot = first; slot <= last; slot++) this.#fillSlot(field, slot, slot - first, view, style)
    this.#slotsContext.putImageData(this.#image, 0, 0, 0, 0, count, height)
    const left = view.slotZeroX + (first - 0.5) * view.slotWidth
    // Reset with the canvas' size, so said each time.
    this.#context.imageSmoothingEnabled = false
    this.#context.drawImage(this.#slots, 0, 0, count, height, left, 0, count * view.slotWidth, height)
  }

  #makeRoom(count: number, height: number): void {
    const image = this.#image
    if (image.height === height && image.width >= count) return
    const width = Math.ceil(count / SLOTS_STEP) * SLOTS_STEP
    this.#image = new ImageData(width, height)
    this.#pixels = new Uint32Array(this.#image.data.buffer)
    this.#slots.width = width
    this.#slots.height = height
  }

  #fillLevels(style: HeatStyle): void {
    for (let channel = 0; channel < CHANNELS; channel++) {
      for (let code = 1; code < 256; code++) {
        const level = Math.min(1, Math.max(0, (code - style.floor[channel]!) * style.slope[channel]!))
        this.#level[channel * 256 + code] = level ** style.gamma[channel]!
      }
    }
  }

  #fillSlot(field: HeatField, slot: number, column: number, view: HeatView, style: HeatStyle): void {
    const pixels = this.#pixels
    const stride = this.#image.width
    const row = field.slots[slot * SLOT_FIELDS]!
    const base = field.slots[slot * SLOT_FIELDS + 1]!
    const step = field.slots[slot * SLOT_FIELDS + 2]!
    const close = field.slots[slot * SLOT_FIELDS + 3]!
    const from = row * BUCKETS * CHANNELS
    const x = Math.round(view.slotZeroX + (slot - 0.5) * view.slotWidth)
    const reach = Math.max(0, view.pricePerPixel / step - 1) / 2
    let lowBefore = -1
    let highBefore = -1
    let stripeBefore = 0
    let pixel = 0
    for (let y = 0; y < view.height; y++) {
      const bucket = (view.topPrice - (y + 0.5) * view.pricePerPixel) / step - base
      const low = Math.max(0, Math.floor(bucket - reach))
      const high = Math.min(BUCKETS - 1, Math.floor(bucket + reach))
      const price = (bucket + base) * step
      const isFar = close > 0 && Math.abs(price / close - 1) > MODEL_REACH
      const stripe = isFar ? ((x + y) % HATCH_PX < HATCH_PX / 2 ? HATCH_WEAK : HATCH_STRONG) : 1
      if (low !== lowBefore || high !== highBefore || stripe !== stripeBefore) {
        pixel = row < 0 ? 0 : this.#colour(field.codes, from, low, high, stripe, style)
        lowBefore = low
        highBefore = high
        stripeBefore = stripe
      }
      pixels[y * stride + column] = pixel
    }
  }

  /** The strongest of some buckets in each channel, laid over each other. */
  #colour(codes: Uint8Array, from: number, low: number, high: number, stripe: number, style: HeatStyle): number {
    let red = 0
    let green = 0
    let blue = 0
    let alpha = 0
    for (let i = style.showDepth ? 0 : 2; i < CHANNELS; i++) {
      const channel = order[i]!
      let code = 0
      for (let near = low; near <= high; near++) code = Math.max(code, codes[from + near * CHANNELS + channel]!)
      if (code === 0) continue
      const at = (channel * RAMP_STEPS + Math.round(this.#level[channel * 256 + code]! * (RAMP_STEPS - 1))) * 4
      const share = (style.ramps[at + 3]! / 255) * (channel === Channel.predicted ? stripe : 1)
      red = style.ramps[at]! * share + red * (1 - share)
      green = style.ramps[at + 1]! * share + green * (1 - share)
      blue = style.ramps[at + 2]! * share + blue * (1 - share)
      alpha = share + alpha * (1 - share)
    }
    if (alpha === 0) return 0
    // ImageData wants colours that are not multiplied by their alpha.
    const scale = 1 / alpha
    const opacity = Math.round(alpha * 255) << 24
    return Math.round(red * scale) | (Math.round(green * scale) << 8) | (Math.round(blue * scale) << 16) | opacity
  }
}
