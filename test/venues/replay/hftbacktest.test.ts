// Guards the whole way from recorded Binance frames to batches: after 94 thousand lines of USD-M BTC (and the COIN-M and
// spot recordings of the same minutes) our book must equal one that is rebuilt here from the same lines by the plainest
// means, a map from price text to size text; trades must add up to the last coin.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { requirement, sharedMissing, sharedPath } from '../../requirements.ts'
import { bookOf, type Decoded, decode } from '../decode.ts'
import { play } from './play.ts'

const folder = 'recordings/hftbacktest'
const recorded = requirement('recorded Binance streams', sharedMissing(folder))

interface Rebuilt {
  bids: Map<string, string>
  asks: Map<string, string>
  /** Text of size and price of each trade that counts. */
  trades: { price: string; size: string; taker: number }[]
}

describe.skipIf(recorded.skip)(recorded.title, () => {
  test.each([
    ['usdm_btcusdt_20240808.gz', 'linear'],
    ['spot_btcusdt_20240808.gz', 'linear'],
    ['cm_btcusd_perp_20240808.gz', 'inverse'],
  ])('%s: the last book and all trades', async (name, kind) => {
    const path = sharedPath(`${folder}/${name}`)
    const { bytes, status, code } = await play(path)
    const records = decode(bytes)
    const rebuilt = rebuild(gunzipSync(readFileSync(path)).toString())
    expect(code).toBeUndefined()
    expect(status).toMatchObject({ gaps: 0, rejected: 0, progress: 1, records: records.length })

    const coins = (size: string, price: string) =>
      kind === 'inverse' ? (Number(size) * 100) / Number(price) : Number(size)
    const expected = new Map<string, number>()
    for (const [side, levels] of [rebuilt.bids, rebuilt.asks].entries()) {
      for (const [price, size] of levels) expected.set(`${side}:${Number(price).toFixed(2)}`, coins(size, price))
    }
    const tickSize = records[0]!.tickSize
    const ours = new Map<string, number>()
    for (const [key, value] of bookOf(records)) {
      const [side, tick] = key.split(':')
      ours.set(`${side}:${(Number(tick) * tickSize).toFixed(2)}`, value)
    }
    expect(expected.size).toBeGreaterThan(2000)
    expect([...ours.keys()].sort()).toEqual([...expected.keys()].sort())
    // Inverse sizes are divided by a price that was multiplied up from ticks: the last bit may differ.
    for (const [key, value] of expected) expect(Math.abs(ours.get(key)! / value - 1)).toBeLessThan(1e-12)

    const trades = records.filter((record) => record.kind === 'trade')
    expect(trades.length).toBe(rebuilt.trades.length)
    expect(total(trades)).toBeCloseTo(
      rebuilt.trades.reduce((sum, { price, size, taker }) => sum + (taker === 1 ? -1 : 1) * coins(size, price), 0),
      6,
    )
  })

  test('a second run gives the same bytes, heartbeats come each second, whole books each 30', async () => {
    const path = sharedPath(`${folder}/usdm_btcusdt_20240808.gz`)
    const [one, two] = [await play(path), await play(path)]
    expect(Buffer.compare(one.bytes, two.bytes)).toBe(0)
    const records = decode(one.bytes)
    const seconds = (records.at(-1)!.receiveMs - records[0]!.receiveMs) / 1000
    const beats = records.filter((record) => record.kind === 'heartbeat')
    expect(Math.abs(beats.length - seconds)).toBeLessThan(2)
    for (const { timeMs, receiveMs } of beats) expect(timeMs).toBe(receiveMs - 1000)
    const resets = records.filter((record) => record.kind === 'bookReset').length
    expect(Math.abs(resets - 1 - Math.floor(seconds / 30))).toBeLessThanOrEqual(1)
    const sequences = records.map((record) => record.sequence)
    expect(sequences.every((sequence, at) => at === 0 || sequence >= sequences[at - 1]!)).toBe(true)
  })

  test('assets that were not asked for are left out', async () => {
    const path = sharedPath(`${folder}/usdm_btcusdt_20240808.gz`)
    expect((await play(path, { assets: ['ETH'] })).bytes.byteLength).toBe(0)
  })
})

interface Depth {
  U: number
  u: number
  pu?: number
  b: [string, string][]
  a: [string, string][]
}

function rebuild(text: string): Rebuilt {
  const rebuilt: Rebuilt = { bids: new Map(), asks: new Map(), trades: [] }
  let snapshotId = 0
  let waiting: Depth[] = []
  let last = 0
  const set = (side: Map<string, string>, rows: [string, string][]) => {
    for (const [price, size] of rows) {
      if (Number(size) === 0) side.delete(price)
      else side.set(price, size)
    }
  }
  const apply = (event: Depth) => {
    if (event.u < snapshotId) return
    // Contiguity of the recording itself: a hole would make the comparison worthless.
    if (last > 0) expect(event.pu ?? event.U - 1).toBe(last)
    last = event.u
    set(rebuilt.bids, event.b)
    set(rebuilt.asks, event.a)
  }
  for (const line of text.split('\n')) {
    if (line === '') continue
    const frame = JSON.parse(line.slice(line.indexOf(' ') + 1))
    if (frame.lastUpdateId !== undefined) {
      snapshotId = frame.lastUpdateId
      set(rebuilt.bids, frame.bids)
      set(rebuilt.asks, frame.asks)
      for (const event of waiting) apply(event)
      waiting = []
    } else if (frame.data.e === 'depthUpdate') {
      if (snapshotId === 0) waiting.push(frame.data)
      else apply(frame.data)
    } else if (frame.data.e === 'trade' && (frame.data.X ?? 'MARKET') === 'MARKET') {
      rebuilt.trades.push({ price: frame.data.p, size: frame.data.q, taker: frame.data.m ? 1 : 0 })
    }
  }
  return rebuilt
}

function total(trades: readonly Decoded[]): number {
  return trades.reduce((sum, { flags, value }) => sum + (flags === 1 ? -value : value), 0)
}
