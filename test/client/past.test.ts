// Guards the SDK's way into the past: it reads the same columns as the JSON of the same moment, keeps the open column as
// the live one, and hands refusals over with their code.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../src/client/connection.ts'
import { fetchPast } from '../../src/client/past.ts'
import { createStore } from '../../src/store/store.ts'
import { startGateway } from '../gateway/rig.ts'
import { asset, minutes, now, startMs } from '../store/rows.ts'
import { engineSuite, keptLog } from '../store/samples.ts'

async function gatewayWithHistory() {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-sdk-past-'))
  const store = createStore({ client: { path: folder }, log: keptLog(), now })
  await store.start()
  for (const row of minutes(70)) store.column(row)
  await store.flush()
  const rig = await startGateway({
    readings: {
      liquidity: async () => undefined,
      model: () => ({ state: 0, id: 0, mean: 0, error: Infinity, hours: 0 }),
      scores: async () => [],
      at: (id, timeframe, atMs, most) => store.at(id, timeframe, atMs, most),
      ask: undefined,
    },
  })
  onTestFinished(async () => {
    await rig.gateway.stop()
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return { rig, store }
}

engineSuite('the SDK in the past', () => {
  test('the map at a time is what had closed by then', async () => {
    const { rig } = await gatewayWithHistory()
    const connection = connect({ url: rig.ws, now, random: Math.random })
    onTestFinished(() => connection.close())
    const map = await connection.at('BTC', '1m', startMs + 65 * 60_000 + 7)
    const known = minutes(65).map(({ asset: _asset, timeframe: _timeframe, ...column }) => column)
    expect(map.columns).toEqual(known)
    expect(map).toMatchObject({ live: undefined, clockMs: startMs + 65 * 60_000, simulated: true, modelState: 0 })
    expect((await connection.at('BTC', '1m', startMs + 65 * 60_000, 3)).columns).toEqual(known.slice(-3))
  })

  test('the open column is the live one', async () => {
    const { rig, store } = await gatewayWithHistory()
    const map = await fetchPast({ url: rig.ws, asset: 'BTC', timeframe: '1h', atMs: startMs + 4 * 60_000 })
    const { open } = await store.at(asset(0), 3, startMs + 4 * 60_000, 360)
    const { asset: _asset, timeframe: _timeframe, ...column } = open!
    expect(map.live).toEqual(column)
    expect(map.columns).toEqual([])
  })

  test('a refusal has its code', async () => {
    const { rig } = await gatewayWithHistory()
    const failure = fetchPast({ url: rig.ws, asset: 'NOPE', timeframe: '1m', atMs: 0 })
    await expect(failure).rejects.toMatchObject({ code: 'LMAP_REQUEST_UNKNOWN' })
  })
})
