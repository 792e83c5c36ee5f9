// Guards the read over HTTP: one label with its reasons, made of the same asymmetry, magnets, convergences, forecast and
// lift that the other answers tell of, and nothing invented where any of them is missing.
import { afterEach, expect, test } from 'vitest'
import type { GatewayOptions } from '../../src/gateway/server.ts'
import { BUCKETS, codeOfUsd, Layer } from '../../src/model/layers.ts'
import type { LiftCount } from '../../src/model/lift.ts'
import type { AssetLiquidity } from '../../src/model/liquidity.ts'
import { modelStates } from '../../src/model/model-states.ts'
import type { AssetId } from '../../src/model/units.ts'
import { convergenceRow } from '../model/report-samples.ts'
import { Feed } from './feed.ts'
import { type Rig, startGateway } from './rig.ts'

let rig: Rig
afterEach(async () => {
  await rig.gateway.stop()
})

const CLOCK_MS = 1_700_000_000_000
const liquidity: AssetLiquidity = {
  clockMs: CLOCK_MS,
  price: 100.2,
  step: 0.5,
  venues: [],
  realised: [],
  asymmetry: { book: 0.31234, walls: 0.6, agreeing: 4, venues: 5, side: 'bid' },
}
const tally = (n: number, held: number) => ({ n, held, broken: n - held })
const chips: LiftCount = { kind: 'chip', side: 'support', reports: tally(400, 280), controls: tally(400, 200) }

async function start(
  sources: Partial<NonNullable<GatewayOptions['readings']>> = {},
  options: Partial<GatewayOptions> = {},
): Promise<void> {
  let feed: Feed | undefined
  rig = await startGateway({
    readings: {
      liquidity: async () => liquidity,
      model: () => ({ id: 42, state: modelStates.indexOf('scored'), mean: 0.2, error: 0.025, hours: 400 }),
      scores: async () => [],
      at: async () => ({ closed: [], open: undefined, asOfMs: 0, model: undefined }),
      lift: async () => [chips],
      ask: undefined,
      ...sources,
    },
    activate: (_asset, _timeframe, on) => {
      if (!on) return
      setTimeout(() => feed!.key(), 5)
      setTimeout(() => rig.gateway.flush(), 10)
    },
    ...options,
  })
  feed = new Feed(0, 0, 1, (live) => rig.gateway.block(live))
  feed.clockMs = CLOCK_MS
  Object.assign(feed.live, { open: 100, high: 100.4, low: 99.9, close: 100.2, baseBucket: 0 })
  feed.live.cells[Layer.longLevel * BUCKETS + 192] = codeOfUsd(80_000, feed.live.quantumUsd)
}

const read = async () => (await (await fetch(`${rig.http}/api/v1/read?asset=btc`)).json()) as Record<string, unknown>
const chip = convergenceRow({ price: 100, startMs: CLOCK_MS - 60_000, atMs: CLOCK_MS - 30_000 })

test('says what speaks for a side, in words and in numbers', async () => {
  await start()
  rig.gateway.report(chip)
  rig.gateway.report(convergenceRow({ id: 'over', state: 'ended', atMs: CLOCK_MS }))
  rig.gateway.flush()
  const body = await read()
  expect(body).toMatchObject({
    asset: 'BTC',
    simulated: true,
    source: 'test',
    clockMs: CLOCK_MS,
    price: 100.2,
    label: 'support-heavy',
    asymmetry: { book: 0.312, walls: 0.6, agreeing: 4, venues: 5, side: 'bid' },
    magnets: { above: null, below: { kind: 'modelled', peak: 96.25 } },
    convergences: [{ id: chip.id, state: 'chip', side: 'support' }],
    model: { id: 42, state: 'scored' },
    score: { text: '+0.20 bits/h ± .05' },
  })
  const reasons = body.reasons as string[]
  expect(reasons[0]).toBe('Bids outweigh asks near price (+0.31), on 4 of 5 venues.')
  expect(reasons[2]).toContain('chips: high conviction: held more often than controls')
  expect(reasons[3]).toContain('96.25')
  const lift = body.lift as { kind: string; words: string }[]
  expect(lift.find(({ kind }) => kind === 'chip')!.words).toContain('high conviction')
  expect(lift.find(({ kind }) => kind === 'wall')!.words).toBe('no lift measured')
})

test('a convergence that nobody has told of for too long is not active', async () => {
  await start()
  rig.gateway.report({ ...chip, atMs: CLOCK_MS - 3_600_001 })
  rig.gateway.flush()
  expect(await read()).toMatchObject({ convergences: [] })
})

test('without sources it is unproven, and says what is missing', async () => {
  await start({}, { readings: undefined as never, activate: () => undefined, limits: { liveWaitMsMax: 20 } })
  expect(await read()).toMatchObject({
    label: 'unproven',
    reasons: [expect.stringContaining('No venues have a book here'), 'There is no forecast of forced orders.'],
    asymmetry: null,
    price: null,
    magnets: { above: null, below: null },
    lift: [],
  })
})

test('a store that is away is told', async () => {
  await start({
    lift: async () => {
      throw new Error('away')
    },
  })
  const answer = await fetch(`${rig.http}/api/v1/read?asset=BTC`)
  expect([answer.status, (await answer.json()).error.code]).toEqual([503, 'LMAP_STORE_DOWN'])
})

test.each([
  ['', 'LMAP_REQUEST_INVALID'],
  ['?asset=NOPE', 'LMAP_REQUEST_UNKNOWN'],
  ['?asset=BTC&timeframe=1h', 'LMAP_REQUEST_INVALID'],
])('%s is refused with %s', async (query, code) => {
  await start()
  const answer = await fetch(`${rig.http}/api/v1/read${query}`)
  expect([answer.status, (await answer.json()).error.code]).toEqual([400, code])
})

test('asked for again it is not sent again as long as nothing has changed', async () => {
  await start()
  const first = await fetch(`${rig.http}/api/v1/read?asset=BTC`)
  const etag = first.headers.get('etag')!
  const again = () => fetch(`${rig.http}/api/v1/read?asset=BTC`, { headers: { 'if-none-match': etag } })
  expect((await again()).status).toBe(304)
  rig.gateway.report({ ...chip, asset: 0 as AssetId })
  rig.gateway.flush()
  expect((await again()).status).toBe(200)
})
