import { type ErrorCode, errorCodes, LmapError } from '../model/errors.ts'
import { COLUMNS } from '../model/timeframes.ts'
import { decodeHeader } from '../wire/frame.ts'
import { MapState } from './map-state.ts'

export interface PastRequest {
  /** ws:// or wss:// address of a gateway's /stream, as for `connect`. */
  readonly url: string
  readonly key?: string | undefined
  readonly asset: string
  readonly timeframe: string
  /** Unix ms. */
  readonly atMs: number
  /** 1 to 360, the one that was open then included; all by default. */
  readonly columns?: number | undefined
  /** Gives the request up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A map as it was known at a time. `columns` had closed by then; `live` is what the open one had gathered until
 * `clockMs`, the last full minute that history knows, and undefined where that is nothing. It does not go on by itself.
 */
export async function fetchPast({ url, key, asset, timeframe, atMs, columns, signal }: PastRequest): Promise<MapState> {
  const address = new URL('/api/v1/map', url.replace(/^ws/, 'http'))
  address.search = new URLSearchParams({
    asset,
    timeframe,
    at: String(Math.floor(atMs)),
    columns: String(columns ?? COLUMNS),
  }).toString()
  const headers: Record<string, string> = { accept: 'application/octet-stream' }
  if (key !== undefined) headers.authorization = `Bearer ${key}`
  const answer = await fetch(address, { headers, signal: signal ?? null })
  if (!answer.ok) throw refusalOf(answer.status, await answer.text())
  const frame = new Uint8Array(await answer.arrayBuffer())
  const map = new MapState()
  map.apply(decodeHeader(frame), frame)
  return map
}

/** What a server that did not answer with what was asked for has said instead. */
export function refusalOf(status: number, text: string): LmapError {
  try {
    const { code, message, hint } = (JSON.parse(text) as { error: { code: string; message: string; hint?: string } })
      .error
    if (errorCodes.includes(code as ErrorCode)) {
      return new LmapError(code as ErrorCode, message, hint === undefined ? {} : { hint })
    }
  } catch (cause) {
    return new LmapError('LMAP_NOT_READY', `the server answered ${status} without a reason.`, { cause })
  }
  return new LmapError('LMAP_NOT_READY', `the server answered ${status} with a code of another version.`)
}
