import { MODE_DEFAULT, type Mode, modes } from '../model/modes.ts'
import { type TimeframeName, timeframes } from '../model/timeframes.ts'

/** What is shown, as the address says it: #BTC/1m/hybrid. */
export interface Route {
  readonly asset: string
  readonly timeframe: TimeframeName
  readonly mode: Mode
}

export const routeDefault: Route = { asset: 'BTC', timeframe: '1m', mode: MODE_DEFAULT }

/** Reads an address; parts that are missing or unknown take their default. */
export function parseRoute(hash: string, assets: readonly string[]): Route {
  const [asset = '', timeframe, mode] = hash.replace(/^#/, '').split('/')
  return {
    asset: assets.find((name) => name === asset.toUpperCase()) ?? fallback(assets),
    timeframe: timeframes.find(({ name }) => name === timeframe)?.name ?? routeDefault.timeframe,
    mode: modes.find((name) => name === mode) ?? routeDefault.mode,
  }
}

export function formatRoute({ asset, timeframe, mode }: Route): string {
  return `#${asset}/${timeframe}/${mode}`
}

function fallback(assets: readonly string[]): string {
  return assets.includes(routeDefault.asset) ? routeDefault.asset : (assets[0] ?? routeDefault.asset)
}
