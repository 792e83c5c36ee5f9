import type { ConvergenceFact } from '../model/report-facts.ts'
import type { ReportColours, ReportScale } from './report-scale.ts'

const HEIGHT_PX = 16
const PAD_PX = 6
const FONT_PX = 10
const FONT = 'Inter, "Segoe UI", Roboto, Arial, sans-serif'
const EDGE_PX = 6

/** What a chip says at its level: what it is, for which side, and which parts meet there. */
export function chipText({ state, side, wall, sweep, absorption, liquidations, score }: ConvergenceFact): string {
  const arrow = side === 'support' ? '▲' : '▼'
  const parts = [wall && 'W', sweep && 'S', absorption && 'A', liquidations && 'L'].filter(Boolean).join('')
  return `${arrow} ${state} ${parts} ${score.toFixed(2)}`
}

/** Chips that stand, as labels at their level before the price axis, each with a line that leads to it. */
export function drawChips(
  context: CanvasRenderingContext2D,
  chips: readonly ConvergenceFact[],
  scale: ReportScale,
  colours: ReportColours,
): void {
  const { ratio, width, height } = scale
  const labelHeight = HEIGHT_PX * ratio
  context.font = `600 ${FONT_PX * ratio}px ${FONT}`
  context.textBaseline = 'middle'
  context.textAlign = 'left'
  const taken: number[] = []
  // The strongest first: where two would lie upon each other, the weaker one gives way.
  for (const chip of [...chips].sort((a, b) => b.score - a.score)) {
    const y = Math.round(scale.yOf(chip.price))
    if (y < labelHeight / 2 || y > height - labelHeight / 2) continue
    if (taken.some((other) => Math.abs(other - y) < labelHeight + ratio)) continue
    taken.push(y)
    const text = chipText(chip)
    const labelWidth = context.measureText(text).width + 2 * PAD_PX * ratio
    const left = Math.round(width - labelWidth - EDGE_PX * ratio)
    const isWatch = chip.state === 'watch' || chip.state === 'contested'
    const colour = isWatch ? colours.muted : colours.chip
    context.strokeStyle = colour
    context.lineWidth = ratio
    context.setLineDash([3 * ratio, 3 * ratio])
    context.beginPath()
    context.moveTo(Math.max(0, scale.xOf(chip.startMs)), y)
    context.lineTo(left, y)
    context.stroke()
    context.setLineDash([])
    context.beginPath()
    context.roundRect(left, y - labelHeight / 2, labelWidth, labelHeight, 4 * ratio)
    context.fillStyle = isWatch ? colours.plate : colour
    context.fill()
    context.stroke()
    context.fillStyle = isWatch ? colours.text : colours.ground
    context.fillText(text, left + PAD_PX * ratio, y + ratio / 2)
  }
}
