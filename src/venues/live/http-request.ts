import http from 'node:http'
import https from 'node:https'
import type { VenueName } from '../../model/venues.ts'
import { connectionFailure, RestFailure } from '../instruments/rest-failure.ts'
import type { Agents } from './agents.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface HttpAsk {
  readonly venue: VenueName
  readonly url: URL
  /** Posted as JSON where given. */
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly bytesMax: number
}

/** One request and its whole answer, of any status. Rejects with a RestFailure where there is no answer. */
export function requestText({ venue, url, body, timeoutMs, bytesMax }: HttpAsk, agents: Agents): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const fail = (error: unknown): void =>
    reject(error instanceof RestFailure ? error : connectionFailure(venue, url.host, error))
  const headers = {
    accept: 'application/json',
    // Some of their gateways refuse requests without one.
    'user-agent': 'liquidity-map',
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  }
  const options = { method: body === undefined ? 'GET' : 'POST', headers, agent: agents.of(url) }
  const request = (url.protocol === 'https:' ? https : http).request(url, options, (answer) => {
    const chunks: Buffer[] = []
    let bytes = 0
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > bytesMax) request.destroy(new RestFailure(venue, 'answer', 'the answer is larger than any should be'))
      else chunks.push(chunk)
    })
    answer.on('error', fail)
    answer.on('end', () =>
      resolve({
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }),
    )
  })
  // The whole exchange, not a pause in it: an answer that drips in is none.
  const timer = setTimeout(
    () => request.destroy(new RestFailure(venue, 'timeout', `${url.host} does not answer in time`)),
    timeoutMs,
  )
  request.on('error', fail)
  request.on('close', () => clearTimeout(timer))
  request.end(body)
  return promise
}
