import type { AbsorptionFact, SweepFact } from '../model/report-facts.ts'
import type { ReportColours, ReportScale } from './report-scale.ts'

const ARROW_PX = 3.5
const BOX_PX = 3.5
/** In view, of each kind the largest: more would hide the candles. */
const SHAPES_MAX = 36
/** Room that each of them has for itself; of those that would lie upon each other the largest is drawn. */
const ROOM_PX = 14

/** Sweeps as arrows over the prices that they went through; those driven by liquidations in the colour of these. Answers those that were drawn. */
export function drawSweeps(
  context: CanvasRenderingContext2D,
  sweeps: readonly SweepFact[],
  scale: ReportScale,
  colours: ReportColours,
): readonly SweepFact[] {
  const drawn: SweepFact[] = []
  const { ratio, width, height } = scale
  const size = ARROW_PX * ratio
  const isFree = freePlaces(ratio)
  for (const sweep of sweeps) {
    const x = Math.round(scale.xOf(sweep.endMs))
    const from = scale.yOf(sweep.firstPrice)
    const to = scale.yOf(sweep.price)
    if (x < -size || x > width + size || Math.max(from, to) < 0 || Math.min(from, to) > height) continue
    if (!isFree(x, to)) continue
    const way = sweep.side === 'buy' ? -1 : 1
    // The head goes beyond the last price, so that it does not hide it.
    const tip = to + way * size * 1.6
    const path = (): void => {
      context.beginPath()
      context.moveTo(x, from)
      context.lineTo(x, to)
      context.stroke()
      context.beginPath()
      context.moveTo(x - size, to)
      context.lineTo(x + size, to)
      context.lineTo(x, tip)
      context.closePath()
    }
    context.lineWidth = 3 * ratio
    context.strokeStyle = colours.ground
    path()
    context.stroke()
    context.lineWidth = 1.2 * ratio
    const colour = sweep.liquidationDriven ? colours.realised : colours.text
    context.strokeStyle = colour
    context.fillStyle = colour
    path()
    context.fill()
    drawn.push(sweep)
  }
  return drawn
}

/** Absorptions as boxes at their level: full where confirmed, empty while forming, crossed out where they failed. */
export function drawAbsorptions(
  context: CanvasRenderingContext2D,
  absorptions: readonly AbsorptionFact[],
  scale: ReportScale,
  colours: ReportColours,
): readonly AbsorptionFact[] {
  const drawn: AbsorptionFact[] = []
  const { ratio, width, height } = scale
  const size = BOX_PX * ratio
  const isFree = freePlaces(ratio)
  for (const absorption of absorptions) {
    const { startMs, price, side, state } = absorption
    const x = Math.round(scale.xOf(startMs))
    const y = Math.round(scale.yOf(price))
    if (x < -size || x > width + size || y < -size || y > height + size || !isFree(x, y)) continue
    drawn.push(absorption)
    const colour = side === 'bid' ? colours.bid : colours.ask
    context.fillStyle = colours.ground
    context.fillRect(x - size - ratio, y - size - ratio, 2 * (size + ratio), 2 * (size + ratio))
    context.lineWidth = 1.5 * ratio
    context.strokeStyle = colour
    context.fillStyle = colour
    if (state === 'confirmed') context.fillRect(x - size, y - size, 2 * size, 2 * size)
    else context.strokeRect(x - size + ratio / 2, y - size + ratio / 2, 2 * size - ratio, 2 * size - ratio)
    if (state !== 'failed') continue
    context.beginPath()
    context.moveTo(x - size, y + size)
    context.lineTo(x + size, y - size)
    context.stroke()
  }
  return drawn
}

/** How far a sweep and an absorption are from a place, in pixels of the scale. */
export function distanceToShape(row: SweepFact | AbsorptionFact, x: number, y: number, scale: ReportScale): number {
  if (row.kind === 'absorption') return Math.hypot(scale.xOf(row.startMs) - x, scale.yOf(row.price) - y)
  const [from, to] = [scale.yOf(row.firstPrice), scale.yOf(row.price)]
  const away = Math.max(0, Math.min(from, to) - y, y - Math.max(from, to))
  return Math.hypot(scale.xOf(row.endMs) - x, away)
}

/** Answers for each place whether it is free, and takes it. */
function freePlaces(ratio: number): (x: number, y: number) => boolean {
  const room = ROOM_PX * ratio
  const taken = new Set<string>()
  return (x, y) => {
    const place = `${Math.round(x / room)} ${Math.round(y / room)}`
    return taken.size < SHAPES_MAX && !taken.has(place) && taken.add(place) !== undefined
  }
}
