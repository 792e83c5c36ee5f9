import type * as uws from 'uWebSockets.js'
import { limits } from '../model/limits.ts'
import type { Counter } from '../telemetry/metrics.ts'
import { type IsProxy, visitorOf } from './proxies.ts'
import { commonHeaders, type Reply, type Request, statusLine } from './reply.ts'

const KEY_PROTOCOL = 'lmap.key.'
/** Proxies write at least one of them where nobody has told them not to. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

/** A key or token from the header, or from the sub-protocols, which are all that a browser can send with a WebSocket. */
export function credentialOf(authorization: string, protocols = ''): string | undefined {
  const [scheme, word] = authorization.split(' ')
  if (scheme?.toLowerCase() === 'bearer' && word) return word
  const offered = protocols.split(',').map((protocol) => protocol.trim())
  return offered.find((protocol) => protocol.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length)
}

/** Who asks: the other end of the socket or, where that is a proxy of ours, whom it names. */
export function addressOf(response: uws.HttpResponse, request: uws.HttpRequest, isProxy: IsProxy | undefined): string {
  const peer = Buffer.from(response.getRemoteAddressAsText()).toString()
  if (isProxy === undefined || !isProxy(peer)) return peer
  // Every line of it: a proxy may add its own behind the one that the visitor made up, and getHeader reads the first.
  const lines: string[] = []
  request.forEach((name, value) => {
    if (name === 'x-forwarded-for') lines.push(value)
  })
  return visitorOf(peer, lines.join(','), isProxy)
}

export function readRequest(
  response: uws.HttpResponse,
  request: uws.HttpRequest,
  isProxy: IsProxy | undefined,
): Request {
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    acceptEncoding: request.getHeader('accept-encoding'),
    ifNoneMatch: request.getHeader('if-none-match'),
    accept: request.getHeader('accept'),
    credential: credentialOf(request.getHeader('authorization')),
    address: addressOf(response, request, isProxy),
    isForwarded: proxyHeaders.some((name) => request.getHeader(name) !== ''),
    host: request.getHeader('host'),
    origin: request.getHeader('origin'),
    fetchSite: request.getHeader('sec-fetch-site'),
    contentType: request.getHeader('content-type'),
    body: '',
    holder: undefined,
    plan: undefined,
  }
}

/** Reads on to the end of the body; what is too large ends the reading, and the request goes on without it. */
function withBody(response: uws.HttpResponse, request: Request): Promise<Request> {
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve) => {
    response.onData((chunk, isLast) => {
      bytes += chunk.byteLength
      if (bytes > limits.alertBodyBytesMax) resolve({ ...request, body: undefined })
      else {
        // The bytes are uWebSockets' own again once we return.
        chunks.push(Buffer.from(chunk.slice(0)))
        if (isLast) resolve({ ...request, body: Buffer.concat(chunks).toString('utf8') })
      }
    })
  })
}

export function serve(
  response: uws.HttpResponse,
  request: Request,
  answer: (request: Request) => Promise<Reply>,
  requests: (status: string) => Counter,
): void {
  let isGone = false
  let wake: (() => void) | undefined
  response.onAborted(() => {
    isGone = true
    wake?.()
  })
  const whole = request.method === 'POST' ? withBody(response, request) : Promise.resolve(request)
  void whole.then(answer).then((reply) => {
    const isHead = request.method === 'HEAD'
    const { body } = reply
    const isWhole = typeof body === 'string' || body instanceof Uint8Array
    if (isWhole || isHead || isGone) requests(String(reply.status)).inc()
    if (isGone || isHead) discard(body)
    if (isGone) return
    if (isWhole) {
      response.cork(() => {
        writeHead(response, reply)
        if (isHead) response.endWithoutBody(Buffer.byteLength(body))
        else if (reply.status === 304) response.endWithoutBody()
        else response.end(body)
      })
    } else if (isHead) {
      response.cork(() => {
        writeHead(response, reply)
        response.endWithoutBody()
      })
    } else void writePieces(reply, body)
  })

  async function writePieces(reply: Reply, pieces: Iterable<string> | AsyncIterable<string>): Promise<void> {
    response.onWritable(() => {
      wake?.()
      return true
    })
    let isFirst = true
    try {
      for await (const piece of pieces) {
        if (isGone) break
        let hasRoom = true
        response.cork(() => {
          if (isFirst) writeHead(response, reply)
          isFirst = false
          hasRoom = response.write(piece)
        })
        await new Promise<void>((resolve) => {
          wake = resolve
          // Other work gets its turn after each piece, and a slow reader is waited for.
          if (hasRoom) setImmediate(resolve)
        })
        if (isGone) break
      }
    } catch {
      // Why is in the log of who made the body. Without its end nobody takes the answer for a whole one.
      requests('500').inc()
      if (!isGone) response.close()
      return
    }
    requests(String(reply.status)).inc()
    if (!isGone) response.cork(() => response.end())
  }
}

/** Who has the pieces may let go of them: nobody will ask. */
function discard(body: Reply['body']): void {
  if (typeof body === 'object' && Symbol.asyncIterator in body) void body[Symbol.asyncIterator]().return?.()
}

function writeHead(response: uws.HttpResponse, { status, headers }: Reply): void {
  response.writeStatus(statusLine(status))
  for (const [name, value] of commonHeaders) response.writeHeader(name, value)
  for (const [name, value] of headers) response.writeHeader(name, value)
}
