import type { AlertBacktest, AlertChange, AlertFiring } from '../model/alert-backtest.ts'
import { formatDistance, formatTime, formatUsd } from './format.ts'

export interface ResultOptions {
  /** Shows the map at the level and the time of a firing. */
  readonly go: (firing: AlertFiring) => void
}

/** What a back-test has found, in words, by day, beside chance, and firing by firing. */
export function resultView(backtest: AlertBacktest, { go }: ResultOptions): HTMLElement {
  const { words, cut, fromMs, toMs, firings } = backtest
  const host = document.createElement('section')
  host.className = 'alert-result'
  host.setAttribute('aria-label', 'Back-test')
  const told = text('p', words)
  told.className = 'words'
  const reach = `Read from ${formatTime(fromMs)} to ${formatTime(toMs)}.${cut === null ? '' : ` ${cut}`}`
  host.append(told, text('p', reach), dayBars(backtest))
  if (firings > 0) host.append(afterTable(backtest), holdLine(backtest), lastTable(backtest.last, go))
  host.append(
    text('p', 'Who tries many rules finds some that look good by chance. Firings of one hour share one path of price.'),
  )
  return host
}

function dayBars({ days }: AlertBacktest): HTMLElement {
  const host = document.createElement('div')
  host.className = 'days'
  host.setAttribute('role', 'img')
  const most = Math.max(1, ...days.map(({ firings }) => firings))
  host.setAttribute('aria-label', `By day: ${days.map(({ day, firings }) => `${day} ${firings}`).join(', ')}`)
  for (const { day, firings } of days) {
    const bar = document.createElement('i')
    bar.style.setProperty('--part', String(firings / most))
    bar.title = `${day}: ${firings}`
    if (firings === 0) bar.className = 'none'
    host.append(bar)
  }
  const caption = text(
    'span',
    `${days[0]?.day ?? ''} – ${days.at(-1)?.day ?? ''}, at most ${most === 1 && days.every(({ firings }) => firings === 0) ? 0 : most} a day`,
  )
  const figure = document.createElement('div')
  figure.className = 'by-day'
  figure.append(host, caption)
  return figure
}

function afterTable({ after }: AlertBacktest): HTMLElement {
  const rows = after.map(({ minutes, rule, base }) => [
    `${minutes} min`,
    ...pair(rule, base, ({ median }) => percent(median, true)),
    ...pair(rule, base, ({ meanSize }) => percent(meanSize, false)),
    ...pair(rule, base, ({ up }) => (up === null ? '–' : `${Math.round(up * 100)} %`)),
    `${rule.n} / ${base.n}`,
  ])
  return table(
    'Price after a firing, beside random times',
    ['After', 'Median', 'random', 'Mean size', 'random', 'Higher', 'random', 'n'],
    rows,
  )
}

function pair(rule: AlertChange, base: AlertChange, read: (change: AlertChange) => string): [string, string] {
  return [read(rule), read(base)]
}

function holdLine({ hold: { rule, base } }: AlertBacktest): HTMLElement {
  const rate = ({ rate: held, low, high, n }: typeof rule): string =>
    held === null
      ? 'none'
      : `${Math.round(held * 100)} % of ${n} (${Math.round(low! * 100)} to ${Math.round(high! * 100)})`
  const line = text(
    'p',
    `Levels that price came to within an hour and that held: ${rate(rule)}; as far away at random times: ${rate(base)}. ` +
      `Not reached: ${rule.unreached}.`,
  )
  line.className = 'hold'
  return line
}

function lastTable(last: readonly AlertFiring[], go: (firing: AlertFiring) => void): HTMLElement {
  const host = table(
    'The newest firings',
    ['Time', 'Asset', 'Side', 'USD', '+5 min', '+15', '+60'],
    last.map(({ atMs, asset, side, usd, changes }) => [
      formatTime(atMs),
      asset,
      side,
      formatUsd(usd),
      ...changes.map((change) => percent(change, true)),
    ]),
  )
  host.querySelectorAll('tbody tr').forEach((row, index) => {
    const firing = last[index]!
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'link'
    const cell = row.firstElementChild!
    button.textContent = cell.textContent
    button.title = 'Show the map of then'
    button.addEventListener('click', () => go(firing))
    cell.replaceChildren(button)
  })
  return host
}

function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  const host = document.createElement('table')
  const title = document.createElement('caption')
  title.textContent = caption
  const head = document.createElement('thead')
  head.append(rowOf('th', heads))
  head.querySelectorAll('th').forEach((cell) => {
    cell.scope = 'col'
  })
  const body = document.createElement('tbody')
  body.append(...rows.map((cells) => rowOf('td', cells)))
  host.append(title, head, body)
  const frame = document.createElement('div')
  frame.className = 'table'
  // A region that scrolls is reached by the keyboard.
  frame.tabIndex = 0
  frame.setAttribute('role', 'group')
  frame.setAttribute('aria-label', caption)
  frame.append(host)
  return frame
}

function rowOf(tag: 'th' | 'td', cells: readonly string[]): HTMLElement {
  const row = document.createElement('tr')
  row.append(...cells.map((cell) => text(tag, cell)))
  return row
}

function percent(part: number | null, hasSign: boolean): string {
  if (part === null) return '–'
  if (hasSign && Math.abs(part) >= 0.0995) return formatDistance(part)
  const size = `${(Math.abs(part) * 100).toFixed(2)} %`
  return hasSign && part !== 0 ? `${part < 0 ? '−' : '+'}${size}` : size
}

function text<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, content: string): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  element.textContent = content
  return element
}
