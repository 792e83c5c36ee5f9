import { LmapError } from '../model/errors.ts'
import { fetchJson } from './json-answer.ts'

/** How far the history of a map goes, see docs/http.md. */
export interface HistoryExtent {
  /** False where the server was told to keep nothing. */
  readonly kept: boolean
  /** When the oldest stored column opened and the newest one closed, Unix ms; 0: there is none yet. */
  readonly firstMs: number
  readonly endMs: number
}

export interface ExtentRequest {
  /** ws:// or wss:// address of a gateway's /stream, as for `connect`. */
  readonly url: string
  readonly key?: string | undefined
  readonly asset: string
  readonly timeframe: string
  readonly signal?: AbortSignal | undefined
}

/** The times that `at` has an answer for. */
export async function fetchExtent({ url, key, asset, timeframe, signal }: ExtentRequest): Promise<HistoryExtent> {
  return readExtent(await fetchJson({ url, key, path: '/api/v1/history', query: { asset, timeframe }, signal }))
}

export function readExtent(body: unknown): HistoryExtent {
  const { kept, firstMs, endMs } = (body ?? {}) as Record<string, unknown>
  if (typeof kept !== 'boolean' || !isTime(firstMs) || !isTime(endMs)) {
    throw new LmapError('LMAP_NOT_READY', 'the extent of the history cannot be read.')
  }
  return { kept, firstMs: firstMs ?? 0, endMs: endMs ?? 0 }
}

function isTime(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && value >= 0)
}
