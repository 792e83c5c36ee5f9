// Guards the budget of requests over real HTTP: spacing, weight of a window, the venue's own count, every way of saying
// "too many", and that what is urgent overtakes. Each venue's own refusal must hold back all requests, not only one.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { limits } from '../../../src/model/limits.ts'
import type { VenueName } from '../../../src/model/venues.ts'
import { createAgents } from '../../../src/venues/live/agents.ts'
import type { RestRules } from '../../../src/venues/live/feed.ts'
import { RequestQueue } from '../../../src/venues/live/request-queue.ts'
import { scripts } from '../exchange/scripts.ts'

interface Reply {
  status: number
  headers?: Readonly<Record<string, string>>
  body: string
}

const agents = createAgents({})
let server: Server | undefined
let queue: RequestQueue | undefined
const good: Reply = { status: 200, body: '{}' }

afterEach(async () => {
  queue?.close()
  server?.closeAllConnections()
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)))
})

/** A venue that answers in turn, the last answer for ever; what it was asked, and when. */
async function open(replies: Reply[], rules: Partial<RestRules> = {}, venue: VenueName = 'binance') {
  const asked: { path: string; ms: number }[] = []
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', ms: performance.now() })
    const { status, headers, body } = replies.length > 1 ? replies.shift()! : replies[0]!
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const usual: RestRules = { weightMax: 1_000, windowMs: 1_000, gapMs: 0 }
  const bounds = { ...limits, restRateMs: 200, restFilterMs: 300, restMsMax: 300 }
  queue = new RequestQueue({
    venue,
    base,
    rules: { ...usual, ...rules },
    agents,
    now: () => Date.now(),
    limits: bounds,
  })
  return { asked, queue }
}

const failure = (asked: Promise<string>) =>
  asked.then(
    () => undefined,
    (error: { kind: string; waitMs?: number }) => error,
  )

describe('our budget', () => {
  test('requests are spaced', async () => {
    const { asked, queue } = await open([good], { gapMs: 100 })
    await Promise.all(['/a', '/b', '/c'].map((path) => queue.ask({ path, weight: 1 })))
    expect(asked.map(({ path }) => path)).toEqual(['/a', '/b', '/c'])
    expect(asked[2]!.ms - asked[0]!.ms).toBeGreaterThan(120)
  })

  test('a window has so much weight', async () => {
    const { asked, queue } = await open([good], { weightMax: 50, windowMs: 400 })
    await Promise.all([20, 20, 20].map((weight, index) => queue.ask({ path: `/${index}`, weight })))
    expect(asked[1]!.ms - asked[0]!.ms).toBeLessThan(200)
    expect(asked[2]!.ms - asked[0]!.ms).toBeGreaterThan(350)
  })

  test('what is urgent overtakes what waits', async () => {
    const { asked, queue } = await open([good], { gapMs: 50 })
    const usual = ['/1', '/2', '/3'].map((path) => queue.ask({ path, weight: 1 }))
    const urgent = queue.ask({ path: '/urgent', weight: 1 }, true)
    await Promise.all([...usual, urgent])
    expect(asked.map(({ path }) => path)).toEqual(['/1', '/urgent', '/2', '/3'])
  })

  test('more than may wait are refused', async () => {
    const { queue } = await open([good], { gapMs: 60_000 })
    const waiting = Array.from({ length: limits.restQueueMax + 1 }, () => failure(queue.ask({ path: '/', weight: 0 })))
    expect((await failure(queue.ask({ path: '/', weight: 0 })))?.kind).toBe('rate')
    queue.close()
    expect((await Promise.all(waiting)).filter((error) => error?.kind === 'request').length).toBe(limits.restQueueMax)
  })
})

describe('the venue says', () => {
  test('how much of its own count is used', async () => {
    const used = { 'x-mbx-used-weight-1m': '95' }
    const windowMs = 500
    const rules = { windowMs, used: { header: 'x-mbx-used-weight-1m', max: 90 } }
    const { asked, queue } = await open([{ ...good, headers: used }, good], rules)
    await queue.ask({ path: '/', weight: 1 })
    expect(queue.held).toContain("95 of this window's request weight is used")
    await queue.ask({ path: '/', weight: 1 })
    // The next window has begun.
    expect(Math.floor(Date.now() / windowMs) * windowMs).toBeLessThanOrEqual(Date.now())
    expect(asked.length).toBe(2)
    expect(queue.held).toBeUndefined()
  })

  test.each([
    ['429 with a time', { status: 429, headers: { 'retry-after': '1' } }, 1_000],
    ['429 without', { status: 429 }, 200],
    ['418 with a time', { status: 418, headers: { 'retry-after': '1' } }, 1_000],
    ['451', { status: 451 }, 300],
  ])('%s: nothing is asked meanwhile', async (_, reply, waitMs) => {
    const { asked, queue } = await open([{ ...reply, body: '' }, good])
    const error = await failure(queue.ask({ path: '/first', weight: 1 }))
    expect(error?.kind).toBe(reply.status === 451 ? 'region' : 'rate')
    expect(queue.held).toBeDefined()
    await queue.ask({ path: '/second', weight: 1 })
    expect(asked[1]!.ms - asked[0]!.ms).toBeGreaterThan(waitMs - 50)
  })

  test('418 without a time: for two minutes at least', async () => {
    const { queue } = await open([{ status: 418, body: '' }])
    expect((await failure(queue.ask({ path: '/', weight: 1 })))?.waitMs).toBeGreaterThanOrEqual(120_000)
  })

  test.each([
    ['503', { status: 503, body: '' }, 'busy'],
    ['no JSON', { status: 200, body: '<html>' }, 'answer'],
    ['no such symbol', { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }, 'request'],
  ])('%s: the others go on', async (_, reply, kind) => {
    const { queue } = await open([reply, good])
    expect((await failure(queue.ask({ path: '/', weight: 1 })))?.kind).toBe(kind)
    expect(queue.held).toBeUndefined()
    expect(await queue.ask({ path: '/', weight: 1 })).toBe('{}')
  })

  test('nothing at all: given up in time', async () => {
    const { queue } = await open([good])
    server!.removeAllListeners('request')
    expect((await failure(queue.ask({ path: '/', weight: 1 })))?.kind).toBe('timeout')
  })

  test.each(scripts)('$venue: "too often" in its own words', async ({ venue, tooMany }) => {
    const { queue } = await open([tooMany], {}, venue)
    expect((await failure(queue.ask({ path: '/', weight: 1 })))?.kind).toBe('rate')
    expect(queue.held).toBeDefined()
  })
})
