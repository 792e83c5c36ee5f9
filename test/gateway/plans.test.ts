// Guards keys and plans end to end: what a plan has not is refused with a code that names the plan that has it, over
// the socket and over HTTP; layers and columns outside of a plan never leave the server; a changed file counts at once.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readPlans } from '../../src/gateway/plans.ts'
import { BUCKETS, Layer } from '../../src/model/layers.ts'
import { Feed } from './feed.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

const folder = mkdtempSync(join(tmpdir(), 'lmap-plans-'))
const path = join(folder, 'plans.json')
afterAll(() => rmSync(folder, { recursive: true }))

const tokens = await generateKeyPair('EdDSA')
const free = {
  assets: ['BTC'],
  timeframes: ['1m'],
  modes: ['raw'],
  reports: [],
  columns: 40,
  api: true,
  requestsPerMinute: 5,
  connections: 2,
  streams: 1,
}
const pro = {
  assets: 'all',
  timeframes: 'all',
  modes: 'all',
  reports: 'all',
  columns: 360,
  api: true,
  requestsPerMinute: 1_000,
  connections: 10,
  streams: 64,
}
const file = {
  plans: { free, pro },
  anonymous: 'free' as string | undefined,
  keys: [{ name: 'ann', sha256: createHash('sha256').update('key-of-ann').digest('hex'), plan: 'pro' }],
  tokens: {
    algorithm: 'EdDSA',
    publicKey: await exportSPKI(tokens.publicKey),
    issuer: 'shop',
    audience: 'map',
    revoked: ['bob'],
  },
}

function write(content: unknown): void {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
}

function token(subject: string, plan: string, expires: string | number = '1h', issuer = 'shop'): Promise<string> {
  const claims = new SignJWT({ plan }).setProtectedHeader({ alg: 'EdDSA' }).setSubject(subject)
  return claims.setIssuer(issuer).setAudience('map').setExpirationTime(expires).sign(tokens.privateKey)
}

describe('a plans file', () => {
  const faulty: [string, unknown, RegExp][] = [
    ['is not JSON', '{', /not JSON/],
    ['names an asset that there is not', { plans: { free: { ...free, assets: ['ZZZ'] } } }, /assets.*ZZZ/],
    ['names a timeframe that there is not', { plans: { free: { ...free, timeframes: ['2m'] } } }, /timeframes.*2m/],
    ['gives a key a plan that there is not', { ...file, keys: [{ ...file.keys[0], plan: 'gold' }] }, /keys\.0.*gold/],
    ['holds a key and not its hash', { ...file, keys: [{ ...file.keys[0], sha256: 'key-of-ann' }] }, /SHA-256/],
    ['has a word too many', { ...file, extra: 1 }, /extra/],
  ]
  test.each(faulty)('that %s is refused with its place', (_, content, place) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    expect(() => readPlans(text)).toThrow(
      expect.objectContaining({ code: 'LMAP_CONFIG', message: expect.stringMatching(place) }),
    )
  })

  test('that cannot be read stops the start', async () => {
    const missing = startGateway({ plans: join(folder, 'missing.json') })
    await expect(missing).rejects.toMatchObject({ code: 'LMAP_CONFIG' })
  })
})

describe('with plans', () => {
  let rig: Rig
  let feed: Feed
  const readers: Reader[] = []

  beforeEach(async () => {
    write(file)
    feed = new Feed(0, 0, 5, (live) => rig.gateway.block(live))
    rig = await startGateway({
      plans: path,
      history: async () => feed.stored(),
      activate: (_, __, on) => {
        if (on) feed.key()
        rig.gateway.flush()
      },
    })
  })
  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.socket.close()
    await rig.gateway.stop()
  })

  async function open(credential?: string): Promise<Reader> {
    const reader = new Reader(rig.ws, credential === undefined ? [] : ['lmap', `lmap.key.${credential}`])
    readers.push(reader)
    await until('an answer', () => reader.texts.length > 0)
    return reader
  }

  async function refused(reader: Reader, message: object): Promise<Record<string, unknown>> {
    const before = reader.errors.length
    reader.send(message)
    await until('a refusal', () => reader.errors.length > before)
    return reader.errors.at(-1)!
  }

  const get = (query: string, credential?: string) =>
    fetch(`${rig.http}${query}`, credential === undefined ? {} : { headers: { authorization: `Bearer ${credential}` } })

  test('the hello says what the plan has', async () => {
    expect((await open()).texts[0]).toMatchObject({
      plan: {
        name: 'free',
        assets: ['BTC'],
        modes: ['raw'],
        columns: 40,
        opens: { assets: { ETH: 'pro' }, columns: 'pro' },
      },
    })
    const ann = await open('key-of-ann')
    expect(ann.texts[0]).toMatchObject({
      plan: { name: 'pro', historyMs: null, modes: ['raw', 'synthetic', 'heatmap', 'hybrid'] },
    })
    expect(ann.socket.protocol).toBe('lmap')
  })

  test('a refusal names the plan that would allow it', async () => {
    const reader = await open()
    const other = { op: 'subscribe', asset: 'ETH', timeframe: '1m' }
    expect(await refused(reader, other)).toMatchObject({
      code: 'LMAP_PLAN',
      message: expect.stringContaining('Plan pro does'),
    })
    expect((await refused(reader, { ...other, asset: 'BTC', timeframe: '5m' })).code).toBe('LMAP_PLAN')
    expect((await refused(reader, { ...other, asset: 'BTC', layers: ['longLevel'] })).code).toBe('LMAP_PLAN')
    expect((await refused(reader, { ...other, asset: 'BTC', columns: 41 })).code).toBe('LMAP_PLAN')
  })

  test('layers and columns that a plan has not never leave the server', async () => {
    feed.key()
    for (let column = 0; column < 70; column++) {
      feed.delta(60)
      feed.close()
    }
    const [small, whole] = [await open(), await open('key-of-ann')]
    await small.subscribe('BTC', '1m')
    await whole.subscribe('BTC', '1m')
    feed.delta(200)
    rig.gateway.flush()
    const clock = feed.clockMs
    await until('the delta', () => [small, whole].every((reader) => reader.map('0/0').clockMs === clock))
    const [less, all] = [small.map('0/0'), whole.map('0/0')]
    expect(small.gaps + whole.gaps).toBe(0)
    expect(all.columns.map((column) => column.openMs)).toEqual(feed.closed.map((column) => column.openMs))
    expect(less.columns.map((column) => column.openMs)).toEqual(all.columns.slice(-39).map((column) => column.openMs))
    for (const [column, truth] of [
      ...less.columns.map((column, i) => [column, feed.closed.at(i - 39)!] as const),
      [less.live!, feed.live] as const,
    ]) {
      const expected = truth.cells.slice()
      expected.fill(0, Layer.longLevel * BUCKETS)
      expect(column.cells).toEqual(expected)
    }
  })

  test('a thin client gets the layers it asks for', async () => {
    const ann = await open('key-of-ann')
    ann.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m', layers: ['longLiq'], columns: 5 })
    await until('the snapshot', () => ann.frames.length > 0)
    feed.delta(300)
    rig.gateway.flush()
    await until('the delta', () => ann.frames.length > 1)
    const { cells } = ann.map('0/0').live!
    const range = [Layer.longLiq * BUCKETS, (Layer.longLiq + 1) * BUCKETS] as const
    expect(cells.subarray(...range)).toEqual(feed.live.cells.subarray(...range))
    expect(cells.filter((code, at) => code !== 0 && (at < range[0] || at >= range[1])).length).toBe(0)
  })

  test('keys and tokens that are no good are told so and closed for good', async () => {
    const bad = [
      'nonsense',
      await token('bob', 'pro'),
      await token('eve', 'gold'),
      await token('eve', 'pro', 1_000),
      await token('eve', 'pro', '1h', 'thief'),
      `${(await token('eve', 'pro')).slice(0, -6)}AAAAAA`,
    ]
    for (const credential of bad) {
      const reader = await open(credential)
      expect(reader.texts[0]).toMatchObject({ op: 'error', code: 'LMAP_KEY_INVALID' })
      await until(`the close for ${credential}`, () => reader.closeCode !== undefined)
      expect(reader.closeCode).toBe(4502)
      expect((await get('/api/v1/map?asset=BTC', credential)).status).toBe(401)
    }
    expect((await open(await token('eve', 'pro'))).texts[0]).toMatchObject({ op: 'hello', plan: { name: 'pro' } })
  })

  test('a revoked key is off within 5 s, a changed plan comes back to it, a broken file changes nothing', async () => {
    const [ann, eve] = [await open('key-of-ann'), await open(await token('eve', 'free'))]
    const begun = Date.now()
    write({ ...file, keys: [], plans: { ...file.plans, free: { ...free, streams: 2 } } })
    await until('both closes', () => ann.closeCode !== undefined && eve.closeCode !== undefined)
    expect([ann.closeCode, eve.closeCode]).toEqual([4502, 4003])
    expect(Date.now() - begun).toBeLessThan(5_000)
    write('{')
    await until('a line in the log', () => rig.log.some((line) => line.includes('plans stay as they were')))
    expect((await open('key-of-ann')).texts[0]).toMatchObject({ code: 'LMAP_KEY_INVALID' })
    expect((await open()).texts[0]).toMatchObject({ plan: { name: 'free', streams: 2 } })
  })

  test('connections and streams are counted by holder', async () => {
    await open()
    await open()
    const third = await open()
    await until('the close', () => third.closeCode !== undefined)
    expect([third.errors[0]?.code, third.closeCode]).toEqual(['LMAP_LIMIT', 4501])
  })

  test('HTTP: what the plan has not is 403, too many requests are 429, the open paths stay open', async () => {
    expect((await get('/api/v1/map?asset=ETH')).status).toBe(403)
    expect((await get('/api/v1/score?asset=BTC')).status).toBe(403)
    expect((await get('/api/v1/map?asset=BTC&columns=41')).status).toBe(403)
    expect((await get('/api/v1/map?asset=BTC&layers=longLevel')).status).toBe(403)
    const answer = await get('/api/v1/map?asset=BTC')
    expect(answer.status).toBe(200)
    const { columns } = (await answer.json()) as { columns: { layers: object }[] }
    expect(Object.keys(columns[0]!.layers)).not.toContain('longLevel')
    // What is made of predicted layers goes with them.
    expect(columns[0]).not.toHaveProperty('cascade')
    const limited = await get('/api/v1/map?asset=BTC')
    expect([limited.status, ((await limited.json()) as { error: { code: string } }).error.code]).toEqual([
      429,
      'LMAP_REQUEST_RATE',
    ])
    expect((await get('/api/v1/assets')).status).toBe(200)
    expect((await get('/healthz')).status).toBe(200)
    const whole = await get('/api/v1/map?asset=BTC', 'key-of-ann')
    expect(((await whole.json()) as { columns: object[] }).columns[0]).toHaveProperty('cascade')
  })

  test('without a plan for everybody a key is needed', async () => {
    write({ ...file, anonymous: undefined })
    await until('the file', () => rig.log.some((line) => line.includes('plans read again')))
    const response = await get('/api/v1/map?asset=BTC')
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await open()).texts[0]).toMatchObject({ code: 'LMAP_KEY_INVALID' })
  })
})
