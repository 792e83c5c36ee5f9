import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts'

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0]
export type PaneScope = Parameters<Parameters<Target['useBitmapCoordinateSpace']>[0]>[0]
type Order = ReturnType<NonNullable<IPrimitivePaneView['zOrder']>>

/** Something of ours that the chart draws with a series, in its one pane: view and renderer are one. */
export abstract class PanePrimitive implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  readonly #order: Order
  readonly #views: readonly IPrimitivePaneView[] = [this]
  readonly #drawBitmap = (scope: PaneScope): void => this.paintBitmap(scope)
  #attached: SeriesAttachedParameter<Time> | undefined

  constructor(order: Order) {
    this.#order = order
  }

  /** In pixels of the picture. */
  abstract paintBitmap(scope: PaneScope): void

  /** The series that it is drawn with; undefined while there is none. */
  get series(): SeriesAttachedParameter<Time>['series'] | undefined {
    return this.#attached?.series
  }

  /** Where the first slot lies and how wide one is, in CSS pixels; undefined where the chart has no scale yet. */
  slots(): { zeroX: number; width: number } | undefined {
    const time = this.#attached?.chart.timeScale()
    const zeroX = time?.logicalToCoordinate(0 as Logical) ?? null
    const oneX = time?.logicalToCoordinate(1 as Logical) ?? null
    return zeroX === null || oneX === null ? undefined : { zeroX, width: oneX - zeroX }
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

  zOrder(): Order {
    return this.#order
  }

  renderer(): IPrimitivePaneRenderer {
    return this
  }

  draw(target: Target): void {
    target.useBitmapCoordinateSpace(this.#drawBitmap)
  }
}
