import { type AlertKind, type AlertRule, type AlertSubject, alertKinds, alertWords } from './alert-rules.ts'
import { assetByName, assets } from './assets.ts'
import { LmapError } from './errors.ts'
import { limits } from './limits.ts'
import { venueId, venues } from './venues.ts'

/** A rule as JSON, with the names of assets and venues; see docs/alerts.md. Fields that are not asked for are left out. */
export interface AlertRuleJson {
  readonly name: string
  readonly kind: AlertKind
  readonly assets?: readonly string[]
  readonly usdMin?: number
  readonly distancePercentMax?: number
  readonly sides?: readonly string[]
  readonly states?: readonly string[]
  readonly scoreMin?: number
  readonly spoofMax?: number
  readonly venues?: readonly string[]
  readonly cooldownSeconds?: number
}

export const ALERT_COOLDOWN_SECONDS = 300
const PERCENT_MAX = 30
/** As report rows have them. */
const DIGITS = 6
const PRICE_DIGITS = 12

const fields: readonly (keyof AlertRuleJson)[] = [
  'name',
  'kind',
  'assets',
  'usdMin',
  'distancePercentMax',
  'sides',
  'states',
  'scoreMin',
  'spoofMax',
  'venues',
  'cooldownSeconds',
]

/**
 * Reads a rule that somebody wrote; throws LMAP_REQUEST_INVALID with the place of the first mistake. `more` are fields
 * that the caller reads by itself.
 */
export function readAlertRule(value: unknown, more: readonly string[] = []): AlertRule {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault('the rule', 'is an object')
  const json = value as Record<string, unknown>
  for (const name of Object.keys(json)) {
    if (!fields.includes(name as keyof AlertRuleJson) && !more.includes(name)) {
      throw fault(JSON.stringify(name.slice(0, 40)), `is no field; there are ${[...fields, ...more].join(', ')}`)
    }
  }
  const kind = alertKinds.find((one) => one === json.kind)
  if (kind === undefined) throw fault('kind', `is one of ${alertKinds.join(', ')}`)
  const { sides, states } = alertWords[kind]
  return {
    name: readName(json.name),
    kind,
    assets: readList(json, 'assets', assets.length, (word) => assetByName(word)?.id),
    usdMin: readNumber(json, 'usdMin', 0, limits.usdMax),
    distancePercentMax: readNumber(json, 'distancePercentMax', 0, PERCENT_MAX),
    sides: readList(json, 'sides', sides.length, (word) => sides.find((side) => side === word), sides),
    states: readList(json, 'states', states.length, (word) => states.find((state) => state === word), states),
    scoreMin: onlyOf(kind, 'convergence', readNumber(json, 'scoreMin', 0, 1), 'scoreMin'),
    spoofMax: onlyOf(kind, 'wall', readNumber(json, 'spoofMax', 0, 1), 'spoofMax'),
    venues: readVenues(json, kind),
    cooldownSeconds: readNumber(json, 'cooldownSeconds', 0, limits.alertCooldownSecondsMax) ?? ALERT_COOLDOWN_SECONDS,
  }
}

/** The rule as it is written. */
export function alertRuleJson(rule: AlertRule): AlertRuleJson {
  const { assets: ids, venues: places, ...rest } = rule
  const named = {
    ...rest,
    assets: ids?.map((id) => assets[id]!.name),
    venues: places?.map((id) => venues[id]!.name),
  }
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined),
  ) as unknown as AlertRuleJson
}

/** What fired, with names, as messages carry it. */
export function alertSubjectJson(subject: AlertSubject) {
  const { asset, venues: ids, price, usd, distanceBp, score, spoof, ...rest } = subject
  return {
    ...rest,
    asset: assets[asset]!.name,
    price: toDigits(price, PRICE_DIGITS),
    usd: toDigits(usd, DIGITS),
    distanceBp: distanceBp === undefined ? null : toDigits(distanceBp, DIGITS),
    score: score === undefined ? null : toDigits(score, DIGITS),
    spoof: spoof === undefined ? null : toDigits(spoof, DIGITS),
    venues: ids.map((id) => venues[id]!.name),
  }
}

function toDigits(value: number, digits: number): number {
  return Number(value.toPrecision(digits))
}

function readName(value: unknown): string {
  const name = typeof value === 'string' ? value.trim() : ''
  const isPlain = name.length > 0 && name.length <= limits.alertNameCharsMax && !/\p{Cc}/u.test(name)
  if (!isPlain) throw fault('name', `has 1 to ${limits.alertNameCharsMax} characters in one line`)
  return name
}

function readNumber(json: Record<string, unknown>, name: string, least: number, most: number): number | undefined {
  const value = json[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw fault(name, `is a number from ${least} to ${most}`)
}

/** Each of them known, none twice, at least one: an empty list would never fire. */
function readList<Value>(
  json: Record<string, unknown>,
  name: string,
  most: number,
  read: (word: string) => Value | undefined,
  words?: readonly string[],
): Value[] | undefined {
  const value = json[name]
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0 || value.length > most) {
    throw fault(name, `is a list of 1 to ${most} names`)
  }
  const found = value.map((word: unknown) => {
    const one = typeof word === 'string' ? read(word) : undefined
    if (one !== undefined) return one
    const known = words === undefined ? '' : `; there are ${words.join(', ')}`
    throw fault(name, `has no ${String(JSON.stringify(word)).slice(0, 40)}${known}`)
  })
  return [...new Set(found)]
}

function readVenues(json: Record<string, unknown>, kind: AlertKind): number[] | undefined {
  const names = venues.map((venue) => venue.name)
  const of = (word: string): number | undefined => (venueId(word) < 0 ? undefined : venueId(word))
  const found = readList(json, 'venues', venues.length, of, names)
  // The forecast pools all venues: a cluster is nobody's.
  if (found !== undefined && kind === 'cluster') throw fault('venues', 'do not go with a cluster')
  return found
}

function onlyOf<Value>(kind: AlertKind, of: AlertKind, value: Value | undefined, name: string): Value | undefined {
  if (value !== undefined && kind !== of) throw fault(name, `goes with the kind ${of}`)
  return value
}

function fault(place: string, what: string): LmapError {
  return new LmapError('LMAP_REQUEST_INVALID', `${place} ${what}.`, { hint: 'docs/alerts.md describes rules.' })
}
