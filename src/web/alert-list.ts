import type { AlertSubject } from '../model/alert-rules.ts'
import type { AlertEntry } from '../model/alert-service.ts'
import { assets } from '../model/assets.ts'
import type { PageAlert } from './alert-store.ts'
import { formatClock, formatDistance, formatUsd } from './format.ts'

/** A call of this page. */
export interface PageFiring {
  readonly alert: PageAlert
  readonly subject: AlertSubject
}

export interface AlertListFacts {
  readonly alerts: readonly PageAlert[]
  readonly firings: readonly PageFiring[]
  readonly server: readonly AlertEntry[]
  /** Rule in the form; undefined: a new one. */
  readonly editedId: string | undefined
  /** Why a rule hears nothing. */
  readonly faultOf: (alert: PageAlert) => string | undefined
}

export interface AlertListActions {
  readonly edit: (alert: PageAlert) => void
  readonly turn: (alert: PageAlert, isOn: boolean) => void
  readonly remove: (alert: PageAlert) => void
  readonly removeEntry: (entry: AlertEntry) => void
  readonly go: (firing: PageFiring) => void
}

const BP = 1e4

/** Shows the rules of the page, those of the server, and what has called. */
export function showAlertList(host: HTMLElement, facts: AlertListFacts, actions: AlertListActions): void {
  const { alerts, firings, server } = facts
  const rules = document.createElement('ul')
  rules.className = 'rules'
  rules.append(
    ...alerts.map((alert) => pageItem(alert, facts, actions)),
    ...server.map((entry) => serverItem(entry, actions)),
  )
  if (rules.childElementCount === 0) rules.append(word('li', 'No rules yet.', 'empty'))
  const calls = document.createElement('ol')
  calls.className = 'calls'
  calls.append(...firings.map((firing) => callItem(firing, actions)))
  if (firings.length === 0) calls.append(word('li', 'Nothing has called since the page was opened.', 'empty'))
  host.replaceChildren(word('h3', 'Rules'), rules, word('h3', 'Calls'), calls)
}

/** A firing in a line. */
export function firingWords({ subject }: PageFiring): string {
  const { kind, side, state, asset, usd, distanceBp } = subject
  const distance = distanceBp === undefined ? '' : ` at ${formatDistance(distanceBp / BP)}`
  const what = state === 'plain' || state === 'modelled' ? kind : `${kind}, ${state}`
  return `${assets[asset]!.name} ${side} ${what}: ${formatUsd(usd)}${distance}`
}

function pageItem(alert: PageAlert, facts: AlertListFacts, actions: AlertListActions): HTMLElement {
  const { rule, isOn, tested } = alert
  const item = document.createElement('li')
  if (alert.id === facts.editedId) item.setAttribute('aria-current', 'true')
  const on = document.createElement('input')
  on.type = 'checkbox'
  on.checked = isOn
  on.setAttribute('aria-label', `Watch ${rule.name}`)
  on.addEventListener('change', () => actions.turn(alert, on.checked))
  const name = button(rule.name, 'link name', () => actions.edit(alert))
  name.title = 'Change this rule'
  const count = facts.firings.filter((firing) => firing.alert.id === alert.id).length
  const calls = count === 0 ? 'no calls yet' : `${count} ${count === 1 ? 'call' : 'calls'}`
  const about = word('small', `This page, ${isOn ? calls : 'off'}. ${tested}`)
  item.append(
    on,
    name,
    removeButton(rule.name, () => actions.remove(alert)),
    about,
  )
  const fault = isOn ? facts.faultOf(alert) : undefined
  if (fault !== undefined) item.append(word('small', fault, 'deaf'))
  return item
}

function serverItem(entry: AlertEntry, actions: AlertListActions): HTMLElement {
  const { rule, origin, webhook, fired, backtest } = entry
  const item = document.createElement('li')
  const name = word('span', rule.name, 'name')
  const where = origin === 'file' ? 'Server, from its file' : 'Server'
  const tested = backtest === null ? '' : ` ${backtest.words}`
  item.append(name, word('small', `${where}, to ${webhook.url}, ${fired} fired.${tested}`))
  if (origin === 'saved') name.after(removeButton(rule.name, () => actions.removeEntry(entry)))
  return item
}

function callItem(firing: PageFiring, { go }: AlertListActions): HTMLElement {
  const item = document.createElement('li')
  const show = button(firingWords(firing), 'link', () => go(firing))
  show.title = 'Show its level'
  item.append(word('time', formatClock(firing.subject.atMs)), show)
  return item
}

function removeButton(name: string, remove: () => void): HTMLElement {
  const made = button('Remove', 'link remove', remove)
  made.setAttribute('aria-label', `Remove ${name}`)
  return made
}

function button(text: string, className: string, press: () => void): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = className
  made.textContent = text
  made.addEventListener('click', press)
  return made
}

function word(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag)
  made.textContent = text
  if (className !== '') made.className = className
  return made
}
