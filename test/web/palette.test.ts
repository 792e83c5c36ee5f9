// Guards the colours of the map: each ramp starts invisible and moves away from its ground with strength, and the three
// kinds (realised, predicted, depth) are told apart with every kind of colour vision, on both grounds, at every strength.
import { describe, expect, test } from 'vitest'
import { CHANNELS, Channel, type PaletteName, palettes, RAMP_STEPS, rampBytes } from '../../src/web/palette.ts'
import { canvasColours, type Ground, grounds } from '../../src/web/theme.ts'

type Rgb = readonly [number, number, number]
type Matrix = readonly [Rgb, Rgb, Rgb]

// Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
const visions: Readonly<Record<string, Matrix>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
}
/** In OKLab, times 100: two is what an eye just notices between patches that touch. */
const DISTANCE_MIN = 7
/** Shares of the ramp from ordinary to strongest, where a colour says anything. */
const strengths = [0.5, 0.65, 0.8, 1]
const cases = Object.keys(palettes).flatMap((name) => grounds.map((ground) => [name as PaletteName, ground] as const))

describe.each(cases)('%s on %s', (name, ground) => {
  const bytes = rampBytes(name, ground)

  test('every ramp starts invisible and grows denser and farther from its ground', () => {
    const away = ground === 'dark' ? 1 : -1
    for (let channel = 0; channel < CHANNELS; channel++) {
      let [before, alphaBefore] = [ground === 'dark' ? 0 : -255, 0]
      for (let step = 0; step < RAMP_STEPS; step++) {
        const [r, g, b, alpha] = bytes.subarray((channel * RAMP_STEPS + step) * 4)
        const light = away * (0.2126 * r! + 0.7152 * g! + 0.0722 * b!)
        // Rounding of the three parts may take one back.
        expect(light).toBeGreaterThanOrEqual(before - 1)
        expect(alpha).toBeGreaterThanOrEqual(alphaBefore)
        before = Math.max(before, light)
        alphaBefore = alpha!
      }
      expect(bytes[channel * RAMP_STEPS * 4 + 3]).toBe(0)
    }
  })

  test.each(Object.keys(visions))('realised, predicted and depth differ to %s', (vision) => {
    const kinds = [
      [Channel.realised, Channel.predicted],
      [Channel.realised, Channel.bid],
      [Channel.realised, Channel.ask],
      [Channel.predicted, Channel.bid],
      [Channel.predicted, Channel.ask],
    ] as const
    const seen = (channel: number, strength: number) =>
      oklab(through(visions[vision]!, overGround(bytes, channel, strength, ground)))
    for (const strength of strengths) {
      for (const [one, other] of kinds) {
        const distance = 100 * Math.hypot(...minus(seen(one, strength), seen(other, strength)))
        expect(distance, `channels ${one} and ${other} at ${strength}`).toBeGreaterThan(DISTANCE_MIN)
      }
    }
  })
})

/** Linear light of a ramp's colour as it lies over the ground. */
function overGround(bytes: Uint8Array, channel: number, strength: number, ground: Ground): Rgb {
  const at = (channel * RAMP_STEPS + Math.round(strength * (RAMP_STEPS - 1))) * 4
  const alpha = bytes[at + 3]! / 255
  const below = [1, 3, 5].map((i) => Number.parseInt(canvasColours[ground].ground.slice(i, i + 2), 16))
  const mix = (i: number) => linear(bytes[at + i]! * alpha + below[i]! * (1 - alpha))
  return [mix(0), mix(1), mix(2)]
}

function linear(value: number): number {
  const part = value / 255
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
}

function through(matrix: Matrix, colour: Rgb): Rgb {
  const row = (i: 0 | 1 | 2) =>
    Math.max(0, matrix[i][0] * colour[0] + matrix[i][1] * colour[1] + matrix[i][2] * colour[2])
  return [row(0), row(1), row(2)]
}

function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function minus(a: Rgb, b: Rgb): Rgb {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}
