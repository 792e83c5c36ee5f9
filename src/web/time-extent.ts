import { LmapError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

/** How far the history of a map goes, from /api/v1/history. */
export interface Extent {
  /** False where the server was told to keep nothing. */
  readonly kept: boolean
  /** Unix ms; 0: there is nothing yet. */
  readonly firstMs: number
  readonly endMs: number
}

export type LoadExtent = (asset: string, timeframe: string) => Promise<Extent>

/** Rejects with a sentence that can be shown. */
export async function loadExtent(
  base: string,
  key: string | undefined,
  asset: string,
  timeframe: string,
): Promise<Extent> {
  const url = new URL('/api/v1/history', base)
  url.search = new URLSearchParams({ asset, timeframe }).toString()
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(limits.clientConnectMsMax) })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw new LmapError('LMAP_NOT_READY', reasonOf(body) ?? `the server answered ${response.status}.`)
  return readExtent(body)
}

export function readExtent(body: unknown): Extent {
  const { kept, firstMs, endMs } = (body ?? {}) as Record<string, unknown>
  if (typeof kept !== 'boolean' || !isTime(firstMs) || !isTime(endMs)) {
    throw new LmapError('LMAP_NOT_READY', 'the extent of the history cannot be read.')
  }
  return { kept, firstMs: firstMs ?? 0, endMs: endMs ?? 0 }
}

function isTime(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && value >= 0)
}

function reasonOf(body: unknown): string | undefined {
  const { error } = (body ?? {}) as { error?: { message?: unknown } }
  return typeof error?.message === 'string' ? error.message : undefined
}
