import { createHash } from 'node:crypto'
import type { Reply } from './reply.ts'

/** May be kept, but is asked for again each time; what a key has seen is nobody else's. */
export const revalidated = ['cache-control', 'private, no-cache'] as const

const DIGITS = 22

/** An ETag of all that decides an answer. */
export function etagOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  // With its length before each part, so that no two lists of parts read alike.
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return `"${hash.digest('base64url').slice(0, DIGITS)}"`
}

/** Whether what the client has, as its header if-none-match lists it, is still so. */
export function isKnown(etag: string, ifNoneMatch: string): boolean {
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((known) => withoutWeakness(known.trim()) === withoutWeakness(etag))
}

/** Weak or strong: for an answer as a whole the same. */
function withoutWeakness(etag: string): string {
  return etag.replace(/^W\//, '')
}

/** The answer with its ETag, or 304 where the client has it already. */
export function tagged(reply: Reply, etag: string, ifNoneMatch: string): Reply {
  const headers = [...reply.headers.filter(([name]) => name !== 'cache-control'), revalidated, ['etag', etag] as const]
  return isKnown(etag, ifNoneMatch) ? { status: 304, headers, body: '' } : { ...reply, headers }
}

/** The same of an answer whose body is at hand; others, and refusals, stay as they are. */
export function taggedByBody(reply: Reply, ifNoneMatch: string): Reply {
  const { status, body } = reply
  if (status !== 200 || (typeof body !== 'string' && !(body instanceof Uint8Array))) return reply
  return tagged(reply, etagOf(body), ifNoneMatch)
}
