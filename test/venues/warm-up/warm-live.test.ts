// Guards a live start as a whole: instruments first, bars before anything of their asset, then the market itself; feeds
// that start anew when a listing has changed; and a start without a network. Real sockets and requests on loopback.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assetByName } from '../../../src/model/assets.ts'
import type { VenueId } from '../../../src/model/units.ts'
import { venueId } from '../../../src/model/venues.ts'
import type { Log } from '../../../src/telemetry/log.ts'
import { liveVenues } from '../../../src/venues/live/venues.ts'
import { marketsOf } from '../../../src/venues/mapper-market.ts'
import { createWarmLive, type WarmLiveStatus } from '../../../src/venues/warm-up/warm-live.ts'
import { prng } from '../../reference/prng.ts'
import { type Decoded, decode } from '../decode.ts'
import { Exchange } from '../exchange/exchange.ts'
import { SampleMarket } from '../exchange/market.ts'
import { okxScript } from '../exchange/okx.ts'
import { quickened, quickLimits } from '../exchange/quick.ts'
import { threeCoins } from '../instruments/contracts.ts'
import { type RestExchange, startRestExchange } from '../instruments/rest-exchange.ts'

const BARS = 1_440
const PATIENCE_MS = 8_000
const btc = assetByName('BTC')!.id
const pepe = assetByName('PEPE')!.id
let rest: RestExchange
let socket: Exchange
let folder: string
let lines: string[]
let records: Decoded[]

const note = (_fields: object, message: string): void => void lines.push(message)
const log: Log = { debug: note, info: note, warn: note, error: note }

beforeEach(async () => {
  rest = await startRestExchange(threeCoins())
  const markets = marketsOf(venueId('okx') as VenueId).filter(({ asset }) => asset === btc || asset === pepe)
  socket = new Exchange(okxScript, new SampleMarket(markets, prng(9)))
  await socket.open()
  socket.run(40)
  folder = mkdtempSync(join(tmpdir(), 'lmap-warm-live-'))
  lines = []
  records = []
})
afterEach(async () => {
  await Promise.all([rest.close(), socket.close()])
  rmSync(folder, { recursive: true })
})

interface Running {
  status(): WarmLiveStatus
  ended: Promise<void>
  stop(): Promise<void>
}

function start(
  cold: readonly string[],
  instrumentsMs: number,
  urls = { socket: socket.urls.socket, rest: rest.bases.okx! },
): Running {
  const live = createWarmLive(
    { venues: ['okx'], assets: ['BTC', 'PEPE'], urls: { okx: urls }, folder, cold },
    {
      now: () => Date.now(),
      chance: prng(2),
      log,
      limits: { ...quickLimits, instrumentsMs, instrumentsRetryMs: instrumentsMs },
      protocols: { okx: async () => quickened(await liveVenues.okx!()) },
    },
  )
  const stopped = new AbortController()
  const sink = {
    write(batches: Uint8Array): true {
      records.push(...decode(batches.slice()))
      return true
    },
  }
  const ended = live.run(sink, stopped.signal)
  ended.catch(() => undefined)
  return {
    status: () => live.status(),
    ended,
    async stop() {
      stopped.abort()
      await ended
    },
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const beganMs = performance.now()
  while (!holds()) {
    if (performance.now() - beganMs > PATIENCE_MS)
      throw new Error(`not ${what} within ${PATIENCE_MS} ms: ${lines.join('\n')}`)
    await sleep(10)
  }
}

const of = (asset: number): Decoded[] => records.filter((record) => record.asset === asset)

test('bars come behind one mark price and before anything else of a cold asset; a warm one does not wait', async () => {
  const running = start(['BTC'], 60_000)
  const has = (asset: number, kind: string): boolean => of(asset).some((record) => record.kind === kind)
  await until('live', () => has(btc, 'trade') && has(btc, 'bookLevel') && has(pepe, 'trade'))
  await running.stop()
  const cold = of(btc)
  expect(cold[0]).toMatchObject({ kind: 'markPrice', value: 80_005 })
  expect(cold.slice(1, 1 + 5 * BARS).every((record) => record.kind === 'bar')).toBe(true)
  expect(cold[1 + 5 * BARS]!.kind).not.toBe('bar')
  const sequences = [...new Set(cold.map((record) => record.sequence))]
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  expect(of(pepe).some((record) => record.kind === 'bar')).toBe(false)
  expect(running.status().warmUp).toEqual({ assets: 1, assetsDone: 1, bars: BARS, cold: 0 })
  expect(lines).toContain('past of 1 of 1 assets: 1440 bars, 0 without any')
  // A book that was held back is told whole before its first change.
  const firstLevel = cold.findIndex((record) => record.kind === 'bookLevel')
  expect(cold.slice(0, firstLevel).some((record) => record.kind === 'bookReset')).toBe(true)
})

test('the feeds work with the instruments of today', async () => {
  const okx = rest.contracts.get('okx')!
  okx[0] = { ...okx[0]!, tick: '0.05', contractValue: '0.02' }
  const running = start([], 60_000)
  await until('live', () => of(btc).some((record) => record.kind === 'bookLevel'))
  await running.stop()
  expect(of(btc).at(-1)!.tickSize).toBe(0.05)
})

test('a changed listing has the feeds start anew, and counts go on', async () => {
  const running = start([], 400)
  await until('live', () => of(btc).some((record) => record.kind === 'trade'))
  const before = running.status().records
  const okx = rest.contracts.get('okx')!
  okx[0] = { ...okx[0]!, tick: '0.05' }
  await until('working with the new tick', () => of(btc).at(-1)?.tickSize === 0.05)
  expect(lines).toContain('instruments have changed: starting anew')
  expect(running.status().records).toBeGreaterThan(before)
  await running.stop()
})

test('without a network the start ends with a reason, and soon', async () => {
  const nowhere = 'no-such-venue.invalid'
  const running = start(['BTC'], 60_000, { socket: `ws://${nowhere}`, rest: `http://${nowhere}` })
  const begunMs = performance.now()
  await expect(running.ended).rejects.toMatchObject({ code: 'LMAP_VENUE_UNREACHABLE' })
  expect(performance.now() - begunMs).toBeLessThan(5_000)
  expect(lines.join('\n')).toMatch(
    /okx: instruments of 2026-08-22 \(the name no-such-venue\.invalid cannot be resolved/,
  )
})
