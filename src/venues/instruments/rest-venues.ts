import { type VenueName, venues } from '../../model/venues.ts'
import { createRest, type Rest, type RestOptions, type RestVenue } from './rest.ts'
import type { FailureKind } from './rest-failure.ts'

/** Base addresses that replace the usual ones: a country's host, a relay, a test on loopback. */
export type RestBases = Partial<Readonly<Record<VenueName, string>>>

/*
 * Budgets are shares of what the venues allow (docs/warm-up.md has the list): the live feeds of the same address ask too.
 */
export const restVenues: Readonly<Record<VenueName, RestVenue>> = {
  binance: {
    venue: 'binance',
    base: 'https://fapi.binance.com',
    // 2,400 of weight a minute, of which the feed takes up to 1,900; the /futures/data pages have 1,000 requests in 5 minutes of their own.
    budgets: { default: { perMinute: 450, burst: 60 }, data: { perMinute: 150, burst: 30 } },
    fault: (body) =>
      codedFault(body, 'code', 'msg', (code) => typeof code === 'number' && code < 0, rates(-1003, -1015)),
  },
  bybit: {
    venue: 'bybit',
    base: 'https://api.bybit.com',
    // 600 requests in 5 s.
    budgets: { default: { perMinute: 1_800, burst: 30 } },
    fault: (body) => codedFault(body, 'retCode', 'retMsg', (code) => code !== 0, rates(10006, 10018)),
  },
  okx: {
    venue: 'okx',
    base: 'https://openapi.okx.com',
    // 20 requests in 2 s; the statistics 10.
    budgets: { default: { perMinute: 420, burst: 10 }, statistics: { perMinute: 210, burst: 5 } },
    fault: (body) => codedFault(body, 'code', 'msg', (code) => code !== '0', rates('50011', '50061')),
  },
  bitget: {
    venue: 'bitget',
    base: 'https://api.bitget.com',
    // 20 requests a second, 6,000 a minute over everything.
    budgets: { default: { perMinute: 720, burst: 10 } },
    fault: (body) => codedFault(body, 'code', 'msg', (code) => code !== '00000', rates('429', '30007')),
  },
  hyperliquid: {
    venue: 'hyperliquid',
    base: 'https://api.hyperliquid.xyz',
    // 1,200 of weight a minute.
    budgets: { default: { perMinute: 900, burst: 300 } },
  },
}

/** One client for each venue; venues that are not wanted are left out. */
export function createRests(
  wanted: readonly VenueName[],
  bases: RestBases,
  options: RestOptions,
): ReadonlyMap<VenueName, Rest> {
  const chosen = venues.filter((venue) => wanted.includes(venue.name))
  return new Map(
    chosen.map(({ name }) => {
      const spec = restVenues[name]
      return [name, createRest({ ...spec, base: (bases[name] ?? spec.base).replace(/\/+$/, '') }, options)]
    }),
  )
}

type IsRate = (code: unknown) => boolean

function rates(...codes: readonly unknown[]): IsRate {
  return (code) => codes.includes(code)
}

/** Errors in the body: `isFault` decides by the code, which a list or an answer without one does not have. */
function codedFault(
  body: unknown,
  codeName: string,
  messageName: string,
  isFault: (code: unknown) => boolean,
  isRate: IsRate,
): { kind: FailureKind; message: string } | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const { [codeName]: code, [messageName]: message } = body as Record<string, unknown>
  if (code === undefined || !isFault(code)) return undefined
  const kind = isRate(code) ? 'rate' : busy.has(code) ? 'busy' : 'request'
  return { kind, message: `the venue answers ${String(code)}: ${String(message)}` }
}

/** "Busy, try again": OKX 50001, 50004, 50013, 50026; Bybit 10000, 10016; Bitget 40015, 40725; Binance -1000, -1001. */
const busy = new Set<unknown>(['50001', '50004', '50013', '50026', 10000, 10016, '40015', '40725', -1000, -1001])
