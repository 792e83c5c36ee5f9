import { cascadeRatio, cascadeTo } from '../model/cascade.ts'
import { BUCKETS, Layer, usdOfCode } from '../model/layers.ts'
import { venueStates, venues } from '../model/venues.ts'
import type { Column } from '../wire/blocks.ts'
import { formatAge, formatPrice, formatTime, formatUsd } from './format.ts'
import type { ShownMap } from './shown-map.ts'

const rows = [
  ['Realised, longs', Layer.longLiq, 'realised'],
  ['Realised, shorts', Layer.shortLiq, 'realised'],
  ['Predicted, longs', Layer.longLevel, 'predicted'],
  ['Predicted, shorts', Layer.shortLevel, 'predicted'],
  ['Bids', Layer.bid, 'bid'],
  ['Asks', Layer.ask, 'ask'],
] as const

/** The numbers below the crosshair: a line about the candle, and USD of each layer in the bucket. */
export class Readout {
  readonly element = document.createElement('div')
  readonly #candle: HTMLElement
  readonly #table: HTMLElement
  readonly #time: HTMLElement
  readonly #range: HTMLElement
  readonly #values: HTMLElement[]
  readonly #cascade: HTMLElement
  readonly #age: HTMLElement
  readonly #venues: HTMLElement

  constructor() {
    this.element.className = 'readout'
    this.#candle = append(this.element, 'div', 'candle')
    this.#table = append(this.element, 'div', 'cell')
    const head = append(this.#table, 'div', 'head')
    this.#time = append(head, 'span', 'time')
    this.#range = append(head, 'span', 'range')
    this.#values = rows.map(([label, , kind]) => {
      const row = append(this.#table, 'div', `row ${kind}`)
      append(row, 'span', 'label').textContent = label
      return append(row, 'span', 'value')
    })
    const addRow = (kind: string, label: string): HTMLElement => {
      const row = append(this.#table, 'div', `row ${kind}`)
      append(row, 'span', 'label').textContent = label
      return append(row, 'span', 'value')
    }
    this.#cascade = addRow('cascade', 'Predicted / resting to here')
    this.#age = addRow('age', 'Column')
    this.#venues = addRow('venues', 'Venues now')
  }

  /** What it shows, as one would say it. */
  get sentence(): string {
    if (this.#table.hidden) return this.#candle.textContent ?? ''
    const said = [...this.#table.querySelectorAll('.row')]
      .map((row) => [row.firstElementChild!.textContent, row.lastElementChild!.textContent])
      .filter(([, value]) => value !== '–')
      .map(([label, value]) => `${label} ${value}`)
    return `${this.#time.textContent}, ${this.#range.textContent}: ${said.join(', ')}`
  }

  /** For a time of which there is no column. */
  showGap(openMs: number): void {
    this.#candle.textContent = `${formatTime(openMs)}: nothing is known`
    this.#table.hidden = true
  }

  /** `price` undefined: the crosshair is elsewhere, only the candle is described. */
  show(column: Column | undefined, price: number | undefined, decimals: number, shown: ShownMap | undefined): void {
    if (column === undefined || column.open <= 0) this.#candle.textContent = ''
    else {
      const [open, high, low, close] = [column.open, column.high, column.low, column.close].map((value) =>
        formatPrice(value, decimals),
      )
      this.#candle.textContent = `O ${open}  H ${high}  L ${low}  C ${close}  Vol ${formatUsd(column.volumeUsd)}`
    }
    this.#table.hidden = column === undefined || price === undefined
    if (column === undefined || price === undefined) return
    const bucket = Math.floor(price / column.step)
    const cell = bucket - column.baseBucket
    const isInside = cell >= 0 && cell < BUCKETS
    this.#time.textContent = formatTime(column.openMs)
    const low = formatPrice(bucket * column.step, decimals)
    this.#range.textContent = `${low} – ${formatPrice((bucket + 1) * column.step, decimals)}`
    rows.forEach(([, layer], i) => {
      const code = isInside ? column.cells[layer * BUCKETS + cell]! : 0
      this.#values[i]!.textContent = code === 0 ? '–' : formatUsd(usdOfCode(code, column.quantumUsd))
    })
    this.#cascade.textContent = cascadeText(column, price)
    if (shown === undefined) return
    this.#age.textContent =
      shown.live === column
        ? `open, ${formatAge(shown.clockMs - column.openMs)} old`
        : `opened ${formatAge(shown.clockMs - column.openMs)} ago`
    this.#venues.textContent = venuesText(shown)
  }
}

/** How many tell of their market, and which do not. */
function venuesText({ venueStates: states }: ShownMap): string {
  const silent = venues.filter((_, venue) => venueStates[states[venue]!] !== 'live')
  if (silent.length === 0) return `all ${venues.length} live`
  return `${venues.length - silent.length} of ${venues.length} live`
}

/** USD that a move from the column's close to this price would force, for each USD that rests on the way. */
function cascadeText(column: Column, price: number): string {
  const cascade = cascadeTo(column, price)
  const ratio = cascade === undefined ? undefined : cascadeRatio(cascade)
  if (cascade === undefined || ratio === undefined) return '–'
  return `${cascade.isCovered ? '' : '≤ '}${ratio.toFixed(2)}`
}

function append(parent: HTMLElement, tag: string, className: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  parent.append(element)
  return element
}
