import { limits } from '../model/limits.ts'
import { capitalised, formatDistance, formatUsd } from './format.ts'

/** What all reports together say of an asset, from /api/v1/read. */
export interface Read {
  readonly label: string
  readonly reasons: readonly string[]
  readonly above: ReadMagnet | undefined
  readonly below: ReadMagnet | undefined
}

export interface ReadMagnet {
  readonly usd: number
  /** From price, as a part of it. */
  readonly distance: number
  readonly price: number
}

export function readRead(body: unknown): Read {
  const { label, reasons, magnets } = recordOf(body)
  if (typeof label !== 'string' || !Array.isArray(reasons) || !reasons.every((reason) => typeof reason === 'string')) {
    throw new Error('the read cannot be read')
  }
  const { above, below } = recordOf(magnets)
  return { label, reasons, above: magnetOf(above), below: magnetOf(below) }
}

function magnetOf(value: unknown): ReadMagnet | undefined {
  const { usd, distance, peak, price } = recordOf(value)
  const level = typeof price === 'number' ? price : peak
  if (typeof usd !== 'number' || typeof distance !== 'number' || typeof level !== 'number') return undefined
  return { usd, distance, price: level }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/**
 * A line above the reports: the label, why, and the magnets next to price. Asked for again every few seconds while it is
 * shown. `onLevel` is called with the price of a magnet that was pressed.
 */
export class ReadLine {
  readonly element = document.createElement('div')
  readonly #load: (asset: string) => Promise<Read>
  readonly #now: () => number
  readonly #onLevel: (price: number) => void
  readonly #label = part('b', 'label')
  readonly #reasons = document.createElement('details')
  readonly #first = document.createElement('summary')
  readonly #others = document.createElement('ul')
  readonly #above = document.createElement('button')
  readonly #below = document.createElement('button')
  #asset = ''
  #askedMs = 0
  #read: Read | undefined
  #fault: string | undefined

  constructor(load: (asset: string) => Promise<Read>, now: () => number, onLevel: (price: number) => void) {
    this.#load = load
    this.#now = now
    this.#onLevel = onLevel
    this.element.className = 'read'
    this.element.setAttribute('role', 'group')
    this.element.setAttribute('aria-label', 'Read')
    const magnets = part('span', 'magnets')
    magnets.append(this.#above, this.#below)
    for (const button of [this.#above, this.#below]) button.type = 'button'
    this.#above.addEventListener('click', () => this.#press(this.#read?.above))
    this.#below.addEventListener('click', () => this.#press(this.#read?.below))
    this.#reasons.className = 'reasons'
    this.#reasons.append(this.#first, this.#others)
    this.element.append(this.#label, magnets, this.#reasons)
  }

  /** Of now: of a moment in the past nothing is read. */
  show(asset: string): void {
    const isOther = asset !== this.#asset
    if (isOther) {
      this.#read = undefined
      this.#fault = undefined
      this.#draw()
    }
    if (!isOther && this.#now() - this.#askedMs < limits.clientReadMs) return
    this.#asset = asset
    this.#askedMs = this.#now()
    this.#load(asset).then(
      (read) => this.#take(asset, read, undefined),
      (error: Error) => this.#take(asset, undefined, error.message),
    )
  }

  #take(asset: string, read: Read | undefined, fault: string | undefined): void {
    if (asset !== this.#asset) return
    this.#read = read
    this.#fault = fault
    this.#draw()
  }

  #press(magnet: ReadMagnet | undefined): void {
    if (magnet !== undefined) this.#onLevel(magnet.price)
  }

  #draw(): void {
    const read = this.#read
    this.element.dataset.label = read?.label ?? ''
    this.#label.textContent =
      read === undefined ? (this.#fault === undefined ? '…' : 'No read') : capitalised(read.label)
    const [first = this.#fault ?? '', ...others] = read?.reasons ?? []
    this.#first.textContent = first
    this.#first.classList.toggle('has-more', others.length > 0)
    this.#others.replaceChildren(
      ...others.map((reason) => {
        const item = document.createElement('li')
        item.textContent = reason
        return item
      }),
    )
    drawMagnet(this.#above, read?.above, '▲')
    drawMagnet(this.#below, read?.below, '▼')
  }
}

function drawMagnet(button: HTMLButtonElement, magnet: ReadMagnet | undefined, arrow: string): void {
  button.hidden = magnet === undefined
  if (magnet === undefined) return
  button.textContent = `${arrow} ${formatUsd(magnet.usd)} ${formatDistance(magnet.distance)}`
  button.title = 'The nearest strong pool of predicted liquidations on this side. Shows its level on the map.'
}

function part(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  return element
}
