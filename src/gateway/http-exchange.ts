import type * as uws from 'uWebSockets.js'
import type { Counter } from '../telemetry/metrics.ts'
import { commonHeaders, type Reply, type Request, statusLine } from './reply.ts'

const KEY_PROTOCOL = 'lmap.key.'

/** A key or token from the header, or from the sub-protocols, which are all that a browser can send with a WebSocket. */
export function credentialOf(authorization: string, protocols = ''): string | undefined {
  const [scheme, word] = authorization.split(' ')
  if (scheme?.toLowerCase() === 'bearer' && word) return word
  const offered = protocols.split(',').map((protocol) => protocol.trim())
  return offered.find((protocol) => protocol.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length)
}

export function addressOf(response: uws.HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString()
}

export function readRequest(response: uws.HttpResponse, request: uws.HttpRequest): Request {
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    acceptEncoding: request.getHeader('accept-encoding'),
    ifNoneMatch: request.getHeader('if-none-match'),
    accept: request.getHeader('accept'),
    credential: credentialOf(request.getHeader('authorization')),
    address: addressOf(response),
  }
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
  void answer(request).then((reply) => {
    requests(String(reply.status)).inc()
    if (isGone) return
    const isHead = request.method === 'HEAD'
    const { body } = reply
    if (typeof body === 'string' || body instanceof Uint8Array) {
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
    for await (const piece of pieces) {
      if (isGone) return
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
      if (isGone) return
    }
    response.cork(() => response.end())
  }
}

function writeHead(response: uws.HttpResponse, { status, headers }: Reply): void {
  response.writeStatus(statusLine(status))
  for (const [name, value] of commonHeaders) response.writeHeader(name, value)
  for (const [name, value] of headers) response.writeHeader(name, value)
}
