import type { WallFact } from '../model/report-facts.ts'
import type { ReportColours, ReportScale } from './report-scale.ts'

const LINE_PX = 2
const OVER_PX = 1
const CASING_PX = 1
const END_PX = 3
/** Of those that are over the largest in view: more would hide the map. */
const OVER_MAX = 60
/** Of a wall that looks like a spoof for certain: it is still a report. */
const ALPHA_MIN = 0.22
/** What is over is history: it steps back behind what stands. */
const OVER_ALPHA = 0.65
/** Under this length only what stands is drawn: at a day a column the walls of an hour would be a rash. */
const LENGTH_PX_MIN = 3

/** The more a wall looks like a spoof, the less of it is seen. */
export function wallAlpha({ spoof, state }: Pick<WallFact, 'spoof' | 'state'>): number {
  const sure = ALPHA_MIN + (1 - ALPHA_MIN) * (1 - Math.min(1, Math.max(0, spoof)))
  return state === 'active' ? sure : sure * OVER_ALPHA
}

/**
 * Walls as lines at their price, from their start to their end, given the largest first. How one ended stands at its end: a
 * disc was filled, a cross was pulled, an arrow moved to where it points, a ring faded, a gap was lost from sight. Answers
 * those that were drawn.
 */
export function drawWalls(
  context: CanvasRenderingContext2D,
  walls: readonly WallFact[],
  scale: ReportScale,
  colours: ReportColours,
): readonly WallFact[] {
  const inView = walls.filter((wall) => isInView(wall, scale))
  const over = inView.filter(({ state }) => state !== 'active').slice(0, OVER_MAX)
  // Those that stand lie over those that are over.
  for (const wall of over) drawWall(context, wall, scale, colours)
  const active = inView.filter(({ state }) => state === 'active')
  for (const wall of active) drawWall(context, wall, scale, colours)
  context.globalAlpha = 1
  return [...active, ...over]
}

/** How far a wall is from a place, in pixels of the scale. */
export function distanceToWall(wall: WallFact, x: number, y: number, scale: ReportScale): number {
  const before = scale.xOf(wall.startMs) - x
  const behind = x - endOf(wall, scale)
  return Math.max(0, before, behind) + Math.abs(scale.yOf(wall.price) - y)
}

function isInView(wall: WallFact, scale: ReportScale): boolean {
  const x = scale.xOf(wall.startMs)
  const endX = endOf(wall, scale)
  const y = scale.yOf(wall.price)
  if (!(endX >= 0 && x <= scale.width && y >= 0 && y <= scale.height)) return false
  return wall.state === 'active' || endX - x >= LENGTH_PX_MIN * scale.ratio
}

function endOf({ state, atMs }: WallFact, scale: ReportScale): number {
  return state === 'active' ? scale.endX : scale.xOf(atMs)
}

function drawWall(context: CanvasRenderingContext2D, wall: WallFact, scale: ReportScale, colours: ReportColours): void {
  const { ratio } = scale
  const isActive = wall.state === 'active'
  const x = scale.xOf(wall.startMs)
  const endX = endOf(wall, scale)
  const y = Math.round(scale.yOf(wall.price))
  context.globalAlpha = wallAlpha(wall)
  const line = (px: number, colour: string): void => {
    context.lineWidth = px * ratio
    context.strokeStyle = colour
    context.beginPath()
    context.moveTo(Math.max(-1, x), y)
    context.lineTo(Math.max(x + ratio, endX), y)
    context.stroke()
  }
  const width = isActive ? LINE_PX : OVER_PX
  line(width + 2 * CASING_PX, colours.ground)
  const colour = wall.side === 'bid' ? colours.bid : colours.ask
  line(width, colour)
  if (!isActive) drawEnd(context, wall, endX, y, scale, colour, colours.ground)
}

function drawEnd(
  context: CanvasRenderingContext2D,
  wall: WallFact,
  x: number,
  y: number,
  scale: ReportScale,
  colour: string,
  ground: string,
): void {
  const { ratio, step } = scale
  const size = END_PX * ratio
  context.lineWidth = 1.5 * ratio
  context.strokeStyle = colour
  context.fillStyle = colour
  context.beginPath()
  switch (wall.state) {
    case 'filled':
      context.arc(x, y, size, 0, 2 * Math.PI)
      context.fill()
      return
    case 'faded':
      context.arc(x, y, size, 0, 2 * Math.PI)
      context.fillStyle = ground
      context.fill()
      context.stroke()
      return
    case 'pulled':
      context.moveTo(x - size, y - size)
      context.lineTo(x + size, y + size)
      context.moveTo(x - size, y + size)
      context.lineTo(x + size, y - size)
      context.stroke()
      return
    case 'moved':
      drawMove(context, x, y, Math.round(scale.yOf(wall.price + wall.movedBuckets * step)), size)
      return
    default:
      context.setLineDash([2 * ratio, 2 * ratio])
      context.moveTo(x, y - 2 * size)
      context.lineTo(x, y + 2 * size)
      context.stroke()
      context.setLineDash([])
  }
}

function drawMove(context: CanvasRenderingContext2D, x: number, y: number, toY: number, size: number): void {
  const way = Math.sign(toY - y)
  // A move of less than its own arrow still points somewhere.
  const tip = Math.abs(toY - y) < 2 * size ? y + (way === 0 ? -1 : way) * 2 * size : toY
  const back = tip - Math.sign(tip - y) * size
  context.moveTo(x, y)
  context.lineTo(x, tip)
  context.moveTo(x - size, back)
  context.lineTo(x, tip)
  context.lineTo(x + size, back)
  context.stroke()
}
