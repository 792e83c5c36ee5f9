import { type PaletteName, palettes } from './palette.ts'

/** Layers that can be switched off one by one. */
export const switchNames = ['depth', 'walls', 'chips', 'sweeps', 'labels'] as const
export type SwitchName = (typeof switchNames)[number]
export type Switches = Readonly<Record<SwitchName, boolean>>

/** How far prices are shown: `fit` is the candles with room around them, a number is percent of price either side. */
export const rangeNames = ['fit', '1', '2', '5', '10', '25'] as const
export type RangeName = (typeof rangeNames)[number]

/** How the map is painted, never what is in it. */
export interface MapLook {
  readonly palette: PaletteName
  /** 0 to 1: share of each ramp that is cut off at its weak end. */
  readonly threshold: number
  readonly gamma: number
  readonly range: RangeName
  readonly switches: Switches
}

export const THRESHOLD_MAX = 0.8
export const GAMMA_MIN = 0.4
export const GAMMA_MAX = 2.5

export const lookDefault: MapLook = {
  palette: 'ember',
  threshold: 0,
  gamma: 1,
  range: 'fit',
  switches: { depth: true, walls: true, chips: true, sweeps: true, labels: true },
}

/** Reads a look that somebody else wrote; what is missing or makes no sense takes its default. */
export function readLook(value: unknown): MapLook {
  const look = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const switches = (typeof look.switches === 'object' && look.switches !== null ? look.switches : {}) as Record<
    string,
    unknown
  >
  return {
    palette: Object.hasOwn(palettes, String(look.palette)) ? (look.palette as PaletteName) : lookDefault.palette,
    threshold: within(look.threshold, 0, THRESHOLD_MAX, lookDefault.threshold),
    gamma: within(look.gamma, GAMMA_MIN, GAMMA_MAX, lookDefault.gamma),
    range: rangeNames.find((range) => range === look.range) ?? lookDefault.range,
    switches: switchesOf((name) => switches[name] !== false),
  }
}

/** Reads a look from attributes: `layers` names what is on, all without it. */
export function lookOfAttributes(attribute: (name: string) => string | null): MapLook {
  const layers = attribute('layers')?.split(/[\s,]+/)
  const numberOf = (name: string) => Number(attribute(name) ?? Number.NaN)
  return {
    ...readLook({
      palette: attribute('palette'),
      range: attribute('range'),
      threshold: numberOf('threshold'),
      gamma: numberOf('gamma'),
    }),
    switches: switchesOf((name) => layers === undefined || layers.includes(name)),
  }
}

export function switchesOf(isOn: (name: SwitchName) => boolean): Switches {
  return Object.fromEntries(switchNames.map((name) => [name, isOn(name)])) as Record<SwitchName, boolean>
}

function within(value: unknown, least: number, most: number, otherwise: number): number {
  return typeof value === 'number' && value >= least && value <= most ? value : otherwise
}
