import type { ReportFacts } from '../model/report-facts.ts'
import { type CellFacts, type ReportColumn, reportColumns, rowSentence } from './report-columns.ts'
import type { ReportOrder } from './report-filter.ts'
import type { KnownRow } from './report-then.ts'

const PAGE_ROWS = 10

export interface TableFacts extends CellFacts {
  readonly kind: ReportFacts['kind']
  readonly isEverywhere: boolean
  readonly order: ReportOrder
  /** In order, as many as are to be shown. */
  readonly rows: readonly KnownRow[]
  /** The row that the map is at. */
  readonly chosenId: string | undefined
}

interface ShownRow {
  readonly element: HTMLTableRowElement
  readonly button: HTMLButtonElement
  known: KnownRow
  signature: string
}

/**
 * Reports as a table: a button in each row leads to its level, arrow keys go from row to row, headers sort. Rows that are
 * told again keep their place in the page and flash.
 */
export class ReportTable {
  readonly element = document.createElement('table')
  readonly #head = document.createElement('tr')
  readonly #body = document.createElement('tbody')
  readonly #rows = new Map<string, ShownRow>()
  readonly #onOrder: (key: string) => void
  readonly #onChoose: (known: KnownRow) => void
  #columns: readonly ReportColumn[] = []
  #key = ''
  /** The one row that the Tab key comes to. */
  #tabId = ''

  constructor(onChoose: (known: KnownRow) => void, onOrder: (key: string) => void) {
    this.#onChoose = onChoose
    this.#onOrder = onOrder
    const head = document.createElement('thead')
    head.append(this.#head)
    this.element.append(head, this.#body)
    this.#body.addEventListener('click', (event) => {
      const shown = this.#shownOf(event.target)
      if (shown === undefined) return
      this.#moveTab(shown)
      this.#onChoose(shown.known)
    })
    this.#body.addEventListener('keydown', (event) => this.#walk(event))
    this.#body.addEventListener('animationend', (event) => (event.target as Element).classList.remove('flash'))
  }

  /** Whether somebody is about to choose: rows must not move away below a pointer. */
  get isHeld(): boolean {
    return this.#body.matches(':hover') || this.#body.contains(this.element.ownerDocument.activeElement)
  }

  show(facts: TableFacts): void {
    const key = `${facts.kind} ${facts.isEverywhere}`
    if (key !== this.#key) this.#reset(key, facts)
    for (const [i, cell] of [...this.#head.cells].entries()) {
      const isOrder = this.#columns[i]!.key === facts.order.key
      cell.setAttribute('aria-sort', isOrder ? (facts.order.isDescending ? 'descending' : 'ascending') : 'none')
    }
    const wanted = new Set(facts.rows.map(({ row }) => row.id))
    for (const [id, { element }] of this.#rows) {
      if (wanted.has(id)) continue
      element.remove()
      this.#rows.delete(id)
    }
    let before: Element | null = this.#body.firstElementChild
    for (const known of facts.rows) {
      const shown = this.#rows.get(known.row.id) ?? this.#make(known)
      this.#write(shown, known, facts)
      if (shown.element === before) before = before.nextElementSibling
      else this.#body.insertBefore(shown.element, before)
    }
    this.#keepTab(facts)
  }

  #reset(key: string, { kind, isEverywhere, rows: _rows }: TableFacts): void {
    this.#key = key
    this.#rows.clear()
    this.#body.replaceChildren()
    this.#columns = reportColumns(kind, isEverywhere)
    this.#head.replaceChildren(
      ...this.#columns.map(({ key: name, label, title, isNumber }) => {
        const cell = document.createElement('th')
        cell.scope = 'col'
        cell.className = isNumber ? `number of-${name}` : `of-${name}`
        const button = document.createElement('button')
        button.type = 'button'
        button.className = 'order'
        button.textContent = label
        button.title = `${title}. Sorts by it.`
        button.addEventListener('click', () => this.#onOrder(name))
        cell.append(button)
        return cell
      }),
    )
  }

  #make(known: KnownRow): ShownRow {
    const element = document.createElement('tr')
    element.dataset.id = known.row.id
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'go'
    button.tabIndex = -1
    for (const [i, { isNumber, key }] of this.#columns.entries()) {
      const cell = element.insertCell()
      cell.className = isNumber ? `number of-${key}` : `of-${key}`
      if (i === 0) cell.append(button)
    }
    const shown: ShownRow = { element, button, known, signature: '' }
    this.#rows.set(known.row.id, shown)
    return shown
  }

  #write(shown: ShownRow, known: KnownRow, facts: TableFacts): void {
    const { element, button } = shown
    const isChosen = known.row.id === facts.chosenId
    if (isChosen) element.setAttribute('aria-current', 'true')
    else element.removeAttribute('aria-current')
    for (const [i, column] of this.#columns.entries()) {
      const { text, title = '', tone = '', part } = column.cell(known, facts)
      const cell = element.cells[i]!
      const target = i === 0 ? button : cell
      if (target.textContent !== text) target.textContent = text
      if (cell.title !== title) cell.title = title
      cell.dataset.tone = tone
      if (part !== undefined) cell.style.setProperty('--part', `${Math.round(part * 100)}%`)
      cell.classList.toggle('bar', part !== undefined)
    }
    button.setAttribute('aria-label', rowSentence(known, facts))
    const signature = signatureOf(known.row)
    if (shown.signature !== '' && shown.signature !== signature) element.classList.add('flash')
    shown.signature = signature
    shown.known = known
  }

  #shownOf(target: EventTarget | null): ShownRow | undefined {
    const element = (target as Element).closest('tr')
    return element === null ? undefined : this.#rows.get(element.dataset.id ?? '')
  }

  #keepTab({ rows, chosenId }: TableFacts): void {
    if (this.#rows.get(this.#tabId)?.button.tabIndex === 0) return
    const first = rows.find(({ row }) => row.id === chosenId) ?? rows[0]
    if (first !== undefined) this.#moveTab(this.#rows.get(first.row.id)!)
  }

  #moveTab(shown: ShownRow): void {
    const before = this.#rows.get(this.#tabId)
    if (before !== undefined) before.button.tabIndex = -1
    shown.button.tabIndex = 0
    this.#tabId = shown.known.row.id
  }

  #walk(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -PAGE_ROWS,
      PageDown: PAGE_ROWS,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    }
    const step = steps[event.key]
    const shown = this.#shownOf(event.target)
    if (step === undefined || shown === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const elements = [...this.#body.rows]
    const at = Math.max(0, Math.min(elements.length - 1, elements.indexOf(shown.element) + step))
    const next = this.#rows.get(elements[at]!.dataset.id ?? '')!
    this.#moveTab(next)
    next.button.focus()
    event.preventDefault()
    event.stopPropagation()
  }
}

/** What makes a row worth a look when it changes: ages and distances change all the time. */
function signatureOf(row: ReportFacts): string {
  return `${row.kind === 'sweep' ? row.clusterCount : row.state} ${row.usd.toPrecision(2)}`
}
