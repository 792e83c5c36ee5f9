import type { Shortcuts } from './shortcuts.ts'

const hands = [
  ['Wheel, pinch', 'Zoom in time'],
  ['Drag', 'Move through time and price'],
  ['Drag the price axis', 'Stretch prices; Fit brings them back'],
  ['Arrows on a map', 'Move the crosshair; with Shift ten steps'],
] as const

/** The list of keys, made from the keys themselves. */
export function helpPanel(host: HTMLElement, shortcuts: Shortcuts): void {
  const list = document.createElement('dl')
  list.className = 'keys'
  host.append(list)
  const show = (): void => {
    const keys = shortcuts.all.flatMap(({ key, shown, does }) =>
      does === undefined ? [] : [[shown ?? key.toUpperCase(), does] as const],
    )
    list.replaceChildren(
      ...keys.map(([key, does]) => entry(key, 'kbd', does)),
      ...hands.map(([hand, does]) => entry(hand, 'span', does)),
    )
  }
  // Other parts of the page may add keys until it is opened.
  host.addEventListener('beforetoggle', show)
}

function entry(key: string, tag: 'kbd' | 'span', does: string): HTMLElement {
  const row = document.createElement('div')
  const name = document.createElement('dt')
  const meaning = document.createElement('dd')
  const cap = document.createElement(tag)
  cap.textContent = key
  name.append(cap)
  meaning.textContent = does
  row.append(name, meaning)
  return row
}
