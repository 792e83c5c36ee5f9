import type { ReportFacts } from '../model/report-facts.ts'
import { type CellFacts, rowSentence } from './report-columns.ts'
import type { KnownRow } from './report-then.ts'

const AWAY_PX = 14

/** What a mark on the map stands for, in words beside the pointer. The tables say the same to who does not point. */
export class ReportHint {
  readonly element = document.createElement('div')

  constructor() {
    this.element.className = 'mark-hint'
    this.element.hidden = true
    this.element.setAttribute('aria-hidden', 'true')
  }

  show(known: KnownRow | undefined, x: number, y: number, facts: CellFacts): void {
    const { element } = this
    element.hidden = known === undefined
    if (known === undefined) return
    const text = `${rowSentence(known, facts)}${detailOf(known.row)}`
    if (element.textContent !== text) element.textContent = text
    // On the other side where it would leave the map.
    const { offsetWidth, offsetHeight } = element
    const room = element.offsetParent?.clientWidth ?? Number.POSITIVE_INFINITY
    const left = x + AWAY_PX + offsetWidth > room ? x - AWAY_PX - offsetWidth : x + AWAY_PX
    const top = y < 2 * offsetHeight ? y + AWAY_PX : y - AWAY_PX - offsetHeight
    element.style.transform = `translate(${Math.round(Math.max(0, left))}px, ${Math.round(top)}px)`
  }
}

function detailOf(row: ReportFacts): string {
  switch (row.kind) {
    case 'wall':
      return ` · ${row.venue}, spoof ${Math.round(row.spoof * 100)} %`
    case 'sweep':
      return ` · ${row.venue}, ${row.displacementBp.toFixed(1)} bp${row.liquidationDriven ? ', driven by liquidations' : ''}`
    case 'absorption':
      return ` · ${row.venue}, ${row.refills} refills`
    case 'convergence':
      return ` · score ${row.score.toFixed(2)}`
  }
}
