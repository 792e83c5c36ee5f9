// Guards the way of reports into the database: every kind has its table and all its fields, a row that is told again
// replaces the one before, and what is not known stays empty.
import { expect, test } from 'vitest'
import type { AbsorptionRow, ConvergenceRow, SweepRow, WallRow } from '../../src/model/reports.ts'
import { createStore } from '../../src/store/store.ts'
import { asset, now } from './rows.ts'
import { engineSuite, keptLog, temporaryFolder } from './samples.ts'

const START_MS = Date.UTC(2026, 3, 1) + 250
const basis = { asset: asset(0), startMs: START_MS, atMs: START_MS + 5_000, bucket: 3_000, price: 77_012.5, usd: 1.5e6 }

const wall: WallRow = {
  ...basis,
  kind: 'wall',
  id: 'wall-1',
  state: 'active',
  side: 'bid',
  venue: 1,
  venueUsd: [0, 1.5e6, 0, 0, 0.25],
  peakUsd: 2e6,
  executedUsd: 1_000,
  density: 9.5,
  strength: 2.25,
  spoof: 0.2,
  secondsToEat: undefined,
  distanceBp: -12.5,
  pulls: 1,
  movedBuckets: -2,
  coveredBuckets: 160,
}
const sweep: SweepRow = {
  ...basis,
  kind: 'sweep',
  id: 'sweep-1',
  side: 'sell',
  venue: 0,
  endMs: START_MS + 120,
  firstPrice: 77_020,
  levels: 12,
  displacementBp: 3.5,
  magnitude: 7,
  depthPart: 0.9,
  liquidationDriven: true,
  liquidationUsd: 1e6,
  clusterMs: START_MS - 500,
  clusterCount: 2,
}
const absorption: AbsorptionRow = {
  ...basis,
  kind: 'absorption',
  id: 'absorption-1',
  state: 'forming',
  side: 'bid',
  venue: 2,
  efficiency: -0.1,
  executedToShown: 8,
  refills: 4,
  wall: false,
  long: true,
  holdMs: 12_000,
  netUsd: -2e6,
  lean: 0.7,
}
const convergence: ConvergenceRow = {
  ...basis,
  kind: 'convergence',
  id: 'convergence-1',
  state: 'chip+',
  side: 'support',
  wall: true,
  sweep: true,
  absorption: true,
  liquidations: false,
  venues: [0, 2],
  score: 0.488,
}

engineSuite('reports', () => {
  test('lie in the table of their kind, the last word of each', async () => {
    const store = createStore({ client: { path: temporaryFolder() }, log: keptLog(), now })
    await store.start()
    try {
      for (const row of [wall, sweep, absorption, convergence]) store.report(row)
      store.report({ ...wall, atMs: START_MS + 9_000, state: 'filled', secondsToEat: 30 })
      store.report({ ...absorption, atMs: START_MS + 40_000, state: 'confirmed' })
      await store.flush()
      const read = (table: string) =>
        store.query<Record<string, unknown>>(`SELECT * EXCEPT writtenAt FROM ${table} FINAL`)
      expect(await read('walls')).toEqual([
        expect.objectContaining({ id: 'wall-1', state: 'filled', venue: 'bybit', secondsToEat: 30, movedBuckets: -2 }),
      ])
      expect((await read('walls'))[0]?.venueUsd).toEqual(wall.venueUsd)
      expect(await read('sweeps')).toEqual([
        expect.objectContaining({ side: 'sell', levels: 12, liquidationDriven: true, clusterCount: 2, usd: 1.5e6 }),
      ])
      expect(await read('absorptions')).toEqual([
        expect.objectContaining({ state: 'confirmed', refills: 4, wall: false, long: true, lean: 0.7 }),
      ])
      expect(await read('convergences')).toEqual([
        expect.objectContaining({ state: 'chip+', venues: ['binance', 'okx'], score: 0.488, absorption: true }),
      ])
      const [times] = await store.query<{ start: number; finish: number }>(
        'SELECT toUnixTimestamp64Milli(start)::Float64 AS start, toUnixTimestamp64Milli(finish)::Float64 AS finish FROM sweeps',
      )
      expect(times).toEqual({ start: START_MS, finish: START_MS + 120 })
    } finally {
      await store.stop()
    }
  })
})
