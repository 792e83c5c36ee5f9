// Guards the readings over HTTP: a mode gives channels and never mixes what happened with what is modelled, an unproven
// forecast is told and left out of hybrid, clusters carry venues, ages and ratios, and the score carries its interval.
import { afterEach, describe, expect, test } from 'vitest'
import { LmapError } from '../../src/model/errors.ts'
import { BUCKETS, codeOfUsd, Layer, usdOfCode } from '../../src/model/layers.ts'
import type { AssetLiquidity } from '../../src/model/liquidity.ts'
import { modelStates } from '../../src/model/model-states.ts'
import type { ModelStatus, ScoreRow } from '../../src/model/stages.ts'
import { Feed } from './feed.ts'
import { type Rig, startGateway } from './rig.ts'

let rig: Rig
afterEach(async () => {
  await rig.gateway.stop()
})

const liquidity: AssetLiquidity = {
  clockMs: 1_700_000_000_000,
  price: 100.2,
  step: 0.5,
  venues: [
    { state: 1, ageMs: 300, openInterestUsd: 3e6 },
    { state: 3, ageMs: 45_000, openInterestUsd: 1e6 },
    { state: 0, ageMs: undefined, openInterestUsd: 0 },
    { state: 4, ageMs: 90_000, openInterestUsd: 0 },
    { state: 1, ageMs: 900, openInterestUsd: 0 },
  ],
  realised: [
    {
      side: 'long',
      bucket: 190,
      firstMs: 1_699_999_000_000,
      lastMs: 1_699_999_990_000,
      venueUsd: [500, 1500, 0, 0, 0],
    },
  ],
}

const hour: ScoreRow = {
  asset: 0 as ScoreRow['asset'],
  hourMs: 1_699_999_200_000,
  model: 7,
  state: 3,
  bits: [0.5, 0.25],
  mean: 0.2,
  error: 0.025,
  hours: 400,
  predicted: [1000, 2000],
  realised: [900, 0],
}

/** A gateway with one live column: price 100.2, step .5, longs at 96 and shorts at 103. */
async function start(model: ModelStatus, scores: () => Promise<ScoreRow[]> = async () => [hour]): Promise<void> {
  let feed: Feed | undefined
  rig = await startGateway({
    readings: {
      liquidity: async () => liquidity,
      model: () => model,
      scores,
      at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
      ask: undefined,
    },
    activate: (_asset, _timeframe, on) => {
      if (!on) return
      setTimeout(() => feed!.key(), 5)
      setTimeout(() => rig.gateway.flush(), 10)
    },
  })
  feed = new Feed(0, 0, 1, (live) => rig.gateway.block(live))
  Object.assign(feed.live, { open: 100, high: 100.4, low: 99.9, close: 100.2, baseBucket: 0 })
  const set = (layer: number, bucket: number, usd: number) => {
    feed.live.cells[layer * BUCKETS + bucket] = codeOfUsd(usd, feed.live.quantumUsd)
  }
  set(Layer.longLevel, 192, 80_000)
  set(Layer.longLevel, 200, 10_000)
  set(Layer.shortLevel, 206, 50_000)
  set(Layer.longLiq, 200, 4000)
  set(Layer.bidLast, 199, 20_000)
  set(Layer.bidLast, 192, 20_000)
  set(Layer.askLast, 203, 100_000)
  set(Layer.bid, 198, 30_000)
}

const model = (name: (typeof modelStates)[number], change: Partial<ModelStatus> = {}): ModelStatus => ({
  id: 42,
  state: modelStates.indexOf(name),
  mean: 0.2,
  error: 0.025,
  hours: 400,
  ...change,
})
const get = async (path: string) => (await fetch(rig.http + path)).json()
const readBack = (usd: number) => usdOfCode(codeOfUsd(usd, 100), 100)

describe('the map in a mode', () => {
  test('hybrid: two channels, nothing predicted where price has been, depth beside them', async () => {
    await start(model('scored'))
    const body = await get('/api/v1/map?asset=BTC&mode=hybrid')
    expect(body).toMatchObject({ model: { id: 42, state: 'scored' }, mode: { asked: 'hybrid', shown: 'hybrid' } })
    const [column] = body.columns
    expect(column.channels.realised).toMatchObject({ buckets: [200] })
    expect(column.channels.predicted).toMatchObject({ buckets: [192, 206] })
    expect(column.channels.predicted.usd[0] / readBack(80_000)).toBeCloseTo(1, 2)
    expect(Object.keys(column.layers)).toEqual(['bid', 'ask'])
  })

  test('hybrid of an unproven forecast is raw, and says why; synthetic is what was asked for', async () => {
    await start(model('unproven'))
    const { mode, columns } = await get('/api/v1/map?asset=BTC&mode=hybrid&layers=bidLast')
    expect(mode).toMatchObject({ asked: 'hybrid', shown: 'raw', reason: expect.stringContaining('unproven') })
    expect(columns[0].channels).toMatchObject({ realised: { buckets: [200] }, predicted: { buckets: [], usd: [] } })
    expect(Object.keys(columns[0].layers)).toEqual(['bidLast'])
    const synthetic = await get('/api/v1/map?asset=BTC&mode=synthetic')
    expect(synthetic.columns[0].channels.predicted.buckets).toEqual([192, 200, 206])
    const heatmap = await get('/api/v1/map?asset=BTC&mode=heatmap')
    const sum = (usd: number[]) => usd.reduce((total, value) => total + value, 0)
    const whole = readBack(80_000) + readBack(10_000) + readBack(50_000)
    expect(sum(heatmap.columns[0].channels.predicted.usd) / whole).toBeCloseTo(1, 2)
  })

  test('venues come with state and age, columns with cascade ratios', async () => {
    await start(model('scored'))
    const { venues, cascadeDistances, columns } = await get('/api/v1/map?asset=BTC')
    expect(venues[1]).toEqual({ name: 'bybit', state: 'suspect', ageMs: 45_000, openInterestUsd: 1e6 })
    expect(venues[2]).toMatchObject({ state: 'unknown', ageMs: null })
    const { below, above } = columns[0].cascade
    const at = cascadeDistances.indexOf(0.04)
    expect(below.ratios[at]).toBeCloseTo((readBack(80_000) + readBack(10_000)) / (2 * readBack(20_000)), 1)
    expect(below.covered).toBe(at + 1)
    expect(above.ratios[0]).toBe(null)
    expect(above.ratios[at]).toBeCloseTo(readBack(50_000) / readBack(100_000), 2)
    expect(columns[0].channels).toBeUndefined()
  })

  test('without sources a map still has its columns', async () => {
    rig = await startGateway({ limits: { liveWaitMsMax: 20 } })
    const body = await get('/api/v1/map?asset=BTC&mode=hybrid')
    expect(body).toMatchObject({ model: { state: 'none' }, columns: [] })
    expect(body.venues.map(({ state }: { state: string }) => state)).toEqual([
      'live',
      'stale',
      'suspect',
      'down',
      'unknown',
    ])
    expect(await get('/api/v1/clusters?asset=BTC')).toMatchObject({ price: null, clusters: [] })
    expect(await get('/api/v1/score?asset=BTC')).toMatchObject({ model: { state: 'none' }, history: [] })
  })
})

describe('clusters', () => {
  test('have USD by venue, distance, ages and a ratio; magnets are the modelled ones', async () => {
    await start(model('scored'))
    const body = await get('/api/v1/clusters?asset=BTC&timeframe=1m')
    expect(body).toMatchObject({ asset: 'BTC', timeframe: '1m', price: 100.2, model: { state: 'scored' } })
    const of = (kind: string, side: string) =>
      body.clusters.find((c: { kind: string; side: string }) => c.kind === kind && c.side === side)
    const long = of('modelled', 'long')
    expect(long).toMatchObject({ low: 96, high: 96.5, peak: 96.25, freshnessMs: 300, isFar: false })
    expect(long.distance).toBeCloseTo(96.25 / 100.2 - 1, 4)
    expect(long.venues.map(({ name }: { name: string }) => name)).toEqual(['binance', 'bybit'])
    expect(long.venues[0].usd / long.usd).toBeCloseTo(0.75, 2)
    expect(long.cascade).toMatchObject({ isCovered: true })
    expect(long.cascade.ratio).toBeCloseTo((readBack(80_000) + readBack(10_000)) / (2 * readBack(20_000)), 1)
    const realised = of('realised', 'long')
    expect(realised).toMatchObject({ usd: 2000, freshnessMs: 10_000, ageMs: 1_000_000 })
    expect(realised.venues).toEqual([
      { name: 'binance', usd: 500 },
      { name: 'bybit', usd: 1500 },
    ])
    expect(body.magnets.above).toMatchObject({ kind: 'modelled', side: 'short', peak: 103.25 })
    expect(body.magnets.below).toMatchObject({ kind: 'modelled', side: 'long', peak: 96.25 })
    expect(body.magnets.below.strengthUsd).toBeLessThan(body.magnets.below.usd)
  })
})

describe('the score', () => {
  test('is a mean with its interval and its hours', async () => {
    await start(model('scored'))
    const body = await get('/api/v1/score?asset=btc&hours=24')
    expect(body).toMatchObject({ asset: 'BTC', model: { id: 42, state: 'scored' }, hours: 400, hoursNeeded: 336 })
    expect(body.text).toBe('+0.20 bits/h ± .05')
    expect(body.bits.interval[0]).toBeCloseTo(0.151, 9)
    // The larger of two predictions met the smaller hour; 900 of 3,000 USD came.
    expect(body.agreement).toEqual({ hours: 1, rankCorrelation: -1, realisedOverPredicted: 0.3 })
    expect(body.history).toEqual([
      {
        hourMs: hour.hourMs,
        model: 7,
        state: 'scored',
        bits: { long: 0.5, short: 0.25 },
        predictedUsd: { long: 1000, short: 2000 },
        realisedUsd: { long: 900, short: 0 },
      },
    ])
  })

  test('that is not known yet has no interval', async () => {
    await start(model('not scored', { mean: 0, error: Number.POSITIVE_INFINITY, hours: 12 }))
    const body = await get('/api/v1/score?asset=BTC')
    expect(body).toMatchObject({ text: 'not scored yet: 12 of 336 hours', bits: { error: null, interval: null } })
  })

  test('says so where the store is down', async () => {
    await start(model('scored'), async () => {
      throw new LmapError('LMAP_STORE_DOWN', 'the store is away.')
    })
    const answer = await fetch(`${rig.http}/api/v1/score?asset=BTC`)
    expect(answer.status).toBe(503)
    expect((await answer.json()).error.code).toBe('LMAP_STORE_DOWN')
  })
})

test.each([
  ['/api/v1/map?asset=BTC&mode=magic', 'LMAP_REQUEST_UNKNOWN'],
  ['/api/v1/clusters', 'LMAP_REQUEST_INVALID'],
  ['/api/v1/clusters?asset=BTC&columns=3', 'LMAP_REQUEST_INVALID'],
  ['/api/v1/score?asset=NOPE', 'LMAP_REQUEST_UNKNOWN'],
  ['/api/v1/score?asset=BTC&hours=721', 'LMAP_REQUEST_INVALID'],
  ['/api/v1/score?asset=BTC&timeframe=1m', 'LMAP_REQUEST_INVALID'],
])('%s is refused with %s', async (path, code) => {
  rig = await startGateway()
  const answer = await fetch(rig.http + path)
  expect(answer.status).toBe(400)
  expect((await answer.json()).error.code).toBe(code)
})
