import { choiceBar } from './choice-bar.ts'
import { capitalised } from './format.ts'
import {
  GAMMA_MAX,
  GAMMA_MIN,
  lookDefault,
  type MapLook,
  type RangeName,
  rangeNames,
  type SwitchName,
  switchesOf,
  switchNames,
  THRESHOLD_MAX,
} from './map-look.ts'
import { type PaletteName, palettes } from './palette.ts'
import type { SettingsStore } from './settings.ts'
import { type Theme, themes } from './theme.ts'

const switchTexts: Record<SwitchName, string> = {
  depth: 'Resting depth',
  walls: 'Walls',
  chips: 'Convergence chips',
  sweeps: 'Sweeps and absorptions',
  labels: 'Clusters and magnets',
}

/** What is drawn and how: layers, price range, strength, contrast, palette, theme. It never changes what is known. */
export function lookMenu(host: HTMLElement, settings: SettingsStore): void {
  const change = (look: Partial<MapLook>): void => settings.change({ look: { ...settings.value.look, ...look } })
  const boxes = switchBoxes(section(host, 'Layers'), (name, isOn) => {
    const { switches } = settings.value.look
    change({ switches: switchesOf((one) => (one === name ? isOn : switches[one])) })
  })
  const range = choiceBar(
    choices(host, 'Price range'),
    rangeNames.map((value) => ({
      value,
      label: value === 'fit' ? 'Fit' : `±${value} %`,
      title: value === 'fit' ? 'The candles with room around them' : `${value} % of price on either side`,
    })),
    (value) => change({ range: value as RangeName }),
  )
  const painted = section(host, 'Colours')
  const threshold = slider(painted, 'Cut off weak levels', 0, THRESHOLD_MAX, (value) => change({ threshold: value }))
  const gamma = slider(painted, 'Contrast', GAMMA_MIN, GAMMA_MAX, (value) => change({ gamma: value }))
  const palette = choiceBar(
    choices(host, 'Palette'),
    Object.keys(palettes).map((value) => ({ value, label: capitalised(value), title: `Palette ${value}` })),
    (value) => change({ palette: value as PaletteName }),
  )
  const theme = choiceBar(
    choices(host, 'Theme'),
    themes.map((value) => ({
      value,
      label: capitalised(value),
      title: value === 'auto' ? 'As the system has it' : `Always ${value}`,
    })),
    (value) => settings.change({ theme: value as Theme }),
  )
  const reset = document.createElement('button')
  reset.type = 'button'
  reset.className = 'plain'
  reset.textContent = 'Back to the defaults'
  reset.addEventListener('click', () => settings.change({ look: lookDefault, theme: 'auto' }))
  host.append(reset)
  settings.follow(({ look, theme: chosen }) => {
    for (const [name, box] of boxes) box.checked = look.switches[name]
    threshold.value = String(look.threshold)
    gamma.value = String(look.gamma)
    range.show(look.range)
    palette.show(look.palette)
    theme.show(chosen)
  })
}

function switchBoxes(host: HTMLElement, onChange: (name: SwitchName, isOn: boolean) => void) {
  return switchNames.map((name) => {
    const label = document.createElement('label')
    label.className = 'switch'
    const box = document.createElement('input')
    box.type = 'checkbox'
    box.dataset.switch = name
    box.addEventListener('change', () => onChange(name, box.checked))
    label.append(box, switchTexts[name])
    host.append(label)
    return [name, box] as const
  })
}

function slider(host: HTMLElement, text: string, min: number, max: number, onChange: (value: number) => void) {
  const label = document.createElement('label')
  label.className = 'slider'
  const input = document.createElement('input')
  input.type = 'range'
  input.min = String(min)
  input.max = String(max)
  input.step = '0.01'
  input.addEventListener('input', () => onChange(Number(input.value)))
  label.append(text, input)
  host.append(label)
  return input
}

function section(host: HTMLElement, title: string): HTMLElement {
  const group = document.createElement('fieldset')
  const legend = document.createElement('legend')
  legend.textContent = title
  group.append(legend)
  host.append(group)
  return group
}

function choices(host: HTMLElement, title: string): HTMLElement {
  const bar = document.createElement('div')
  bar.className = 'choices'
  bar.setAttribute('aria-label', title)
  section(host, title).append(bar)
  return bar
}
