/** Channels of the heat texture, in the order of its bytes and of the rows of a ramp texture. */
export const Channel = { realised: 0, predicted: 1, bid: 2, ask: 3 } as const
export const CHANNELS = 4
export const RAMP_STEPS = 256

type Stop = readonly [at: number, red: number, green: number, blue: number, alpha: number]
type Ramp = readonly Stop[]

/**
 * Hues are told apart with any colour vision: orange, purple and blue of the Okabe-Ito set, bid and ask as two blues.
 * Each ramp rises in lightness, so strength can be read without hue too.
 */
export const palettes = {
  ember: [
    [
      [0, 60, 10, 50, 0],
      [0.12, 110, 30, 90, 0.75],
      [0.5, 214, 96, 170, 0.95],
      [1, 255, 226, 246, 1],
    ],
    [
      [0, 40, 22, 8, 0],
      [0.2, 104, 52, 8, 0.5],
      [0.6, 224, 138, 16, 0.82],
      [0.85, 255, 205, 80, 0.97],
      [1, 255, 246, 205, 1],
    ],
    [
      [0, 8, 30, 60, 0],
      [0.4, 18, 66, 116, 0.42],
      [0.8, 58, 138, 208, 0.72],
      [1, 150, 208, 255, 0.92],
    ],
    [
      [0, 8, 36, 60, 0],
      [0.4, 14, 78, 108, 0.42],
      [0.8, 40, 156, 186, 0.72],
      [1, 140, 226, 240, 0.92],
    ],
  ],
  viridis: [
    [
      [0, 70, 20, 0, 0],
      [0.12, 130, 44, 0, 0.75],
      [0.5, 232, 106, 20, 0.95],
      [1, 255, 228, 200, 1],
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
} as const satisfies Record<string, readonly [Ramp, Ramp, Ramp, Ramp]>
export type PaletteName = keyof typeof palettes

/** CHANNELS x RAMP_STEPS colours, RGBA, alpha not multiplied in. */
export function rampBytes(name: PaletteName): Uint8Array {
  const bytes = new Uint8Array(CHANNELS * RAMP_STEPS * 4)
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let step = 0; step < RAMP_STEPS; step++) {
      bytes.set(colourAt(palettes[name][channel]!, step / (RAMP_STEPS - 1)), (channel * RAMP_STEPS + step) * 4)
    }
  }
  return bytes
}

/** A ramp as a CSS background, as it looks over the page's ground. */
export function rampCss(name: PaletteName, channel: number): string {
  const stops = palettes[name][channel]!.map(([at, r, g, b, a]) => `rgb(${r} ${g} ${b} / ${a}) ${at * 100}%`)
  return `linear-gradient(90deg, ${stops.join(', ')})`
}

/** The colour that stands for a channel where there is room for one only. */
export function accentCss(name: PaletteName, channel: number): string {
  const [r, g, b] = colourAt(palettes[name][channel]!, 0.75)
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
