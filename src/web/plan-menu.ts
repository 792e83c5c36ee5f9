import type { PlanFacts } from '../client/control.ts'
import { modes } from '../model/modes.ts'
import { COLUMNS, timeframes } from '../model/timeframes.ts'
import type { AppParts } from './app-parts.ts'
import type { KeyStore } from './key-store.ts'

const markup = `
<dl class="plan"></dl>
<form>
  <label class="field">Key or token <input name="key" type="password" autocomplete="off" spellcheck="false" maxlength="4096" required></label>
  <label class="switch"><input type="checkbox" name="lasting"> Keep it in this browser</label>
  <p class="fault" role="alert"></p>
  <div class="actions"><button class="plain chief">Use it</button><button type="button" class="plain forget">Forget the key</button></div>
</form>
<p>It is sent to this server alone. Without the tick it is gone with this tab.</p>`

/** A tool where the server has plans: what the reader's own gives, and a way to show a key. */
export function wirePlan({ rail, catalogue, connection }: AppParts, keys: KeyStore, reload: () => void): void {
  const panel = rail.panel({ icon: 'key', label: 'Plan and key', key: 'k' }, (host) => {
    const body = document.createElement('div')
    body.innerHTML = markup
    host.append(body)
    const form = body.querySelector('form')!
    const fault = form.querySelector('.fault')!
    form.noValidate = true
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const input = form.elements.namedItem('key') as HTMLInputElement
      const isLasting = (form.elements.namedItem('lasting') as HTMLInputElement).checked
      const problem = keys.set(input.value.trim(), isLasting)
      fault.textContent = problem ?? ''
      if (problem === undefined) reload()
    })
    form.querySelector('.forget')!.addEventListener('click', () => {
      keys.forget()
      reload()
    })
  })
  const button = panel.previousElementSibling as HTMLElement
  const facts = panel.querySelector('.plan')!
  const show = (): void => {
    const { hello, state, fault } = connection
    const plan = hello?.plan
    const isRefused = state === 'closed' && fault?.includes('KEY') === true
    button.hidden = plan === undefined && !isRefused && keys.key === undefined
    button.classList.toggle('wanted', isRefused)
    facts.replaceChildren(...planRows(plan, catalogue.assets.length, isRefused ? fault : undefined))
    ;(panel.querySelector('.forget') as HTMLElement).hidden = keys.key === undefined
  }
  connection.onChange(show)
  show()
}

function planRows(plan: PlanFacts | undefined, assets: number, refusal: string | undefined): HTMLElement[] {
  if (refusal !== undefined) return [row('Refused', refusal)]
  if (plan === undefined) return [row('Plan', 'none is needed here')]
  const part = (have: readonly string[], all: number) => (have.length >= all ? 'all' : `${have.length} of ${all}`)
  const named = (have: readonly string[], all: number) => (have.length >= all ? 'all' : have.join(', ') || 'none')
  return [
    row('Plan', plan.name),
    row('Assets', plan.assets.length <= 6 ? named(plan.assets, assets) : part(plan.assets, assets)),
    row('Timeframes', named(plan.timeframes, timeframes.length)),
    row('Modes', named(plan.modes, modes.length)),
    row('Reports', plan.reports.join(', ') || 'none'),
    row('History', plan.columns >= COLUMNS ? 'all' : `${plan.columns} columns`),
  ]
}

function row(name: string, value: string): HTMLElement {
  const element = document.createElement('div')
  const term = document.createElement('dt')
  const detail = document.createElement('dd')
  term.textContent = name
  detail.textContent = value
  element.append(term, detail)
  return element
}
