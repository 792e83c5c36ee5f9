import { choiceBar } from './choice-bar.ts'
import { PANES_MAX } from './layout-route.ts'

const names = ['One', 'Two', 'Three', 'Four']

/** How many maps stand beside each other. Answers how to show another number. */
export function layoutMenu(host: HTMLElement, onChoose: (count: number) => void): (count: number) => void {
  const bar = document.createElement('div')
  bar.className = 'choices layouts'
  bar.setAttribute('aria-label', 'Number of maps')
  const text = document.createElement('p')
  text.textContent = 'The controls are about the map with the bright edge. Where you point at one, the others follow.'
  host.append(bar, text)
  const choices = names.slice(0, PANES_MAX).map((label, i) => ({
    value: String(i + 1),
    label,
    title: i === 0 ? 'One map' : `${label} maps side by side`,
  }))
  const { show } = choiceBar(bar, choices, (value) => onChoose(Number(value)))
  return (count) => show(String(count))
}
