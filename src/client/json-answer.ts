import { refusalOf } from './past.ts'

export interface JsonRequest {
  /** ws:// or wss:// address of a gateway's /stream, as for `connect`. */
  readonly url: string
  readonly key?: string | undefined
  /** Path of docs/http.md. */
  readonly path: string
  /** What is undefined is left out. */
  readonly query: Readonly<Record<string, string | number | undefined>>
  readonly signal?: AbortSignal | undefined
}

/** What the HTTP interface answers, as it is. Rejects with the coded error of a refusal. */
export async function fetchJson({ url, key, path, query, signal }: JsonRequest): Promise<unknown> {
  const address = new URL(path, url.replace(/^ws/, 'http'))
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, String(value))
  }
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const answer = await fetch(address, { headers, signal: signal ?? null })
  if (!answer.ok) throw refusalOf(answer.status, await answer.text())
  return answer.json()
}
