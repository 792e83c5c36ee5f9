import { createHash, timingSafeEqual } from 'node:crypto'
import { errors, importSPKI, jwtVerify } from 'jose'
import { assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import { reportKinds } from '../model/reports.ts'
import { COLUMNS, timeframes } from '../model/timeframes.ts'
import { ALL_LAYERS } from '../wire/keep-layers.ts'
import type { Subscribe, SubscribeReports } from './control.ts'
import { readTime } from './past.ts'
import { layerMask, type Plan, type Plans, planWords, reachMs, type TokenRule } from './plans.ts'
import { readAssets } from './report-request.ts'
import { maskOfKinds } from './report-topic.ts'
import { type View, viewOf } from './views.ts'

/** Who asks, and what they may have. */
export interface Holder {
  /** Whose connections and requests are counted together: a key, a token's subject, an address. */
  readonly id: string
  readonly plan: Plan
  readonly expiresMs: number
}

/**
 * Finds the holder of a key or a token; without either it is whoever has the address, on the plan for everybody.
 * Throws LMAP_KEY_INVALID.
 */
export async function identify(
  plans: Plans,
  credential: string | undefined,
  address: string,
  nowMs: number,
): Promise<Holder> {
  if (!isToken(credential)) return identifyAtOnce(plans, credential, address, nowMs)
  return unexpired(await holderOfToken(plans, credential), nowMs)
}

/** The same for all but tokens, which take a while to verify. */
export function identifyAtOnce(plans: Plans, credential: string | undefined, address: string, nowMs: number): Holder {
  if (credential !== undefined) return unexpired(holderOfKey(plans, credential), nowMs)
  if (plans.anonymous === undefined) throw invalid('A key is needed here.')
  return { id: `address ${address}`, plan: plans.anonymous, expiresMs: Number.POSITIVE_INFINITY }
}

/** Three parts between dots make a token; keys have no dots. */
export function isToken(credential: string | undefined): credential is string {
  return credential?.split('.').length === 3
}

function unexpired(holder: Holder, nowMs: number): Holder {
  if (holder.expiresMs <= nowMs) throw invalid('The key has expired.')
  return holder
}

function holderOfKey({ keys }: Plans, credential: string): Holder {
  const hash = createHash('sha256').update(credential).digest()
  let found: Holder | undefined
  // Every entry is compared, and each in constant time: how long it takes tells nothing about any key.
  for (const entry of keys) {
    if (timingSafeEqual(entry.hash, hash))
      found = { id: `key ${entry.name}`, plan: entry.plan, expiresMs: entry.expiresMs }
  }
  if (found === undefined) throw invalid('The key is not known.')
  return found
}

async function holderOfToken({ tokens, plans }: Plans, credential: string): Promise<Holder> {
  if (tokens === undefined) throw invalid('Tokens are not taken here.')
  const { algorithm, issuer, audience, revoked } = tokens
  try {
    const { payload } = await jwtVerify(credential, await keyOf(tokens), {
      algorithms: [algorithm],
      issuer,
      audience,
      requiredClaims: ['exp', 'sub', 'plan'],
    })
    const plan = typeof payload.plan === 'string' ? plans.get(payload.plan) : undefined
    if (plan === undefined) throw invalid('The token names no plan that there is.')
    if (revoked.has(payload.sub!)) throw invalid('The token was revoked.')
    return { id: `subject ${payload.sub}`, plan, expiresMs: payload.exp! * 1000 }
  } catch (cause) {
    if (cause instanceof LmapError) throw cause
    const why = cause instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid.'
    throw invalid(why, cause)
  }
}

const imported = new WeakMap<TokenRule, Promise<CryptoKey>>()

/** The public key of a rule, imported once. */
function keyOf(rule: TokenRule): Promise<CryptoKey> {
  let key = imported.get(rule)
  if (key === undefined) imported.set(rule, (key = importSPKI(rule.publicKey, rule.algorithm)))
  return key
}

/** Throws LMAP_PLAN with the first plan that would allow it, unless the holder's own does. */
export function demand({ plans }: Plans, { plan }: Holder, what: string, allows: (plan: Plan) => boolean): void {
  if (allows(plan)) return
  const other = [...plans.values()].find(allows)
  throw new LmapError('LMAP_PLAN', `Plan ${plan.name} does not include ${what}.`, {
    hint: other === undefined ? 'No plan here does.' : `Plan ${other.name} does.`,
  })
}

/** What of a stream was asked for; all that the plan has where nothing was said. Throws LMAP_PLAN for more than that. */
export function viewFor(plans: Plans | undefined, holder: Holder | undefined, wanted: Subscribe): View {
  const { asset, timeframe, mask, columns, range } = wanted
  if (plans === undefined || holder === undefined) return viewOf(mask ?? ALL_LAYERS, (columns ?? COLUMNS) - 1, range)
  const name = `${assets[asset]!.name} ${timeframes[timeframe]!.name}`
  demand(plans, holder, name, (plan) => hasStream(plan, asset, timeframe))
  demand(plans, holder, 'these layers', (plan) => ((mask ?? 0) & ~layerMask(plan)) === 0)
  demand(plans, holder, `${columns} columns`, (plan) => (columns ?? 1) <= plan.columns)
  return viewOf(mask ?? layerMask(holder.plan), (columns ?? holder.plan.columns) - 1, range)
}

/** Kinds of the reports of an asset that were asked for; all that the plan has where nothing was said. Throws LMAP_PLAN. */
export function reportMaskFor(plans: Plans | undefined, holder: Holder | undefined, wanted: SubscribeReports): number {
  const { asset, kinds } = wanted
  if (plans === undefined || holder === undefined) return maskOfKinds(kinds ?? reportKinds)
  const name = assets[asset]!.name
  demand(plans, holder, name, (plan) => hasAsset(plan, asset))
  const has = (plan: Plan) => reportKinds.filter((kind) => plan.reports.has(planWords[kind]))
  for (const kind of kinds ?? [])
    demand(plans, holder, `the report ${planWords[kind]}`, (plan) => has(plan).includes(kind))
  demand(plans, holder, 'reports', (plan) => has(plan).length > 0)
  return maskOfKinds(kinds ?? has(holder.plan))
}

/**
 * A query for reports that asks for no more than there may be: assets and times that were left out are filled in with
 * what the plan has. Throws LMAP_PLAN, and LMAP_REQUEST_UNKNOWN or LMAP_REQUEST_INVALID for what cannot be read.
 */
export function reportQueryFor(plans: Plans, holder: Holder, query: URLSearchParams, nowMs: number): string {
  const { plan } = holder
  const names = query.get('asset')
  for (const asset of names === null ? [] : readAssets(names)) {
    demand(plans, holder, assets[asset]!.name, (other) => hasAsset(other, asset))
  }
  if (names === null && plan.assets !== 'all') {
    const own = [...plan.assets].map((id) => assets[id]!.name)
    if (own.length === 0) demand(plans, holder, 'any asset', ({ assets: other }) => other === 'all' || other.size > 0)
    query.set('asset', own.join(','))
  }
  for (const name of ['from', 'to']) {
    const text = query.get(name)
    const askedMs = text === null ? Number.POSITIVE_INFINITY : readTime(text, name)
    demand(plans, holder, `reports of ${text}`, (other) => askedMs >= nowMs - reachMs(other))
  }
  const firstMs = nowMs - reachMs(plan)
  if (!query.has('from') && firstMs > 0) query.set('from', String(Math.floor(firstMs)))
  return query.toString()
}

/** Whether rules of a holder may go on firing: his key is still good and its plan has alerts, his token's subject was not revoked. */
export function mayFireAlerts({ keys, tokens }: Plans, holder: string, nowMs: number): boolean {
  const [kind] = holder.split(' ', 1)
  const name = holder.slice(kind!.length + 1)
  if (kind === 'key') {
    return keys.some((entry) => entry.name === name && entry.plan.alerts && entry.expiresMs > nowMs)
  }
  return kind === 'subject' && tokens !== undefined && !tokens.revoked.has(name)
}

/** Whether the plan has a stream. */
export function hasStream(plan: Plan, asset: number, timeframe: number): boolean {
  return hasAsset(plan, asset) && plan.timeframes.has(timeframe)
}

export function hasAsset(plan: Plan, asset: number): boolean {
  return plan.assets === 'all' || plan.assets.has(asset)
}

function invalid(message: string, cause?: unknown): LmapError {
  return new LmapError('LMAP_KEY_INVALID', message, {
    hint: 'Send one as "authorization: Bearer KEY", or with the sub-protocols lmap and lmap.key.KEY.',
    cause,
  })
}
