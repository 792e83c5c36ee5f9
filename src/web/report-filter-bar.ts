import { capitalised, formatUsd } from './format.ts'
import { minimums, type ReportFilter, type ReportKind, sidesOf, statesOf } from './report-filter.ts'

/** What leaves reports out. Answers how to show a filter. */
export function filterBar(host: HTMLElement, onChange: (change: Partial<ReportFilter>) => void) {
  const usd = choice(host, 'USD at least', (value) => onChange({ minUsd: Number(value) }))
  for (const minUsd of minimums)
    usd.add(new Option(minUsd === 0 ? 'Any USD' : `≥ ${formatUsd(minUsd)}`, String(minUsd)))
  const side = choice(host, 'Side', (value) => onChange({ side: value }))
  const state = choice(host, 'State', (value) => onChange({ state: value }))
  const label = document.createElement('label')
  const everywhere = document.createElement('input')
  everywhere.type = 'checkbox'
  everywhere.addEventListener('change', () => onChange({ isEverywhere: everywhere.checked }))
  label.append(everywhere, 'All assets')
  host.append(label)
  let shownKind: ReportKind | undefined
  return (kind: ReportKind, filter: ReportFilter): void => {
    if (kind !== shownKind) {
      shownKind = kind
      fill(side, ['', ...sidesOf[kind]], 'Both sides')
      fill(state, statesOf[kind].length === 0 ? [''] : ['', 'open', ...statesOf[kind]], 'Any state')
      state.hidden = statesOf[kind].length === 0
    }
    usd.value = String(filter.minUsd)
    side.value = filter.side
    state.value = filter.state
    everywhere.checked = filter.isEverywhere
  }
}

function choice(host: HTMLElement, label: string, onChoose: (value: string) => void): HTMLSelectElement {
  const select = document.createElement('select')
  select.setAttribute('aria-label', label)
  select.title = label
  select.addEventListener('change', () => onChoose(select.value))
  host.append(select)
  return select
}

function fill(select: HTMLSelectElement, values: readonly string[], all: string): void {
  select.replaceChildren(
    ...values.map(
      (value) => new Option(value === '' ? all : value === 'open' ? 'Standing' : capitalised(value), value),
    ),
  )
}
