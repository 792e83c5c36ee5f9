import { limits } from '../../model/limits.ts'
import type { VenueName } from '../../model/venues.ts'

/** Why a venue did not give an answer, in the words that `doctor` and the venue's state show. */
export const failureKinds = [
  'name',
  'refused',
  'unreachable',
  'timeout',
  'tls',
  'region',
  'filtered',
  'rate',
  'busy',
  'request',
  'answer',
] as const
export type FailureKind = (typeof failureKinds)[number]

/** A request to a venue that failed for good, or as often as the caller was ready to repeat it. */
export class RestFailure extends Error {
  readonly venue: VenueName
  readonly kind: FailureKind
  /** How long the venue wants to be left alone, if it said so. */
  readonly waitMs: number | undefined

  constructor(venue: VenueName, kind: FailureKind, message: string, waitMs?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RestFailure'
    this.venue = venue
    this.kind = kind
    this.waitMs = waitMs
  }
}

/** Kinds that time may heal; the others fail again in the same way. */
export const passing: ReadonlySet<FailureKind> = new Set(['refused', 'unreachable', 'timeout', 'rate', 'busy'])

const byCode: readonly (readonly [RegExp, FailureKind, (host: string) => string])[] = [
  [/^(ENOTFOUND|EAI_\w+)$/, 'name', (host) => `the name ${host} cannot be resolved`],
  [/^ECONNREFUSED$/, 'refused', (host) => `${host} refused the connection`],
  [/^(ENETUNREACH|EHOSTUNREACH|ENETDOWN|EADDRNOTAVAIL)$/, 'unreachable', (host) => `there is no route to ${host}`],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'unreachable', (host) => `${host} broke the connection off`],
  [/TIMEOUT|ETIMEDOUT/, 'timeout', (host) => `${host} does not answer in time`],
  [/^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/, 'tls', (host) => `no trusted connection to ${host}`],
]

/** A failure below HTTP: `error` is what `fetch` threw. */
export function connectionFailure(venue: VenueName, host: string, error: unknown): RestFailure {
  const code = codeOf(error)
  const known = byCode.find(([pattern]) => pattern.test(code))
  if (known !== undefined) {
    const [, kind, words] = known
    return new RestFailure(venue, kind, `${words(host)} (${code})`, undefined, error)
  }
  return new RestFailure(venue, 'unreachable', `${host} cannot be reached (${code})`, undefined, error)
}

/** The innermost code: `fetch` wraps the socket's error, which may wrap one for each address that was tried. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = innerOf(at)) {
    const { code } = at as NodeJS.ErrnoException
    if (at.name === 'TimeoutError') return 'ETIMEDOUT'
    if (typeof code === 'string') return code
    if (innerOf(at) === undefined) return at.message
  }
  return String(error)
}

function innerOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors[0] as unknown) : error.cause
}

/** Answers that mean "not from where you are", whatever their status says. */
const REGION = /block(ed)? access from your country|restricted location|not available in your (country|region)/i

/** A failure that HTTP tells of; `body` is the beginning of the answer. */
export function statusFailure(
  venue: VenueName,
  status: number,
  retryAfterMs: number | undefined,
  body: string,
): RestFailure {
  if (status === 429 || status === 418 || (status === 403 && /too frequent/i.test(body))) {
    const ban = status === 418 ? 'banned for a while' : 'rate limit reached'
    return new RestFailure(venue, 'rate', `${ban} (HTTP ${status})`, retryAfterMs ?? patienceMs(status))
  }
  if (status === 451 || REGION.test(body)) {
    return new RestFailure(venue, 'region', `the venue does not serve this region (HTTP ${status})`)
  }
  if (status === 403) {
    return new RestFailure(venue, 'filtered', 'a filter in front of the venue refuses this address (HTTP 403)')
  }
  if (status === 407) return new RestFailure(venue, 'filtered', 'the proxy wants a login (HTTP 407)')
  if (status >= 500)
    return new RestFailure(venue, 'busy', `the venue has a fault of its own (HTTP ${status})`, retryAfterMs)
  return new RestFailure(venue, 'request', `the venue refuses the request (HTTP ${status}: ${brief(body)})`)
}

/** Where a venue does not say how long: Binance bans for two minutes at least, Bybit's filter for ten. */
function patienceMs(status: number): number | undefined {
  if (status === 418) return limits.restBanMs
  return status === 403 ? limits.restFilterMs : undefined
}

function brief(body: string): string {
  return body.replace(/\s+/g, ' ').trim().slice(0, 120)
}
