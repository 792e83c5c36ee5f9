import type { AppParts } from './app-parts.ts'
import { capitalised, formatTime } from './format.ts'
import { legendRows } from './legend.ts'
import type { LiquidityMap } from './liquidity-map.ts'
import type { MapPanes } from './map-panes.ts'
import { RAMP_STEPS, rampBytes } from './palette.ts'
import { canvasColours } from './theme.ts'

const HEAD_PX = 40
const FOOT_PX = 36
const EDGE_PX = 14
const RAMP_PX = 84
const RAMP_HEIGHT_PX = 11

/** A tool that saves the maps as one PNG which says by itself what it shows: market, time, source, scale. */
export function wirePicture({ rail, panes, catalogue, say }: AppParts): void {
  rail.button({ icon: 'picture', label: 'Save a picture', key: 'i' }, () => {
    drawPicture(panes, catalogue.source).toBlob((blob) => {
      if (blob === null) return say('This browser could not make the picture.')
      const link = document.createElement('a')
      link.href = URL.createObjectURL(blob)
      link.download = `${fileName(panes.map)}.png`
      link.click()
      // The download has its own hold on the bytes by the next turn.
      setTimeout(() => URL.revokeObjectURL(link.href))
      say(`Saved ${link.download}`)
    }, 'image/png')
  })
}

function fileName(map: LiquidityMap): string {
  const time = new Date(map.shown?.clockMs ?? 0).toISOString().slice(0, 19).replaceAll(':', '-')
  return `liquidity-map-${map.getAttribute('asset')}-${map.getAttribute('timeframe')}-${map.mode}-${time}Z`
}

export function drawPicture(panes: MapPanes, source: string): HTMLCanvasElement {
  const ratio = devicePixelRatio
  const box = panes.getBoundingClientRect()
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(box.width * ratio)
  canvas.height = Math.round((box.height + HEAD_PX + FOOT_PX) * ratio)
  const context = canvas.getContext('2d')!
  context.scale(ratio, ratio)
  const { map } = panes
  const colours = canvasColours[map.ground]
  context.fillStyle = colours.ground
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.textBaseline = 'middle'
  const pen = new Pen(context, getComputedStyle(panes).fontFamily)
  drawHead(pen, panes, source, box.width)
  for (const one of panes.maps) {
    const { left, top, width, height } = one.getBoundingClientRect()
    const [x, y] = [left - box.left, top - box.top + HEAD_PX]
    const picture = one.picture()
    if (picture !== undefined) context.drawImage(picture, x, y, width, height)
    if (panes.maps.length > 1) pen.plate(titleOf(one), x + EDGE_PX, y + EDGE_PX, colours.plate, colours.text)
  }
  drawScale(pen, map, HEAD_PX + box.height + FOOT_PX / 2, box.width)
  return canvas
}

/** Says what is seen; what is not of now or of no market is said first. */
function drawHead(pen: Pen, { map, maps }: MapPanes, source: string, width: number): void {
  const colours = canvasColours[map.ground]
  const { shown, status } = map
  const y = HEAD_PX / 2
  let x = pen.text('Liquidity Map', EDGE_PX, y, colours.text, 650) + EDGE_PX
  if (maps.length === 1) x = pen.text(titleOf(map), x, y, colours.text) + EDGE_PX
  if (shown?.simulated === true) x = pen.text('SIMULATED', x, y, colours.price, 700) + EDGE_PX
  if (status !== undefined && status.kind !== 'live') {
    pen.text(status.band === '' ? status.label : status.band, x, y, colours.price, 650)
  }
  const time = shown === undefined ? '' : formatTime(shown.clockMs)
  pen.right(`${time} · source ${source}`, width - EDGE_PX, y, colours.muted)
}

function drawScale(pen: Pen, map: LiquidityMap, y: number, width: number): void {
  const colours = canvasColours[map.ground]
  const ramps = rampBytes(map.look.palette, map.ground)
  let x = EDGE_PX
  for (const { isShown, name, low, high, channels } of legendRows(map)) {
    if (!isShown) continue
    x = pen.text(name, x, y, colours.text, 600) + 6
    x = pen.text(low, x, y, colours.muted) + 6
    const height = RAMP_HEIGHT_PX / channels.length
    channels.forEach((channel, bar) => {
      for (let i = 0; i < RAMP_PX; i++) {
        const at = (channel * RAMP_STEPS + Math.floor((i / RAMP_PX) * RAMP_STEPS)) * 4
        const [r, g, b, a] = ramps.subarray(at, at + 4)
        pen.box(x + i, y - RAMP_HEIGHT_PX / 2 + bar * height, 1, height, `rgb(${r} ${g} ${b} / ${a! / 255})`)
      }
    })
    x = pen.text(high, x + RAMP_PX + 6, y, colours.muted) + 2 * EDGE_PX
  }
  pen.right('Modelled, not a promise · Charts by TradingView', width - EDGE_PX, y, colours.muted)
}

function titleOf(map: LiquidityMap): string {
  return `${map.getAttribute('asset')} · ${map.getAttribute('timeframe')} · ${capitalised(map.mode)}`
}

/** Text and boxes in CSS pixels, one after the other. */
class Pen {
  readonly #context: CanvasRenderingContext2D
  readonly #family: string

  constructor(context: CanvasRenderingContext2D, family: string) {
    this.#context = context
    this.#family = family
  }

  /** Answers where the text ends. */
  text(text: string, x: number, y: number, colour: string, weight = 400): number {
    this.#context.textAlign = 'left'
    this.#context.font = `${weight} 12px ${this.#family}`
    this.#context.fillStyle = colour
    this.#context.fillText(text, x, y)
    return x + this.#context.measureText(text).width
  }

  right(text: string, x: number, y: number, colour: string): void {
    this.#context.textAlign = 'right'
    this.#context.font = `12px ${this.#family}`
    this.#context.fillStyle = colour
    this.#context.fillText(text, x, y)
  }

  box(x: number, y: number, width: number, height: number, colour: string): void {
    this.#context.fillStyle = colour
    this.#context.fillRect(x, y, width, height)
  }

  plate(text: string, x: number, y: number, ground: string, colour: string): void {
    this.#context.font = `650 12px ${this.#family}`
    this.box(x - 6, y - 10, this.#context.measureText(text).width + 12, 20, ground)
    this.text(text, x, y, colour, 650)
  }
}
