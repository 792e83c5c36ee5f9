import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts'
import { CanvasPainter } from './heat-canvas.ts'
import type { HeatField } from './heat-field.ts'
import { glPainter } from './heat-gl.ts'
import type { HeatPainter, HeatStyle, HeatView } from './heat-painter.ts'

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0]
type Scope = Parameters<Parameters<Target['useBitmapCoordinateSpace']>[0]>[0]

/** The heat layer below the candles of a chart. Paints only when the field, the style or the view has changed. */
export class HeatPrimitive implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  readonly #field: HeatField
  readonly #style: HeatStyle
  readonly #onView: () => void
  readonly #views: readonly IPrimitivePaneView[] = [this]
  readonly #view: HeatView = { width: 0, height: 0, slotZeroX: 0, slotWidth: 0, topPrice: 0, pricePerPixel: 0 }
  #painter: HeatPainter
  #attached: SeriesAttachedParameter<Time> | undefined
  #fieldVersion = -1
  #styleVersion = -1
  #ratio = 1

  /** `onView` is called from the draw path when prices have moved on the screen. */
  constructor(field: HeatField, style: HeatStyle, onView: () => void) {
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

  attached(parameter: SeriesAttachedParameter<Time>): void {
    this.#attached = parameter
  }

  detached(): void {
    this.#attached = undefined
  }

  /** Asks the chart for a frame; many calls make one. */
  requestUpdate(): void {
    this.#attached?.requestUpdate()
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views
  }

  zOrder(): 'bottom' {
    return 'bottom'
  }

  renderer(): IPrimitivePaneRenderer {
    return this
  }

  draw(target: Target): void {
    target.useBitmapCoordinateSpace(this.#drawBitmap)
  }

  readonly #drawBitmap = (scope: Scope): void => {
    if (this.#field.lastSlot < 0 || !this.#takeView(scope)) return
    scope.context.drawImage(this.#painter.canvas, 0, 0)
  }

  /** Paints where needed; false where the chart has no scales yet. */
  #takeView(scope: Scope): boolean {
    const attached = this.#attached
    if (attached === undefined) return false
    const { width, height } = scope.bitmapSize
    const time = attached.chart.timeScale()
    const zero = time.logicalToCoordinate(0 as Logical)
    const one = time.logicalToCoordinate(1 as Logical)
    const top = attached.series.coordinateToPrice(0)
    const bottom = attached.series.coordinateToPrice(scope.mediaSize.height)
    if (zero === null || one === null || top === null || bottom === null) return false
    this.#ratio = scope.verticalPixelRatio
    const view = this.#view
    const slotZeroX = zero * scope.horizontalPixelRatio
    const slotWidth = (one - zero) * scope.horizontalPixelRatio
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
