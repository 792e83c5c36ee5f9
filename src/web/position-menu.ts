import type { AppParts } from './app-parts.ts'
import { choiceBar } from './choice-bar.ts'
import { decimalsOf } from './format.ts'
import { LEVERAGE_MAX, MAINTENANCE_DEFAULT, type Position, positionWords, readPosition } from './position.ts'
import type { PositionStore } from './position-store.ts'

const markup = `
<div class="choices" aria-label="Side"></div>
<label class="field">Entry price <input name="entry" inputmode="decimal" autocomplete="off" required></label>
<label class="field">Size in USD <input name="sizeUsd" inputmode="decimal" autocomplete="off" required></label>
<div class="choices kind" aria-label="Given by"></div>
<label class="field"><span class="by"></span> <input name="forced" inputmode="decimal" autocomplete="off" required></label>
<p class="fault" role="alert"></p>
<div class="actions"><button class="plain chief">Draw it</button><button type="button" class="plain remove">Remove</button></div>
<p class="told"></p>
<p>It stays in this browser. By leverage the price is that of isolated margin in a contract settled in USD, with the
maintenance rate of the smallest tier: fees, funding and other margin move it. The mark price triggers it.</p>`

/** A tool for the reader's own position in the asset of the map at hand. */
export function wirePosition({ rail, panes, route, onRoute, catalogue }: AppParts, store: PositionStore): void {
  const facts = new Map(catalogue.assets.map((asset) => [asset.name, asset]))
  const rateOf = (asset: string) => facts.get(asset)?.maintenanceRate ?? MAINTENANCE_DEFAULT
  const draw = (): void => {
    for (const map of panes.maps) {
      const asset = map.getAttribute('asset') ?? ''
      const position = store.of(asset)
      map.position = position && { position, maintenanceRate: rateOf(asset) }
    }
  }
  store.follow(draw)
  onRoute(draw)
  const panel = rail.panel({ icon: 'position', label: 'Your position', key: 'o' }, (host) => {
    const form = document.createElement('form')
    form.noValidate = true
    form.innerHTML = markup
    host.append(form)
    const fill = wireForm(form, () => route().asset, store)
    onRoute(fill)
    host.addEventListener('beforetoggle', fill)
  })
  const told = panel.querySelector('.told')!
  panes.addEventListener('mapchange', () => {
    if (!panel.matches(':popover-open')) return
    const { shown } = panes.map
    const { asset } = route()
    const column = shown?.live ?? shown?.columns.at(-1)
    const position = store.of(asset)
    const decimals = decimalsOf(facts.get(asset)?.gridTick ?? 0.01)
    const words =
      position === undefined || column === undefined ? [] : positionWords(position, rateOf(asset), column, decimals)
    const text = words.length === 0 ? '' : `${words.join('; ')}.`
    if (told.textContent !== text) told.textContent = text
  })
}

/** Answers how to fill it for the asset at hand. */
function wireForm(form: HTMLFormElement, asset: () => string, store: PositionStore): () => void {
  const part = (selector: string) => form.querySelector<HTMLElement>(selector)!
  const input = (name: string) => form.elements.namedItem(name) as HTMLInputElement
  const fault = part('.fault')
  let [side, kind]: [string, string] = ['long', 'leverage']
  const sides = choiceBar(part('.choices'), ['Long', 'Short'].map(choiceOf), (value) => {
    side = value
    sides.show(side)
  })
  const kinds = choiceBar(part('.kind'), ['Leverage', 'Liquidation price'].map(choiceOf), (value) => {
    showKind(value)
    input('forced').value = ''
  })
  const showKind = (value: string): void => {
    kind = value
    kinds.show(kind)
    part('.by').textContent = kind === 'leverage' ? `Leverage, 1 to ${LEVERAGE_MAX}` : 'Liquidation price'
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const forced = numberOf(input('forced').value)
    const position = readPosition({
      side,
      entry: numberOf(input('entry').value),
      sizeUsd: numberOf(input('sizeUsd').value),
      ...(kind === 'leverage' ? { leverage: forced } : { liquidation: forced }),
    })
    fault.textContent = typeof position === 'string' ? position : ''
    if (typeof position === 'string') return
    store.set(asset(), position)
    part('.remove').hidden = false
  })
  part('.remove').addEventListener('click', () => {
    store.set(asset(), undefined)
    fill()
  })
  function fill(): void {
    const position: Position | undefined = store.of(asset())
    fault.textContent = ''
    side = position?.side ?? 'long'
    sides.show(side)
    showKind(position?.liquidation === undefined ? 'leverage' : 'liquidation price')
    input('entry').value = textOf(position?.entry)
    input('sizeUsd').value = textOf(position?.sizeUsd)
    input('forced').value = textOf(position?.liquidation ?? position?.leverage)
    part('.remove').hidden = position === undefined
  }
  return fill
}

function choiceOf(label: string) {
  return { value: label.toLowerCase(), label, title: label }
}

/** As people type: 73,500.5 or 73 500.5. */
function numberOf(text: string): number {
  const plain = text.replaceAll(/[,\s_$]/g, '')
  return plain === '' ? Number.NaN : Number(plain)
}

function textOf(value: number | undefined): string {
  return value === undefined ? '' : String(value)
}
