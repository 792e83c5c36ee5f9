import { createHmac } from 'node:crypto'
import { lookup as lookupName } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { describeError, LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import { type Address, addressToCall, type TargetRules, targetOf, type Webhook } from './webhook-target.ts'

/** What a receiver recognises a delivery by, however often it comes. */
export const DELIVERY_HEADER = 'lmap-delivery'
/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`. */
export const SIGNATURE_HEADER = 'lmap-signature'

/** Taken; to be tried again; or not wanted, and never again. */
export type CallOutcome = { readonly kind: 'taken' } | { readonly kind: 'again' | 'refused'; readonly reason: string }

export interface WebhookCall {
  readonly webhook: Webhook
  readonly delivery: string
  readonly body: string
}

export interface CallOptions {
  readonly targets: TargetRules
  readonly limits: Limits
  readonly now: () => number
  /** What a name leads to; for tests. */
  readonly lookup?: (host: string) => Promise<readonly Address[]>
}

/** Answers that say "not now": everything else of 400 to 499 will not change by trying again. */
const passing = new Set([408, 425, 429])
const MS_PER_SECOND = 1000

/** What became of a call, told without the secret. */
type Fail = (why: string) => LmapError

/**
 * One try to deliver, name and exchange within one deadline. The name is resolved first and the connection goes to the
 * address that was judged, so a name that changes in between leads nowhere else. No proxy is used, no redirect followed.
 * Never throws.
 */
export async function callWebhook(call: WebhookCall, options: CallOptions, signal: AbortSignal): Promise<CallOutcome> {
  const { targets, limits, now, lookup = lookupAll } = options
  const patience = new AbortController()
  // The whole of it, not a pause in it: an answer that drips in is none.
  const timer = setTimeout(() => patience.abort(), limits.webhookMsMax)
  try {
    // Judged anew each time: hosts may be allowed no longer.
    const url = targetOf(call.webhook.url, targets)
    const fail: Fail = (why) =>
      new LmapError('LMAP_WEBHOOK_FAILED', `${url.host} ${patience.signal.aborted ? 'does not answer in time' : why}.`)
    const ended = AbortSignal.any([signal, patience.signal])
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const found = isIP(host) > 0 ? [{ address: host, family: isIP(host) }] : await beforeEnd(lookup(host), ended, fail)
    const status = await post(
      url,
      addressToCall(found, targets),
      call,
      limits,
      Math.floor(now() / MS_PER_SECOND),
      ended,
      fail,
    )
    if (status >= 200 && status < 300) return { kind: 'taken' }
    const isPassing = status >= 500 || passing.has(status)
    return { kind: isPassing ? 'again' : 'refused', reason: `${url.host} answered ${status}` }
  } catch (error) {
    const isRefused = error instanceof LmapError && error.code !== 'LMAP_WEBHOOK_FAILED'
    return { kind: isRefused ? 'refused' : 'again', reason: describeError(error) }
  } finally {
    clearTimeout(timer)
  }
}

/** The value of the signature header. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

function lookupAll(host: string): Promise<readonly Address[]> {
  return lookupName(host, { all: true })
}

/** The system cannot be told to stop looking a name up: it is waited for no longer, and what it finds is nobody's. */
async function beforeEnd<Found>(lookup: Promise<Found>, ended: AbortSignal, fail: Fail): Promise<Found> {
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = (): void => reject(fail('was still being looked up'))
  if (ended.aborted) giveUp()
  ended.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([lookup, promise])
  } finally {
    ended.removeEventListener('abort', giveUp)
  }
}

/** The status of the answer. Rejects where there is none in time. */
function post(
  url: URL,
  to: Address,
  { webhook, delivery, body }: WebhookCall,
  limits: Limits,
  seconds: number,
  signal: AbortSignal,
  fail: Fail,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const pinned: LookupFunction = (_host, { all }, done) => {
    if (all === true) done(null, [to])
    else done(null, to.address, to.family)
  }
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'liquidity-map',
    [DELIVERY_HEADER]: delivery,
    [SIGNATURE_HEADER]: signatureOf(webhook.secret, seconds, body),
  }
  const send = url.protocol === 'https:' ? https.request : http.request
  // Without an agent each call has a connection of its own: none is kept for an address that was judged long ago.
  const request = send(url, { method: 'POST', headers, lookup: pinned, agent: false, signal }, (answer) => {
    let bytes = 0
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes > limits.webhookAnswerBytesMax) request.destroy(fail('sends more than any answer should be'))
    })
    answer.on('error', reject)
    answer.on('end', () => resolve(answer.statusCode ?? 0))
  })
  request.on('error', (error: NodeJS.ErrnoException) => {
    reject(error instanceof LmapError ? error : fail(`cannot be reached (${error.code ?? error.name})`))
  })
  request.on('close', () => reject(fail('broke the answer off')))
  request.end(body)
  return promise
}
