/** What lies behind everything: ramps, candles and labels are chosen for it. */
export const grounds = ['dark', 'light'] as const
export type Ground = (typeof grounds)[number]

/** What can be asked for; `auto` follows the system. */
export const themes = ['auto', ...grounds] as const
export type Theme = (typeof themes)[number]

/** Colours of what is drawn on a canvas, where style sheets do not reach. */
export interface CanvasColours {
  readonly ground: string
  readonly text: string
  readonly muted: string
  readonly line: string
  /** The grid lies above the heat: light enough to help, never to hide. */
  readonly grid: string
  readonly crosshair: string
  readonly crosshairLabel: string
  /** Candles carry no hue: colour belongs to the layers below them. */
  readonly upFill: string
  readonly upBorder: string
  readonly downFill: string
  readonly downBorder: string
  readonly price: string
  /** Convergences: apart from every layer below them. */
  readonly chip: string
  /** The reader's own position, and where it would be closed by force: no hue of a layer. */
  readonly position: string
  readonly forced: string
  /** Behind text that lies over a picture. */
  readonly plate: string
}

export const canvasColours: Readonly<Record<Ground, CanvasColours>> = {
  dark: {
    ground: '#0a0d13',
    text: '#dde4ee',
    muted: '#8a97ab',
    line: '#1a212d',
    grid: 'rgb(255 255 255 / 0.035)',
    crosshair: '#6b7890',
    crosshairLabel: '#273143',
    upFill: '#eef2f8',
    upBorder: '#eef2f8',
    downFill: '#0a0d13',
    downBorder: '#8b96a8',
    price: '#f2b84b',
    chip: '#5fd0a4',
    position: '#7ddf9c',
    forced: '#ff6b6b',
    plate: 'rgb(10 13 19 / 0.84)',
  },
  light: {
    ground: '#fbfcfe',
    text: '#1c2430',
    muted: '#566274',
    line: '#dde2ea',
    grid: 'rgb(20 30 50 / 0.05)',
    crosshair: '#6f7c92',
    crosshairLabel: '#3a475c',
    upFill: '#fbfcfe',
    upBorder: '#3b4657',
    downFill: '#27303d',
    downBorder: '#27303d',
    price: '#9a6200',
    chip: '#0b7a55',
    position: '#0b7a3c',
    forced: '#c4211b',
    plate: 'rgb(251 252 254 / 0.86)',
  },
}

const query = '(prefers-color-scheme: light)'

/** The ground that a theme stands for now. */
export function groundOf(theme: Theme): Ground {
  if (theme !== 'auto') return theme
  return matchMedia(query).matches ? 'light' : 'dark'
}

/** Calls back when the system changes its mind. Answers how to stop. */
export function onSystemGround(listener: () => void): () => void {
  const media = matchMedia(query)
  media.addEventListener('change', listener)
  return () => media.removeEventListener('change', listener)
}
