import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  Logical,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts'
import type { AbsorptionFact, ConvergenceFact, ReportFacts, SweepFact, WallFact } from '../model/report-facts.ts'
import { drawChips } from './chip-labels.ts'
import type { HeatField } from './heat-field.ts'
import type { Switches } from './map-look.ts'
import { worthOf } from './report-filter.ts'
import type { ReportColours, ReportScale } from './report-scale.ts'
import { drawAbsorptions, drawSweeps } from './report-shapes.ts'
import { drawWalls } from './wall-lines.ts'

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0]
type Scope = Parameters<Parameters<Target['useBitmapCoordinateSpace']>[0]>[0]

/** What happens at levels, drawn where and when it did: walls, sweeps, absorptions and chips above the candles. */
export class ReportMarks implements ISeriesPrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  readonly #field: HeatField
  readonly #views: readonly IPrimitivePaneView[] = [this]
  #attached: SeriesAttachedParameter<Time> | undefined
  #walls: readonly WallFact[] = []
  #sweeps: readonly SweepFact[] = []
  #absorptions: readonly AbsorptionFact[] = []
  #chips: readonly ConvergenceFact[] = []
  #colours: ReportColours | undefined
  #switches: Switches | undefined

  constructor(field: HeatField) {
    this.#field = field
  }

  /** What there is to draw of one asset at one time. */
  set rows(rows: readonly ReportFacts[]) {
    // The largest first: where there is no room for all, the others give way.
    const of = <Kind extends ReportFacts['kind']>(kind: Kind) =>
      rows
        .filter((row): row is Extract<ReportFacts, { kind: Kind }> => row.kind === kind)
        .sort((a, b) => worthOf(b) - worthOf(a))
    this.#walls = of('wall')
    this.#sweeps = of('sweep')
    this.#absorptions = of('absorption')
    this.#chips = of('convergence').filter(({ state }) => state !== 'ended')
    this.requestUpdate()
  }

  paint(colours: ReportColours, switches: Switches): void {
    this.#colours = colours
    this.#switches = switches
    this.requestUpdate()
  }

  attached(parameter: SeriesAttachedParameter<Time>): void {
    this.#attached = parameter
  }

  detached(): void {
    this.#attached = undefined
  }

  requestUpdate(): void {
    this.#attached?.requestUpdate()
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views
  }

  zOrder(): 'top' {
    return 'top'
  }

  renderer(): IPrimitivePaneRenderer {
    return this
  }

  draw(target: Target): void {
    target.useBitmapCoordinateSpace(this.#drawBitmap)
  }

  readonly #drawBitmap = ({ context, bitmapSize, horizontalPixelRatio, verticalPixelRatio }: Scope): void => {
    const colours = this.#colours
    const switches = this.#switches
    const scale = this.#scaleOf(bitmapSize, horizontalPixelRatio, verticalPixelRatio)
    if (colours === undefined || switches === undefined || scale === undefined) return
    context.save()
    if (switches.walls) drawWalls(context, this.#walls, scale, colours)
    if (switches.sweeps) {
      drawAbsorptions(context, this.#absorptions, scale, colours)
      drawSweeps(context, this.#sweeps, scale, colours)
    }
    if (switches.chips) drawChips(context, this.#chips, scale, colours)
    context.restore()
  }

  #scaleOf(size: { width: number; height: number }, ratioX: number, ratioY: number): ReportScale | undefined {
    const attached = this.#attached
    const field = this.#field
    if (attached === undefined || field.lastSlot < 0) return undefined
    const time = attached.chart.timeScale()
    const zero = time.logicalToCoordinate(0 as Logical)
    const one = time.logicalToCoordinate(1 as Logical)
    if (zero === null || one === null || attached.series.priceToCoordinate(field.closeAt(field.lastSlot)) === null) {
      return undefined
    }
    const slotWidth = (one - zero) * ratioX
    const slotMs = field.msOf(1) - field.firstMs
    // A slot is drawn around its middle, and a time lies where its part of the slot has passed.
    const xOf = (ms: number): number => zero * ratioX + ((ms - field.firstMs) / slotMs - 0.5) * slotWidth
    return {
      ...size,
      ratio: ratioX,
      xOf,
      yOf: (price) => (attached.series.priceToCoordinate(price) ?? Number.NaN) * ratioY,
      step: field.stepAt(field.lastSlot),
      endX: zero * ratioX + (field.lastSlot + 0.5) * slotWidth,
    }
  }
}
