// Guards the fan-out: what a subscriber decodes is exactly what was fed in, whenever it came; everybody gets the same
// bytes; streams are switched on and off with their subscribers. In the main thread and in threads of their own. Real
// sockets, the SDK's own decoder.
import { afterEach, describe, expect, test } from 'vitest'
import type { MapState } from '../../src/client/map-state.ts'
import type { GatewayOptions } from '../../src/gateway/server.ts'
import type { ClosedColumn } from '../../src/model/stages.ts'
import type { Column } from '../../src/wire/blocks.ts'
import { decodeHeader, FrameKind } from '../../src/wire/frame.ts'
import { prng } from '../reference/prng.ts'
import { Feed } from './feed.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const BTC = 0
const ONE_MINUTE = 0
const BTC_1M = '0/0'

let rig: Rig
const readers: Reader[] = []
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.socket.close()
  await rig.gateway.stop()
})

async function open(): Promise<Reader> {
  const reader = await Reader.open(rig.ws)
  readers.push(reader)
  return reader
}

function feedOf(seedOfFeed = seed, timeframe = ONE_MINUTE): Feed {
  return new Feed(BTC, timeframe, seedOfFeed, (live) => rig?.gateway.block(live))
}

/** Everything in `map` equals the truth, cell by cell. */
function expectSame(map: MapState, feed: Feed, from = 0): void {
  expect(facts(map.live!)).toEqual(facts(feed.live))
  expect(Buffer.compare(map.live!.cells, feed.live.cells)).toBe(0)
  const closed = feed.closed.slice(from)
  expect(map.columns.map(facts)).toEqual(closed.map(facts))
  for (const [index, column] of closed.entries()) {
    expect(Buffer.compare(map.columns[index]!.cells, column.cells)).toBe(0)
  }
}

function facts({ cells: _, ...rest }: Column): object {
  return rest
}

async function settled(reader: Reader, sequence: number): Promise<void> {
  await until(`frame ${sequence}`, () => reader.map(BTC_1M)?.sequence === sequence)
}

describe.each([1, 2])('with --gateways %i', (gateways) => {
  const start = (overrides: Partial<GatewayOptions> = {}) => startGateway({ gateways, ...overrides })

  test(`hello comes first, then a snapshot, then deltas that decode to the state fed in (seed ${seed})`, async () => {
    rig = await start()
    const feed = feedOf()
    const reader = await open()
    expect(reader.texts[0]).toMatchObject({ op: 'hello', version: 3, server: 'liquidity-map/0.0.0', source: 'test' })
    expect((reader.texts[0]!.assets as string[])[0]).toBe('BTC')
    await reader.subscribe('BTC', '1m')
    expect(rig.activations).toEqual(['0/0 on'])
    feed.key()
    rig.gateway.flush()
    for (let tick = 0; tick < 60; tick++) {
      feed.delta()
      if (tick % 20 === 19) feed.close()
      if (tick % 7 === 6) feed.key('refresh')
      rig.gateway.flush()
    }
    await settled(reader, 61)
    expect(reader.gaps).toBe(0)
    expectSame(reader.map(BTC_1M), feed)
    const header = decodeHeader(reader.frames.at(-1)!)
    expect(header).toMatchObject({ kind: FrameKind.delta, asset: BTC, timeframe: ONE_MINUTE, flags: 1, epoch: 1 })
    // Nothing of the status has changed, so the last delta is silent about it.
    expect(header.status).toBeUndefined()
    expect([...reader.map(BTC_1M).venueStates]).toEqual([1, 2, 3, 4, 0, 0, 0, 0])
    expect(header.clockMs).toBe(feed.clockMs)
  })

  test('two subscribers get the same bytes, a newcomer the same state', async () => {
    rig = await start()
    const feed = feedOf()
    const [one, two] = [await open(), await open()]
    await one.subscribe('BTC', '1m')
    await two.subscribe('btc', '1m')
    feed.key()
    rig.gateway.flush()
    for (let tick = 0; tick < 30; tick++) {
      feed.delta()
      if (tick === 10) feed.close()
      rig.gateway.flush()
    }
    await settled(one, 31)
    await settled(two, 31)
    const bytes = (reader: Reader) => Buffer.concat(reader.frames)
    expect(Buffer.compare(bytes(one), bytes(two))).toBe(0)
    const late = await open()
    await late.subscribe('BTC', '1m')
    expect(decodeHeader(late.frames[0]!)).toMatchObject({ kind: FrameKind.snapshot, sequence: 31 })
    expectSame(late.map(BTC_1M), feed)
    expectSame(one.map(BTC_1M), feed)
    feed.delta()
    rig.gateway.flush()
    await settled(late, 32)
    await settled(one, 32)
    expectSame(late.map(BTC_1M), feed)
    expect(Buffer.compare(late.frames.at(-1)!, one.frames.at(-1)!)).toBe(0)
  })

  test(`any mixture of comings and goings equals the truth (seed ${seed})`, async () => {
    rig = await start()
    const random = prng(seed)
    const feed = feedOf()
    const first = await open()
    await first.subscribe('BTC', '1m')
    feed.key()
    for (let tick = 0; tick < 300; tick++) {
      const dice = random()
      if (dice < 0.05) feed.close()
      else if (dice < 0.1) feed.key('refresh')
      feed.delta(1 + Math.floor(random() * 100))
      rig.gateway.flush()
      if (tick % 60 === 30) void open().then((reader) => reader.subscribe('BTC', '1m'))
      if (random() < 0.1) first.send({ op: 'resync', asset: 'BTC', timeframe: '1m' })
      if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve))
    }
    await until('all readers', () => readers.length === 6 && readers.every((reader) => reader.maps.size === 1))
    feed.delta()
    rig.gateway.flush()
    const { sequence } = decodeHeader(first.frames.at(-1)!)
    expect(sequence).toBeGreaterThan(0)
    for (const reader of readers) {
      await until('the last frame', () => reader.map(BTC_1M).clockMs === feed.clockMs)
      expect(reader.gaps).toBe(0)
      expectSame(reader.map(BTC_1M), feed)
    }
  })

  test('many deltas without a refresh are folded and lose nothing', async () => {
    rig = await start()
    const feed = feedOf()
    const one = await open()
    await one.subscribe('BTC', '1m')
    feed.key()
    for (let tick = 0; tick < 400; tick++) {
      feed.delta(20)
      rig.gateway.flush()
    }
    await settled(one, 400)
    const late = await open()
    await late.subscribe('BTC', '1m')
    expectSame(late.map(BTC_1M), feed)
  })

  test('history comes from the store, is joined with what closes meanwhile, newest first and at most 359', async () => {
    let answer: (columns: ClosedColumn[]) => void = () => undefined
    const asked: string[] = []
    rig = await start({
      history: (asset, timeframe) => {
        asked.push(`${asset}/${timeframe}`)
        return new Promise((resolve) => {
          answer = resolve
        })
      },
    })
    const feed = feedOf()
    for (let i = 0; i < 400; i++) {
      feed.delta(5)
      feed.close()
    }
    const stored = feed.stored().slice(0, -1)
    const [one, two] = [await open(), await open()]
    one.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m' })
    two.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m' })
    await until('the question', () => asked.length > 0)
    feed.key()
    feed.close()
    rig.gateway.flush()
    expect(one.frames).toHaveLength(0)
    answer(stored)
    await until('snapshots', () => one.frames.length > 0 && two.frames.length > 0)
    expect(asked).toEqual([BTC_1M])
    // The column before the last was closed before anybody asked and was not in the store's answer.
    expectSame(one.map(BTC_1M), feed, feed.closed.length - 359)
    expect(Buffer.compare(one.frames[0]!, two.frames[0]!)).toBe(0)
  })

  test('a store that fails or hangs costs the history, not the stream, and is asked until it answers', async () => {
    const feed = feedOf()
    for (let i = 0; i < 3; i++) {
      feed.delta()
      feed.close()
    }
    let tries = 0
    let isWell = false
    rig = await start({
      limits: { historyMsMax: 30, historyRetryMs: 10, clientSweepMs: 5 },
      history: () => {
        if (isWell) return Promise.resolve(feed.stored())
        return ++tries === 1 ? Promise.reject(new Error('no store')) : new Promise(() => undefined)
      },
    })
    const reader = await open()
    await reader.subscribe('BTC', '1m')
    feed.key()
    feed.delta()
    rig.gateway.flush()
    await until('the live column', () => reader.map(BTC_1M).clockMs === feed.clockMs)
    expectSame(reader.map(BTC_1M), feed, feed.closed.length)
    await until('two tries', () => rig.log.filter((line) => line.includes('history not read')).length > 1)
    isWell = true
    await until('the history', () => reader.map(BTC_1M).columns.length > 0)
    expectSame(reader.map(BTC_1M), feed)
  })

  test('a status that changes is told once, and again where a snapshot between two deltas had another', async () => {
    let states = Uint8Array.of(1, 1, 1, 1, 1, 0, 0, 0)
    rig = await start({ venueStates: () => states })
    const feed = feedOf()
    const one = await open()
    await one.subscribe('BTC', '1m')
    feed.key()
    rig.gateway.flush()
    const turn = () => {
      feed.delta()
      rig.gateway.flush()
    }
    turn()
    states = Uint8Array.of(4, 1, 1, 1, 1, 0, 0, 0)
    turn()
    turn()
    await settled(one, 4)
    const told = one.frames.map((frame) => decodeHeader(frame).status?.venueStates[0])
    expect(told).toEqual([1, 1, undefined, 4, undefined])
    // Only the newcomer has ever heard of this one: with a smaller part, so that its snapshot is its own.
    states = Uint8Array.of(2, 1, 1, 1, 1, 0, 0, 0)
    const two = await open()
    two.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m', columns: 3 })
    await until('the snapshot', () => two.map(BTC_1M)?.whole)
    expect(two.map(BTC_1M).venueStates[0]).toBe(2)
    states = Uint8Array.of(4, 1, 1, 1, 1, 0, 0, 0)
    turn()
    await settled(one, 5)
    await settled(two, 5)
    expect([...two.map(BTC_1M).venueStates]).toEqual([...states])
    expect([...one.map(BTC_1M).venueStates]).toEqual([...states])
  })

  test('a change of the grid is a new epoch and a snapshot for everybody', async () => {
    rig = await start()
    const feed = feedOf()
    const reader = await open()
    await reader.subscribe('BTC', '1m')
    feed.key()
    rig.gateway.flush()
    feed.step = 1
    feed.close()
    rig.gateway.flush()
    await settled(reader, 2)
    expect(decodeHeader(reader.frames.at(-1)!)).toMatchObject({ kind: FrameKind.snapshot, epoch: 2 })
    feed.delta()
    rig.gateway.flush()
    await settled(reader, 3)
    expect(reader.gaps).toBe(0)
    expectSame(reader.map(BTC_1M), feed)
  })

  test('a stream is on while it is wanted and a little longer, and costs nothing after', async () => {
    rig = await start({ limits: { streamLingerMs: 50, clientSweepMs: 10 } })
    const feed = feedOf()
    const [one, two] = [await open(), await open()]
    await one.subscribe('BTC', '1m')
    await two.subscribe('BTC', '1m')
    one.send({ op: 'unsubscribe', asset: 'BTC', timeframe: '1m' })
    two.socket.close()
    await until('off', () => rig.activations.length === 2)
    expect(rig.activations).toEqual(['0/0 on', '0/0 off'])
    feed.key()
    feed.delta()
    feed.close()
    rig.gateway.flush()
    expect(await rig.metrics.text()).toContain('lmap_gateway_frames_total 0')
    // What closed meanwhile is there for the next one.
    await one.subscribe('BTC', '1m')
    expect(one.map(BTC_1M).columns).toHaveLength(1)
    expect(one.map(BTC_1M).live).toBeUndefined()
    expect(rig.activations).toHaveLength(3)
  })

  test('unsubscribed means no more frames, and other streams go on', async () => {
    rig = await start()
    const feed = feedOf()
    const other = feedOf(seed + 1, 1)
    const reader = await open()
    await reader.subscribe('BTC', '1m')
    await reader.subscribe('BTC', '5m')
    reader.send({ op: 'unsubscribe', asset: 'BTC', timeframe: '1m' })
    reader.send({ op: 'nonsense' })
    await until('the answer', () => reader.errors.length === 1)
    feed.key()
    other.key()
    rig.gateway.flush()
    await until('the other stream', () => reader.maps.get('0/1')?.live !== undefined)
    expect(reader.map(BTC_1M).live).toBeUndefined()
    expect(reader.map(BTC_1M).sequence).toBe(0)
  })
})
