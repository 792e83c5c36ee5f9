// Guards docs/sql.md: each of its questions passes the gate and answers on a simulated market of yesterday that
// went through the engine into the store; what is not simulated yet in so short a time is written as rows.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assetByName } from '../../src/model/assets.ts'
import { BatchCursor } from '../../src/model/batch-cursor.ts'
import { type ClickHouseStore, createStore } from '../../src/store/store.ts'
import { VenueMinutes } from '../../src/store/venue-minutes.ts'
import { CoreUnderTest } from '../assembly/core.ts'
import { bytesOf } from '../integration/wiring.ts'
import { liquidation, now } from './rows.ts'
import { engineSuite, keptLog } from './samples.ts'
import { questionsOfDoc } from './sql-doc.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const btc = assetByName('BTC')!
const questions = questionsOfDoc()

test('there are at least twenty questions, numbered', () => {
  expect(questions.length).toBeGreaterThanOrEqual(20)
  expect(questions.map(({ number }) => number)).toEqual(questions.map((_, index) => index + 1))
})

engineSuite('docs/sql.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lmap-doc-'))
  let store: ClickHouseStore

  beforeAll(async () => {
    store = createStore({ client: { path: folder }, log: keptLog(), now })
    await store.start()
    const startMs = Math.floor(now() / (24 * HOUR_MS)) * 24 * HOUR_MS - HOUR_MS
    const bytes = await bytesOf({
      kind: 'simulator',
      options: { seed: 7, startMs, durationMs: 25 * MINUTE_MS, levelsPerSecond: 300, speed: 'max', assets: ['BTC'] },
    })
    const core = new CoreUnderTest('release', btc)
    const minutes = new VenueMinutes({ row: (row) => store.venueMinute(row), state: () => 1 })
    const cursor = new BatchCursor()
    cursor.open(bytes)
    while (cursor.next()) {
      core.apply(cursor.batch)
      minutes.add(btc.id, cursor.start, cursor.batch)
    }
    minutes.finish()
    for (const column of core.columns) store.column(column)
    for (const row of core.liquidations) store.liquidation(row)
    for (const row of core.reports) store.report(row)
    for (const row of core.lifts) store.liftTrial(row)
    const [trial] = core.lifts
    const control = { startMs, outcome: 'held' } as const
    store.liftTrial({ ...trial!, startMs: startMs + MINUTE_MS, control })
    for (let side = 0; side < 2; side++) {
      store.liquidation(liquidation({ asset: btc.id, side, venueMs: startMs + MINUTE_MS, usd: 1000 }))
    }
    for (let hour = 0; hour < 400; hour++) {
      store.score({
        asset: btc.id,
        hourMs: startMs - hour * HOUR_MS,
        model: 1,
        state: hour < 100 ? 3 : 2,
        bits: [0.2, 0.1 + (hour % 7) / 10],
        mean: 0.2,
        error: 0.05,
        hours: 400 - hour,
        predicted: [1e6, 2e6],
        realised: [2e5, 1e5],
      })
    }
    await store.flush()
  }, 120_000)
  afterAll(async () => {
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  // A quarter of an hour is too short for these to be certain.
  const mayBeEmpty = new Set([10, 11, 12])
  test.for(questions.map(({ number, title, sql }) => [number, title, sql] as const))(
    '%i. %s',
    async ([number, , sql]) => {
      const answer = JSON.parse(Buffer.from(await store.ask(sql, 'json')).toString()) as {
        rows: number
        data: object[]
      }
      if (!mayBeEmpty.has(number)) expect(answer.rows).toBeGreaterThan(0)
      for (const row of answer.data) expect(Object.values(row)).not.toContain(undefined)
    },
  )

  test('clusters that were crossed lie between the prices of the next column', async () => {
    const ask = async (sql: string) => JSON.parse(Buffer.from(await store.ask(sql, 'json')).toString()).data
    const crossed = await ask(questions[2]!.sql)
    for (const { predictedAt, price } of crossed) {
      const [next] = await ask(
        `SELECT low, high FROM candles WHERE timeframe = '5m' AND time = toDateTime64('${predictedAt}', 3, 'UTC') + INTERVAL 5 MINUTE`,
      )
      expect(price).toBeGreaterThanOrEqual(next.low)
      expect(price).toBeLessThanOrEqual(next.high)
    }
  })
})
