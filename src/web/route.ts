import { MODE_DEFAULT, type Mode, modes } from '../model/modes.ts'
import { momentMs, momentText } from '../model/moment.ts'
import { type TimeframeName, timeframes } from '../model/timeframes.ts'

/** What is shown, as the address says it: #BTC/1m/hybrid, with a price to look at and a time #BTC/1m/hybrid/64210.5@2026-11-22T10:15:00Z. */
export interface Route {
  readonly asset: string
  readonly timeframe: TimeframeName
  readonly mode: Mode
  /** A price that is pointed at. */
  readonly level?: number | undefined
  /** The map as it was known then, Unix ms; undefined: now. */
  readonly atMs?: number | undefined
}

export const routeDefault: Route = { asset: 'BTC', timeframe: '1m', mode: MODE_DEFAULT }

/** Reads an address; parts that are missing or unknown take their default. */
export function parseRoute(hash: string, assets: readonly string[]): Route {
  const [place = '', moment] = plainText(hash.replace(/^#/, '')).split('@')
  const [asset = '', timeframe, mode, level] = place.split('/')
  return {
    asset: assets.find((name) => name === asset.toUpperCase()) ?? fallback(assets),
    timeframe: timeframes.find(({ name }) => name === timeframe)?.name ?? routeDefault.timeframe,
    mode: modes.find((name) => name === mode) ?? routeDefault.mode,
    level: level === undefined ? undefined : readLevel(level),
    atMs: moment === undefined ? undefined : momentMs(moment),
  }
}

export function formatRoute({ asset, timeframe, mode, level, atMs }: Route): string {
  const price = level === undefined ? '' : `/${level}`
  return `#${asset}/${timeframe}/${mode}${price}${atMs === undefined ? '' : `@${momentText(atMs)}`}`
}

/** A price in plain digits; undefined where it is none. */
export function readLevel(text: string): number | undefined {
  const level = /^\d{1,12}(\.\d{1,12})?$/.test(text) ? Number(text) : 0
  return level > 0 ? level : undefined
}

/** Some programs escape the colons of an address on its way. */
function plainText(hash: string): string {
  try {
    return decodeURIComponent(hash)
  } catch {
    return hash
  }
}

function fallback(assets: readonly string[]): string {
  return assets.includes(routeDefault.asset) ? routeDefault.asset : (assets[0] ?? routeDefault.asset)
}
