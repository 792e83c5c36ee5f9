import type { AbsorptionFact, ConvergenceFact, ReportFacts, SweepFact, WallFact } from '../model/report-facts.ts'
import { drawChips } from './chip-labels.ts'
import type { HeatField } from './heat-field.ts'
import type { Switches } from './map-look.ts'
import { PanePrimitive, type PaneScope } from './pane-primitive.ts'
import { worthOf } from './report-filter.ts'
import type { ReportColours, ReportScale } from './report-scale.ts'
import { distanceToShape, drawAbsorptions, drawSweeps } from './report-shapes.ts'
import type { KnownRow } from './report-then.ts'
import { distanceToWall, drawWalls } from './wall-lines.ts'

/** Nearer than this a mark is pointed at. */
const REACH_PX = 7

/** What happens at levels, drawn where and when it did: walls, sweeps, absorptions and chips above the candles. */
export class ReportMarks extends PanePrimitive {
  readonly #field: HeatField
  #walls: readonly WallFact[] = []
  #sweeps: readonly SweepFact[] = []
  #absorptions: readonly AbsorptionFact[] = []
  #chips: readonly ConvergenceFact[] = []
  #known: ReadonlyMap<string, KnownRow> = new Map()
  #drawnWalls: readonly WallFact[] = []
  #drawnShapes: readonly (SweepFact | AbsorptionFact)[] = []
  #colours: ReportColours | undefined
  #switches: Switches | undefined

  constructor(field: HeatField) {
    super('top')
    this.#field = field
  }

  /** What there is to draw of one asset at one time. */
  set rows(known: readonly KnownRow[]) {
    this.#known = new Map(known.map((one) => [one.row.id, one]))
    const rows = known.map(({ row }) => row)
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

  paintBitmap({ context, bitmapSize, horizontalPixelRatio, verticalPixelRatio }: PaneScope): void {
    const colours = this.#colours
    const switches = this.#switches
    const scale = this.#scaleOf(bitmapSize, horizontalPixelRatio, verticalPixelRatio)
    if (colours === undefined || switches === undefined || scale === undefined) return
    context.save()
    this.#drawnWalls = switches.walls ? drawWalls(context, this.#walls, scale, colours) : []
    this.#drawnShapes = switches.sweeps
      ? [
          ...drawAbsorptions(context, this.#absorptions, scale, colours),
          ...drawSweeps(context, this.#sweeps, scale, colours),
        ]
      : []
    if (switches.chips) drawChips(context, this.#chips, scale, colours)
    context.restore()
  }

  /** The row whose mark is at a place, in CSS pixels of the pane; undefined where there is none. */
  at(x: number, y: number): KnownRow | undefined {
    const scale = this.#scaleOf({ width: 0, height: 0 }, 1, 1)
    if (scale === undefined) return undefined
    let nearest: ReportFacts | undefined
    let least = REACH_PX
    const look = (row: ReportFacts, distance: number): void => {
      if (distance < least) [nearest, least] = [row, distance]
    }
    // Shapes lie over lines.
    for (const shape of this.#drawnShapes) look(shape, distanceToShape(shape, x, y, scale))
    if (nearest === undefined) for (const wall of this.#drawnWalls) look(wall, distanceToWall(wall, x, y, scale))
    return nearest && this.#known.get(nearest.id)
  }

  #scaleOf(size: { width: number; height: number }, ratioX: number, ratioY: number): ReportScale | undefined {
    const { series } = this
    const field = this.#field
    const slots = this.slots()
    if (series === undefined || slots === undefined || field.lastSlot < 0) return undefined
    if (series.priceToCoordinate(field.closeAt(field.lastSlot)) === null) return undefined
    const slotWidth = slots.width * ratioX
    const slotMs = field.msOf(1) - field.firstMs
    // A slot is drawn around its middle, and a time lies where its part of the slot has passed.
    const xOf = (ms: number): number => slots.zeroX * ratioX + ((ms - field.firstMs) / slotMs - 0.5) * slotWidth
    return {
      ...size,
      ratio: ratioX,
      xOf,
      yOf: (price) => (series.priceToCoordinate(price) ?? Number.NaN) * ratioY,
      step: field.stepAt(field.lastSlot),
      endX: slots.zeroX * ratioX + (field.lastSlot + 0.5) * slotWidth,
    }
  }
}
