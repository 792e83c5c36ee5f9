import type { ErrorCode } from '../model/errors.ts'
import type { Plan } from './plans.ts'

/** What a route needs of a request; read at once, because uWebSockets frees the request when its handler returns. */
export interface Request {
  /** Upper case. */
  readonly method: string
  readonly path: string
  /** Raw, without the question mark. */
  readonly query: string
  readonly acceptEncoding: string
  readonly ifNoneMatch: string
  readonly accept: string
  /** Key or token of the authorization header. */
  readonly credential: string | undefined
  readonly address: string
  /** Whether a proxy says that it passed the request on: then the machine that it comes from is not who asks. */
  readonly isForwarded: boolean
  readonly host: string
  readonly origin: string
  /** Of sec-fetch-site: how the page that asks is related to us, where a browser says it. */
  readonly fetchSite: string
  readonly contentType: string
  /** Of a POST; undefined where it is larger than any that we take. */
  readonly body: string | undefined
  /** Whose request it is, once it was admitted under a plan. */
  readonly holder: string | undefined
  /** And the plan. */
  readonly plan: Plan | undefined
}

/** An answer as data; the server writes it. Text that comes in pieces is sent in chunks, as fast as it is taken. */
export interface Reply {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | Uint8Array | Iterable<string> | AsyncIterable<string>
}

const statusTexts: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  414: 'URI Too Long',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

export function statusLine(status: number): string {
  return `${status} ${statusTexts[status] ?? 'Unknown'}`
}

/** On every answer. Scripts and styles come from our own files alone; the page compiles wasm. */
export const commonHeaders: Reply['headers'] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  [
    'content-security-policy',
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
      "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; " +
      "form-action 'none'; frame-ancestors 'none'",
  ],
]

const jsonType = ['content-type', 'application/json; charset=utf-8'] as const
export const uncached = ['cache-control', 'no-store'] as const

export function jsonReply(status: number, body: object | string | Iterable<string>): Reply {
  const isText = typeof body === 'string' || Symbol.iterator in body
  return { status, headers: [jsonType, uncached], body: isText ? (body as string) : JSON.stringify(body) }
}

export function errorReply(status: number, code: ErrorCode, message: string, hint?: string): Reply {
  return jsonReply(status, { error: { code, message, ...(hint === undefined ? {} : { hint }) } })
}
