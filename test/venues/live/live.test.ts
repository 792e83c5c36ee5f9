// Guards the live source as a whole: what it says without a network, that one venue's fate is not another's, what it tells
// of venues that are down, whole books now and then, waiting for a slow taker, and the way through a proxy.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { LmapError } from '../../../src/model/errors.ts'
import { createLive, type LiveOptions } from '../../../src/venues/live/live.ts'
import { liveVenues } from '../../../src/venues/live/venues.ts'
import type { Feed } from '../../../src/venues/source.ts'
import { seed } from '../../reference/prng.ts'
import { type Decoded, decode } from '../decode.ts'
import { binanceScript } from '../exchange/binance.ts'
import { bybitScript } from '../exchange/bybit.ts'
import { quickened, quickLimits } from '../exchange/quick.ts'
import { openRig, type Rig } from '../exchange/rig.ts'

const TEST_MS_MAX = 20_000
/** A port of this machine on which nobody listens. */
const nowhere = { socket: 'ws://127.0.0.1:9', rest: 'http://127.0.0.1:9' }

const rigs: Rig[] = []
let stop = new AbortController()
afterEach(async () => {
  stop.abort()
  stop = new AbortController()
  for (const rig of rigs.splice(0)) await rig.close()
})

async function rigOf(...args: Parameters<typeof openRig>): Promise<Rig> {
  const rig = await openRig(...args)
  rigs.push(rig)
  return rig
}

/** A feed on quickened venues, and what it sends. */
function start(options: LiveOptions): { feed: Feed; ended: Promise<void>; records: Decoded[] } {
  const protocols = Object.fromEntries(
    Object.entries(liveVenues).map(([name, load]) => [name, async () => quickened(await load())]),
  )
  const records: Decoded[] = []
  const feed = createLive(options, { now: () => Date.now(), chance: () => 0.5, limits: quickLimits, protocols })
  const sink = {
    write(batches: Uint8Array): true {
      records.push(...decode(batches))
      return true
    },
  }
  const ended = feed.run(sink, stop.signal)
  ended.catch(() => undefined)
  return { feed, ended, records }
}

async function failureOf(ended: Promise<void>): Promise<LmapError> {
  return ended.then(
    () => expect.unreachable('it ends with a failure'),
    (error: LmapError) => error,
  )
}

describe('without a network', () => {
  test('it names each venue with its reason, and ends', async () => {
    const beganMs = performance.now()
    const { ended } = start({
      venues: ['binance', 'bybit'],
      urls: { binance: { socket: 'wss://fstream.binance.invalid' }, bybit: nowhere },
    })
    const error = await failureOf(ended)
    expect(performance.now() - beganMs).toBeLessThan(2 * quickLimits.liveReachMsMax)
    expect(error.code).toBe('LMAP_VENUE_UNREACHABLE')
    expect(error.message).toMatch(/Binance: the name fstream\.binance\.invalid cannot be resolved/)
    expect(error.message).toMatch(/Bybit: 127\.0\.0\.1:9 refused the connection/)
    expect(error.hint).toMatch(/npm start.*simulated/)
  })

  test('assets that no chosen venue has are a mistake of the command', async () => {
    const { ended } = start({ venues: ['binance'], assets: [] })
    expect((await failureOf(ended)).code).toBe('LMAP_CONFIG')
  })
})

test(`one venue down: it is said to be down, the other goes on (seed ${seed})`, { timeout: TEST_MS_MAX }, async () => {
  const rig = await rigOf({ script: bybitScript, seed })
  const { feed, records, ended } = start({
    venues: ['binance', 'bybit'],
    assets: ['BTC', 'ETH', 'SOL'],
    urls: { binance: nowhere, bybit: rig.exchange.urls },
  })
  const states = () => feed.status().venues ?? []
  await rig.until('live', () => states().some(({ venue, state }) => venue === 'bybit' && state === 'live'))
  // Longer than a source without any venue would live.
  await sleep(quickLimits.liveReachMsMax + 500)
  expect(states().map(({ venue, state }) => `${venue} ${state}`)).toEqual(['binance down', 'bybit live'])
  expect(states()[0]!.reason).toContain('refused the connection')
  expect(states()[0]!.reconnects).toBeGreaterThan(2)
  const beats = records.filter(({ kind }) => kind === 'heartbeat').slice(-6)
  expect(beats.map(({ venue, flags }) => `${venue}${flags}`).sort()).toEqual(['01', '01', '01', '10', '10', '10'])
  expect(records.some(({ kind, venue }) => kind === 'bookLevel' && venue === 1)).toBe(true)
  stop.abort()
  await ended
})

test(`whole books come again and again, and prices with them (seed ${seed})`, { timeout: TEST_MS_MAX }, async () => {
  const rig = await rigOf({ script: binanceScript, seed })
  await rig.until('live', () => rig.state().booksLive === 3)
  await sleep(2 * quickLimits.bookRefreshMs + 200)
  const kinds = (asset: number, kind: string) =>
    rig.records.filter((record) => record.asset === asset && record.kind === kind).length
  for (const { market } of rig.exchange.market.books) {
    expect(kinds(market.asset, 'bookReset')).toBeGreaterThanOrEqual(3)
    expect(kinds(market.asset, 'openInterest')).toBeGreaterThan(2)
    expect(kinds(market.asset, 'markPrice')).toBeGreaterThan(2)
  }
  // Sequences of a venue's asset only ever grow, whichever socket a batch came from.
  for (const { market } of rig.exchange.market.books) {
    const sequences = rig.records.filter(({ asset }) => asset === market.asset).map(({ sequence }) => sequence)
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
  }
})

test(`a slow taker: the sockets wait and nothing is lost (seed ${seed})`, { timeout: TEST_MS_MAX }, async () => {
  const rig = await rigOf({ script: bybitScript, seed })
  await rig.until('live', () => rig.state().state === 'live' && rig.state().booksLive === 3)
  await rig.settled()
  const before = rig.exchange.market.prints - rig.prints()
  rig.block()
  await sleep(300)
  const framesAt = rig.state().frames
  await sleep(200)
  expect(rig.state().frames).toBe(framesAt)
  rig.unblock()
  await rig.settled()
  expect(rig.state()).toMatchObject({ reconnects: 0, gaps: 0 })
  expect(rig.exchange.market.prints - rig.prints()).toBe(before)
})

describe('a proxy of the environment', () => {
  let proxy: Server | undefined
  const tunnels: string[] = []
  afterEach(() => {
    proxy?.closeAllConnections()
    proxy?.close()
  })

  async function openProxy(): Promise<string> {
    tunnels.length = 0
    proxy = createServer()
    proxy.on('connect', (request: IncomingMessage, socket) => {
      tunnels.push(request.url ?? '')
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    })
    await new Promise<void>((resolve) => proxy!.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  }

  test.each(['HTTPS_PROXY', 'https_proxy'])('%s is used, and its refusal shown', async (name) => {
    const { ended } = start({ venues: ['bybit'], assets: ['BTC'], proxyEnv: { [name]: await openProxy() } })
    const { message } = await failureOf(ended)
    expect(new Set(tunnels)).toEqual(new Set(['stream.bybit.com:443']))
    expect(message).toMatch(/Bybit: .+/)
  })

  test('NO_PROXY keeps it out', async () => {
    const proxyEnv = { HTTPS_PROXY: await openProxy(), NO_PROXY: 'bybit.invalid' }
    const urls = { bybit: { socket: 'wss://bybit.invalid' } }
    const { ended } = start({ venues: ['bybit'], assets: ['BTC'], urls, proxyEnv })
    expect((await failureOf(ended)).message).toContain('cannot be resolved')
    expect(tunnels).toEqual([])
  })
})
