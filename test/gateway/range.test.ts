// Guards views of a range around price on real sockets: through deltas, price that moves away, closes and newcomers the
// client has the truth within its range and nothing beyond, frames have no gap, and each range is encoded once.
import { afterEach, expect, test } from 'vitest'
import { MapState } from '../../src/client/map-state.ts'
import { BUCKETS, LAYERS } from '../../src/model/layers.ts'
import type { Column } from '../../src/wire/blocks.ts'
import { decodeHeader } from '../../src/wire/frame.ts'
import { ranges } from '../../src/wire/keep-range.ts'
import { prng } from '../reference/prng.ts'
import { seed } from '../wire/seed.ts'
import { Feed } from './feed.ts'
import { Reader, type Rig, startGateway, until } from './rig.ts'

let rig: Rig
const readers: Reader[] = []
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.socket.close()
  await rig.gateway.stop()
})

async function serve(): Promise<Feed> {
  const feed = new Feed(0, 0, seed, (live) => rig.gateway.block(live))
  rig = await startGateway({
    history: async () => feed.stored(),
    activate: (_, __, on) => {
      if (on) feed.key()
      rig.gateway.flush()
    },
  })
  return feed
}

async function subscribe(range: number | undefined, more: object = {}): Promise<Reader> {
  const reader = await Reader.open(rig.ws)
  readers.push(reader)
  reader.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m', ...(range !== undefined && { range }), ...more })
  await until('the snapshot', () => reader.frames.length > 0)
  return reader
}

/** Prices of a column that its client must have, and those that it may have. */
function check(found: Column, truth: Column, must: [number, number], may: [number, number]): void {
  for (let cell = 0; cell < BUCKETS; cell++) {
    const low = (truth.baseBucket + cell) * truth.step
    const high = low + truth.step
    for (let at = cell; at < LAYERS * BUCKETS; at += BUCKETS) {
      if (high > must[0] && low < must[1]) {
        if (found.cells[at] !== truth.cells[at]) expect.fail(`price ${low} is not as it was`)
      } else if ((high < may[0] || low > may[1]) && found.cells[at] !== 0) expect.fail(`price ${low} should be empty`)
    }
  }
}

function checkReader(reader: Reader, feed: Feed, range: number): void {
  const map = reader.map('0/0')
  const part = range / 100
  expect(map.columns.map(({ openMs }) => openMs)).toEqual(
    feed.closed.slice(-map.columns.length).map(({ openMs }) => openMs),
  )
  map.columns.forEach((column, index) => {
    const truth = feed.closed.at(index - map.columns.length)!
    const around: [number, number] = [truth.low * (1 - part), truth.high * (1 + part)]
    check(column, truth, around, around)
  })
  const { close } = feed.live
  check(
    map.live!,
    feed.live,
    [close * (1 - 0.74 * part), close * (1 + 0.74 * part)],
    [close * (1 - 1.3 * part), close * (1 + 1.3 * part)],
  )
  expect(map.live!.close).toBe(close)
}

test(`the truth within the range and nothing beyond (seed ${seed})`, async () => {
  const feed = await serve()
  const random = prng(seed)
  for (let column = 0; column < 35; column++) {
    feed.delta(3_000)
    feed.close()
  }
  const early = await Promise.all([...ranges, undefined].map((range) => subscribe(range)))
  for (let turn = 0; turn < 60; turn++) {
    // Price wanders by up to 3 %, so that ranges are cut anew now and then.
    feed.delta(3_000)
    feed.live.close = Math.fround(100 * (1 + 0.03 * (random() - 0.5) * (turn % 7)))
    feed.live.high = Math.max(feed.live.high, feed.live.close)
    feed.live.low = Math.min(feed.live.low, feed.live.close)
    feed.delta(0)
    if (turn % 20 === 19) feed.close()
    if (turn % 9 === 0) feed.key('refresh')
    rig.gateway.flush()
  }
  const late = await Promise.all([...ranges, undefined].map((range) => subscribe(range)))
  feed.delta(500)
  rig.gateway.flush()
  const all = [...early, ...late]
  await until('the last delta', () => all.every((reader) => reader.map('0/0').clockMs === feed.clockMs))
  for (const [index, reader] of all.entries()) {
    expect(reader.gaps).toBe(0)
    checkReader(reader, feed, [...ranges, 1_000][index % (ranges.length + 1)]!)
  }
  const [narrow, , wide, whole] = early.map(({ frames }) => frames.reduce((sum, frame) => sum + frame.length, 0))
  expect(narrow! < wide! && wide! < whole! / 4).toBe(true)
  const bytesOf = (reader: Reader) => Buffer.from(reader.frames.at(-1)!).toString('base64')
  expect(early.map(bytesOf)).toEqual(late.map(bytesOf))
})

test('goes together with layers and columns, and another subscribe changes it', async () => {
  const feed = await serve()
  for (let column = 0; column < 10; column++) {
    feed.delta(3_000)
    feed.close()
  }
  const reader = await subscribe(5, { layers: ['ask'], columns: 4 })
  const { columns } = reader.map('0/0')
  expect(columns.length).toBe(3)
  expect(columns.every(({ cells }) => cells.subarray(0, BUCKETS).every((code) => code === 0))).toBe(true)
  expect(columns.every(({ cells }) => cells.subarray(BUCKETS, 2 * BUCKETS).some((code) => code !== 0))).toBe(true)
  reader.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m' })
  await until('the whole', () => reader.map('0/0').columns.length === 10)
  expect(reader.map('0/0').columns.at(-1)!.cells).toEqual(feed.closed.at(-1)!.cells)
})

test('over HTTP, as JSON and as a frame', async () => {
  const feed = await serve()
  for (let column = 0; column < 35; column++) {
    feed.delta(3_000)
    feed.close()
  }
  const url = `${rig.http}/api/v1/map?asset=BTC&columns=34`
  const { columns } = (await (await fetch(`${url}&range=2&layers=bid`)).json()) as {
    columns: {
      openMs: number
      close: number
      low: number
      high: number
      isLive: boolean
      layers: { bid: { buckets: number[] } }
    }[]
  }
  const etags = new Set<string | null>()
  for (const column of columns) {
    const truth = [...feed.closed, feed.live].find(({ openMs }) => openMs === column.openMs)!
    const [low, high] = column.isLive ? [column.close, column.close] : [column.low, column.high]
    const first = Math.floor((low * 0.98) / truth.step)
    const last = Math.floor((high * 1.02) / truth.step)
    const expected = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
      (bucket) => truth.cells[bucket - truth.baseBucket] !== 0,
    )
    expect(column.layers.bid.buckets).toEqual(expected)
  }
  for (const range of [undefined, ...ranges]) {
    const query = range === undefined ? url : `${url}&range=${range}`
    etags.add((await fetch(query)).headers.get('etag'))
    const answer = await fetch(query, { headers: { accept: 'application/octet-stream' } })
    const frame = new Uint8Array(await answer.arrayBuffer())
    const map = new MapState()
    map.apply(decodeHeader(frame), frame)
    const part = (range ?? 1_000) / 100
    map.columns.forEach((column, index) => {
      const truth = feed.closed.at(index - map.columns.length)!
      const around: [number, number] = [truth.low * (1 - part), truth.high * (1 + part)]
      check(column, truth, around, around)
    })
    etags.add(answer.headers.get('etag'))
  }
  expect(etags.size).toBe(8)
  expect((await fetch(`${url}&range=3`)).status).toBe(400)
})

test.each([1, 3, 100, 0, '2', null])('a range of %j is refused', async (range) => {
  await serve()
  const reader = await Reader.open(rig.ws)
  readers.push(reader)
  reader.send({ op: 'subscribe', asset: 'BTC', timeframe: '1m', range })
  await until('the refusal', () => reader.errors.length > 0)
  expect(reader.errors[0]).toMatchObject({ code: 'LMAP_REQUEST_INVALID' })
})
