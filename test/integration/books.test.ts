// Guards the way from a recorded frame to the book: after a whole real recording the engine's book equals one that is
// rebuilt here from the raw frames with nothing of ours in between.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createInProcessLog } from '../../src/log/in-process.ts'
import { assetByName } from '../../src/model/assets.ts'
import { venueId } from '../../src/model/venues.ts'
import { CoreUnderTest } from '../assembly/core.ts'
import { requirement, sharedMissing, sharedPath } from '../requirements.ts'
import { split } from './damage.ts'
import { bytesOf, runEngine } from './wiring.ts'

const usdm = 'recordings/hftbacktest/usdm_btcusdt_20240808.gz'
const TICKS_PER_USD = 10

interface Frame {
  lastUpdateId?: number
  bids?: [string, string][]
  asks?: [string, string][]
  data?: Diff
}

interface Diff {
  e: string
  u: number
  b: [string, string][]
  a: [string, string][]
}

/** Coins by tick, bids positive and asks negative, by the venue's own rules: a snapshot, then every diff after it. */
function rebuild(lines: readonly string[]): Map<number, number> {
  const frames = lines.map((line) => JSON.parse(line.slice(line.indexOf(' ') + 1)) as Frame)
  const snapshot = frames.find((frame) => frame.lastUpdateId !== undefined)!
  const book = new Map<number, number>()
  const put = (levels: readonly [string, string][], sign: number): void => {
    for (const [price, size] of levels) {
      const tick = Math.round(Number(price) * TICKS_PER_USD)
      if (Number(size) > 0) book.set(tick, sign * Number(size))
      else if (Math.sign(book.get(tick) ?? 0) === sign) book.delete(tick)
    }
  }
  put(snapshot.bids!, 1)
  put(snapshot.asks!, -1)
  for (const { data } of frames) {
    if (data?.e !== 'depthUpdate' || data.u < snapshot.lastUpdateId!) continue
    put(data.b, 1)
    put(data.a, -1)
  }
  return book
}

const { title, skip } = requirement('Binance USD-M BTC, six minutes', sharedMissing(usdm))
describe.skipIf(skip)(title, () => {
  test('the book is that of the frames', async () => {
    const asset = assetByName('BTC')!
    const bytes = await bytesOf({ kind: 'replay', options: { path: sharedPath(usdm), speed: 'max' } })
    const core = new CoreUnderTest('release', asset)
    for (const batch of split(bytes)) core.apply(batch)
    const lines = gunzipSync(readFileSync(sharedPath(usdm)))
      .toString()
      .trimEnd()
      .split('\n')
    const expected = rebuild(lines)
    expect(expected.size).toBeGreaterThan(1_000)
    expect(core.book(venueId('binance'))).toEqual(expected)

    // The whole state of the running engine is that of the core that was driven by hand, so its book is too.
    const log = createInProcessLog({ bytesMax: 64 << 20 })
    const { checkpoints } = await runEngine({ assets: [asset.id], workers: 1, log, pieces: [bytes] })
    expect(Buffer.compare(checkpoints[0]!.image, core.memory.image())).toBe(0)
  })
})
