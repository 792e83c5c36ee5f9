// Guards what HTTP gives away: only files of the built page, with the right headers; readiness; the map as JSON equal to
// what was fed in; errors with a code and the right status for everything else.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { assets } from '../../src/model/assets.ts'
import { BUCKETS, layers, usdOfCode } from '../../src/model/layers.ts'
import { Feed } from './feed.ts'
import { type Rig, startGateway, until } from './rig.ts'

let folder: string
let rig: Rig
const script = `console.log(${JSON.stringify('liquidity '.repeat(500))})`
const index = '<!doctype html><script type="module" src="/assets/main-0123ABCD.js"></script>'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lmap-page-'))
  await mkdir(join(folder, 'page/assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'page/index.html'), index)
  await writeFile(join(folder, 'page/assets/main-0123ABCD.js'), script)
  await writeFile(join(folder, 'page/assets/some-component.js'), script)
  await writeFile(join(folder, 'page/.hidden'), 'secret')
  await symlink(join(folder, 'secret.txt'), join(folder, 'page/link.txt'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  await rig.gateway.stop()
})

/** One request as bytes, because fetch tidies paths up before it sends them. */
async function rawRequest(head: string): Promise<string> {
  const socket = connect({ port: rig.gateway.port, host: '127.0.0.1' })
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.write(`${head}\r\nHost: x\r\nConnection: close\r\n\r\n`)
  await until(`an answer to ${head.slice(0, 60)}`, () => answer.includes('\r\n\r\n'))
  socket.destroy()
  return answer
}

describe('the page', () => {
  test('index.html is always asked for again, hashed files never', async () => {
    rig = await startGateway({ webRoot: join(folder, 'page') })
    for (const path of ['/', '/index.html', '/?asset=BTC&timeframe=1m']) {
      const answer = await fetch(rig.http + path)
      expect(await answer.text()).toBe(index)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer.headers.get('cache-control')).toBe('no-cache')
    }
    const hashed = await fetch(`${rig.http}/assets/main-0123ABCD.js`)
    expect(hashed.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(hashed.headers.get('cache-control')).toContain('immutable')
    const named = await fetch(`${rig.http}/assets/some-component.js`)
    expect(named.headers.get('cache-control')).toBe('no-cache')
  })

  test('every answer carries a strict policy and nosniff', async () => {
    rig = await startGateway({ webRoot: join(folder, 'page') })
    for (const path of ['/', '/nothing', '/healthz', '/api/v1/assets']) {
      const { headers } = await fetch(rig.http + path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('content-security-policy')).not.toContain('unsafe-inline')
    }
  })

  test.each([
    ['br', 'gzip, deflate, br', (bytes: Uint8Array) => brotliDecompressSync(bytes).toString()],
    ['gzip', 'gzip, br;q=0', (bytes: Uint8Array) => gunzipSync(bytes).toString()],
    [null, '', (bytes: Uint8Array) => Buffer.from(bytes).toString()],
  ])('is sent as %s to who accepts "%s"', async (encoding, accepted, decode) => {
    rig = await startGateway({ webRoot: join(folder, 'page') })
    const head = `GET /assets/main-0123ABCD.js HTTP/1.1\r\nAccept-Encoding: ${accepted}`
    const answer = await rawRequest(head)
    const start = answer.indexOf('\r\n\r\n') + 4
    expect(decode(Buffer.from(answer.slice(start), 'latin1'))).toBe(script)
    expect(/content-encoding: (\w+)/.exec(answer)?.[1] ?? null).toBe(encoding)
    expect(answer).toContain('vary: accept-encoding')
    if (encoding !== null) expect(answer.length).toBeLessThan(script.length)
  })

  test('a file that the browser has is answered by 304 without a body', async () => {
    rig = await startGateway({ webRoot: join(folder, 'page') })
    const etag = (await fetch(`${rig.http}/`)).headers.get('etag')!
    const answer = await fetch(`${rig.http}/`, { headers: { 'if-none-match': etag } })
    expect(answer.status).toBe(304)
    expect(await answer.text()).toBe('')
  })

  test('HEAD says how long the body would be', async () => {
    rig = await startGateway({ webRoot: join(folder, 'page') })
    const answer = await rawRequest('HEAD /index.html HTTP/1.1')
    expect(answer.toLowerCase()).toContain(`content-length: ${index.length}`)
    expect(answer).not.toContain('doctype')
  })

  test.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '//secret.txt',
    '/.hidden',
    '/link.txt',
    '/assets',
    '/constructor',
    `/${'a'.repeat(1_000)}`,
  ])('%s leads nowhere', async (path) => {
    rig = await startGateway({ webRoot: join(folder, 'page') })
    const answer = await rawRequest(`GET ${path} HTTP/1.1`)
    expect(answer).toMatch(/^HTTP\/1.1 404/)
    expect(answer).toContain('LMAP_REQUEST_UNKNOWN')
    expect(answer).not.toContain('secret"')
  })

  test('a folder without a page stops the start with a code', async () => {
    rig = await startGateway()
    for (const webRoot of [folder, join(folder, 'nowhere')]) {
      await expect(startGateway({ webRoot })).rejects.toMatchObject({ code: 'LMAP_BUILD_MISSING' })
    }
  })
})

describe('health', () => {
  test('alive always, ready when the status says so', async () => {
    let ready = false
    rig = await startGateway({
      status: () => (ready ? { ready, stages: { store: 'ok' } } : { ready, reason: 'No price yet.', stages: {} }),
    })
    expect((await fetch(`${rig.http}/healthz`)).status).toBe(200)
    const early = await fetch(`${rig.http}/readyz`)
    expect(early.status).toBe(503)
    expect(await early.json()).toEqual({ ready: false, reason: 'No price yet.', stages: {} })
    ready = true
    const late = await fetch(`${rig.http}/readyz`)
    expect(late.status).toBe(200)
    expect(await late.json()).toMatchObject({ stages: { store: 'ok' } })
  })

  test('metrics are Prometheus text', async () => {
    rig = await startGateway()
    const answer = await fetch(`${rig.http}/metrics`)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(await answer.text()).toContain('lmap_gateway_clients 0')
  })
})

describe('the API', () => {
  test('assets lists all of them with their instruments', async () => {
    rig = await startGateway()
    const answer = await fetch(`${rig.http}/api/v1/assets`)
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    const body = await answer.json()
    expect(body).toMatchObject({ source: 'test', simulated: true, version: '0.0.0' })
    expect(body.assets).toHaveLength(assets.length)
    expect(body.assets[0]).toMatchObject({ id: 0, name: 'BTC' })
    expect(body.assets[0].instruments[0]).toMatchObject({ venue: 'binance', symbol: 'BTCUSDT' })
    expect(body.layers).toHaveLength(layers.length)
  })

  test('map is what was fed in, the live column last, for a stream that nobody watches', async () => {
    const past = new Feed(0, 1, 5, () => undefined)
    for (let i = 0; i < 5; i++) {
      past.delta(200)
      past.close()
    }
    past.delta(200)
    let feed: Feed | undefined
    rig = await startGateway({
      history: async () => past.stored(),
      activate: (_asset, _timeframe, on) => {
        // As an engine does: the key comes with the next tick.
        if (on) setTimeout(() => feed?.key(), 20)
        if (on) setTimeout(() => rig.gateway.flush(), 25)
      },
    })
    feed = new Feed(0, 1, 6, (live) => rig.gateway.block(live))
    feed.live = past.live
    const answer = await fetch(`${rig.http}/api/v1/map?asset=btc&timeframe=5m&columns=3&layers=bid,shortLevel`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    const body = await answer.json()
    expect(body).toMatchObject({ asset: 'BTC', timeframe: '5m', timeframeMs: 300_000, simulated: true, source: 'test' })
    const truth = [...past.closed.slice(-2), past.live]
    expect(body.columns).toHaveLength(3)
    for (const [i, { cells, ...facts }] of truth.entries()) {
      const { layers: got, isLive, cascade: _cascade, ...rest } = body.columns[i]
      expect(rest).toEqual(facts)
      expect(isLive).toBe(i === 2)
      expect(Object.keys(got)).toEqual(['bid', 'shortLevel'])
      for (const [name, layer] of [
        ['bid', 0],
        ['shortLevel', 7],
      ] as const) {
        const codes = cells.subarray(layer * BUCKETS, (layer + 1) * BUCKETS)
        const filled = [...codes.keys()].filter((bucket) => codes[bucket]! > 0)
        expect(got[name].buckets).toEqual(filled.map((bucket) => bucket + facts.baseBucket))
        for (const [n, bucket] of filled.entries()) {
          expect(got[name].usd[n] / usdOfCode(codes[bucket]!, facts.quantumUsd)).toBeCloseTo(1, 2)
        }
      }
    }
  })

  test('map without any data is empty, not an error', async () => {
    rig = await startGateway({ limits: { liveWaitMsMax: 20 } })
    const body = await (await fetch(`${rig.http}/api/v1/map?asset=BTC`)).json()
    expect(body.columns).toEqual([])
  })

  test('a whole map of 360 columns comes through', async () => {
    const past = new Feed(0, 0, 7, () => undefined)
    for (let i = 0; i < 359; i++) {
      past.delta(300)
      past.close()
    }
    rig = await startGateway({ limits: { liveWaitMsMax: 20 }, history: async () => past.stored() })
    const body = await (await fetch(`${rig.http}/api/v1/map?asset=BTC&columns=360`)).json()
    expect(body.columns.map((column: { openMs: number }) => column.openMs)).toEqual(past.closed.map((c) => c.openMs))
  })

  test('a reader who leaves in the middle harms nobody', async () => {
    rig = await startGateway({ limits: { liveWaitMsMax: 200 } })
    const leaver = new AbortController()
    const asked = fetch(`${rig.http}/api/v1/map?asset=BTC`, { signal: leaver.signal })
    setTimeout(() => leaver.abort(), 50)
    await expect(asked).rejects.toThrow()
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect((await fetch(`${rig.http}/healthz`)).status).toBe(200)
  })

  test('too many maps at a time are refused with 503', async () => {
    rig = await startGateway({ limits: { liveWaitMsMax: 300, mapRequestsMax: 1 } })
    const ask = () => fetch(`${rig.http}/api/v1/map?asset=BTC`)
    const answers = await Promise.all([ask(), ask()])
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 503])
  })

  test.each([
    ['/api/v1/map', 400, 'LMAP_REQUEST_INVALID'],
    ['/api/v1/map?asset=NOPE', 400, 'LMAP_REQUEST_UNKNOWN'],
    ['/api/v1/map?asset=BTC&timeframe=2m', 400, 'LMAP_REQUEST_UNKNOWN'],
    ['/api/v1/map?asset=BTC&columns=0', 400, 'LMAP_REQUEST_INVALID'],
    ['/api/v1/map?asset=BTC&columns=361', 400, 'LMAP_REQUEST_INVALID'],
    ['/api/v1/map?asset=BTC&columns=x', 400, 'LMAP_REQUEST_INVALID'],
    ['/api/v1/map?asset=BTC&layers=bid,nope', 400, 'LMAP_REQUEST_UNKNOWN'],
    ['/api/v1/map?asset=BTC&depth=1', 400, 'LMAP_REQUEST_INVALID'],
    ['/api/v2/map', 404, 'LMAP_REQUEST_UNKNOWN'],
    ['/', 404, 'LMAP_REQUEST_UNKNOWN'],
    ['/stream', 426, 'LMAP_REQUEST_INVALID'],
    [`/healthz?${'a'.repeat(2_500)}`, 414, 'LMAP_REQUEST_TOO_LARGE'],
  ])('%s is answered by %i %s', async (path, status, code) => {
    rig = await startGateway()
    const answer = await fetch(rig.http + path)
    expect(answer.status).toBe(status)
    const { error } = await answer.json()
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/\.$/)
  })

  test('other methods are refused with 405 and told what is allowed', async () => {
    rig = await startGateway()
    for (const method of ['POST', 'DELETE', 'PUT', 'OPTIONS']) {
      const answer = await fetch(`${rig.http}/healthz`, { method })
      expect(answer.status).toBe(405)
      expect(answer.headers.get('allow')).toBe('GET, HEAD')
    }
  })
})
