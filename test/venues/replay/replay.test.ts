// Guards what a user can hand to a replay: every file under ../shared/data/recordings plays or ends with its code, broken
// and wrong files say so after all that is good in them was played, the pace is kept, a stop is quick, a slow sink is
// waited for.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { createReplay } from '../../../src/venues/replay/replay.ts'
import { requirement, sharedMissing, sharedPath } from '../../requirements.ts'
import { bookOf, decode } from '../decode.ts'
import { play } from './play.ts'

const recorded = requirement('recordings', sharedMissing('recordings'))
const folder = mkdtempSync(join(tmpdir(), 'lmap-replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Name, code it ends with, least records. Of the Binance frames all four symbols are outside our 65 assets. */
const files = [
  ['hyperliquid_20260611', undefined, 250_000],
  ['hyperliquid_20260611/l2_BTC_20260611.jsonl.gz', undefined, 200_000],
  ['hyperliquid_20260611/trades_BTC_20260611.jsonl.gz', undefined, 38_953],
  ['hyperliquid_20260611/ctx_BTC_20260611.jsonl.gz', undefined, 410],
  ['cryptofeed/BINANCE_FUTURES.ws.1.0', undefined, 0],
  ['cryptofeed/BITGET.ws.2.0', undefined, 19_000],
  ['cryptofeed/BYBIT.ws.26.0', undefined, 1_100],
  ['cryptofeed/OKX.ws.1.0', undefined, 5_000],
  ['cryptofeed/BITMEX.ws.1.0', 'LMAP_VENUE_UNKNOWN', 0],
  ['cryptofeed/KRAKEN_FUTURES.ws.1.0', 'LMAP_VENUE_UNKNOWN', 0],
  ['cryptofeed/KRAKEN_FUTURES.0', 'LMAP_VENUE_UNKNOWN', 0],
  ['cryptofeed/BINANCE_FUTURES.0', 'LMAP_FILE_FORMAT', 0],
  ['cryptofeed/BINANCE_FUTURES.http.0.0', 'LMAP_FILE_FORMAT', 0],
  ['cryptofeed/BITGET.0', 'LMAP_FILE_FORMAT', 0],
  ['cryptofeed/BYBIT.0', 'LMAP_FILE_FORMAT', 0],
  ['cryptofeed/PROVENANCE.txt', 'LMAP_FILE_FORMAT', 0],
  ['cryptofeed', 'LMAP_FILE_FORMAT', 0],
] as const

describe.skipIf(recorded.skip)(recorded.title, () => {
  test.each(files)('%s', async (name, code, least) => {
    const played = await play(sharedPath(`recordings/${name}`))
    expect(played.code).toBe(code)
    expect(decode(played.bytes).length).toBe(played.status.records)
    expect(played.status.records).toBeGreaterThanOrEqual(least)
    expect(played.status.gaps).toBe(0)
  })

  test('each recorded Hyperliquid book is the book that we leave behind', async () => {
    const path = sharedPath('recordings/hyperliquid_20260611/l2_BTC_20260611.jsonl.gz')
    const { bytes } = await play(path)
    const last = JSON.parse(lastLine(path))
    const expected = new Map<string, number>()
    for (const [side, rows] of [last.bids, last.asks].entries()) {
      for (const [price, size] of rows) expected.set(`${side}:${price}`, size)
    }
    expect(new Map([...bookOf(decode(bytes))].sort())).toEqual(new Map([...expected].sort()))
  })

  test.each([
    ['BITGET.ws.2.0', 'UNIUSDT', 0.001],
    ['OKX.ws.1.0', 'BTC-USDT"', 0.1],
  ])('%s: the last book of %s equals a plain rebuild', async (name, symbol, tickSize) => {
    const path = sharedPath(`recordings/cryptofeed/${name}`)
    const asset = symbol.startsWith('UNI') ? 'UNI' : 'BTC'
    const ours = bookOf(decode((await play(path, { assets: [asset] })).bytes))
    const sides = [new Map<number, number>(), new Map<number, number>()]
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const frame = /^[\d.]+: (\{.*"channel":"books".*)$/.exec(line)?.[1]
      if (frame === undefined || !frame.includes(symbol)) continue
      const { action, data } = JSON.parse(frame)
      if (data === undefined) continue
      for (const [side, rows] of [data[0].bids, data[0].asks].entries()) {
        if (action === 'snapshot') sides[side]!.clear()
        for (const [price, size] of rows) {
          if (Number(size) === 0) sides[side]!.delete(Number(price))
          else sides[side]!.set(Number(price), Number(size))
        }
      }
    }
    const expected = sides.flatMap((levels, side) =>
      [...levels].map(([price, size]) => [`${side}:${Math.round(price / tickSize)}`, size] as const),
    )
    expect(ours.size).toBeGreaterThan(100)
    expect(new Map([...ours].sort())).toEqual(new Map(expected.sort()))
  })

  test('BYBIT.ws.26.0: the last book of BTCUSD equals a plain rebuild, USD turned into coins', async () => {
    const path = sharedPath('recordings/cryptofeed/BYBIT.ws.26.0')
    const ours = bookOf(decode((await play(path)).bytes))
    const expected = new Map<string, number>()
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const frame = /^[\d.]+: (\{"topic":"orderBookL2_25.BTCUSD".*)$/.exec(line)?.[1]
      if (frame === undefined) continue
      const { type, data } = JSON.parse(frame)
      const key = (row: { side: string; price: string }) => `${row.side === 'Buy' ? 0 : 1}:${Number(row.price) * 2}`
      if (type === 'snapshot') expected.clear()
      for (const row of data.delete ?? []) expected.delete(key(row))
      for (const row of type === 'snapshot' ? data : [...data.update, ...data.insert]) {
        expected.set(key(row), row.size / Number(row.price))
      }
    }
    expect(ours.size).toBeGreaterThan(40)
    expect([...ours.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [key, coins] of ours) expect(Math.abs(coins / expected.get(key)! - 1)).toBeLessThan(1e-12)
  })

  test('a gzip that breaks off plays up to the break', async () => {
    const source = sharedPath('recordings/hftbacktest/usdm_btcusdt_20240808.gz')
    const whole = await play(source)
    const path = join(folder, 'broken.gz')
    writeFileSync(path, readFileSync(source).subarray(0, 1_000_000))
    const broken = await play(path)
    expect(broken.code).toBe('LMAP_FILE_TRUNCATED')
    expect(broken.status.records).toBeGreaterThan(100_000)
    expect(Buffer.compare(broken.bytes, whole.bytes.subarray(0, broken.bytes.byteLength))).toBe(0)
  })
})

const START = 1_763_800_000_000

/** Trades of BTC, `gapMs` apart, in the format of hftbacktest. */
function trades(count: number, gapMs: number): string {
  const line = (at: number) => {
    const data = { e: 'trade', E: at, T: at, s: 'BTCUSDT', t: at, p: '86000.10', q: '0.001', X: 'MARKET', m: false }
    return `${at}000000 ${JSON.stringify({ stream: 'btcusdt@trade', data })}\n`
  }
  return Array.from({ length: count }, (_, index) => line(START + index * gapMs)).join('')
}

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('files that are not as they should be', () => {
  test.each([
    ['missing', () => join(folder, 'missing.gz'), 'LMAP_FILE_UNREADABLE', 0],
    ['empty', () => fileOf('empty', ''), 'LMAP_FILE_FORMAT', 0],
    ['prose', () => fileOf('prose.txt', 'dear diary\n'), 'LMAP_FILE_FORMAT', 0],
    ['cut text', () => fileOf('cut', trades(3, 10).slice(0, -20)), 'LMAP_FILE_TRUNCATED', 2],
    ['cut in the first line', () => fileOf('cut1', trades(1, 10).slice(0, 60)), 'LMAP_FILE_TRUNCATED', 0],
    ['damaged gzip', () => fileOf('bad.gz', damaged(gzipSync(trades(2000, 1)))), 'LMAP_FILE_TRUNCATED', 1],
    ['lines of junk in between', () => fileOf('junk', `${trades(2, 10)}junk\n${START}000000 {"a\n`), undefined, 2],
  ] as const)('%s', async (_, make, code, least) => {
    const played = await play(make())
    expect(played.code).toBe(code)
    expect(played.status.records).toBeGreaterThanOrEqual(least)
    if (code === undefined) expect(played.status.rejected).toBe(2)
  })
})

describe('pace', () => {
  test('at ten times the speed 2 s take 200 ms, and the times stay those of the recording', async () => {
    const path = fileOf('paced', trades(21, 100))
    const before = performance.now()
    const { bytes } = await play(path, { speed: 10 })
    const took = performance.now() - before
    expect(took).toBeGreaterThan(190)
    expect(took).toBeLessThan(1500)
    expect(Buffer.compare(bytes, (await play(path)).bytes)).toBe(0)
    expect(decode(bytes).at(-1)).toMatchObject({ kind: 'trade', receiveMs: START + 2000 })
  })

  test('a stop ends the wait for the next frame', async () => {
    const stop = new AbortController()
    const feed = createReplay({ path: fileOf('slow', trades(2, 60_000)), speed: 1 })
    const run = feed.run({ write: () => true }, stop.signal)
    const before = performance.now()
    setTimeout(() => stop.abort(), 50)
    await run
    expect(performance.now() - before).toBeLessThan(1000)
    expect(feed.status().progress).toBeLessThanOrEqual(1)
  })

  test('a full sink is waited for, a closed one ends the replay', async () => {
    const path = fileOf('many', trades(5000, 1))
    let open = 0
    let most = 0
    const slow = createReplay({ path, speed: 'max' })
    let bytes = 0
    const sink = {
      async write(batches: Uint8Array) {
        bytes += batches.byteLength
        most = Math.max(most, ++open)
        await new Promise((resolve) => setTimeout(resolve, 1))
        open--
        return true
      },
    }
    await slow.run(sink, new AbortController().signal)
    expect(most).toBe(1)
    expect(bytes).toBe((await play(path)).bytes.byteLength)
    let writes = 0
    const closed = { write: () => Promise.resolve(++writes > 1 && false) }
    await createReplay({ path, speed: 'max' }).run(closed, new AbortController().signal)
    expect(writes).toBeLessThan(3)
  })
})

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.fill(0xff, copy.length - 60, copy.length - 20)
  return copy
}

function lastLine(path: string): string {
  return gunzipSync(readFileSync(path)).toString().trimEnd().split('\n').at(-1)!
}
