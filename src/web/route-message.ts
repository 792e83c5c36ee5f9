import type { ErrorCode } from '../model/errors.ts'
import { modes } from '../model/modes.ts'
import { momentMs } from '../model/moment.ts'
import { timeframes } from '../model/timeframes.ts'
import { type Route, readLevel } from './route.ts'

/** Messages that come faster than this replace the address of the one before instead of adding to the browser's history. */
const APART_MS = 1000
const TYPE = 'liquidity-map'

/** What another page may say: {type: 'liquidity-map', asset?, timeframe?, mode?, level?, at?}; `at: null` is now. */
export type RouteMessage =
  | { readonly change: Partial<Route> }
  | { readonly code: ErrorCode; readonly message: string }
  | undefined

/**
 * Reads a message that somebody else wrote; undefined: it is not for us. What is not named stays as it is. A message can
 * only choose what is looked at, as an address can: it reads nothing and changes nothing on the server.
 */
export function readRouteMessage(data: unknown, assets: readonly string[]): RouteMessage {
  if (typeof data !== 'object' || data === null || (data as { type?: unknown }).type !== TYPE) return undefined
  // Answers of another map.
  if ('ok' in data) return undefined
  const { type: _type, asset, timeframe, mode, level, at, ...others } = data as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return invalid(`there is no field ${JSON.stringify(unknown.slice(0, 40))}.`)
  const change: { -readonly [Field in keyof Route]?: Route[Field] } = {}
  if (asset !== undefined) {
    const name = assets.find((one) => typeof asset === 'string' && one === asset.toUpperCase())
    if (name === undefined) return { code: 'LMAP_REQUEST_UNKNOWN', message: 'there is no such asset.' }
    change.asset = name
  }
  if (timeframe !== undefined) {
    const found = timeframes.find(({ name }) => name === timeframe)
    if (found === undefined) return { code: 'LMAP_REQUEST_UNKNOWN', message: 'there is no such timeframe.' }
    change.timeframe = found.name
  }
  if (mode !== undefined) {
    const found = modes.find((name) => name === mode)
    if (found === undefined) return { code: 'LMAP_REQUEST_UNKNOWN', message: 'there is no such mode.' }
    change.mode = found
  }
  if (level !== undefined) {
    const price = readLevel(String(level))
    if (price === undefined && level !== null) return invalid('level is a price, or null for none.')
    change.level = price
  }
  if (at !== undefined) {
    const ms = typeof at === 'number' || typeof at === 'string' ? momentMs(String(at)) : undefined
    if (ms === undefined && at !== null) return invalid('at is Unix milliseconds, ISO 8601 with its zone, or null.')
    change.atMs = ms
  }
  return { change }
}

function invalid(message: string): RouteMessage {
  return { code: 'LMAP_REQUEST_INVALID', message }
}

export interface MessageOptions {
  readonly target: Window
  readonly assets: readonly string[]
  readonly now: () => number
  readonly go: (change: Partial<Route>, isStep: boolean) => void
}

/**
 * Follows messages of pages of the same origin, and of the window that opened or frames this one: these could change the
 * address all the same. Each is answered with {type, ok}, and an error with its code where it was refused.
 */
export function followMessages({ target, assets, now, go }: MessageOptions): void {
  let lastMs = Number.NEGATIVE_INFINITY
  target.addEventListener('message', (event) => {
    const isOurs = event.origin === target.location.origin
    const isOver = event.source !== null && (event.source === target.opener || event.source === target.parent)
    if (!isOurs && !isOver) return
    const read = readRouteMessage(event.data, assets)
    if (read === undefined) return
    const answer = 'change' in read ? { ok: true } : { ok: false, error: read }
    if (event.source !== null) {
      // A file or a sandbox has the origin "null", which nothing can be sent to by name.
      const targetOrigin = event.origin === 'null' ? '*' : event.origin
      event.source.postMessage({ type: TYPE, ...answer }, { targetOrigin })
    }
    if (!('change' in read)) return
    const isStep = now() - lastMs < APART_MS
    lastMs = now()
    go(read.change, isStep)
  })
}
