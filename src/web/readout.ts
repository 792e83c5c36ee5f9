import { cascadeRatio, cascadeTo } from '../model/cascade.ts'
import { BUCKETS, Layer, usdOfCode } from '../model/layers.ts'
import type { Column } from '../wire/blocks.ts'
import { formatPrice, formatTime, formatUsd } from './format.ts'

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
    const row = append(this.#table, 'div', 'row cascade')
    append(row, 'span', 'label').textContent = 'Predicted / resting to here'
    this.#cascade = append(row, 'span', 'value')
  }

  /** For a time of which there is no column. */
  showGap(openMs: number): void {
    this.#candle.textContent = `${formatTime(openMs)}: nothing is known`
    this.#table.hidden = true
  }

  /** `price` undefined: the crosshair is elsewhere, only the candle is described. */
  show(column: Column | undefined, price: number | undefined, decimals: number): void {
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
  }
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
