import { CanvasPainter } from './heat-canvas.ts'
import type { HeatField } from './heat-field.ts'
import { glPainter } from './heat-gl.ts'
import type { HeatPainter, HeatStyle, HeatView } from './heat-painter.ts'
import { PanePrimitive, type PaneScope } from './pane-primitive.ts'

/** The heat layer below the candles of a chart. Paints only when the field, the style or the view has changed. */
export class HeatPrimitive extends PanePrimitive {
  readonly #field: HeatField
  readonly #style: HeatStyle
  readonly #onView: () => void
  readonly #view: HeatView = { width: 0, height: 0, slotZeroX: 0, slotWidth: 0, topPrice: 0, pricePerPixel: 0 }
  #painter: HeatPainter
  #fieldVersion = -1
  #styleVersion = -1
  #ratio = 1

  /** `onView` is called from the draw path when prices have moved on the screen. */
  constructor(field: HeatField, style: HeatStyle, onView: () => void) {
    super('bottom')
    this.#field = field
    this.#style = style
    this.#onView = onView
    this.#painter = glPainter(() => this.#fallBack()) ?? new CanvasPainter()
  }

  get painterKind(): string {
    return this.#painter.kind
  }

  /** Pixels of the picture for each of the page, as the chart has it: not always what the browser says of its screen. */
  get ratio(): number {
    return this.#ratio
  }

  get view(): Readonly<HeatView> {
    return this.#view
  }

  paintBitmap(scope: PaneScope): void {
    if (this.#field.lastSlot < 0 || !this.#takeView(scope)) return
    scope.context.drawImage(this.#painter.canvas, 0, 0)
  }

  /** Paints where needed; false where the chart has no scales yet. */
  #takeView(scope: PaneScope): boolean {
    const { width, height } = scope.bitmapSize
    const slots = this.slots()
    const top = this.series?.coordinateToPrice(0) ?? null
    const bottom = this.series?.coordinateToPrice(scope.mediaSize.height) ?? null
    if (slots === undefined || top === null || bottom === null) return false
    this.#ratio = scope.verticalPixelRatio
    const view = this.#view
    const slotZeroX = slots.zeroX * scope.horizontalPixelRatio
    const slotWidth = slots.width * scope.horizontalPixelRatio
    const pricePerPixel = (top - bottom) / height
    const isPriceMoved = view.topPrice !== top || view.pricePerPixel !== pricePerPixel || view.height !== height
    const isMoved = isPriceMoved || view.width !== width || view.slotZeroX !== slotZeroX || view.slotWidth !== slotWidth
    view.width = width
    view.height = height
    view.slotZeroX = slotZeroX
    view.slotWidth = slotWidth
    view.topPrice = top
    view.pricePerPixel = pricePerPixel
    if (isMoved || this.#fieldVersion !== this.#field.version || this.#styleVersion !== this.#style.version) {
      this.#painter.paint(this.#field, view, this.#style)
      this.#fieldVersion = this.#field.version
      this.#styleVersion = this.#style.version
    }
    if (isPriceMoved) this.#onView()
    return true
  }

  #fallBack(): void {
    this.#painter = new CanvasPainter()
    this.#styleVersion = -1
    this.requestUpdate()
  }
}
