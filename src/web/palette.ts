import type { Ground } from './theme.ts'

/** Channels of the heat texture, in the order of its bytes and of the rows of a ramp texture. */
export const Channel = { realised: 0, predicted: 1, bid: 2, ask: 3 } as const
export const CHANNELS = 4
export const RAMP_STEPS = 256

type Stop = readonly [at: number, red: number, green: number, blue: number, alpha: number]
type Ramp = readonly Stop[]

/**
 * Hues are told apart with any colour vision (test/web/palette.test.ts): orange, pink and blue, bid and ask as two blues.
 * Each ramp moves away from its ground, lighter on dark and darker on light, so strength can be read without hue too.
 */
export const palettes = {
  ember: {
    dark: [
      [
        [0, 60, 10, 50, 0],
        [0.12, 110, 30, 90, 0.75],
        [0.5, 214, 96, 170, 0.95],
        [1, 255, 214, 242, 1],
      ],
      [
        [0, 40, 22, 8, 0],
        [0.2, 104, 52, 8, 0.5],
        [0.6, 224, 138, 16, 0.82],
        [0.85, 255, 205, 80, 0.97],
        [1, 255, 244, 188, 1],
      ],
      [
        [0, 8, 30, 60, 0],
        [0.4, 18, 66, 116, 0.42],
        [0.8, 58, 138, 208, 0.72],
        [1, 104, 176, 250, 0.92],
      ],
      [
        [0, 8, 36, 60, 0],
        [0.4, 14, 78, 108, 0.42],
        [0.8, 40, 156, 186, 0.72],
        [1, 84, 202, 224, 0.92],
      ],
    ],
    light: [
      [
        [0, 250, 226, 242, 0],
        [0.12, 240, 170, 214, 0.75],
        [0.5, 205, 62, 150, 0.95],
        [1, 110, 0, 82, 1],
      ],
      [
        [0, 255, 240, 205, 0],
        [0.2, 255, 222, 150, 0.6],
        [0.6, 240, 160, 20, 0.86],
        [0.85, 196, 108, 0, 0.97],
        [1, 128, 62, 0, 1],
      ],
      [
        [0, 222, 236, 252, 0],
        [0.4, 172, 208, 244, 0.5],
        [0.8, 62, 128, 208, 0.74],
        [1, 12, 62, 140, 0.92],
      ],
      [
        [0, 218, 242, 248, 0],
        [0.4, 158, 216, 230, 0.5],
        [0.8, 28, 140, 170, 0.74],
        [1, 0, 76, 102, 0.92],
      ],
    ],
  },
  viridis: {
    dark: [
      [
        [0, 70, 20, 0, 0],
        [0.12, 130, 44, 0, 0.75],
        [0.5, 246, 138, 66, 0.95],
        [1, 255, 226, 198, 1],
      ],
      [
        [0, 40, 20, 70, 0],
        [0.2, 60, 40, 120, 0.6],
        [0.5, 34, 132, 134, 0.85],
        [0.8, 110, 200, 90, 0.95],
        [1, 250, 232, 60, 1],
      ],
      [
        [0, 20, 26, 60, 0],
        [0.4, 44, 58, 120, 0.42],
        [0.8, 110, 130, 214, 0.72],
        [1, 190, 205, 255, 0.92],
      ],
      [
        [0, 20, 26, 60, 0],
        [0.4, 66, 54, 120, 0.42],
        [0.8, 142, 120, 210, 0.72],
        [1, 216, 200, 255, 0.92],
      ],
    ],
    light: [
      [
        [0, 255, 232, 216, 0],
        [0.12, 255, 196, 158, 0.75],
        [0.5, 224, 92, 12, 0.95],
        [1, 120, 34, 0, 1],
      ],
      [
        [0, 238, 246, 214, 0],
        [0.2, 206, 232, 170, 0.6],
        [0.5, 110, 190, 110, 0.85],
        [0.8, 30, 120, 116, 0.95],
        [1, 8, 64, 76, 1],
      ],
      [
        [0, 228, 232, 252, 0],
        [0.4, 190, 198, 246, 0.5],
        [0.8, 100, 112, 214, 0.74],
        [1, 42, 46, 146, 0.92],
      ],
      [
        [0, 238, 230, 252, 0],
        [0.4, 214, 194, 246, 0.5],
        [0.8, 138, 100, 208, 0.74],
        [1, 72, 34, 138, 0.92],
      ],
    ],
  },
} as const satisfies Record<string, Record<Ground, readonly [Ramp, Ramp, Ramp, Ramp]>>
export type PaletteName = keyof typeof palettes

/** CHANNELS x RAMP_STEPS colours, RGBA, alpha not multiplied in. */
export function rampBytes(name: PaletteName, ground: Ground): Uint8Array {
  const bytes = new Uint8Array(CHANNELS * RAMP_STEPS * 4)
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let step = 0; step < RAMP_STEPS; step++) {
      bytes.set(colourAt(palettes[name][ground][channel]!, step / (RAMP_STEPS - 1)), (channel * RAMP_STEPS + step) * 4)
    }
  }
  return bytes
}

/** A ramp as a CSS background, as it looks over the page's ground. */
export function rampCss(name: PaletteName, ground: Ground, channel: number): string {
  const stops = palettes[name][ground][channel]!.map(([at, r, g, b, a]) => `rgb(${r} ${g} ${b} / ${a}) ${at * 100}%`)
  return `linear-gradient(90deg, ${stops.join(', ')})`
}

/** The colour that stands for a channel where there is room for one only. */
export function accentCss(name: PaletteName, ground: Ground, channel: number): string {
  const [r, g, b] = colourAt(palettes[name][ground][channel]!, 0.75)
  return `rgb(${r} ${g} ${b})`
}

function colourAt(ramp: Ramp, at: number): [number, number, number, number] {
  let next = 1
  while (next < ramp.length - 1 && ramp[next]![0] < at) next++
  const [from, to] = [ramp[next - 1]!, ramp[next]!]
  const share = Math.min(1, Math.max(0, (at - from[0]) / (to[0] - from[0])))
  const mix = (i: 1 | 2 | 3 | 4) => from[i] + (to[i] - from[i]) * share
  return [Math.round(mix(1)), Math.round(mix(2)), Math.round(mix(3)), Math.round(mix(4) * 255)]
}
