import { formatRoute, parseRoute, type Route } from './route.ts'

/** Maps beside each other. */
export const PANES_MAX = 4
/** A plus within a moment is that of its zone. */
const BETWEEN = /\+(?!\d{2}:\d{2})/

/** Reads the address of up to four maps: #BTC/1m/hybrid+ETH/5m/raw. There is always one. */
export function parseLayout(hash: string, assets: readonly string[]): Route[] {
  const parts = hash.replace(/^#/, '').split(BETWEEN).slice(0, PANES_MAX)
  return parts.map((part) => parseRoute(part, assets))
}

export function formatLayout(routes: readonly Route[]): string {
  return `#${routes.map((route) => formatRoute(route).slice(1)).join('+')}`
}
