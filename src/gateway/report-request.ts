import { assets } from '../model/assets.ts'
import { LmapError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { ReportPlace, ReportQuery } from '../model/report-query.ts'
import { absorptionStates, convergenceKinds, type ReportKind, wallStates } from '../model/reports.ts'
import type { AssetId } from '../model/units.ts'
import { assetOf, quote } from './control.ts'
import { readTime } from './past.ts'
import { readCount, readParameters } from './query.ts'

/** Kinds by path. */
export const reportPaths: Readonly<Record<string, ReportKind>> = {
  '/api/v1/reports/walls': 'wall',
  '/api/v1/reports/sweeps': 'sweep',
  '/api/v1/reports/absorptions': 'absorption',
  '/api/v1/reports/convergences': 'convergence',
}

/** What a side and a state of each kind can be. */
export const reportSides: Readonly<Record<ReportKind, readonly string[]>> = {
  wall: ['bid', 'ask'],
  sweep: ['buy', 'sell'],
  absorption: ['bid', 'ask'],
  convergence: ['support', 'resistance'],
}
export const reportStates: Readonly<Record<ReportKind, readonly string[]>> = {
  wall: wallStates,
  sweep: [],
  absorption: absorptionStates,
  convergence: convergenceKinds,
}

/** Reads the query of a request for reports; refuses with LMAP_REQUEST_INVALID or LMAP_REQUEST_UNKNOWN. */
export function readReportQuery(query: string, kind: ReportKind, limits: Limits): ReportQuery {
  const names = ['asset', 'from', 'to', 'side', 'state', 'minUsd', 'limit', 'cursor']
  const allowed = kind === 'sweep' ? names.filter((name) => name !== 'state') : names
  const parameters = readParameters(query, allowed)
  const time = (name: string): number | undefined => {
    const text = parameters.get(name)
    return text === null ? undefined : readTime(text, name)
  }
  const fromMs = time('from') ?? 0
  const toMs = time('to') ?? Number.MAX_SAFE_INTEGER
  if (fromMs >= toMs) throw new LmapError('LMAP_REQUEST_INVALID', 'from is before to.')
  const cursor = parameters.get('cursor')
  return {
    kind,
    assets: readAssets(parameters.get('asset')),
    fromMs,
    toMs,
    side: readWords(parameters.get('side'), 'side', reportSides[kind], 1)?.[0],
    states: readWords(parameters.get('state'), 'state', reportStates[kind], reportStates[kind].length),
    usdMin: readUsd(parameters.get('minUsd'), limits.usdMax),
    before: cursor === null ? undefined : readCursor(cursor),
    most: readCount(parameters, 'limit', limits.reportRows, limits.reportRowsMax),
  }
}

/** Ids of names between commas, each once; all where nothing was said. */
export function readAssets(text: string | null): AssetId[] {
  if (text === null) return assets.map(({ id }) => id)
  return [...new Set(text.split(',').map(assetOf))]
}

/** A place as an opaque word for URLs. */
export function cursorOf({ startMs, id }: ReportPlace): string {
  return Buffer.from(JSON.stringify([startMs, id])).toString('base64url')
}

function readCursor(text: string): ReportPlace {
  const bad = new LmapError('LMAP_REQUEST_INVALID', 'cursor is the `next` of an answer, as it was given.')
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    throw bad
  }
  if (!Array.isArray(place) || place.length !== 2) throw bad
  const [startMs, id] = place as unknown[]
  const idCharsMax = 200
  if (!Number.isSafeInteger(startMs) || (startMs as number) < 0) throw bad
  if (typeof id !== 'string' || id.length > idCharsMax || !/^[\x21-\x7e]*$/.test(id)) throw bad
  return { startMs: startMs as number, id }
}

function readUsd(text: string | null, usdMax: number): number {
  if (text === null) return 0
  const usd = /^\d{1,16}(\.\d+)?(e\d{1,2})?$/i.test(text) ? Number(text) : Number.NaN
  if (usd >= 0 && usd <= usdMax) return usd
  throw new LmapError('LMAP_REQUEST_INVALID', `minUsd is a number of US dollars from 0 to ${usdMax}.`)
}

function readWords(text: string | null, name: string, known: readonly string[], most: number): string[] | undefined {
  if (text === null) return undefined
  const words = [...new Set(text.split(','))]
  const hint = `There are ${known.join(', ')}.`
  for (const word of words) {
    if (!known.includes(word))
      throw new LmapError('LMAP_REQUEST_UNKNOWN', `There is no ${name} ${quote(word)}.`, { hint })
  }
  if (words.length > most) throw new LmapError('LMAP_REQUEST_INVALID', `${name} is one of them.`, { hint })
  return words
}
