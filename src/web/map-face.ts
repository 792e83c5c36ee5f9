import { type Mode, modeShown } from '../model/modes.ts'
import { capitalised } from './format.ts'
import type { MapCursor } from './map-cursor.ts'
import type { MapScene } from './map-scene.ts'
import type { MapStatus } from './map-status.ts'
import { positionWords } from './position.ts'
import type { OwnPosition } from './position-mark.ts'
import { Readout } from './readout.ts'
import type { ShownMap } from './shown-map.ts'
import { canvasColours } from './theme.ts'

const FALLBACK =
  'The forecast is unproven: hybrid shows what happened and resting depth. Synthetic and heatmap show it all the same.'
const KEYS = 'Arrow keys move the crosshair, with Shift ten steps at a time.'

export interface FaceFacts {
  readonly asset: string
  readonly timeframe: string
  readonly mode: Mode
  readonly status: MapStatus
  readonly shown: ShownMap | undefined
  readonly modelText: string
  readonly cursor: MapCursor
  readonly decimals: number
  readonly position: OwnPosition | undefined
}

/** What a map says in words, and where it says it: title, numbers, and whatever keeps it from being live. */
export class MapFace {
  /** Takes the focus: keys move the crosshair. */
  readonly chart = element('div', 'chart')
  readonly #scene: MapScene
  readonly #frame = element('div', 'frame')
  readonly #readout = new Readout()
  readonly #title = element('b', 'title')
  readonly #simulated = element('span', 'simulated')
  readonly #state = element('span', 'state')
  readonly #model = element('span', 'model')
  readonly #note = element('div', 'note')
  readonly #veil = element('div', 'veil')
  readonly #band = element('div', 'band')
  readonly #spoken = element('div', 'spoken')
  readonly #own = element('div', 'own')
  readonly #credit = document.createElement('a')

  constructor(scene: MapScene) {
    this.#scene = scene
    const profile = element('div', 'profile')
    profile.append(scene.profile.canvas, scene.labels.element)
    this.#frame.append(this.chart, profile)
    this.chart.tabIndex = 0
    this.chart.setAttribute('role', 'application')
    this.#note.setAttribute('role', 'note')
    this.#veil.setAttribute('role', 'status')
    this.#spoken.setAttribute('aria-live', 'polite')
    this.#simulated.textContent = 'SIMULATED'
    const plate = element('div', 'plate')
    plate.append(this.#title, this.#simulated, this.#state, this.#model)
    this.#readout.element.prepend(plate)
    this.#readout.element.append(this.#own)
    this.#credit.className = 'credit'
    this.#credit.href = 'https://www.tradingview.com/'
    this.#credit.target = '_blank'
    this.#credit.rel = 'noopener'
    this.#credit.textContent = 'Charts by TradingView'
  }

  get elements(): readonly HTMLElement[] {
    const { hint } = this.#scene
    const told = [this.#readout.element, this.#note, this.#band, this.#veil, this.#credit, this.#spoken]
    return [this.#frame, ...told, hint.element]
  }

  show({ asset, timeframe, mode, status, shown, modelText, cursor, decimals, position }: FaceFacts): void {
    write(this.#title, `${asset} · ${timeframe} · ${capitalised(mode)}`)
    const label = `Liquidity map of ${asset}, ${timeframe}, ${mode}. ${status.label}. ${KEYS}`
    if (this.chart.getAttribute('aria-label') !== label) this.chart.setAttribute('aria-label', label)
    this.#simulated.hidden = shown?.simulated !== true
    write(this.#state, status.label)
    write(this.#model, modelText)
    write(this.#veil, status.detail)
    write(this.#band, status.band)
    const isFallback = modeShown(mode, shown?.modelState ?? 0) !== mode
    this.#note.classList.toggle('narrow', !isFallback)
    write(this.#note, isFallback ? FALLBACK : modelText)
    this.#read(shown, cursor, decimals)
    const column = shown?.live ?? shown?.columns.at(-1)
    const words =
      position === undefined || column === undefined
        ? []
        : positionWords(position.position, position.maintenanceRate, column, decimals)
    write(this.#own, words.join(' · '))
  }

  /** Laid over a map of which nothing is known yet. */
  set notice(text: string) {
    write(this.#veil, text)
  }

  /** Speaks the cell below the crosshair to a screen reader: for keys, a pointer would never let it finish. */
  sayCell(): void {
    requestAnimationFrame(() => write(this.#spoken, this.#readout.sentence))
  }

  picture(): HTMLCanvasElement | undefined {
    const { chart, profile, labels, ground, ratio } = this.#scene
    if (chart === undefined) return undefined
    const left = chart.chart.takeScreenshot(true)
    const canvas = document.createElement('canvas')
    canvas.width = left.width + profile.canvas.width
    canvas.height = Math.max(left.height, profile.canvas.height)
    const context = canvas.getContext('2d')!
    context.fillStyle = canvasColours[ground].ground
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(left, 0, 0)
    context.translate(left.width, 0)
    context.drawImage(profile.canvas, 0, 0)
    if (!labels.element.hidden) labels.paint(context, canvasColours[ground], ratio)
    return canvas
  }

  #read(shown: ShownMap | undefined, cursor: MapCursor, decimals: number): void {
    const { slot } = cursor
    const newest = shown?.live ?? shown?.columns.at(-1)
    if (shown === undefined || slot === undefined) {
      this.#readout.show(newest, undefined, decimals, shown)
      return
    }
    const openMs = this.#scene.field.msOf(slot)
    const column = shown.live?.openMs === openMs ? shown.live : shown.columns.find((one) => one.openMs === openMs)
    if (column === undefined) this.#readout.showGap(openMs)
    else this.#readout.show(column, cursor.price, decimals, shown)
  }
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag)
  made.className = className
  return made
}
