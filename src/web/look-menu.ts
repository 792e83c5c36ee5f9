import type { MapLook } from './liquidity-map.ts'
import { type PaletteName, palettes } from './palette.ts'

export const lookDefault: MapLook = { palette: 'ember', threshold: 0, gamma: 1 }

/** Strength, contrast and palette: they change how the map is painted, never what is in it. */
export function lookMenu(host: HTMLElement, onChange: (look: MapLook) => void): void {
  const threshold = slider(host, 'Cut off weak levels', 0, 0.8, lookDefault.threshold)
  const gamma = slider(host, 'Contrast', 0.4, 2.5, lookDefault.gamma)
  const label = document.createElement('label')
  label.append('Palette')
  const palette = document.createElement('select')
  for (const name of Object.keys(palettes)) palette.add(new Option(name[0]!.toUpperCase() + name.slice(1), name))
  label.append(palette)
  host.append(label)
  host.addEventListener('input', () => {
    onChange({
      palette: palette.value as PaletteName,
      threshold: Number(threshold.value),
      gamma: Number(gamma.value),
    })
  })
}

function slider(host: HTMLElement, text: string, min: number, max: number, value: number): HTMLInputElement {
  const label = document.createElement('label')
  label.append(text)
  const input = document.createElement('input')
  input.type = 'range'
  input.min = String(min)
  input.max = String(max)
  input.step = '0.01'
  input.value = String(value)
  label.append(input)
  host.append(label)
  return input
}
