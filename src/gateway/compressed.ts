import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Limits } from '../model/limits.ts'
import { isShared } from './cross-origin.ts'
import { accepts } from './pages.ts'
import type { Reply, Request } from './reply.ts'

const gzipAsync = promisify(gzip)
// 4 of 9: half the time of the usual 6, for a few per cent more bytes.
const GZIP_LEVEL = 4

/**
 * Compresses large answers for who takes them compressed, on a thread of Node's pool. Only readings of the market that any
 * page may ask for: they hold no secret that a length could betray. While as many as may be are at work, and where a body
 * comes in pieces or is compressed already, the answer goes out as it is.
 */
export function compressed(
  answer: (request: Request) => Promise<Reply>,
  limits: Pick<Limits, 'compressBytesMin' | 'compressionsMax'>,
): (request: Request) => Promise<Reply> {
  let running = 0
  return async (request) => {
    const reply = await answer(request)
    const { body, headers, status } = reply
    if (status !== 200 || typeof body !== 'string' || !isShared(request.path)) return reply
    if (body.length < limits.compressBytesMin) return reply
    const varied = [...headers, ['vary', 'accept-encoding'] as const]
    if (!accepts(request.acceptEncoding, 'gzip') || running >= limits.compressionsMax) {
      return { ...reply, headers: varied }
    }
    running++
    try {
      const small = await gzipAsync(body, { level: GZIP_LEVEL })
      return { ...reply, headers: [...varied.map(weakened), ['content-encoding', 'gzip']], body: small }
    } finally {
      running--
    }
  }
}

/** A strong tag would say that the bytes are the same in each encoding. */
function weakened(header: readonly [string, string]): readonly [string, string] {
  const [name, value] = header
  return name === 'etag' && !value.startsWith('W/') ? [name, `W/${value}`] : header
}
