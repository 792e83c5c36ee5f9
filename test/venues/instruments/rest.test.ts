// Guards the REST client against venues as they behave: limits with and without Retry-After, bans, faults that pass,
// refusals with status 200, regions, and servers that are not there. Real HTTP on loopback.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRest, type Rest, type RestVenue } from '../../../src/venues/instruments/rest.ts'
import { RestBudget } from '../../../src/venues/instruments/rest-budget.ts'
import { type FailureKind, RestFailure } from '../../../src/venues/instruments/rest-failure.ts'
import { restVenues } from '../../../src/venues/instruments/rest-venues.ts'
import { createAgents } from '../../../src/venues/live/agents.ts'
import { type Answer, type RestExchange, startRestExchange } from './rest-exchange.ts'

let exchange: RestExchange
const agents = createAgents({})

beforeEach(async () => {
  exchange = await startRestExchange({})
})
afterEach(() => exchange.close())

function restOf(venue: 'binance' | 'bybit' | 'okx' | 'bitget', tries: number, base = exchange.bases[venue]!): Rest {
  const spec: RestVenue = { ...restVenues[venue], base, budgets: { default: { perMinute: 6e6, burst: 1_000 } } }
  return createRest(spec, { agents, now: () => performance.now(), prng: () => 0, tries })
}

async function kindOf(promise: Promise<unknown>): Promise<FailureKind | 'none'> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof RestFailure) return error.kind
  if (error !== undefined) throw error
  return 'none'
}

describe('answers that are none', () => {
  test.each<[string, 'binance' | 'bybit' | 'okx' | 'bitget', Answer, FailureKind]>([
    ['429', 'binance', { status: 429 }, 'rate'],
    ['418', 'binance', { status: 418 }, 'rate'],
    ['451', 'binance', { status: 451, body: '{"msg":"Service unavailable from a restricted location"}' }, 'region'],
    ['403 of a filter', 'bitget', { status: 403, body: '<html>Cloudflare</html>' }, 'filtered'],
    ['403 by country', 'bybit', { status: 403, body: 'configured to block access from your country' }, 'region'],
    ['403 too frequent', 'bybit', { status: 403, body: 'access too frequent' }, 'rate'],
    ['500', 'okx', { status: 503, body: 'x' }, 'busy'],
    ['400', 'binance', { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }, 'request'],
    ['code 10006 with 200', 'bybit', { status: 200, body: '{"retCode":10006,"retMsg":"Too many visits!"}' }, 'rate'],
    [
      'code 50011 with 200',
      'okx',
      { status: 200, body: '{"code":"50011","msg":"Too Many Requests","data":[]}' },
      'rate',
    ],
    ['code 51001 with 200', 'okx', { status: 200, body: '{"code":"51001","msg":"no such instrument"}' }, 'request'],
    [
      'code 40034 with 200',
      'bitget',
      { status: 200, body: '{"code":"40034","msg":"Parameter does not exist"}' },
      'request',
    ],
    ['half an answer', 'binance', { status: 200, body: '{"serverTime":17' }, 'answer'],
  ])('%s of %s', async (_name, venue, answer, kind) => {
    exchange.fault = () => answer
    expect(await kindOf(restOf(venue, 1).ask({ path: '/any' }))).toBe(kind)
  })

  test('a refused connection, and a name that there is not', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    expect(await kindOf(restOf('binance', 1, `http://127.0.0.1:${port}`).ask({ path: '/' }))).toBe('refused')
    expect(await kindOf(restOf('binance', 1, 'http://no-such-venue.invalid').ask({ path: '/' }))).toBe('name')
  })
})

describe('repetition', () => {
  test('waits as long as Retry-After says, and holds every other request back too', async () => {
    let limited = true
    exchange.fault = () => {
      if (!limited) return undefined
      limited = false
      return { status: 429, headers: { 'retry-after': '0.3' } }
    }
    const rest = restOf('binance', 3)
    const begun = performance.now()
    const first = rest.ask({ path: '/fapi/v1/time' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await Promise.all([first, rest.ask({ path: '/fapi/v1/time' })])
    expect(performance.now() - begun).toBeGreaterThan(290)
    expect(rest.status()).toEqual({ requests: 3, repeated: 1, answers: 3 })
  })

  test('ends after the tries that were given', async () => {
    exchange.fault = () => ({ status: 502, headers: { 'retry-after': '0' } })
    const rest = restOf('binance', 3)
    expect(await kindOf(rest.ask({ path: '/fapi/v1/time' }))).toBe('busy')
    expect(rest.status().requests).toBe(3)
  })

  test('is not for what fails the same way again', async () => {
    exchange.fault = () => ({ status: 451 })
    const rest = restOf('binance', 5)
    expect(await kindOf(rest.ask({ path: '/fapi/v1/time' }))).toBe('region')
    expect(rest.status().requests).toBe(1)
  })

  test('ends at once when nobody waits any more', async () => {
    exchange.fault = () => ({ status: 429, headers: { 'retry-after': '60' } })
    const stop = new AbortController()
    const asked = restOf('binance', 5).ask({ path: '/fapi/v1/time' }, stop.signal)
    setTimeout(() => stop.abort(new Error('stopped')), 50)
    await expect(asked).rejects.toThrow(/stopped|aborted/i)
  })
})

describe('budget', () => {
  test('lets a burst through and spreads the rest evenly', () => {
    const budget = new RestBudget({ perMinute: 60, burst: 3 })
    const waits = Array.from({ length: 6 }, () => budget.reserve(1, 0))
    expect(waits).toEqual([0, 0, 0, 1_000, 2_000, 3_000])
  })

  test('never lets more through than it holds, whatever is asked for', () => {
    const budget = new RestBudget({ perMinute: 600, burst: 50 })
    let nowMs = 0
    const sent: [number, number][] = []
    for (let i = 0; i < 500; i++) {
      const weight = (i % 7) + 1
      nowMs += budget.reserve(weight, nowMs) + (i % 50 === 0 ? 2_000 : 0)
      sent.push([nowMs, weight])
    }
    for (const [from] of sent) {
      const inMinute = sent
        .filter(([at]) => at >= from && at < from + 60_000)
        .reduce((sum, [, weight]) => sum + weight, 0)
      expect(inMinute).toBeLessThanOrEqual(600 + 50 + 7)
    }
  })

  test('a pause holds everything back', () => {
    const budget = new RestBudget({ perMinute: 6_000, burst: 100 })
    budget.pause(5_000)
    expect(budget.reserve(1, 1_000)).toBe(4_000)
    expect(budget.reserve(1, 6_000)).toBe(0)
  })
})
