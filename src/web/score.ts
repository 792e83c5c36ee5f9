import { keyHeaders } from './catalogue.ts'

/** What the forecast of an asset is worth, from /api/v1/score. */
export interface Score {
  /** One of modelStates. */
  readonly state: string
  /** The state and what it rests on, in a few words. */
  readonly text: string
  readonly hours: number
  /** What the forecast has to do without, in words. */
  readonly lacks: readonly string[]
}

/** Rejects with a sentence that can be shown. */
export async function loadScore(base: string, asset: string, key?: string): Promise<Score> {
  const url = new URL(`/api/v1/score?asset=${encodeURIComponent(asset)}&hours=1`, base)
  const response = await fetch(url, { headers: keyHeaders(key) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return readScore(await response.json())
}

export function readScore(body: unknown): Score {
  const { model, text, hours, lacks = [] } = (body ?? {}) as Record<string, unknown>
  const { state } = (model ?? {}) as Record<string, unknown>
  if (typeof state !== 'string' || typeof text !== 'string' || typeof hours !== 'number' || !areNames(lacks)) {
    throw new Error('the score cannot be read')
  }
  return { state, text, hours, lacks }
}

function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
