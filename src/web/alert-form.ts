import { ALERT_COOLDOWN_SECONDS, type AlertRuleJson } from '../model/alert-json.ts'
import { type AlertKind, alertKinds, alertWords } from '../model/alert-rules.ts'
import { limits } from '../model/limits.ts'
import { venues } from '../model/venues.ts'
import { capitalised } from './format.ts'

/** Where a rule is to lie. */
export type AlertPlace = 'page' | 'server'

export interface AlertFormValue {
  readonly rule: AlertRuleJson
  readonly place: AlertPlace
  readonly webhook: { readonly url: string; readonly secret: string }
}

const kindWords: Readonly<Record<AlertKind, string>> = {
  wall: 'Wall: a large resting order',
  sweep: 'Sweep: takers go through the book',
  absorption: 'Absorption: takers are taken in',
  convergence: 'Convergence: reports that agree on a level',
  cluster: 'Cluster: modelled liquidations',
}
const pauses = [
  [0, 'None'],
  [60, '1 minute'],
  [ALERT_COOLDOWN_SECONDS, '5 minutes'],
  [900, '15 minutes'],
  [3_600, '1 hour'],
  [86_400, '1 day'],
] as const
const units: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9 }

const markup = `
<label class="field wide">Name <input name="name" autocomplete="off" maxlength="${limits.alertNameCharsMax}" placeholder="made from the rule"></label>
<label class="field wide">What <select name="kind"></select></label>
<label class="field wide">Assets <input name="assets" autocomplete="off" autocapitalize="characters" spellcheck="false"></label>
<label class="field">USD at least <input name="usdMin" inputmode="decimal" autocomplete="off" placeholder="any, such as 5M"></label>
<label class="field">At most % from price <input name="distancePercentMax" inputmode="decimal" autocomplete="off" placeholder="any"></label>
<fieldset class="chips sides"><legend>Side</legend></fieldset>
<fieldset class="chips states"><legend>State</legend></fieldset>
<fieldset class="chips venues"><legend>Venues</legend></fieldset>
<label class="field score">Score at least <input name="scoreMin" inputmode="decimal" autocomplete="off" placeholder="any, 0 to 1"></label>
<label class="field spoof">Spoof score at most <input name="spoofMax" inputmode="decimal" autocomplete="off" placeholder="any, 0 to 1"></label>
<label class="field">Silent after a call <select name="cooldownSeconds"></select></label>
<fieldset class="chips place"><legend>Calls</legend>
<label><input type="radio" name="place" value="page" checked> This page, while it is open</label>
<label><input type="radio" name="place" value="server"> A webhook of the server</label>
</fieldset>
<div class="webhook" hidden>
<label class="field wide">Address <input name="url" inputmode="url" autocomplete="off" spellcheck="false"></label>
<label class="field wide">Secret that deliveries are signed with <input name="secret" type="password" autocomplete="new-password"></label>
</div>`

/** The fields of a rule. Fires `input` as any form does; `read` answers what they say, unjudged. */
export class AlertForm {
  readonly element = document.createElement('div')
  readonly #form: HTMLFormElement

  constructor(form: HTMLFormElement) {
    this.#form = form
    this.element.className = 'alert-fields'
    this.element.innerHTML = markup
    const kind = this.#element<HTMLSelectElement>('[name=kind]')
    for (const one of alertKinds) kind.add(new Option(kindWords[one], one))
    const pause = this.#element<HTMLSelectElement>('[name=cooldownSeconds]')
    for (const [seconds, words] of pauses) pause.add(new Option(words, String(seconds)))
    const names = venues.map(({ name, label }) => [name, label] as const)
    fillChips(this.#element('.venues'), 'venues', names)
    kind.addEventListener('change', () => this.#showKind())
    this.element.addEventListener('change', () => this.#showPlace())
  }

  /** Shows a rule, or an empty one. */
  fill(rule: Partial<AlertRuleJson>, assetsHint: string): void {
    this.#form.reset()
    this.#value('kind', rule.kind ?? 'wall')
    this.#showKind()
    this.#value('name', rule.name ?? '')
    this.#value('assets', rule.assets?.join(', ') ?? '')
    this.#element<HTMLInputElement>('[name=assets]').placeholder = assetsHint
    for (const name of ['usdMin', 'distancePercentMax', 'scoreMin', 'spoofMax'] as const) {
      this.#value(name, rule[name] === undefined ? '' : String(rule[name]))
    }
    this.#value('cooldownSeconds', String(rule.cooldownSeconds ?? ALERT_COOLDOWN_SECONDS))
    for (const name of ['sides', 'states', 'venues'] as const) {
      for (const box of this.#boxes(name)) box.checked = rule[name]?.includes(box.value) ?? false
    }
    this.#showPlace()
  }

  /** Why rules cannot lie on the server; undefined: they can. */
  lockServer(reason: string | undefined, hosts: readonly string[]): void {
    const radio = this.#element<HTMLInputElement>('[value=server]')
    radio.disabled = reason !== undefined
    radio.parentElement!.title = reason ?? ''
    if (reason !== undefined) this.#element<HTMLInputElement>('[value=page]').checked = true
    this.#element<HTMLInputElement>('[name=url]').placeholder = `https://${hosts[0] ?? 'hooks.example.com'}/`
    this.#showPlace()
  }

  read(): AlertFormValue {
    const data = new FormData(this.#form)
    const text = (name: string): string => String(data.get(name) ?? '').trim()
    const kind = text('kind') as AlertKind
    const words = (name: string): string[] | undefined => {
      const found = data.getAll(name).map(String)
      return found.length === 0 ? undefined : found
    }
    const names = text('assets')
      .toUpperCase()
      .split(/[\s,;]+/)
      .filter((name) => name !== '')
    const fields: Record<string, unknown> = {
      kind,
      assets: names.length === 0 ? undefined : names,
      usdMin: numberOf(text('usdMin')),
      distancePercentMax: numberOf(text('distancePercentMax')),
      sides: words('sides'),
      states: words('states'),
      scoreMin: kind === 'convergence' ? numberOf(text('scoreMin')) : undefined,
      spoofMax: kind === 'wall' ? numberOf(text('spoofMax')) : undefined,
      venues: kind === 'cluster' ? undefined : words('venues'),
      cooldownSeconds: Number(text('cooldownSeconds')),
    }
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
    const rule = { ...given, name: text('name') || nameOf(given) } as unknown as AlertRuleJson
    return {
      rule,
      place: text('place') === 'server' ? 'server' : 'page',
      webhook: { url: text('url'), secret: String(data.get('secret') ?? '') },
    }
  }

  #showKind(): void {
    const kind = this.#element<HTMLSelectElement>('[name=kind]').value as AlertKind
    const { sides, states } = alertWords[kind]
    fillChips(this.#element('.sides'), 'sides', sides.map(wordOf))
    fillChips(this.#element('.states'), 'states', states.map(wordOf))
    this.#element('.states').hidden = states.length < 2
    this.#element('.venues').hidden = kind === 'cluster'
    this.#element('.score').hidden = kind !== 'convergence'
    this.#element('.spoof').hidden = kind !== 'wall'
  }

  #showPlace(): void {
    this.#element('.webhook').hidden = !this.#element<HTMLInputElement>('[value=server]').checked
  }

  #boxes(name: string): HTMLInputElement[] {
    return [...this.element.querySelectorAll<HTMLInputElement>(`input[name=${name}]`)]
  }

  #value(name: string, value: string): void {
    this.#element<HTMLInputElement>(`[name=${name}]`).value = value
  }

  #element<Type extends HTMLElement = HTMLElement>(selector: string): Type {
    return this.element.querySelector<Type>(selector)!
  }
}

/** What a rule without a name is called. */
export function nameOf(rule: Partial<AlertRuleJson>): string {
  const { kind = 'wall', assets, sides, states, usdMin, distancePercentMax } = rule
  const about = [
    assets?.slice(0, 3).join(' '),
    sides?.length === 1 ? sides[0] : undefined,
    `${kind}s`,
    states?.length === 1 ? states[0] : undefined,
    usdMin === undefined ? undefined : `from ${shortUsd(usdMin)}`,
    distancePercentMax === undefined ? undefined : `within ${distancePercentMax} %`,
  ].filter((word) => word !== undefined)
  return capitalised(about.join(' ')).slice(0, limits.alertNameCharsMax)
}

/** A number as people type it: 5M, 2.5 m, 250,000; NaN where it is none; undefined where nothing is asked. */
export function numberOf(text: string): number | undefined {
  if (text === '') return undefined
  const [, digits = '', unit = ''] = /^\$?\s*([\d.,\s]+?)\s*([kmb]?)\s*%?$/i.exec(text) ?? []
  const plain = digits.replaceAll(/[,\s]/g, '')
  return plain === '' ? Number.NaN : Number(plain) * (units[unit.toLowerCase()] ?? 1)
}

function shortUsd(usd: number): string {
  const unit = Object.entries(units).findLast(([, size]) => usd >= size)
  return unit === undefined ? `$${usd}` : `$${Number((usd / unit[1]).toPrecision(3))}${unit[0].toUpperCase()}`
}

function wordOf(word: string): readonly [string, string] {
  return [word, capitalised(word)]
}

/** Boxes beside each other; none of them chosen asks for nothing. */
function fillChips(host: HTMLElement, name: string, words: readonly (readonly [value: string, label: string])[]): void {
  const legend = host.querySelector('legend')!
  host.replaceChildren(
    legend,
    ...words.map(([value, text]) => {
      const label = document.createElement('label')
      const box = document.createElement('input')
      box.type = 'checkbox'
      box.name = name
      box.value = value
      label.append(box, text)
      return label
    }),
  )
}
